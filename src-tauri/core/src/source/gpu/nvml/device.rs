//! What NVML said of devices at a tick, and the payloads that are made of it.

use std::collections::BTreeMap;

use super::super::{Identity, payload};
use crate::gpu_details::AwakeHolder;
use crate::metrics::{ClockLimit, GpuMetrics, Reason};
use crate::source::{GpuReading, Previous, Problem, Reading, Stamped};

/// What NVML said of all devices at one moment.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    pub(super) driver_version: Option<String>,
    pub(super) devices: Vec<Device>,
    pub(super) problem: Option<Problem>,
    /// What keeps devices awake that could sleep, by id.
    pub(super) awake: BTreeMap<String, Vec<AwakeHolder>>,
}

/// One device with its figures in the contract's units, each with its own reason where it is missing.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) identity: Identity,
    pub(super) memory: Result<Memory, Reason>,
    /// By the payload's names.
    pub(super) figures: [(&'static str, Result<f64, Reason>); FIGURES.len()],
    pub(super) clock_limits: Result<Vec<ClockLimit>, Reason>,
}

/// The figures of a device that are plain numbers, by the payload's names.
const FIGURES: [&str; 14] = [
    "utilization",
    "temperature",
    "power_draw",
    "power_limit",
    "memory_bandwidth",
    "fan_speed",
    "sm_clock",
    "sm_clock_max",
    "memory_clock",
    "pcie_generation",
    "pcie_width",
    "pcie_generation_max",
    "pcie_width_max",
    "performance_state",
];

/// Bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    pub(super) used: u64,
    pub(super) total: u64,
}

impl Device {
    /// A device that no figure can be had of.
    pub(super) fn without_figures(identity: Identity, reason: Reason) -> Self {
        Self {
            identity,
            memory: Err(reason),
            figures: FIGURES.map(|name| (name, Err(reason))),
            clock_limits: Err(reason),
        }
    }

    fn number(&self, name: &str) -> Result<f64, Reason> {
        let found = self.figures.iter().find(|(known, _)| *known == name);
        found.map_or(Err(Reason::Unsupported), |(_, value)| *value)
    }

    /// Whether no kernel ran on it lately, as far as it says.
    pub(super) fn is_idle(&self) -> bool {
        self.number("utilization") == Ok(0.0)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.number("utilization") == Err(Reason::Lost)
    }

    fn metrics(&self, timestamp: i64) -> GpuMetrics {
        let memory = [self.memory.map(|memory| memory.used), self.memory.map(|memory| memory.total)];
        payload(&self.identity, timestamp, |name| self.number(name), memory, self.clock_limits.clone())
    }
}

/// All figures are gauges: no second sample is needed.
pub(super) fn derive(_previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
    Reading::Gpu(GpuReading {
        driver_version: now.sample.driver_version.clone(),
        drivers: BTreeMap::new(),
        devices: now.sample.devices.iter().map(|device| device.metrics(now.stamp.wall)).collect(),
        problem: now.sample.problem.clone(),
        awake: now.sample.awake.clone(),
    })
}

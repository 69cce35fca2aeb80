//! What NVML said of devices at a tick, and the payloads that are made of it.

use std::collections::BTreeMap;

use nvml_wrapper::error::NvmlError;

use super::super::{Identity, payload};
use super::refusal;
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
    /// What is to be done about it, if it has no figures.
    pub(super) words: Option<&'static str>,
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
            words: None,
        }
    }

    /// One that answers with an error alone.
    pub(super) fn refused(identity: Identity, error: &NvmlError) -> Self {
        Self { words: refusal::words(error), ..Self::without_figures(identity, refusal::reason(error)) }
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
    let words = |device: &Device| Some((device.identity.id.clone(), device.words?));
    Reading::Gpu(GpuReading {
        driver_version: now.sample.driver_version.clone(),
        drivers: BTreeMap::new(),
        devices: now.sample.devices.iter().map(|device| device.metrics(now.stamp.wall)).collect(),
        problem: now.sample.problem.clone(),
        words: now.sample.devices.iter().filter_map(words).collect(),
        awake: now.sample.awake.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;

    #[test]
    fn a_device_that_needs_a_reset_says_so_and_another_nothing_more_than_its_reason() {
        let one = |error: &NvmlError| {
            let identity = Identity { id: "GPU-1".into(), index: 0, name: "1".into(), pci_address: None };
            let sample = Sample { devices: vec![Device::refused(identity, error)], ..Sample::default() };
            let Reading::Gpu(reading) = derive(Err(Reason::Starting), &Stamped { stamp: Stamp::default(), sample })
            else {
                panic!("not GPUs")
            };
            (reading.devices[0].missing["utilization"], reading.words.get("GPU-1").copied())
        };
        let (reason, words) = one(&NvmlError::ResetRequired);
        assert!(reason == Reason::Lost && words.is_some_and(|words| words.contains("reset")), "{words:?}");
        assert_eq!(one(&NvmlError::GpuLost), (Reason::Lost, None));
    }
}

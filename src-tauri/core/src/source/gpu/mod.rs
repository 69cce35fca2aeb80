//! GPUs: NVIDIA's through NVML, those of AMD and Intel on Linux through their kernel drivers. No library, no driver, no
//! device, a lost device: ordinary states, each with its reason.

mod details;
#[cfg(target_os = "linux")]
mod drm;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is not only tested"))]
mod drm_portable;
mod nvml;
mod process;
mod sleep;

pub(crate) use details::Inspector;
#[cfg(target_os = "linux")]
pub use drm::Drm;
#[cfg(target_os = "linux")]
pub(crate) use drm::DrmDetails;
#[cfg(not(target_os = "linux"))]
pub use drm_portable::Drm;
#[cfg(not(target_os = "linux"))]
pub(crate) use drm_portable::DrmDetails;
pub(crate) use nvml::NvmlDetails;
pub use nvml::{Access, Gpu, library_from_environment};

use std::collections::BTreeMap;

use super::{GpuReading, Previous, Problem, Reading, Stamped, figure};
use crate::gpu_details::AwakeHolder;
use crate::metrics::{ClockLimit, GpuMetrics, Missing, Reason};

/// What NVML said of all devices at one moment.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    driver_version: Option<String>,
    devices: Vec<Device>,
    problem: Option<Problem>,
    /// What keeps devices awake that could sleep, by id.
    awake: BTreeMap<String, Vec<AwakeHolder>>,
}

/// What stays the same about a device.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    id: String,
    index: u32,
    name: String,
    /// As the kernel has it: `0000:01:00.0`.
    pci_address: Option<String>,
}

/// One device with its figures in the contract's units, each with its own reason where it is missing.
#[derive(Debug, Clone)]
struct Device {
    identity: Identity,
    memory: Result<Memory, Reason>,
    /// By the payload's names.
    figures: [(&'static str, Result<f64, Reason>); FIGURES.len()],
    clock_limits: Result<Vec<ClockLimit>, Reason>,
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
struct Memory {
    used: u64,
    total: u64,
}

impl Device {
    /// A device that no figure can be had of.
    fn without_figures(identity: Identity, reason: Reason) -> Self {
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
    fn is_idle(&self) -> bool {
        self.number("utilization") == Ok(0.0)
    }

    fn metrics(&self, timestamp: i64) -> GpuMetrics {
        let mut missing = Missing::new();
        let mut number = |name: &str| figure(&mut missing, name, self.number(name));
        GpuMetrics {
            gpu_id: self.identity.id.clone(),
            index: self.identity.index,
            name: self.identity.name.clone(),
            utilization: number("utilization"),
            temperature: number("temperature"),
            power_draw: number("power_draw"),
            power_limit: number("power_limit"),
            memory_bandwidth: number("memory_bandwidth"),
            fan_speed: number("fan_speed"),
            sm_clock: number("sm_clock"),
            sm_clock_max: self.number("sm_clock_max").ok(),
            memory_clock: number("memory_clock"),
            pcie_generation: number("pcie_generation"),
            pcie_width: number("pcie_width"),
            pcie_generation_max: self.number("pcie_generation_max").ok(),
            pcie_width_max: self.number("pcie_width_max").ok(),
            performance_state: number("performance_state"),
            clock_limits: figure(&mut missing, "clock_limits", self.clock_limits.clone()),
            memory_used: figure(&mut missing, "memory_used", self.memory.map(|memory| memory.used)),
            memory_total: figure(&mut missing, "memory_total", self.memory.map(|memory| memory.total)),
            missing,
            timestamp,
            // the collector tells it, for all sources alike
            state: None,
        }
    }
}

/// All figures are gauges: no second sample is needed.
fn derive(_previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
    Reading::Gpu(GpuReading {
        driver_version: now.sample.driver_version.clone(),
        drivers: BTreeMap::new(),
        devices: now.sample.devices.iter().map(|device| device.metrics(now.stamp.wall)).collect(),
        problem: now.sample.problem.clone(),
        awake: now.sample.awake.clone(),
    })
}

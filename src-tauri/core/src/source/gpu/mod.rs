//! GPUs through NVML. No library, no driver, no device, a lost device: ordinary states, each with its reason.

mod nvml;
mod refusal;

pub use nvml::{Gpu, library_from_environment};

use super::{GpuReading, Previous, Problem, Reading, Stamped, figure};
use crate::metrics::{GpuMetrics, Missing, Reason};

/// What NVML said of all devices at one moment.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    driver_version: Option<String>,
    devices: Vec<Device>,
    problem: Option<Problem>,
}

/// What stays the same about a device.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    id: String,
    index: u32,
    name: String,
}

/// One device with its figures in the contract's units, each with its own reason where it is missing.
#[derive(Debug, Clone)]
struct Device {
    identity: Identity,
    utilization: Result<f64, Reason>,
    memory: Result<Memory, Reason>,
    temperature: Result<f64, Reason>,
    power_draw: Result<f64, Reason>,
}

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
            utilization: Err(reason),
            memory: Err(reason),
            temperature: Err(reason),
            power_draw: Err(reason),
        }
    }

    fn metrics(&self, timestamp: i64) -> GpuMetrics {
        let mut missing = Missing::new();
        GpuMetrics {
            gpu_id: self.identity.id.clone(),
            index: self.identity.index,
            name: self.identity.name.clone(),
            utilization: figure(&mut missing, "utilization", self.utilization),
            memory_used: figure(&mut missing, "memory_used", self.memory.map(|memory| memory.used)),
            memory_total: figure(&mut missing, "memory_total", self.memory.map(|memory| memory.total)),
            temperature: figure(&mut missing, "temperature", self.temperature),
            power_draw: figure(&mut missing, "power_draw", self.power_draw),
            missing,
            timestamp,
        }
    }
}

/// All figures are gauges: no second sample is needed.
fn derive(_previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
    Reading::Gpu(GpuReading {
        driver_version: now.sample.driver_version.clone(),
        devices: now.sample.devices.iter().map(|device| device.metrics(now.stamp.wall)).collect(),
        problem: now.sample.problem.clone(),
    })
}

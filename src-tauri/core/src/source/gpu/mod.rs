//! GPUs: NVIDIA's through NVML, those of AMD and Intel on Linux through their kernel drivers. No library, no driver, no
//! device, a lost device: ordinary states, each with its reason.

mod details;
#[cfg(target_os = "linux")]
mod drm;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is not only tested"))]
mod drm_portable;
mod nvml;
mod pci;
mod plausible;
mod process;
mod sleep;
mod turns;

pub(crate) use details::Inspector;
#[cfg(target_os = "linux")]
pub(crate) use drm::DrmDetails;
#[cfg(target_os = "linux")]
pub use drm::{Access as DrmAccess, Drm};
#[cfg(not(target_os = "linux"))]
pub(crate) use drm_portable::DrmDetails;
#[cfg(not(target_os = "linux"))]
pub use drm_portable::{Access as DrmAccess, Drm};
pub(crate) use nvml::NvmlDetails;
pub use nvml::{Access as NvmlAccess, Gpu as Nvml, library_from_environment};
pub(crate) use pci::has_nvidias;
pub(crate) use process::is_contained;
pub use sleep::has_nvidias_that_sleep;

use super::figure;
use crate::channel::event_safe;
use crate::metrics::{ClockLimit, GpuMetrics, Missing, Reason};

/// What stays the same about a device.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    id: String,
    index: u32,
    name: String,
    /// As the kernel has it: `0000:01:00.0`.
    pci_address: Option<String>,
}

/// The id of a device by what it is known by. It is the end of an event's name, as it is: a slot's address has a dot in it.
fn id(known_by: &str) -> String {
    event_safe(known_by)
}

/// Of a device that is not there any more.
pub(crate) const GONE: &str = "The GPU does not answer: it fell off the bus or was removed.";
/// Of a device inside of which a call hangs.
pub(crate) const HANGS: &str = "The GPU does not answer: a call of its driver has not come back.";

/// The payload of a device of any source; `number` gives the figures by their names, `memory` the bytes in use and in all.
fn payload(
    identity: &Identity,
    timestamp: i64,
    number: impl Fn(&str) -> Result<f64, Reason>,
    [used, total]: [Result<u64, Reason>; 2],
    clock_limits: Result<Vec<ClockLimit>, Reason>,
) -> GpuMetrics {
    let mut missing = Missing::new();
    let mut sent = |name: &str| figure(&mut missing, name, number(name));
    let unsent = |name: &str| number(name).ok();
    GpuMetrics {
        gpu_id: identity.id.clone(),
        index: identity.index,
        name: identity.name.clone(),
        utilization: sent("utilization"),
        temperature: sent("temperature"),
        power_draw: sent("power_draw"),
        power_limit: sent("power_limit"),
        memory_bandwidth: sent("memory_bandwidth"),
        fan_speed: sent("fan_speed"),
        sm_clock: sent("sm_clock"),
        sm_clock_max: unsent("sm_clock_max"),
        memory_clock: sent("memory_clock"),
        pcie_generation: sent("pcie_generation"),
        pcie_width: sent("pcie_width"),
        pcie_generation_max: unsent("pcie_generation_max"),
        pcie_width_max: unsent("pcie_width_max"),
        performance_state: sent("performance_state"),
        memory_used: figure(&mut missing, "memory_used", used),
        memory_total: figure(&mut missing, "memory_total", total),
        clock_limits: figure(&mut missing, "clock_limits", clock_limits),
        missing,
        timestamp,
        // the collector tells it, for all sources alike
        state: None,
    }
}

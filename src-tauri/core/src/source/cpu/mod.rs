//! Processors: busy time over all time, in total and per core.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is not only tested"))]
mod portable;
#[cfg(target_os = "linux")]
mod sensors;

#[cfg(target_os = "linux")]
pub use linux::Cpu;
#[cfg(not(target_os = "linux"))]
pub use portable::Cpu;

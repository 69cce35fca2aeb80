//! Main memory and swap, and the cgroup's limit where there is one.

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is not only tested"))]
mod portable;
#[cfg(target_os = "linux")]
mod zram;

#[cfg(target_os = "linux")]
pub use linux::Memory;
#[cfg(not(target_os = "linux"))]
pub use portable::Memory;

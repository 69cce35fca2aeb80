//! What does not change while the program runs: host, system, processor. sysinfo knows it on every platform.

use serde::{Deserialize, Serialize};
use specta::Type;
use sysinfo::System;

use crate::feed::Snapshot;
use crate::metrics::{GpuMetrics, Reason};

/// The machine, for the title of a page and for a report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct SystemInfo {
    /// As `hostname` prints it.
    pub host_name: Option<String>,
    /// Name and version of the operating system.
    pub os: Option<String>,
    /// Release of the kernel, as `uname -r` prints it.
    pub kernel: Option<String>,
    /// The processor's own name for itself.
    pub cpu_model: Option<String>,
    /// Physical cores.
    pub cpu_cores: Option<u32>,
    /// Logical processors online.
    pub cpu_threads: Option<u32>,
    /// Bytes of main memory.
    pub memory_total: Option<u64>,
    /// Unix milliseconds of the start of the system.
    pub boot_time: Option<i64>,
    /// GPUs known now.
    pub gpus: Vec<GpuInfo>,
    /// Why there is no GPU data, or none of one driver's; `null` if all answer.
    pub gpu_missing: Option<GpuMissing>,
    /// Block devices that the totals of disks leave out, as they were when this was asked.
    pub other_block_devices: Vec<OtherBlockDevice>,
    /// Version of Telltale.
    pub version: String,
    /// What the user should know about the start, such as a settings file that was set aside.
    pub notices: Vec<String>,
}

/// One GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct GpuInfo {
    /// See [`GpuMetrics::gpu_id`].
    pub gpu_id: String,
    /// See [`GpuMetrics::index`].
    pub index: u32,
    /// The product name.
    pub name: String,
    /// Bytes on the device.
    pub memory_total: Option<u64>,
    /// Which driver its figures are from: `nvidia`, `amdgpu`, `i915`, `xe`, `nouveau`.
    pub driver: String,
    /// Version of that driver; `null` for those that are part of the kernel.
    pub driver_version: Option<String>,
}

/// A block device that is no disk of its own: a loop device, RAID, LVM, zram. Its bytes are counted where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct OtherBlockDevice {
    /// The kernel's name, such as `loop7`.
    pub name: String,
    /// Bytes that it holds (`/sys/block/*/size`); devices that hold nothing are left out.
    pub size: u64,
    /// What it stands on: a loop device's file (`/sys/block/*/loop/backing_file`), or the names of block devices
    /// (`/sys/block/*/slaves`); empty for memory.
    pub on: Vec<String>,
    /// Where it is mounted first (`/proc/self/mountinfo`); `null` where it is not.
    pub mount_point: Option<String>,
}

/// Why there is no GPU data, or none of one driver's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct GpuMissing {
    /// The kind of reason.
    pub reason: Reason,
    /// In plain words, with what to do about it.
    pub detail: String,
}

/// Reads it. Takes some milliseconds: not for the start-up path, nor for every tick.
pub fn info(snapshot: &Snapshot, notices: Vec<String>) -> SystemInfo {
    let mut system = System::new().ok();
    if let Some(system) = &mut system {
        system.refresh_memory();
        system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    }
    let system = system.as_ref();
    let model = system.and_then(|system| system.cpus().first()).map(|cpu| cpu.brand().trim().to_owned());
    let threads = system.map(|system| system.cpus().len());
    SystemInfo {
        host_name: System::host_name().ok(),
        os: operating_system(),
        kernel: System::kernel_version().ok(),
        cpu_model: model.filter(|model| !model.is_empty()),
        cpu_cores: System::physical_core_count().ok().and_then(|count| u32::try_from(count).ok()),
        cpu_threads: threads.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0),
        memory_total: system.map(System::total_memory).filter(|total| *total > 0),
        boot_time: System::boot_time()
            .ok()
            .and_then(|seconds| i64::try_from(seconds).ok())
            .map(|seconds| seconds * 1_000),
        gpus: gpus(snapshot),
        gpu_missing: snapshot
            .gpu_problem
            .clone()
            .map(|problem| GpuMissing { reason: problem.reason, detail: problem.detail }),
        other_block_devices: other_block_devices(),
        version: env!("CARGO_PKG_VERSION").into(),
        notices,
    }
}

#[cfg(target_os = "linux")]
fn other_block_devices() -> Vec<OtherBlockDevice> {
    crate::source::disk::others("/proc".as_ref(), "/sys".as_ref())
}

#[cfg(not(target_os = "linux"))]
const fn other_block_devices() -> Vec<OtherBlockDevice> {
    Vec::new()
}

/// `Debian GNU/Linux 12`: sysinfo's long form puts the kernel's name before it and the rest in brackets.
fn operating_system() -> Option<String> {
    let name = System::name().ok()?;
    Some(System::os_version().map_or_else(|_| name.clone(), |version| format!("{name} {version}")))
}

fn gpus(snapshot: &Snapshot) -> Vec<GpuInfo> {
    let one = |gpu: &GpuMetrics| {
        let of_kernel = snapshot.gpu_drivers.get(&gpu.gpu_id);
        GpuInfo {
            gpu_id: gpu.gpu_id.clone(),
            index: gpu.index,
            name: gpu.name.clone(),
            memory_total: gpu.memory_total,
            driver: (*of_kernel.unwrap_or(&"nvidia")).into(),
            driver_version: snapshot.gpu_driver.clone().filter(|_| of_kernel.is_none()),
        }
    };
    snapshot.metrics.gpu.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_name_a_kernel_and_memory() {
        let info = info(&Snapshot::default(), vec!["note".into()]);
        assert!(info.host_name.is_some_and(|name| !name.is_empty()));
        assert!(info.kernel.is_some());
        assert!(info.cpu_threads.is_some_and(|count| count >= 1));
        assert!(info.memory_total.is_some_and(|bytes| bytes > 1 << 20));
        assert_eq!(info.notices, ["note"]);
    }
}

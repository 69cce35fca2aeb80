//! A GPU in full: what does not change, changes slowly or costs too much to ask at every tick, and who uses the device.
//!
//! Read only when somebody asks for it. Every figure is optional by itself, whatever the vendor; units are those of
//! [`crate::metrics`].

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::metrics::{Missing, Reason};
use crate::source::figure;

/// One GPU in full. `missing` says by field name why a figure is `null`; a field that is neither there nor in `missing`
/// was not asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct GpuDetails {
    /// As in [`crate::metrics::GpuMetrics`].
    pub gpu_id: String,
    /// The product name.
    pub name: String,
    /// When it was read, Unix milliseconds; what an older reading left is kept with its time, and `reason` says why.
    pub timestamp: i64,
    /// Why these are not the figures of now; `null` if they are.
    pub reason: Option<Reason>,
    /// The reason in words, where there are any.
    pub detail: Option<String>,

    /// NVML's index now (`nvmlDeviceGetIndex`); it may change between boots.
    pub index: Option<u32>,
    /// Where it is on the PCI bus, as `lspci -D` has it: `0000:01:00.0`.
    pub pci_address: Option<String>,
    /// CUDA's index where `CUDA_DEVICE_ORDER` is not set, which is `FASTEST_FIRST`: by cores and clock, then by address.
    pub cuda_index: Option<u32>,
    /// Whether `cuda_index` is a guess: CUDA does not document how it compares devices of different kinds.
    pub cuda_index_guessed: bool,
    /// CUDA's index under `CUDA_DEVICE_ORDER=PCI_BUS_ID`: by address.
    pub cuda_index_by_bus: Option<u32>,
    /// CUDA's name for what the device can do, such as `8.9` (`nvmlDeviceGetCudaComputeCapability`).
    pub compute_capability: Option<String>,
    /// CUDA cores (`nvmlDeviceGetNumGpuCores`).
    pub cores: Option<u32>,
    /// Version of the kernel driver (`nvmlSystemGetDriverVersion`).
    pub driver_version: Option<String>,
    /// The newest CUDA that the driver serves, such as `12.4` (`nvmlSystemGetCudaDriverVersion_v2`).
    pub cuda_version: Option<String>,
    /// Version of the device's firmware (`nvmlDeviceGetVbiosVersion`; amdgpu: `vbios_version`).
    pub vbios_version: Option<String>,

    /// MHz that the multiprocessors can reach (`nvmlDeviceGetMaxClockInfo`; amdgpu: the top of `pp_dpm_sclk`, xe:
    /// `rp0_freq`, i915: `rps_RP0_freq_mhz`).
    pub sm_clock_max: Option<f64>,
    /// MHz that the device memory can reach (amdgpu: the top of `pp_dpm_mclk`).
    pub memory_clock_max: Option<f64>,
    /// MHz of encoder and decoder now (`NVML_CLOCK_VIDEO`).
    pub video_clock: Option<f64>,
    /// MHz that they can reach.
    pub video_clock_max: Option<f64>,

    /// Each fan in NVML's order, the first of which is `fan_speed` in [`crate::metrics::GpuMetrics`]; empty where the driver
    /// tells of none.
    pub fans: Vec<Fan>,

    /// W that the limit is without anybody's change (`nvmlDeviceGetPowerManagementDefaultLimit`; hwmon's
    /// `power1_cap_default`, i915, xe: `power1_rated_max`).
    pub power_limit_default: Option<f64>,
    /// W that the limit can be set to at least (`nvmlDeviceGetPowerManagementLimitConstraints`; hwmon's `power1_cap_min`).
    pub power_limit_min: Option<f64>,
    /// W that the limit can be set to at most.
    pub power_limit_max: Option<f64>,
    /// J that the device has used since the driver was loaded (`nvmlDeviceGetTotalEnergyConsumption`).
    pub energy: Option<f64>,
    /// J that it used since Telltale read `energy` first, which was at `energy_watched_since`.
    pub energy_watched: Option<f64>,
    /// Unix milliseconds.
    pub energy_watched_since: Option<i64>,

    /// °C of the device memory (`NVML_FI_DEV_MEMORY_TEMP`; amdgpu: hwmon's "mem", xe: "vram").
    pub memory_temperature: Option<f64>,
    /// °C of the hottest place of the die (amdgpu: hwmon's "junction"); NVML reports none.
    pub hotspot_temperature: Option<f64>,
    /// °C at which the hardware slows the device down (`NVML_TEMPERATURE_THRESHOLD_SLOWDOWN`; hwmon's `temp1_crit` or amdgpu's `temp2_crit`).
    pub slowdown_temperature: Option<f64>,
    /// °C at which it shuts down (`NVML_TEMPERATURE_THRESHOLD_SHUTDOWN`; hwmon's `temp1_emergency` or amdgpu's `temp2_emergency`).
    pub shutdown_temperature: Option<f64>,
    /// °C from which the driver may go below the base clock (`NVML_TEMPERATURE_THRESHOLD_GPU_MAX`).
    pub max_temperature: Option<f64>,
    /// °C of the memory from which the driver slows down (`NVML_TEMPERATURE_THRESHOLD_MEM_MAX`).
    pub memory_max_temperature: Option<f64>,

    /// Whether the device has no memory of its own and uses the system's (GB10, Jetson).
    pub shared_memory: Option<bool>,
    /// Bytes that the driver reserves (`nvmlMemory_v2_t.reserved`).
    pub memory_reserved: Option<u64>,
    /// Bytes that all `processes` hold together, of those whose memory is known.
    pub memory_by_processes: Option<u64>,
    /// Bytes of the system's memory that the device may use as its own (amdgpu: `mem_info_gtt_total`); other drivers have none.
    pub gtt_total: Option<u64>,
    /// Bytes of it in use (amdgpu: `mem_info_gtt_used`).
    pub gtt_used: Option<u64>,
    /// Bytes of the window through which the processor reaches device memory (`nvmlDeviceGetBAR1MemoryInfo`).
    pub bar1_total: Option<u64>,
    /// Bytes of it in use.
    pub bar1_used: Option<u64>,

    /// Percent of the last sampling period in which the encoder worked (`nvmlDeviceGetEncoderUtilization`).
    pub encoder: Option<f64>,
    /// The same for the decoder (`nvmlDeviceGetDecoderUtilization`).
    pub decoder: Option<f64>,
    /// The same for the JPEG engines, their mean (`NVML_GPM_METRIC_NVJPG_*_UTIL`, Hopper and newer).
    pub jpeg: Option<f64>,
    /// The same for the optical-flow engines (`NVML_GPM_METRIC_NVOFA_*_UTIL`, Hopper and newer).
    pub ofa: Option<f64>,
    /// Percent of time in which a multiprocessor had work, over all of them (`NVML_GPM_METRIC_SM_UTIL`).
    pub sm_activity: Option<f64>,
    /// Percent of the warps that could be there which were (`NVML_GPM_METRIC_SM_OCCUPANCY`).
    pub sm_occupancy: Option<f64>,
    /// Percent of time in which tensor cores worked (`NVML_GPM_METRIC_ANY_TENSOR_UTIL`).
    pub tensor_activity: Option<f64>,
    /// Percent of the memory's bandwidth that was used (`NVML_GPM_METRIC_DRAM_BW_UTIL`).
    pub dram_activity: Option<f64>,
    /// Percent of time with 64-bit arithmetic (`NVML_GPM_METRIC_FP64_UTIL`).
    pub fp64_activity: Option<f64>,
    /// Percent of time with 32-bit arithmetic (`NVML_GPM_METRIC_FP32_UTIL`).
    pub fp32_activity: Option<f64>,
    /// Percent of time with 16-bit arithmetic outside tensor cores (`NVML_GPM_METRIC_FP16_UTIL`).
    pub fp16_activity: Option<f64>,

    /// Generation of the `PCIe` link at most, of device and slot (`nvmlDeviceGetMaxPcieLinkGeneration`; sysfs: `max_link_speed`).
    pub pcie_generation_max: Option<f64>,
    /// Lanes at most (`nvmlDeviceGetMaxPcieLinkWidth`; sysfs: `max_link_width`).
    pub pcie_width_max: Option<f64>,
    /// Bytes per second that the device sends over `PCIe`, measured for 20 ms (`nvmlDeviceGetPcieThroughput`).
    pub pcie_sent: Option<f64>,
    /// Bytes per second that it receives.
    pub pcie_received: Option<f64>,
    /// Packets that had to be sent again since the driver was loaded (`nvmlDeviceGetPcieReplayCounter`).
    pub pcie_replays: Option<u64>,
    /// Links to other devices; empty where there are none.
    pub nvlinks: Vec<NvLink>,
    /// Bytes per second sent over all of them (`NVML_GPM_METRIC_NVLINK_TOTAL_TX_PER_SEC`, Hopper and newer).
    pub nvlink_sent: Option<f64>,
    /// Bytes per second received.
    pub nvlink_received: Option<f64>,

    /// Whether memory errors are corrected (`nvmlDeviceGetEccMode`).
    pub ecc: Option<bool>,
    /// Whether they will be after the next restart.
    pub ecc_pending: Option<bool>,
    /// Errors corrected since the driver was loaded (`nvmlDeviceGetTotalEccErrors`, volatile).
    pub ecc_corrected: Option<u64>,
    /// Errors found and not corrected since then.
    pub ecc_uncorrected: Option<u64>,
    /// Errors corrected in the device's life (aggregate).
    pub ecc_corrected_lifetime: Option<u64>,
    /// Errors found and not corrected in its life.
    pub ecc_uncorrected_lifetime: Option<u64>,
    /// Pages of memory that are not used any more because of errors (`NVML_FI_DEV_RETIRED_SBE` and `_DBE`).
    pub retired_pages: Option<u64>,
    /// Whether more will be after a restart (`NVML_FI_DEV_RETIRED_PENDING`).
    pub retired_pages_pending: Option<bool>,
    /// Rows of memory that spare ones stand in for (`NVML_FI_DEV_REMAPPED_COR` and `_UNC`, Ampere and newer).
    pub remapped_rows: Option<u64>,
    /// Whether more will be after a reset (`NVML_FI_DEV_REMAPPED_PENDING`).
    pub remapped_rows_pending: Option<bool>,
    /// Whether one could not be: the device should be replaced (`NVML_FI_DEV_REMAPPED_FAILURE`).
    pub remapped_rows_failed: Option<bool>,

    /// Whether the driver stays loaded while nobody uses the device (`nvmlDeviceGetPersistenceMode`).
    pub persistence: Option<bool>,
    /// Who may compute on it (`nvmlDeviceGetComputeMode`).
    pub compute_mode: Option<ComputeMode>,
    /// Whether it is split into instances (`nvmlDeviceGetMigMode`).
    pub mig: Option<bool>,
    /// The instances; empty where it is not split.
    pub mig_instances: Vec<MigInstance>,
    /// Whether it draws a desktop (`nvmlDeviceGetDisplayActive`; other drivers: a connector of it is `enabled`).
    pub display: Option<bool>,
    /// Whether the kernel may put it to sleep (`power/control` of its PCI device).
    pub can_sleep: Option<bool>,
    /// What keeps it awake, as far as that can be told; empty while it sleeps, or never sleeps.
    pub kept_awake_by: Vec<AwakeHolder>,

    /// Who uses it, the largest first; `null` where that can't be told.
    pub processes: Option<Vec<GpuProcess>>,
    /// Why fields are `null`.
    pub missing: Missing,
}

/// One link to another device.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct NvLink {
    /// Its number.
    pub link: u32,
    /// Whether it is up (`nvmlDeviceGetNvLinkState`).
    pub active: Option<bool>,
    /// Version of the protocol (`nvmlDeviceGetNvLinkVersion`).
    pub version: Option<u32>,
    /// PCI address of the other end, a GPU or a switch (`nvmlDeviceGetNvLinkRemotePciInfo_v2`).
    pub remote: Option<String>,
    /// Transmission errors of all kinds so far (`nvmlDeviceGetNvLinkErrorCounter`).
    pub errors: Option<u64>,
}

/// A fan of a device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Type)]
pub struct Fan {
    /// Percent of its maximum that it is told to run at (`nvmlDeviceGetFanSpeed_v2`); one that is blocked says the same.
    pub speed: Option<f64>,
    /// Revolutions per minute (`nvmlDeviceGetFanSpeedRPM`); `null` where the driver is older than 565.
    pub revolutions: Option<f64>,
}

/// Who may compute on a device. NVML's compute modes, which are CUDA's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ComputeMode {
    /// Any number of processes.
    Default,
    /// One thread; CUDA no longer supports it.
    ExclusiveThread,
    /// Nobody.
    Prohibited,
    /// One process.
    ExclusiveProcess,
}

/// A part of a device that is used like a device (MIG).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct MigInstance {
    /// NVML's index among the device's instances.
    pub index: u32,
    /// The UUID, which `CUDA_VISIBLE_DEVICES` takes: `MIG-…`.
    pub uuid: Option<String>,
    /// Its name with its profile, such as `NVIDIA H100 80GB HBM3 MIG 1g.10gb`.
    pub name: Option<String>,
    /// Multiprocessors that it has.
    pub multiprocessors: Option<u32>,
    /// Bytes in use.
    pub memory_used: Option<u64>,
    /// Bytes that it has.
    pub memory_total: Option<u64>,
}

/// A process with a context on a GPU.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct GpuProcess {
    /// Its id, as the system outside of containers has it.
    pub pid: u32,
    /// The program, and the script that it runs where it is an interpreter: `python train.py`. `null` where the process
    /// can't be seen from here.
    pub name: Option<String>,
    /// Whose it is; a number where it has no name in `/etc/passwd`.
    pub user: Option<String>,
    /// The container that it runs in, as its cgroup names it: `docker 3f2a9c1b7d40`; `null` outside of one.
    pub container: Option<String>,
    /// Whether it computes (CUDA, `OpenCL`).
    pub compute: bool,
    /// Whether it draws (OpenGL, Vulkan).
    pub graphics: bool,
    /// Bytes of the GPU's memory; `null` where the driver does not know.
    pub memory: Option<u64>,
    /// Percent of the multiprocessors, averaged since the last reading (`nvmlDeviceGetProcessUtilization`; other drivers:
    /// percent of the time since then in which the busiest kind of engine worked for it, by its fdinfo).
    pub sm: Option<f64>,
    /// Percent of the encoder.
    pub encoder: Option<f64>,
    /// Percent of the decoder.
    pub decoder: Option<f64>,
    /// Index of the MIG instance that it runs on.
    pub mig_instance: Option<u32>,
}

impl GpuDetails {
    /// Puts in who uses the device, the largest first, and what they hold together: nothing where nobody uses it.
    pub(crate) fn set_processes(&mut self, processes: Result<Vec<GpuProcess>, Reason>) {
        let held = processes.as_deref().map_err(|reason| *reason).and_then(|all| {
            let held = all.iter().filter_map(|process| process.memory).reduce(u64::saturating_add);
            if all.is_empty() { Ok(0) } else { held.ok_or(Reason::Unsupported) }
        });
        self.memory_by_processes = figure(&mut self.missing, "memory_by_processes", held);
        self.processes = figure(&mut self.missing, "processes", processes);
        if let Some(processes) = &mut self.processes {
            processes.sort_by_key(|process| (Reverse(process.memory), process.pid));
        }
    }
}

/// What keeps a GPU awake that could sleep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AwakeHolder {
    /// A process with a context on it.
    Process {
        /// Its id.
        pid: u32,
        /// Its name, where it can be seen.
        name: Option<String>,
    },
    /// A desktop that it draws.
    Display,
}

impl std::fmt::Display for AwakeHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Process { pid, name: Some(name) } => write!(f, "{name} ({pid})"),
            Self::Process { pid, name: None } => write!(f, "process {pid}"),
            Self::Display => f.write_str("a display"),
        }
    }
}

/// There is no such GPU.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("gpu_id: no GPU {found:?}; {}", listed(.known))]
pub struct UnknownGpu {
    /// What was asked for.
    pub found: String,
    /// What there is.
    pub known: Vec<String>,
}

fn listed(ids: &[String]) -> String {
    if ids.is_empty() { "there is none".into() } else { format!("there are {}", ids.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_processes_hold_is_nothing_or_unknown_where_it_is() {
        let process = |pid, memory| GpuProcess { pid, memory, ..GpuProcess::default() };
        let told = |processes| {
            let mut details = GpuDetails::default();
            details.set_processes(processes);
            let pids: Vec<u32> = details.processes.iter().flatten().map(|process| process.pid).collect();
            (pids, details.memory_by_processes, details.missing.get("memory_by_processes").copied())
        };
        let three = vec![process(1, None), process(2, Some(5)), process(3, Some(7))];
        assert_eq!(told(Ok(three)), (vec![3, 2, 1], Some(12), None));
        assert_eq!(told(Ok(Vec::new())), (Vec::new(), Some(0), None));
        assert_eq!(told(Ok(vec![process(1, None)])), (vec![1], None, Some(Reason::Unsupported)));
        assert_eq!(told(Err(Reason::NoPermission)), (Vec::new(), None, Some(Reason::NoPermission)));
    }
}

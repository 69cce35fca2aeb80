//! The vocabulary of the whole project: what a sample of each channel says, in which unit, and why a figure is missing.
//!
//! Serialized as the contract has it: `snake_case`, plain numbers, `null` for "this machine does not report it".
//! Rates are bytes per second, utilizations percent 0–100, timestamps Unix milliseconds (UTC) of the sample itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

/// Why a figure, a device or a whole channel has no value now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not sampled yet, or a rate that still waits for its second sample.
    Starting,
    /// The device or the kernel does not report this figure (`NVML_ERROR_NOT_SUPPORTED`, a field that the kernel lacks).
    Unsupported,
    /// Reported, but not to this user.
    NoPermission,
    /// The device is suspended, and asking would wake it.
    Asleep,
    /// The source has not answered within its deadline.
    NotAnswering,
    /// The device fell off the bus or is gone (`NVML_ERROR_GPU_IS_LOST`).
    Lost,
    /// There is no such device, or no driver or library to ask it through.
    Absent,
    /// The source answered with an error; the channel's detail tells which.
    Failed,
    /// The computer was suspended.
    Suspended,
    /// The counter behind a rate went backwards: it was reset, or it wrapped.
    CounterReset,
}

/// Why the fields that are `null` in a payload are so, by the field's path (`power_draw`, `devices/sda/read_rate`).
pub type Missing = BTreeMap<String, Reason>;

/// A sample of one GPU, channel `system/gpu/{gpu_id}`. Every figure is optional by itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct GpuMetrics {
    /// The device's UUID as the driver gives it (`GPU-…`): stable between boots, which the index is not.
    pub gpu_id: String,
    /// NVML's index. It may differ from CUDA's, and between boots.
    pub index: u32,
    /// The product name, such as `NVIDIA GeForce RTX 4090`.
    pub name: String,
    /// Percent of the last sampling period in which a kernel ran (`nvmlUtilization_t.gpu`).
    pub utilization: Option<f64>,
    /// Bytes in use, without the driver's reserve (`nvmlMemory_v2_t.used`).
    pub memory_used: Option<u64>,
    /// Bytes on the device (`nvmlMemory_v2_t.total`).
    pub memory_total: Option<u64>,
    /// °C at the GPU die (`NVML_TEMPERATURE_GPU`).
    pub temperature: Option<f64>,
    /// W of the whole board (`nvmlDeviceGetPowerUsage`, which is in mW).
    pub power_draw: Option<f64>,
    /// Why fields are `null`.
    pub missing: Missing,
    /// When it was sampled.
    pub timestamp: i64,
}

/// A sample of the processors, channel `system/cpu`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct CpuMetrics {
    /// Percent of time since the last sample in which the cores were busy, over all cores: everything in
    /// `/proc/stat` but idle and iowait (proc(5)); what mpstat calls 100 − idle, with iowait counted as idle.
    pub utilization: Option<f64>,
    /// The same per online core, in the order of `core_ids`.
    pub per_core: Vec<Option<f64>>,
    /// The kernel's number of each online core; not contiguous where a core is offline.
    pub core_ids: Vec<u32>,
    /// Why fields are `null`.
    pub missing: Missing,
    /// When it was sampled.
    pub timestamp: i64,
}

/// A sample of main memory, channel `system/memory`. Bytes, from `/proc/meminfo` (proc(5)).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct MemoryMetrics {
    /// `MemTotal` − `MemAvailable`: what free(1) calls used.
    pub ram_used: Option<u64>,
    /// `MemTotal`.
    pub ram_total: Option<u64>,
    /// `SwapTotal` − `SwapFree`.
    pub swap_used: Option<u64>,
    /// `SwapTotal`; 0 on a machine without swap.
    pub swap_total: Option<u64>,
    /// The smallest memory limit of the cgroups that Telltale runs in; `null` where there is none.
    pub cgroup_limit: Option<u64>,
    /// What that cgroup uses now; `null` without a limit.
    pub cgroup_used: Option<u64>,
    /// Why fields are `null`.
    pub missing: Missing,
    /// When it was sampled.
    pub timestamp: i64,
}

/// A sample of the disks, channel `system/disk`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct DiskMetrics {
    /// Bytes per second read from all `devices`.
    pub read_rate: Option<f64>,
    /// Bytes per second written to all `devices`.
    pub write_rate: Option<f64>,
    /// Whole physical devices, each byte once: no partitions, and no loop, ram, zram, dm or md on top of them.
    pub devices: Vec<DiskDevice>,
    /// Why fields are `null`.
    pub missing: Missing,
    /// When it was sampled.
    pub timestamp: i64,
}

/// One disk in [`DiskMetrics`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct DiskDevice {
    /// The kernel's name, such as `nvme0n1`.
    pub name: String,
    /// Bytes per second read.
    pub read_rate: Option<f64>,
    /// Bytes per second written.
    pub write_rate: Option<f64>,
}

/// A sample of the network, channel `system/network`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct NetworkMetrics {
    /// Bytes per second sent by all interfaces of kind `physical`.
    pub upload_rate: Option<f64>,
    /// Bytes per second received by all interfaces of kind `physical`.
    pub download_rate: Option<f64>,
    /// Every interface, including those that the totals leave out.
    pub interfaces: Vec<NetworkInterface>,
    /// Why fields are `null`.
    pub missing: Missing,
    /// When it was sampled.
    pub timestamp: i64,
}

/// One interface in [`NetworkMetrics`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct NetworkInterface {
    /// The kernel's name, such as `enp5s0`.
    pub name: String,
    /// Whether the totals count it.
    pub kind: InterfaceKind,
    /// Bytes per second sent.
    pub upload_rate: Option<f64>,
    /// Bytes per second received.
    pub download_rate: Option<f64>,
}

/// What an interface is, as far as adding up traffic is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceKind {
    /// Backed by a device: its traffic enters or leaves the machine and is counted in the totals.
    Physical,
    /// On top of others or between programs (veth, bridge, docker, tun/tap, virbr, bond, vlan): not counted.
    Virtual,
    /// `lo`: not counted.
    Loopback,
}

/// How fresh a channel is: `reason` is `null` while it is current, and says why it is not otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ChannelStatus {
    /// The channel's event name; `system/gpu` for the GPU source itself while no device is known.
    pub channel: String,
    /// When the last sample was taken; `null` before the first.
    pub timestamp: Option<i64>,
    /// Seconds from the last sample to this snapshot, by the monotonic clock; `null` before the first.
    pub age: Option<f64>,
    /// Why there is no current sample; `null` if there is one.
    pub reason: Option<Reason>,
    /// The reason in plain words with its particulars, where there are any.
    pub detail: Option<String>,
}

/// The newest sample of every channel: one batch per tick, channel `system/all`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct CurrentMetrics {
    /// One entry per device known, by NVML index.
    pub gpu: Vec<GpuMetrics>,
    /// `null` before its first sample, as all below.
    pub cpu: Option<CpuMetrics>,
    /// See [`MemoryMetrics`].
    pub memory: Option<MemoryMetrics>,
    /// See [`DiskMetrics`].
    pub disk: Option<DiskMetrics>,
    /// See [`NetworkMetrics`].
    pub network: Option<NetworkMetrics>,
    /// One entry per channel. A channel that is not current keeps its last sample above.
    pub channels: Vec<ChannelStatus>,
    /// Number of the tick since the start. A sample that came late is published again under its own tick's number.
    pub tick: u64,
    /// When the tick was; history rows carry the same.
    pub timestamp: i64,
    /// Seconds between ticks now.
    #[specta(type = Number)]
    pub interval: f64,
}

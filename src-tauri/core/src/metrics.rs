//! The vocabulary of the whole project: what a sample of each channel says, in which unit, and why a figure is missing.
//!
//! Serialized as the contract has it: `snake_case`, plain numbers, `null` for "this machine does not report it".
//! Rates are bytes per second, utilizations percent 0–100, timestamps Unix milliseconds (UTC) of the sample itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use crate::gpu_state::GpuState;

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
    /// The device fell off the bus, is gone (`NVML_ERROR_GPU_IS_LOST`) or needs a reset.
    Lost,
    /// There is no such device, or no driver or library to ask it through.
    Absent,
    /// The source answered with an error; the channel's detail tells which.
    Failed,
    /// The computer was suspended.
    Suspended,
    /// The counter behind a rate went backwards: it was reset, or it wrapped.
    CounterReset,
    /// Nothing happened that it could be computed from: the latency of a disk that served nothing.
    Idle,
    /// The device has no memory of its own: it uses the system's (GB10, Jetson).
    Shared,
    /// The interface has no link now, whose speed it would be.
    LinkDown,
}

/// Why the fields that are `null` in a payload are so, by the field's path (`power_draw`, `devices/sda/read_rate`). Only what
/// a field's own text excepts has no entry.
pub type Missing = BTreeMap<String, Reason>;

/// A sample of one GPU, channel `system/gpu/{gpu_id}`. Every figure is optional by itself. What is slow to ask, never changes
/// or is drawn by no chart is in [`crate::gpu_details::GpuDetails`]: eight of these are sent at every tick.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct GpuMetrics {
    /// Stable between boots, which the index is not: NVML's UUID (`GPU-…`), `AMD-` and amdgpu's `unique_id`, or else `PCI-`
    /// and the address of the slot (`PCI-0000:00:02_0`).
    pub gpu_id: String,
    /// NVML's index, which may differ from CUDA's, and between boots. GPUs of other drivers come after NVML's, in the order
    /// in which they were found, at first that of their addresses.
    pub index: u32,
    /// The product name, such as `NVIDIA GeForce RTX 4090`.
    pub name: String,
    /// Percent of the last sampling period in which a kernel ran (`nvmlUtilization_t.gpu`; amdgpu: `gpu_busy_percent`).
    /// i915, xe: percent of the time since the last sample in which the busiest kind of engine worked for the programs
    /// that this user may see (fdinfo, kernel: `Documentation/gpu/drm-usage-stats.rst`).
    pub utilization: Option<f64>,
    /// Bytes in use, without the driver's reserve (`nvmlMemory_v2_t.used`; amdgpu: `mem_info_vram_used`, of
    /// a processor's GPU with `mem_info_gtt_used`).
    pub memory_used: Option<u64>,
    /// Bytes that it has (`nvmlMemory_v2_t.total`; amdgpu: `mem_info_vram_total`, of a processor's GPU with
    /// `mem_info_gtt_total`, the system's memory that it may use; xe: `physical_vram_size_bytes`).
    pub memory_total: Option<u64>,
    /// °C at the GPU die (`NVML_TEMPERATURE_GPU`; amdgpu: hwmon's "edge", or else "junction", xe: "pkg",
    /// i915, nouveau: `temp1_input`).
    pub temperature: Option<f64>,
    /// W of the whole board (`nvmlDeviceGetPowerUsage`, which is in mW; amdgpu: hwmon's `power1_average` or `power1_input`;
    /// i915, xe: what `energy1_input` or `energy2_input` grew by since the last sample).
    pub power_draw: Option<f64>,
    /// W that the board is held under (`nvmlDeviceGetEnforcedPowerLimit`; hwmon's `power1_cap`, i915, xe: `power1_max` or `power2_max`).
    pub power_limit: Option<f64>,
    /// Percent of the last sampling period in which device memory was read or written (`nvmlUtilization_t.memory`; amdgpu:
    /// `mem_busy_percent`): the bandwidth's use, not how full the memory is.
    pub memory_bandwidth: Option<f64>,
    /// Percent of the first fan's full speed that it is told to run at (`nvmlDeviceGetFanSpeed_v2`; amdgpu: hwmon's `pwm1`,
    /// or else what `fan1_input` is of `fan1_max`).
    pub fan_speed: Option<f64>,
    /// MHz of the streaming multiprocessors now (`NVML_CLOCK_SM`; amdgpu: hwmon's "sclk", xe: `act_freq` of the GT, i915: `rps_act_freq_mhz`).
    pub sm_clock: Option<f64>,
    /// MHz that they can reach (`nvmlDeviceGetMaxClockInfo`; amdgpu: the top of `pp_dpm_sclk`, xe: `rp0_freq`, i915:
    /// `rps_RP0_freq_mhz`). For history alone, where verdicts are made of it: it is not sent, nor is it in `missing`.
    #[serde(skip)]
    pub sm_clock_max: Option<f64>,
    /// MHz of the device memory now (`NVML_CLOCK_MEM`; amdgpu: hwmon's "mclk").
    pub memory_clock: Option<f64>,
    /// Generation of the `PCIe` link now (`nvmlDeviceGetCurrPcieLinkGeneration`; sysfs: `current_link_speed`); an idle
    /// device may lower it.
    pub pcie_generation: Option<f64>,
    /// Lanes of the `PCIe` link now (`nvmlDeviceGetCurrPcieLinkWidth`; sysfs: `current_link_width`).
    pub pcie_width: Option<f64>,
    /// Generation that the link can have (`nvmlDeviceGetMaxPcieLinkGeneration`, of device and system; sysfs:
    /// `max_link_speed`, of the card and the port above it). For history alone, like `sm_clock_max`.
    #[serde(skip)]
    pub pcie_generation_max: Option<f64>,
    /// Lanes that the card can have, likewise.
    #[serde(skip)]
    pub pcie_width_max: Option<f64>,
    /// 0 (P0, full) to 15 (P15, least) (`nvmlDeviceGetPerformanceState`).
    pub performance_state: Option<f64>,
    /// What keeps the clocks below their maximum now (`nvmlDeviceGetCurrentClocksThrottleReasons`; amdgpu: `gpu_metrics`,
    /// i915, xe: the GT's throttle reasons); `null` where the device does not tell, empty where nothing does.
    pub clock_limits: Option<Vec<ClockLimit>>,
    /// What it does now, in one word, from `clock_limits` and `utilization` ([`GpuState::of`]); `null` where the device
    /// does not name its limits and is not known to be idle.
    pub state: Option<GpuState>,
    /// Why fields are `null`.
    pub missing: Missing,
    /// When it was sampled.
    pub timestamp: i64,
}

/// What keeps a GPU's clocks below their maximum. NVML's clocks throttle (event) reasons, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ClockLimit {
    /// Nothing to do.
    Idle,
    /// Clocks that the user set (application or locked clocks).
    ApplicationClocks,
    /// The power limit.
    PowerCap,
    /// The hardware slowed down: for heat, power brake or a fast change of power; the next two tell which.
    HardwareSlowdown,
    /// Kept equal with other devices of a group.
    SyncBoost,
    /// Heat, by the driver's threshold.
    SoftwareThermal,
    /// Heat, by the hardware's threshold.
    HardwareThermal,
    /// The power supply asked for less.
    PowerBrake,
    /// What the display needs.
    DisplayClocks,
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
    /// MHz of each online core now, in the order of `core_ids` (cpufreq's `scaling_cur_freq`); empty where the
    /// kernel does not manage frequencies, as in most virtual machines, and `null` in it for a core of which it does not tell.
    /// Read less often where that takes long.
    pub core_clocks: Vec<Option<f64>>,
    /// Threads running or waiting for a core or a disk, averaged over 1 minute (`/proc/loadavg`, proc(5)).
    pub load_1: Option<f64>,
    /// The same over 5 minutes.
    pub load_5: Option<f64>,
    /// The same over 15 minutes.
    pub load_15: Option<f64>,
    /// °C of the hottest processor package (of its die, where the sensor has Tdie), or core where a package has no sensor (hwmon: coretemp, k10temp, zenpower, `cpu_thermal`).
    pub temperature: Option<f64>,
    /// Percent of time since the last sample in which some thread waited for a core (`/proc/pressure/cpu`, "some").
    pub pressure_some: Option<f64>,
    /// Why fields are `null`.
    pub missing: Missing,
    /// When it was sampled.
    pub timestamp: i64,
}

/// A sample of main memory, channel `system/memory`. Bytes, from `/proc/meminfo` (proc(5)).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct MemoryMetrics {
    /// `MemTotal` − `MemAvailable` (or `MemFree`, where that is above the total, as in some containers): what free(1) calls used.
    pub ram_used: Option<u64>,
    /// `MemTotal`.
    pub ram_total: Option<u64>,
    /// `SwapTotal` − `SwapFree`.
    pub swap_used: Option<u64>,
    /// `SwapTotal`; 0 on a machine without swap.
    pub swap_total: Option<u64>,
    /// `MemAvailable` (or `MemFree`, as above): what programs could still get without swapping, by the kernel's estimate.
    pub ram_available: Option<u64>,
    /// `MemFree`: used for nothing at all.
    pub ram_free: Option<u64>,
    /// `Buffers`.
    pub buffers: Option<u64>,
    /// `Cached` + `SReclaimable`: what free(1) calls cache, less buffers.
    pub cached: Option<u64>,
    /// `Shmem`: tmpfs and memory that processes share.
    pub shared: Option<u64>,
    /// Memory that compressed swap and disks in memory take (`mem_used_total` of `/sys/block/zram*/mm_stat`).
    pub zram_used: Option<u64>,
    /// Bytes per second brought back from swap (`pswpin` of `/proc/vmstat`, in pages).
    pub swap_in_rate: Option<f64>,
    /// Bytes per second moved out to swap (`pswpout`).
    pub swap_out_rate: Option<f64>,
    /// Percent of time since the last sample in which some thread waited for memory (`/proc/pressure/memory`, "some").
    pub pressure_some: Option<f64>,
    /// The same for all threads at once: no work was done ("full").
    pub pressure_full: Option<f64>,
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
    /// Percent of time since the last sample in which some thread waited for I/O (`/proc/pressure/io`, "some").
    pub pressure_some: Option<f64>,
    /// The same for all threads at once: no work was done ("full").
    pub pressure_full: Option<f64>,
    /// Whole physical devices, each byte once: no partitions, no loop, ram, zram, dm or md on top of them, and nothing that a program serves (nbd, ublk).
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
    /// What the device calls itself (`/sys/block/*/device/model`); `null` where it has no name, as virtio's have none.
    pub model: Option<String>,
    /// Bytes that it holds (`/sys/block/*/size`).
    pub size: Option<u64>,
    /// Percent of time since the last sample in which it served at least one request (field 13 of
    /// `/proc/diskstats`; iostat's `%util`). A device that serves many at once may be busy and not saturated.
    pub busy: Option<f64>,
    /// Reads completed per second.
    pub read_ops: Option<f64>,
    /// Writes completed per second.
    pub write_ops: Option<f64>,
    /// Seconds that a request took on average, waiting included: reads and writes (iostat's `r_await` and
    /// `w_await`, together); `idle` where none completed.
    pub latency: Option<f64>,
    /// Mounted file systems on it, by mount point. Read every ten seconds; those of an automounter every hour, as each look
    /// keeps them mounted. Without those that this user can't reach: `missing` then says that there are some (`no_permission`).
    pub file_systems: Vec<FileSystem>,
}

/// A mounted file system on a disk. Bytes, from statvfs(3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct FileSystem {
    /// Where it is mounted first.
    pub mount_point: String,
    /// Its type, such as `ext4`.
    pub kind: String,
    /// All of it.
    pub total: u64,
    /// In use, as df(1) shows it.
    pub used: u64,
    /// Left to users without privilege; less than `total` − `used` where blocks are reserved.
    pub available: u64,
    /// Nobody can write to it: an image, a disc (`ro` among the file system's own options in proc(5) mountinfo).
    pub read_only: bool,
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
    /// Packets per second sent.
    pub upload_packets: Option<f64>,
    /// Packets per second received.
    pub download_packets: Option<f64>,
    /// Packets per second that were damaged, sent and received.
    pub errors: Option<f64>,
    /// Packets per second dropped for want of room or interest, sent and received.
    pub drops: Option<f64>,
    /// Bits per second that the link was negotiated for (`/sys/class/net/*/speed`); `null` where the link is down
    /// (`link_down`) or the driver knows no speed (`unsupported`: Wi-Fi, virtio). Where `kind` is not `physical` there is no
    /// link of its own, and a `null` has no entry in `missing`: there may be dozens.
    pub link_speed: Option<u64>,
    /// `up`, `down`, `unknown`, `dormant`, … (`/sys/class/net/*/operstate`, RFC 2863); `null` without /sys, with an entry in
    /// `missing` where `kind` is `physical`.
    pub state: Option<String>,
    /// IP addresses with their prefix lengths. Read when the kernel announces a change, every ten seconds at most.
    pub addresses: Vec<String>,
}

/// What an interface is, as far as adding up traffic is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceKind {
    /// Backed by a device, or a container's way out where none is: its traffic enters or leaves the machine and is counted in
    /// the totals.
    Physical,
    /// On top of others or between programs (veth, bridge, docker, tun/tap, virbr, bond, vlan), or Wi-Fi in monitor mode, whose
    /// frames are others': not counted.
    Virtual,
    /// `lo`: not counted.
    Loopback,
}

/// How fresh a channel is: `reason` is `null` while it is current, and says why it is not otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ChannelStatus {
    /// The channel's event name; `system/gpu` for the sources of GPUs: while none knows a device,
    /// or while one owes an answer beside another's GPUs.
    pub channel: String,
    /// When the last sample was taken, of a GPU the last with a figure; `null` before the first.
    pub timestamp: Option<i64>,
    /// Seconds from the last sample to this snapshot, to the millisecond, by the monotonic clock; `null` before the first.
    pub age: Option<f64>,
    /// Why there is no current sample; `null` if there is one.
    pub reason: Option<Reason>,
    /// The reason in plain words with its particulars, where there are any.
    pub detail: Option<String>,
}

/// The newest sample of every channel: one batch per tick, channel `system/all`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct CurrentMetrics {
    /// One entry per device known, by `index`.
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
    /// Number of the newest tick since the start. With a sample that comes late it is published again.
    pub tick: u64,
    /// When the tick was; history rows carry the same, unless the clock was set back since the one before.
    pub timestamp: i64,
    /// Seconds between ticks now.
    #[specta(type = Number)]
    pub interval: f64,
}

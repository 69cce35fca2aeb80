//! Every numeric field of every payload by its path, with its unit: what history keeps and exports write.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::channel::{Channel, gpu_event};
use crate::gpu_state::GpuState;
use crate::metrics::{CpuMetrics, CurrentMetrics, DiskMetrics, GpuMetrics, MemoryMetrics, NetworkMetrics};

/// What a field is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 0–100.
    Percent,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// °C.
    Celsius,
    /// W.
    Watts,
    /// MHz.
    Megahertz,
    /// Seconds.
    Seconds,
    /// A number of things.
    Count,
    /// Things per second.
    PerSecond,
    /// Bits per second.
    BitsPerSecond,
    /// The code of a [`GpuState`]. Where rows are put into buckets, the value of one is its most frequent code.
    GpuState,
}

/// Takes a field: the channel's event, the path in its payload, the unit, the value.
pub trait Visit {
    /// Called once per field. The path lives only for the call.
    fn field(&mut self, channel: &str, path: &str, unit: Unit, value: Option<f64>);
}

impl<F: FnMut(&str, &str, Unit, Option<f64>)> Visit for F {
    fn field(&mut self, channel: &str, path: &str, unit: Unit, value: Option<f64>) {
        self(channel, path, unit, value);
    }
}

/// Visits the fields of one GPU.
pub fn of_gpu(metrics: &GpuMetrics, visit: &mut impl Visit) {
    let channel = gpu_event(&metrics.gpu_id);
    visit.field(&channel, "utilization", Unit::Percent, metrics.utilization);
    visit.field(&channel, "memory_used", Unit::Bytes, whole(metrics.memory_used));
    visit.field(&channel, "memory_total", Unit::Bytes, whole(metrics.memory_total));
    visit.field(&channel, "temperature", Unit::Celsius, metrics.temperature);
    for (field, unit, value) in [
        ("power_draw", Unit::Watts, metrics.power_draw),
        ("power_limit", Unit::Watts, metrics.power_limit),
        ("memory_bandwidth", Unit::Percent, metrics.memory_bandwidth),
        ("fan_speed", Unit::Percent, metrics.fan_speed),
        ("sm_clock", Unit::Megahertz, metrics.sm_clock),
        ("sm_clock_max", Unit::Megahertz, metrics.sm_clock_max),
        ("memory_clock", Unit::Megahertz, metrics.memory_clock),
        ("pcie_generation", Unit::Count, metrics.pcie_generation),
        ("pcie_width", Unit::Count, metrics.pcie_width),
        ("pcie_generation_max", Unit::Count, metrics.pcie_generation_max),
        ("pcie_width_max", Unit::Count, metrics.pcie_width_max),
        ("performance_state", Unit::Count, metrics.performance_state),
        ("state", Unit::GpuState, metrics.state.map(GpuState::code)),
    ] {
        visit.field(&channel, field, unit, value);
    }
}

/// Visits the fields of the processors. A core's path has the kernel's number of the core.
pub fn of_cpu(metrics: &CpuMetrics, visit: &mut impl Visit) {
    let channel = Channel::Cpu.event();
    visit.field(channel, "utilization", Unit::Percent, metrics.utilization);
    let mut path = Path::new("per_core/");
    for (id, percent) in metrics.core_ids.iter().zip(&metrics.per_core) {
        visit.field(channel, path.of_core(*id), Unit::Percent, *percent);
    }
    let mut path = Path::new("core_clocks/");
    for (id, clock) in metrics.core_ids.iter().zip(&metrics.core_clocks) {
        visit.field(channel, path.of_core(*id), Unit::Megahertz, *clock);
    }
    visit.field(channel, "load_1", Unit::Count, metrics.load_1);
    visit.field(channel, "load_5", Unit::Count, metrics.load_5);
    visit.field(channel, "load_15", Unit::Count, metrics.load_15);
    visit.field(channel, "temperature", Unit::Celsius, metrics.temperature);
    visit.field(channel, "pressure_some", Unit::Percent, metrics.pressure_some);
}

/// Visits the fields of main memory.
pub fn of_memory(metrics: &MemoryMetrics, visit: &mut impl Visit) {
    let channel = Channel::Memory.event();
    visit.field(channel, "ram_used", Unit::Bytes, whole(metrics.ram_used));
    visit.field(channel, "ram_total", Unit::Bytes, whole(metrics.ram_total));
    visit.field(channel, "swap_used", Unit::Bytes, whole(metrics.swap_used));
    visit.field(channel, "swap_total", Unit::Bytes, whole(metrics.swap_total));
    visit.field(channel, "ram_available", Unit::Bytes, whole(metrics.ram_available));
    visit.field(channel, "ram_free", Unit::Bytes, whole(metrics.ram_free));
    visit.field(channel, "buffers", Unit::Bytes, whole(metrics.buffers));
    visit.field(channel, "cached", Unit::Bytes, whole(metrics.cached));
    visit.field(channel, "shared", Unit::Bytes, whole(metrics.shared));
    visit.field(channel, "zram_used", Unit::Bytes, whole(metrics.zram_used));
    visit.field(channel, "swap_in_rate", Unit::BytesPerSecond, metrics.swap_in_rate);
    visit.field(channel, "swap_out_rate", Unit::BytesPerSecond, metrics.swap_out_rate);
    visit.field(channel, "pressure_some", Unit::Percent, metrics.pressure_some);
    visit.field(channel, "pressure_full", Unit::Percent, metrics.pressure_full);
    if metrics.cgroup_limit.is_some() {
        visit.field(channel, "cgroup_limit", Unit::Bytes, whole(metrics.cgroup_limit));
        visit.field(channel, "cgroup_used", Unit::Bytes, whole(metrics.cgroup_used));
    }
}

/// Visits the fields of the disks.
pub fn of_disk(metrics: &DiskMetrics, visit: &mut impl Visit) {
    let channel = Channel::Disk.event();
    visit.field(channel, "read_rate", Unit::BytesPerSecond, metrics.read_rate);
    visit.field(channel, "write_rate", Unit::BytesPerSecond, metrics.write_rate);
    visit.field(channel, "pressure_some", Unit::Percent, metrics.pressure_some);
    visit.field(channel, "pressure_full", Unit::Percent, metrics.pressure_full);
    let mut path = Path::new("devices/");
    for disk in &metrics.devices {
        path.begin(&disk.name);
        for (field, unit, value) in [
            ("read_rate", Unit::BytesPerSecond, disk.read_rate),
            ("write_rate", Unit::BytesPerSecond, disk.write_rate),
            ("size", Unit::Bytes, whole(disk.size)),
            ("busy", Unit::Percent, disk.busy),
            ("read_ops", Unit::PerSecond, disk.read_ops),
            ("write_ops", Unit::PerSecond, disk.write_ops),
            ("latency", Unit::Seconds, disk.latency),
        ] {
            visit.field(channel, path.field(field), unit, value);
        }
    }
}

/// Visits the fields of the network.
pub fn of_network(metrics: &NetworkMetrics, visit: &mut impl Visit) {
    let channel = Channel::Network.event();
    visit.field(channel, "upload_rate", Unit::BytesPerSecond, metrics.upload_rate);
    visit.field(channel, "download_rate", Unit::BytesPerSecond, metrics.download_rate);
    let mut path = Path::new("interfaces/");
    for interface in &metrics.interfaces {
        path.begin(&interface.name);
        for (field, unit, value) in [
            ("upload_rate", Unit::BytesPerSecond, interface.upload_rate),
            ("download_rate", Unit::BytesPerSecond, interface.download_rate),
            ("upload_packets", Unit::PerSecond, interface.upload_packets),
            ("download_packets", Unit::PerSecond, interface.download_packets),
            ("errors", Unit::PerSecond, interface.errors),
            ("drops", Unit::PerSecond, interface.drops),
            ("link_speed", Unit::BitsPerSecond, whole(interface.link_speed)),
        ] {
            visit.field(channel, path.field(field), unit, value);
        }
    }
}

/// Visits every field of every channel that has a sample.
pub fn of_all(metrics: &CurrentMetrics, visit: &mut impl Visit) {
    metrics.gpu.iter().for_each(|gpu| of_gpu(gpu, visit));
    metrics.cpu.iter().for_each(|cpu| of_cpu(cpu, visit));
    metrics.memory.iter().for_each(|memory| of_memory(memory, visit));
    metrics.disk.iter().for_each(|disk| of_disk(disk, visit));
    metrics.network.iter().for_each(|network| of_network(network, visit));
}

/// A count as history keeps it; 2^53 and more lose their last digits.
fn whole(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// A path that is written again and again into one buffer, a device's name once for all its fields.
struct Path {
    text: String,
    base: usize,
    device: usize,
}

impl Path {
    fn new(base: &str) -> Self {
        Self { text: base.into(), base: base.len(), device: base.len() }
    }

    /// The path of a core.
    fn of_core(&mut self, id: u32) -> &str {
        self.text.truncate(self.base);
        // Writing to a String can't fail.
        let _ = write!(self.text, "{id}");
        &self.text
    }

    /// What follows are fields of this device.
    fn begin(&mut self, device: &str) {
        self.text.truncate(self.base);
        self.text.push_str(device);
        self.text.push('/');
        self.device = self.text.len();
    }

    fn field(&mut self, name: &str) -> &str {
        self.text.truncate(self.device);
        self.text.push_str(name);
        &self.text
    }
}

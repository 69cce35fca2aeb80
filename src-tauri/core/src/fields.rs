//! Every numeric field of every payload by its path, with its unit: what history keeps and exports write.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::channel::{Channel, gpu_event};
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
    visit.field(&channel, "memory_used", Unit::Bytes, bytes(metrics.memory_used));
    visit.field(&channel, "memory_total", Unit::Bytes, bytes(metrics.memory_total));
    visit.field(&channel, "temperature", Unit::Celsius, metrics.temperature);
    visit.field(&channel, "power_draw", Unit::Watts, metrics.power_draw);
}

/// Visits the fields of the processors. A core's path has the kernel's number of the core.
pub fn of_cpu(metrics: &CpuMetrics, visit: &mut impl Visit) {
    let channel = Channel::Cpu.event();
    visit.field(channel, "utilization", Unit::Percent, metrics.utilization);
    let mut path = Path::new("per_core/");
    for (id, percent) in metrics.core_ids.iter().zip(&metrics.per_core) {
        visit.field(channel, path.with(format_args!("{id}")), Unit::Percent, *percent);
    }
}

/// Visits the fields of main memory.
pub fn of_memory(metrics: &MemoryMetrics, visit: &mut impl Visit) {
    let channel = Channel::Memory.event();
    visit.field(channel, "ram_used", Unit::Bytes, bytes(metrics.ram_used));
    visit.field(channel, "ram_total", Unit::Bytes, bytes(metrics.ram_total));
    visit.field(channel, "swap_used", Unit::Bytes, bytes(metrics.swap_used));
    visit.field(channel, "swap_total", Unit::Bytes, bytes(metrics.swap_total));
    if metrics.cgroup_limit.is_some() {
        visit.field(channel, "cgroup_limit", Unit::Bytes, bytes(metrics.cgroup_limit));
        visit.field(channel, "cgroup_used", Unit::Bytes, bytes(metrics.cgroup_used));
    }
}

/// Visits the fields of the disks.
pub fn of_disk(metrics: &DiskMetrics, visit: &mut impl Visit) {
    let channel = Channel::Disk.event();
    visit.field(channel, "read_rate", Unit::BytesPerSecond, metrics.read_rate);
    visit.field(channel, "write_rate", Unit::BytesPerSecond, metrics.write_rate);
    let mut path = Path::new("devices/");
    for disk in &metrics.devices {
        visit.field(channel, path.with(format_args!("{}/read_rate", disk.name)), Unit::BytesPerSecond, disk.read_rate);
        visit.field(
            channel,
            path.with(format_args!("{}/write_rate", disk.name)),
            Unit::BytesPerSecond,
            disk.write_rate,
        );
    }
}

/// Visits the fields of the network.
pub fn of_network(metrics: &NetworkMetrics, visit: &mut impl Visit) {
    let channel = Channel::Network.event();
    visit.field(channel, "upload_rate", Unit::BytesPerSecond, metrics.upload_rate);
    visit.field(channel, "download_rate", Unit::BytesPerSecond, metrics.download_rate);
    let mut path = Path::new("interfaces/");
    for interface in &metrics.interfaces {
        let name = &interface.name;
        visit.field(
            channel,
            path.with(format_args!("{name}/upload_rate")),
            Unit::BytesPerSecond,
            interface.upload_rate,
        );
        visit.field(
            channel,
            path.with(format_args!("{name}/download_rate")),
            Unit::BytesPerSecond,
            interface.download_rate,
        );
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

fn bytes(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// A path that is written again and again into one buffer.
struct Path {
    text: String,
    base: usize,
}

impl Path {
    fn new(base: &str) -> Self {
        Self { text: base.into(), base: base.len() }
    }

    fn with(&mut self, rest: std::fmt::Arguments<'_>) -> &str {
        self.text.truncate(self.base);
        // Writing to a String can't fail.
        let _ = self.text.write_fmt(rest);
        &self.text
    }
}

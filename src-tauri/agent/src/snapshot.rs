//! `snapshot`: one sample of everything, as a table for people or as JSON.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context as _;
use serde::Serialize;
use telltale_core::clock::rfc3339;
use telltale_core::collector::{self, Roots};
use telltale_core::feed::{Feed as _, Snapshot};
use telltale_core::gpu_details::GpuDetails;
use telltale_core::metrics::{CurrentMetrics, GpuMetrics, InterfaceKind};
use telltale_core::words;

use crate::{details, out};

/// What `get_current_metrics` returns, and what `get_gpu_details` does of each GPU.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    metrics: &'a CurrentMetrics,
    gpu_details: Vec<GpuDetails>,
}

/// Prints a snapshot.
///
/// # Errors
/// If the collector can't be started or the text can't be written.
pub(crate) async fn print(json: bool) -> anyhow::Result<()> {
    let (collector, snapshot) = collector::once(&Roots::default()).await.context("could not start the collector")?;
    let mut gpu_details = Vec::new();
    for gpu in &snapshot.metrics.gpu {
        if let Ok(details) = collector.gpu_details(&gpu.gpu_id) {
            gpu_details.push(details.await);
        }
    }
    let mut out = out::stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, &Json { metrics: &snapshot.metrics, gpu_details })?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text(&snapshot, &gpu_details))?;
    }
    Ok(out.flush()?)
}

fn text(snapshot: &Snapshot, gpu_details: &[GpuDetails]) -> String {
    let metrics = &snapshot.metrics;
    let mut text = format!("{:<9}{}\n", "Time", rfc3339(metrics.timestamp));
    for gpu in &metrics.gpu {
        line(&mut text, &format!("GPU {}", gpu.index), &gpu_text(gpu));
        let in_full = gpu_details.iter().filter(|details| details.gpu_id == gpu.gpu_id);
        in_full.flat_map(details::lines).for_each(|words| line(&mut text, "", &words));
    }
    if let Some(problem) = &snapshot.gpu_problem {
        line(&mut text, "GPU", &problem.detail);
    }
    if let Some(cpu) = &metrics.cpu {
        line(&mut text, "CPU", &format!("{} of {} cores", percent(cpu.utilization), cpu.per_core.len()));
    }
    if let Some(memory) = &metrics.memory {
        line(&mut text, "Memory", &words::used_of(memory.ram_used, memory.ram_total));
        line(&mut text, "Swap", &words::used_of(memory.swap_used, memory.swap_total));
        if memory.cgroup_limit.is_some() {
            let used = words::used_of(memory.cgroup_used, memory.cgroup_limit);
            line(&mut text, "Limit", &format!("{used} in this cgroup"));
        }
    }
    if let Some(disk) = &metrics.disk {
        line(&mut text, "Disk", &format!("read {}  write {}", rate(disk.read_rate), rate(disk.write_rate)));
        for device in &disk.devices {
            line(
                &mut text,
                "",
                &format!("{}: read {}  write {}", device.name, rate(device.read_rate), rate(device.write_rate)),
            );
        }
    }
    if let Some(network) = &metrics.network {
        line(&mut text, "Network", &format!("down {}  up {}", rate(network.download_rate), rate(network.upload_rate)));
        for interface in network.interfaces.iter().filter(|interface| interface.kind == InterfaceKind::Physical) {
            let (down, up) = (rate(interface.download_rate), rate(interface.upload_rate));
            line(&mut text, "", &format!("{}: down {down}  up {up}", interface.name));
        }
    }
    text
}

fn line(text: &mut String, name: &str, figures: &str) {
    // Writing to a String can't fail.
    let _ = writeln!(text, "{name:<9}{figures}");
}

fn gpu_text(gpu: &GpuMetrics) -> String {
    let figures = [
        percent(gpu.utilization),
        words::used_of(gpu.memory_used, gpu.memory_total),
        words::or_dash(gpu.temperature.map(words::celsius)),
        words::or_dash(gpu.power_draw.map(words::watts)),
    ];
    format!("{}  {}", figures.join("  "), gpu.name)
}

fn percent(value: Option<f64>) -> String {
    words::or_dash(value.map(words::share))
}

fn rate(value: Option<f64>) -> String {
    words::or_dash(value.map(words::rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_a_dash_not_a_zero() {
        let gpu = GpuMetrics { index: 1, name: "NVIDIA H200".into(), temperature: Some(40.4), ..GpuMetrics::default() };
        assert_eq!(gpu_text(&gpu), "–  – of –  40 °C  –  NVIDIA H200");
    }
}

//! What the tray shows, as a value: an equal one is not sent, and a test can compare it.

use telltale_core::feed::Snapshot;
use telltale_core::metrics::GpuMetrics;
use telltale_core::settings::{NetworkUnit, Settings, TemperatureUnit};
use telltale_core::words;

/// Steps of the icon, from idle to full.
pub(super) const STEPS: u8 = 8;

/// Lines, title and icon of the tray.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Menu {
    /// A line per channel, a line per GPU.
    pub(super) lines: Vec<String>,
    /// Short figures, for desktops that show a label or a tooltip.
    pub(super) title: String,
    /// Which image: 0 is idle, `STEPS` − 1 the busiest of processors and GPUs at its limit.
    pub(super) step: u8,
}

/// What to show of a snapshot.
pub(super) fn menu(snapshot: &Snapshot, settings: &Settings) -> Menu {
    let metrics = &snapshot.metrics;
    let mut lines: Vec<String> = metrics.gpu.iter().map(|gpu| gpu_line(gpu, settings)).collect();
    let cpu = metrics.cpu.as_ref().and_then(|cpu| cpu.utilization);
    let network_rate = |rate: Option<f64>| match settings.network_unit {
        NetworkUnit::Bytes => or_dash(rate, words::rate),
        NetworkUnit::Bits => or_dash(rate, words::bit_rate),
    };
    lines.push(format!("CPU  {}", percent(cpu)));
    if let Some(memory) = &metrics.memory {
        let amount = |bytes: Option<u64>| or_dash(bytes.map(|bytes| bytes as f64), words::bytes);
        lines.push(format!("Memory  {} / {}", amount(memory.ram_used), amount(memory.ram_total)));
    }
    if let Some(disk) = &metrics.disk {
        let rate = |rate: Option<f64>| or_dash(rate, words::rate);
        lines.push(format!("Disk  R {}  W {}", rate(disk.read_rate), rate(disk.write_rate)));
    }
    if let Some(network) = &metrics.network {
        lines.push(format!(
            "Network  ↓ {}  ↑ {}",
            network_rate(network.download_rate),
            network_rate(network.upload_rate)
        ));
    }
    let busiest_gpu = metrics.gpu.iter().filter_map(|gpu| gpu.utilization).reduce(f64::max);
    let title = match busiest_gpu {
        Some(gpu) => format!("GPU {}  CPU {}", percent(Some(gpu)), percent(cpu)),
        None => format!("CPU {}", percent(cpu)),
    };
    Menu { lines, title, step: step(busiest_gpu.into_iter().chain(cpu).fold(0.0, f64::max)) }
}

fn gpu_line(gpu: &GpuMetrics, settings: &Settings) -> String {
    let degrees = |celsius: f64| match settings.temperature_unit {
        TemperatureUnit::Celsius => format!("{celsius:.0} °C"),
        TemperatureUnit::Fahrenheit => format!("{:.0} °F", celsius.mul_add(1.8, 32.0)),
    };
    let watts = |watts: f64| format!("{watts:.0} W");
    let temperature = or_dash(gpu.temperature, degrees);
    format!("GPU {}  {}  {temperature}  {}", gpu.index, percent(gpu.utilization), or_dash(gpu.power_draw, watts))
}

fn percent(value: Option<f64>) -> String {
    or_dash(value, |percent| format!("{percent:.0} %"))
}

/// A figure that is missing is a dash, never 0.
fn or_dash(value: Option<f64>, words: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "–".into(), words)
}

/// Which of the icon's steps a load of 0–100 % is.
fn step(percent: f64) -> u8 {
    let limits = (1..STEPS).filter(|step| percent >= f64::from(*step) * 100.0 / f64::from(STEPS));
    u8::try_from(limits.count()).unwrap_or(STEPS - 1)
}

#[cfg(test)]
mod tests {
    use telltale_core::metrics::{CpuMetrics, CurrentMetrics, DiskMetrics, MemoryMetrics, NetworkMetrics};

    use super::*;

    fn snapshot() -> Snapshot {
        let gpu = GpuMetrics {
            index: 0,
            utilization: Some(87.0),
            temperature: Some(71.0),
            power_draw: Some(212.4),
            ..GpuMetrics::default()
        };
        let metrics = CurrentMetrics {
            gpu: vec![gpu, GpuMetrics { index: 1, ..GpuMetrics::default() }],
            cpu: Some(CpuMetrics { utilization: Some(12.2), ..CpuMetrics::default() }),
            memory: Some(MemoryMetrics {
                ram_used: Some(10_522_669_875),
                ram_total: Some(33_500_744_909),
                ..MemoryMetrics::default()
            }),
            disk: Some(DiskMetrics {
                read_rate: Some(12.0 * 1_048_576.0),
                write_rate: Some(0.0),
                ..DiskMetrics::default()
            }),
            network: Some(NetworkMetrics {
                download_rate: Some(125_000.0),
                upload_rate: None,
                ..NetworkMetrics::default()
            }),
            ..CurrentMetrics::default()
        };
        Snapshot { metrics, ..Snapshot::default() }
    }

    #[test]
    fn a_line_per_channel_in_the_users_units() {
        let shown = menu(&snapshot(), &Settings::default());
        assert_eq!(
            shown.lines,
            [
                "GPU 0  87 %  71 °C  212 W",
                "GPU 1  –  –  –",
                "CPU  12 %",
                "Memory  9.8 GiB / 31.2 GiB",
                "Disk  R 12.0 MiB/s  W 0 B/s",
                "Network  ↓ 122.1 KiB/s  ↑ –",
            ]
        );
        assert_eq!((shown.title.as_str(), shown.step), ("GPU 87 %  CPU 12 %", 6));
        let other = Settings {
            temperature_unit: TemperatureUnit::Fahrenheit,
            network_unit: NetworkUnit::Bits,
            ..Settings::default()
        };
        let lines = menu(&snapshot(), &other).lines;
        assert_eq!(
            (lines[0].as_str(), lines[5].as_str()),
            ("GPU 0  87 %  160 °F  212 W", "Network  ↓ 1.0 Mbit/s  ↑ –")
        );
    }

    #[test]
    fn nothing_known_yet_is_no_zero() {
        let shown = menu(&Snapshot::default(), &Settings::default());
        assert_eq!(
            (shown.lines.as_slice(), shown.title.as_str(), shown.step),
            (&["CPU  –".to_owned()][..], "CPU –", 0)
        );
    }

    #[test]
    fn eight_steps_of_load() {
        let steps = [0.0, 12.4, 12.5, 50.0, 87.4, 87.5, 100.0].map(step);
        assert_eq!(steps, [0, 0, 1, 4, 6, 7, 7]);
    }
}

//! What the tray shows, as a value: an equal one is not sent, and a test can compare it.

use telltale_core::channel::{Channel, Selector, gpu_event};
use telltale_core::feed::Snapshot;
use telltale_core::gpu_details::AwakeHolder;
use telltale_core::metrics::{CurrentMetrics, GpuMetrics, Reason};
use telltale_core::own_cost::OwnCost;
use telltale_core::settings::{NetworkUnit, Settings, TemperatureUnit};
use telltale_core::words::{self as english, Quantity, or_dash};

use crate::words::Words;

/// Steps of the icon, from idle to full.
pub(super) const STEPS: u8 = 8;

/// Lines, title and icon of the tray.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Menu {
    /// A line per channel, a line per GPU: those that the settings name.
    pub(super) lines: Vec<String>,
    /// Short figures, for desktops that show a label or a tooltip.
    pub(super) title: String,
    /// Which image: 0 is idle, `STEPS` − 1 the busiest of processors and GPUs at its limit.
    pub(super) step: u8,
    /// Whether the figures stand still.
    pub(super) paused: bool,
    /// What Telltale itself takes, on a system that tells it.
    pub(super) own: Option<String>,
}

impl Menu {
    /// What stands under the title when the pointer rests on the tray.
    pub(super) fn tooltip(&self) -> String {
        self.lines.join("\n")
    }

    /// What is offered: to stop the figures, or to let them go on.
    pub(super) fn pause_label<'a>(&self, words: &'a Words) -> &'a str {
        if self.paused { &words.resume } else { &words.pause }
    }
}

/// `Telltale  0.4 % of a core, 168 MiB`. Before both figures are known it is there too: a line that came later would move
/// `Quit` from under the pointer.
pub(super) fn own_line(cost: &OwnCost, words: &Words) -> String {
    let Some((cpu, memory)) = cost.cpu.zip(cost.memory) else { return "Telltale  –".into() };
    let memory = words.figure(&english::bytes(memory).to_string());
    words.own.replace("{cpu}", &words.figure(&english::share(cpu).value)).replace("{memory}", &memory)
}

/// What to show of a snapshot, which is an old one while `paused`.
pub(super) fn menu(snapshot: &Snapshot, settings: &Settings, paused: bool, words: &Words) -> Menu {
    let metrics = &snapshot.metrics;
    let wanted: Vec<_> = settings.tray_lines.iter().filter_map(|name| Selector::parse(name).ok()).collect();
    let is_wanted = |event: &str| wanted.iter().any(|selector| selector.selects(event));
    let mut lines = Vec::new();
    for channel in Channel::ALL {
        if channel == Channel::Gpu {
            let gpus = metrics.gpu.iter().filter(|gpu| is_wanted(&gpu_event(&gpu.gpu_id)));
            let gpu_lines = |gpu| [Some(gpu_line(gpu, metrics, settings, words)), awake_line(gpu, snapshot, words)];
            lines.extend(gpus.flat_map(gpu_lines).flatten());
            // Why none is known is why the one that is wanted is not.
            let named = wanted.iter().any(|one| matches!(one, Selector::Gpu(_)));
            lines.extend(no_gpu_line(metrics, named, words).filter(|_| named || is_wanted(channel.event())));
        } else if is_wanted(channel.event()) {
            lines.extend(line(channel, metrics, settings, words));
        }
    }

    let busiest_gpu = metrics.gpu.iter().filter(|gpu| is_wanted(&gpu_event(&gpu.gpu_id))).filter_map(|gpu| {
        let current = trouble(metrics, &gpu_event(&gpu.gpu_id)).is_none();
        gpu.utilization.filter(|_| current)
    });
    let busiest_gpu = busiest_gpu.reduce(f64::max);
    let cpu = metrics.cpu.as_ref().and_then(|cpu| cpu.utilization);
    let cpu = cpu.filter(|_| trouble(metrics, Channel::Cpu.event()).is_none());
    let short = [
        busiest_gpu.map(|gpu| format!("GPU {}", english::percent(gpu))),
        is_wanted(Channel::Cpu.event()).then(|| format!("CPU {}", percent(cpu))),
    ];
    let short: Vec<_> = short.into_iter().flatten().collect();
    let title = if short.is_empty() { "Telltale".into() } else { short.join("  ") };
    Menu {
        lines,
        title: if paused { words.paused.replace("{title}", &title) } else { title },
        step: step(busiest_gpu.into_iter().chain(cpu).fold(0.0, f64::max)),
        paused,
        own: None,
    }
}

/// A channel's line; none before its first sample, but for the processors, which every machine has.
fn line(channel: Channel, metrics: &CurrentMetrics, settings: &Settings, words: &Words) -> Option<String> {
    if let Some(reason) = trouble(metrics, channel.event()) {
        return Some(format!("{}  {}", name(channel, words), words.reason(reason)));
    }
    let figure = |known: Option<Quantity>| words.figure(&or_dash(known));
    let network_rate = match settings.network_unit {
        NetworkUnit::Bytes => english::rate,
        NetworkUnit::Bits => english::bit_rate,
    };
    let figures = match channel {
        Channel::Gpu => return None, // a line per device
        Channel::Cpu => percent(metrics.cpu.as_ref().and_then(|cpu| cpu.utilization)),
        Channel::Memory => {
            let memory = metrics.memory.as_ref()?;
            words.figure(&used_of(memory.ram_used, memory.ram_total))
        }
        Channel::Disk => {
            let disk = metrics.disk.as_ref()?;
            let [read, write] = [disk.read_rate, disk.write_rate].map(|rate| figure(rate.map(english::rate)));
            format!("{} {read}  {} {write}", words.read, words.write)
        }
        Channel::Network => {
            let network = metrics.network.as_ref()?;
            let [down, up] = [network.download_rate, network.upload_rate].map(|rate| figure(rate.map(network_rate)));
            format!("↓ {down}  ↑ {up}")
        }
    };
    Some(format!("{}  {figures}", name(channel, words)))
}

/// Memory in use and in all, with the unit once where both are known: then they have the same.
fn used_of(used: Option<u64>, total: Option<u64>) -> String {
    match (used, total) {
        (Some(used), Some(total)) => format!("{} / {}", english::part(used, total).value, english::capacity(total)),
        _ => format!("{} / {}", or_dash(used.map(english::bytes)), or_dash(total.map(english::capacity))),
    }
}

fn name(channel: Channel, words: &Words) -> &str {
    match channel {
        Channel::Gpu => "GPU",
        Channel::Cpu => "CPU",
        Channel::Memory => &words.memory,
        Channel::Disk => &words.disk,
        Channel::Network => &words.network,
    }
}

fn gpu_line(gpu: &GpuMetrics, metrics: &CurrentMetrics, settings: &Settings, words: &Words) -> String {
    if let Some(reason) = trouble(metrics, &gpu_event(&gpu.gpu_id)) {
        return format!("GPU {}  {}", gpu.index, words.reason(reason));
    }
    let degrees = match settings.temperature_unit {
        TemperatureUnit::Celsius => english::celsius,
        TemperatureUnit::Fahrenheit => english::fahrenheit,
    };
    let (temperature, power) = (or_dash(gpu.temperature.map(degrees)), or_dash(gpu.power_draw.map(english::watts)));
    format!("GPU {}  {}  {temperature}  {}", gpu.index, percent(gpu.utilization), words.figure(&power))
}

/// Where no GPU is known: why, unless there is simply none and nobody named one, or not yet an answer.
fn no_gpu_line(metrics: &CurrentMetrics, named: bool, words: &Words) -> Option<String> {
    let reason = trouble(metrics, Channel::Gpu.event()).filter(|reason| named || *reason != Reason::Absent)?;
    Some(format!("GPU  {}", words.reason(reason)))
}

/// Why a channel's last sample is not its state now. Its figures are then not shown: a line has no room to say how old they are.
fn trouble(metrics: &CurrentMetrics, event: &str) -> Option<Reason> {
    let status = metrics.channels.iter().find(|status| status.channel == event)?;
    status.reason.filter(|reason| *reason != Reason::Starting)
}

/// What keeps a GPU awake that could sleep, the first few of them.
fn awake_line(gpu: &GpuMetrics, snapshot: &Snapshot, words: &Words) -> Option<String> {
    const MOST: usize = 3;
    let holders = snapshot.gpu_awake.get(&gpu.gpu_id).filter(|holders| !holders.is_empty())?;
    let named: Vec<_> = holders.iter().take(MOST).map(|holder| holder_name(holder, words)).collect();
    let mut named = named.join(&words.list);
    if holders.len() > MOST {
        let count = (holders.len() - MOST).to_string();
        named = words.and_more.replace("{count}", &count).replace("{holders}", &named);
    }
    Some(words.kept_awake.replace("{gpu}", &gpu.index.to_string()).replace("{holders}", &named))
}

fn holder_name(holder: &AwakeHolder, words: &Words) -> String {
    match holder {
        AwakeHolder::Process { pid, name: Some(name) } => format!("{name} ({pid})"),
        AwakeHolder::Process { pid, name: None } => words.a_process.replace("{pid}", &pid.to_string()),
        AwakeHolder::Display => words.a_display.clone(),
    }
}

fn percent(value: Option<f64>) -> String {
    or_dash(value.map(english::percent))
}

/// Which of the icon's steps a load of 0–100 % is.
fn step(percent: f64) -> u8 {
    let limits = (1..STEPS).filter(|step| percent >= f64::from(*step) * 100.0 / f64::from(STEPS));
    u8::try_from(limits.count()).unwrap_or(STEPS - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use telltale_core::metrics::{ChannelStatus, CpuMetrics, DiskMetrics, MemoryMetrics, NetworkMetrics};

    use super::*;
    use crate::words::tests::words_in;

    /// What it shows in English.
    fn menu(snapshot: &Snapshot, settings: &Settings, paused: bool) -> Menu {
        super::menu(snapshot, settings, paused, &words_in("en"))
    }

    fn snapshot() -> Snapshot {
        let gpu = GpuMetrics {
            gpu_id: "GPU-a".into(),
            index: 0,
            utilization: Some(87.0),
            temperature: Some(71.0),
            power_draw: Some(212.4),
            ..GpuMetrics::default()
        };
        let metrics = CurrentMetrics {
            gpu: vec![gpu, GpuMetrics { gpu_id: "GPU-b".into(), index: 1, ..GpuMetrics::default() }],
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
        let shown = menu(&snapshot(), &Settings::default(), false);
        assert_eq!(
            shown.lines,
            [
                "GPU 0  87 %  71 °C  212 W",
                "GPU 1  –  –  –",
                "CPU  12 %",
                "Memory  9.8 / 31.2 GiB",
                "Disk  R 12.0 MiB/s  W 0 B/s",
                "Network  ↓ 122 KiB/s  ↑ –",
            ]
        );
        assert_eq!((shown.title.as_str(), shown.step), ("GPU 87 %  CPU 12 %", 6));
        let other = Settings {
            temperature_unit: TemperatureUnit::Fahrenheit,
            network_unit: NetworkUnit::Bits,
            ..Settings::default()
        };
        let lines = menu(&snapshot(), &other, false).lines;
        assert_eq!(
            (lines[0].as_str(), lines[5].as_str()),
            ("GPU 0  87 %  160 °F  212 W", "Network  ↓ 1.0 Mbit/s  ↑ –")
        );
    }

    fn status(event: &str, reason: Reason) -> ChannelStatus {
        let channel = event.to_owned();
        ChannelStatus { channel, timestamp: Some(1), age: Some(9.0), reason: Some(reason), detail: None }
    }

    #[test]
    fn only_the_lines_that_the_settings_name_in_the_order_of_the_channels() {
        let shown = |lines: &[&str]| {
            let tray_lines = lines.iter().map(|line| (*line).to_owned()).collect();
            menu(&snapshot(), &Settings { tray_lines, ..Settings::default() }, false)
        };
        let one = shown(&["cpu", "gpu/GPU-b"]);
        assert_eq!(one.lines, ["GPU 1  –  –  –", "CPU  12 %"]);
        assert_eq!(one.tooltip(), "GPU 1  –  –  –\nCPU  12 %");
        assert_eq!((one.title.as_str(), one.step), ("CPU 12 %", 0), "a GPU that is not shown does not count");
        let none = shown(&[]);
        assert_eq!((none.lines.len(), none.title.as_str()), (0, "Telltale"));
    }

    #[test]
    fn a_channel_that_is_not_current_says_why_instead_of_old_figures() {
        let mut snapshot = snapshot();
        snapshot.metrics.channels =
            vec![status("system/gpu/GPU-a", Reason::Asleep), status("system/cpu", Reason::NotAnswering)];
        let shown = menu(&snapshot, &Settings::default(), false);
        assert_eq!(shown.lines[..3], ["GPU 0  asleep", "GPU 1  –  –  –", "CPU  not answering"]);
        assert_eq!((shown.title.as_str(), shown.step), ("CPU –", 0));

        snapshot.metrics.gpu.clear();
        for (reason, expected) in [(Reason::Asleep, "GPU  asleep"), (Reason::Absent, "CPU  not answering")] {
            snapshot.metrics.channels[0] = status("system/gpu", reason);
            assert_eq!(menu(&snapshot, &Settings::default(), false).lines[0], expected);
        }
        // One that was named is missed, for whichever reason none is known.
        let named = Settings { tray_lines: vec!["gpu/GPU-a".into()], ..Settings::default() };
        assert_eq!(menu(&snapshot, &named, false).lines, ["GPU  not present"]);
    }

    #[test]
    fn a_little_is_not_called_none_and_memory_that_is_half_known_keeps_its_units() {
        let mut snapshot = snapshot();
        snapshot.metrics.gpu = vec![GpuMetrics { power_draw: Some(8.25), ..GpuMetrics::default() }];
        snapshot.metrics.cpu = Some(CpuMetrics { utilization: Some(0.3), ..CpuMetrics::default() });
        let memory = MemoryMetrics { ram_used: None, ram_total: Some(25_769_803_776), ..MemoryMetrics::default() };
        snapshot.metrics.memory = Some(memory);
        let shown = menu(&snapshot, &Settings::default(), false);
        assert_eq!(shown.lines[..3], ["GPU 0  –  –  8.3 W", "CPU  < 1 %", "Memory  – / 24 GiB"]);
        assert_eq!((shown.title.as_str(), shown.step), ("CPU < 1 %", 0));
    }

    #[test]
    fn paused_figures_are_said_to_be() {
        let shown = menu(&snapshot(), &Settings::default(), true);
        assert_eq!((shown.title.as_str(), shown.paused), ("Paused: GPU 87 %  CPU 12 %", true));
    }

    #[test]
    fn what_keeps_a_gpu_awake_is_said_under_it() {
        let process = |pid| AwakeHolder::Process { pid, name: Some("Xorg".into()) };
        let holders = vec![AwakeHolder::Display, process(7), AwakeHolder::Process { pid: 8, name: None }, process(9)];
        let mut snapshot = Snapshot { gpu_awake: BTreeMap::from([("GPU-a".into(), holders)]), ..snapshot() };
        let lines = menu(&snapshot, &Settings::default(), false).lines;
        assert_eq!(lines[1], "GPU 0 kept awake by a display, Xorg (7), process 8 and 1 more");
        snapshot.gpu_awake.insert("GPU-a".into(), vec![]);
        assert_eq!(menu(&snapshot, &Settings::default(), false).lines[1], "GPU 1  –  –  –");
    }

    #[test]
    fn nothing_known_yet_is_no_zero() {
        let shown = menu(&Snapshot::default(), &Settings::default(), false);
        assert_eq!(
            (shown.lines.as_slice(), shown.title.as_str(), shown.step),
            (&["CPU  –".to_owned()][..], "CPU –", 0)
        );
    }

    #[test]
    fn what_telltale_takes_is_a_dash_until_it_is_known() {
        let english = &words_in("en");
        let cost = OwnCost { cpu: Some(0.42), cpu_seconds: 9.0, memory: Some(168 << 20), processes: 3 };
        assert_eq!(own_line(&cost, english), "Telltale  0.4 % of a core, 168 MiB");
        assert_eq!(own_line(&OwnCost { cpu: None, ..cost }, english), "Telltale  –");
        assert_eq!(own_line(&OwnCost { memory: None, ..cost }, english), "Telltale  –");
    }

    #[test]
    fn it_speaks_the_users_language_down_to_the_decimal_sign() {
        let process = |pid| AwakeHolder::Process { pid, name: None };
        let holders = vec![AwakeHolder::Display, process(8), process(9), process(10), process(11)];
        let mut snapshot = Snapshot { gpu_awake: BTreeMap::from([("GPU-a".into(), holders)]), ..snapshot() };
        snapshot.metrics.channels = vec![status("system/gpu/GPU-b", Reason::NotAnswering)];
        let german = &words_in("de");
        let shown = super::menu(&snapshot, &Settings::default(), true, german);
        assert_eq!(
            shown.lines,
            [
                "GPU 0  87 %  71 °C  212 W",
                "GPU 0 wach gehalten von einem Bildschirm, Prozess 8, Prozess 9 und 2 weiteren",
                "GPU 1  antwortet nicht",
                "CPU  12 %",
                "Speicher  9,8 / 31,2 GiB",
                "Datenträger  L 12,0 MiB/s  S 0 B/s",
                "Netzwerk  ↓ 122 KiB/s  ↑ –",
            ]
        );
        assert_eq!((shown.title.as_str(), shown.pause_label(german)), ("Angehalten: GPU 87 %  CPU 12 %", "Fortsetzen"));
        let cost = OwnCost { cpu: Some(0.42), cpu_seconds: 9.0, memory: Some(168 << 20), processes: 3 };
        assert_eq!(own_line(&cost, german), "Telltale  0,4 % eines Kerns, 168 MiB");
    }

    #[test]
    fn eight_steps_of_load() {
        let steps = [0.0, 12.4, 12.5, 50.0, 87.4, 87.5, 100.0].map(step);
        assert_eq!(steps, [0, 0, 1, 4, 6, 7, 7]);
    }
}

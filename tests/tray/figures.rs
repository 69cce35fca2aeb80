//! What the tray shows beside what `telltale-agent snapshot` prints at the same time.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::agent::{NO_REAL_GPUS, parse};
use crate::common::desktop::{Desktop, SOON};
use crate::common::namespace::{IN_ITS_OWN_SYS, gpu_power};
use crate::common::panel::Panel;
use crate::common::process::Group;
use crate::common::until::until_sync;
use crate::common::{among_others, built};

/// Two, one of which does not report its power.
pub(crate) const GPUS: &str = "[gpu]
name = NVIDIA Test
uuid = GPU-a
utilization = 87 %
memory_total = 24 GiB
memory_used = 6 GiB
temperature = 71 C
power_draw = 212.4 W
[gpu]
name = NVIDIA Test
uuid = GPU-b
utilization = 3 %
memory_total = 24 GiB
memory_used = 1 GiB
temperature = 40 C
";

/// The agent's figures, with the app's environment.
fn snapshot(desktop: &Desktop) -> Value {
    let mut command = Command::new(built("telltale-agent"));
    desktop.environment(&mut command);
    let output = command.args(["snapshot", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    parse(&String::from_utf8(output.stdout).unwrap())
}

/// The numbers of a line, in bytes where a unit of bytes follows; of `9.8 / 31.2 GiB` it is that of both.
fn numbers(line: &str) -> Vec<f64> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let factor = |unit: &str| match unit.trim_end_matches("/s") {
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => 1.0,
    };
    let number = |(at, word): (usize, &&str)| {
        let next = |places: usize| words.get(at + places).copied().unwrap_or_default();
        let unit = if next(1) == "/" { next(3) } else { next(1) };
        Some(word.replace(',', "").parse::<f64>().ok()? * factor(unit))
    };
    words.iter().enumerate().filter_map(number).collect()
}

/// Whether the tray's lines are what the agent says, one by one; `None` where one of the two does not have them all: at the
/// beginning, and while the machine has no time for them.
fn compared(lines: &[String], agent: &Value) -> Option<[bool; 10]> {
    let [gpu_a, gpu_b, cpu, memory, disk, network] = lines else { return None };
    let of = |path: &str| agent.pointer(path)?.as_f64();
    let gpu = |number: usize| {
        let [busy, hot] = ["utilization", "temperature"].map(|name| of(&format!("/gpu/{number}/{name}")));
        Some(format!("GPU {number}  {:.0} %  {:.0} °C", busy?, hot?))
    };
    let close = |line: &str, name: &str, at: usize, path: &str, by: f64| {
        Some(line.starts_with(name) && (numbers(line).get(at)? - of(path)?).abs() <= by)
    };
    let mib = f64::from(1 << 20);
    Some([
        *gpu_a == format!("{}  {:.0} W", gpu(0)?, of("/gpu/0/power_draw")?),
        *gpu_b == format!("{}  –", gpu(1)?),
        agent["gpu"][1]["power_draw"].is_null(), // a dash is what is not reported
        close(cpu, "CPU  ", 0, "/cpu/utilization", 10.0)?,
        close(memory, "Memory  ", 0, "/memory/ram_used", 200.0 * mib)?,
        // It does not change; a line has a tenth of a GiB.
        close(memory, "Memory  ", 1, "/memory/ram_total", 52.0 * mib)?,
        close(disk, "Disk  R ", 0, "/disk/read_rate", 8.0 * mib)?,
        close(disk, "Disk  R ", 1, "/disk/write_rate", 8.0 * mib)?,
        close(network, "Network  ", 0, "/network/download_rate", 8.0 * mib)?,
        close(network, "Network  ", 1, "/network/upload_rate", 8.0 * mib)?,
    ])
}

/// Waits until the tray's title, tooltip and lines are what an agent says that sees [`GPUS`] too.
pub(crate) fn agree(panel: &Panel, snapshot: impl Fn() -> Value) {
    // Both sample a busy machine at moments of their own: they agree once it is calm enough between two samples.
    until_sync("the tray agrees with the agent", SOON, || {
        let (lines, agent) = (panel.lines(), snapshot());
        let agree = compared(&lines, &agent);
        if agree.is_some_and(|agree| !agree.contains(&false)) { Ok(()) } else { Err((lines, agree, agent)) }
    });

    until_sync("the title, the tooltip and the lines are of one sample", SOON, || {
        let (before, title, (heading, text), after) = (panel.lines(), panel.title(), panel.tooltip(), panel.lines());
        if before != after {
            return Err("a sample came in between".to_owned());
        }
        let expected = format!("GPU 87 %  {}", after.get(2).cloned().unwrap_or_default().replace("  ", " "));
        if title == expected && heading == title && text == after.join("\n") {
            Ok(())
        } else {
            Err(format!("{title:?} {heading:?} {text:?} {after:?}"))
        }
    });
}

/// The app in the tray, with all its lines; while what is returned lives.
fn in_the_tray(desktop: &Desktop) -> (Panel, Group) {
    let panel = Panel::open(&desktop.screen);
    let app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    until_sync("all six lines have figures", SOON, || {
        let lines = panel.lines();
        // The second GPU does not report its power.
        let missing = lines.iter().filter(|line| line.contains('–')).count();
        if (lines.len(), missing) == (6, 1) { Ok(()) } else { Err(lines) }
    });
    (panel, app)
}

#[test]
fn title_tooltip_and_every_line_agree_with_the_agent() {
    let _turn = among_others();
    let desktop = Desktop::with_gpus(GPUS);
    let (panel, _app) = in_the_tray(&desktop);

    agree(&panel, || snapshot(&desktop));
}

/// A line that came would move what the pointer is on, and what was clicked at that moment would be lost.
#[test]
fn the_menu_stays_as_it_is_while_its_figures_come() {
    let _turn = among_others();
    let desktop = Desktop::with_gpus(GPUS);
    let (panel, _app) = in_the_tray(&desktop);
    let numbers = || panel.labels().into_iter().map(|(number, _)| number).collect::<Vec<_>>();
    let before = numbers();
    until_sync("it says what Telltale takes", SOON, || {
        let labels = panel.labels();
        if labels.iter().any(|(_, label)| label.contains(" of a core, ")) { Ok(()) } else { Err(labels) }
    });
    assert_eq!(numbers(), before, "{:?}", panel.labels());
}

/// Each costs the panel a wake-up, and an icon its drawing.
#[test]
fn the_panel_hears_of_what_changed_alone() {
    let _turn = among_others();
    // As busy as can be: how busy processors are does not show on the icon.
    let desktop = Desktop::with_gpus(&GPUS.replace("87 %", "100 %"));
    let (panel, _app) = in_the_tray(&desktop);
    let signals = panel.signals();
    let entry = |start: &str| {
        let labels = panel.labels();
        let found = labels.iter().find(|(_, label)| label.starts_with(start)).map(|(id, _)| *id);
        found.unwrap_or_else(|| panic!("{start}: {labels:?}"))
    };
    let gpus = [entry("GPU 0"), entry("GPU 1")];
    let others = ["CPU", "Memory", "Disk", "Network"].map(entry);
    let heard = until_sync("the others' lines change some times", SOON, || {
        let heard = signals.lock().unwrap().clone();
        let of_others = heard.iter().filter(|(_, entries)| entries.iter().any(|entry| others.contains(entry))).count();
        if of_others >= 4 { Ok(heard) } else { Err(heard) }
    });
    assert!(heard.iter().all(|(name, _)| name != "NewIcon" && name != "LayoutUpdated"), "{heard:?}");
    assert!(heard.iter().flat_map(|(_, entries)| entries).all(|entry| !gpus.contains(entry)), "{heard:?}");
}

#[test]
fn the_settings_choose_the_lines_and_their_units() {
    let _turn = among_others();
    let desktop = Desktop::with_gpus(GPUS);
    desktop.settings(&json!({"tray_lines": ["memory", "gpu/GPU-b"], "temperature_unit": "fahrenheit"}));
    let panel = Panel::open(&desktop.screen);
    let _app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    until_sync("those two lines are there, in the channels' order", SOON, || {
        let lines = panel.lines();
        let right = lines.len() == 2 && lines[0] == "GPU 1  3 %  104 °F  –" && lines[1].starts_with("Memory  ");
        if right && panel.title() == "GPU 3 %" { Ok(()) } else { Err((lines, panel.title())) }
    });
}

/// In a /sys of its own, where the machine has one GPU and it is suspended.
#[test]
fn a_gpu_that_sleeps_is_said_to_and_not_asked() {
    let _turn = among_others();
    let desktop = Desktop::with_gpus(GPUS);
    let panel = Panel::open(&desktop.screen);
    gpu_power(&desktop.path("sys"), "suspended");
    let (script, app, sys) = (format!("{IN_ITS_OWN_SYS} exec \"$0\" --hidden"), built("telltale"), desktop.path("sys"));
    let words = ["--mount", "sh", "-c", &script, app.to_str().unwrap(), sys.to_str().unwrap()];
    let _app = desktop.run("unshare", &words, |command| _ = command.env_remove(NO_REAL_GPUS.0));
    desktop.await_tray(&panel);
    until_sync("the tray says that it is asleep", SOON, || {
        let (lines, title) = (panel.lines(), panel.title());
        let said = lines.first().is_some_and(|line| line == "GPU  asleep");
        if said && title.starts_with("CPU ") && title.ends_with(" %") { Ok(()) } else { Err((lines, title)) }
    });
    assert!(!desktop.path("calls").exists(), "not one call to NVML");
}

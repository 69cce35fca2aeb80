//! What criterion measured of core in the same run (`cargo bench --package telltale-core`): a tick beside its floor, and
//! a query of the history.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// Figures older than this are of another run.
const SAME_RUN: Duration = Duration::from_hours(1);

const SMALL: &str = "2 cores, 1 disk, 1 interface";
const LARGE: &str = "256 cores, 64 disks, 64 interfaces";

/// One of criterion's files about a benchmark; `None` if it was not run in this run.
fn file(group: &str, name: &str, file: &str) -> Option<Value> {
    // target/PROFILE/deps/cost-…
    let target = std::env::current_exe().ok()?.ancestors().nth(3)?.to_path_buf();
    let path: PathBuf = target.join("criterion").join(group).join(name.replace('/', "_")).join("new").join(file);
    let age = fs::metadata(&path).ok()?.modified().ok()?.elapsed().unwrap_or_default();
    (age < SAME_RUN).then(|| serde_json::from_str(&fs::read_to_string(path).ok()?).ok())?
}

/// Nanoseconds that a benchmark takes: the median of its samples.
pub(crate) fn nanoseconds(group: &str, name: &str) -> Option<f64> {
    file(group, name, "estimates.json")?["median"]["point_estimate"].as_f64()
}

/// Bytes that a tick reads on a machine.
fn bytes(machine: &str) -> Option<f64> {
    file("tick", &format!("floor/{machine}"), "benchmark.json")?["throughput"]["Bytes"].as_f64()
}

fn of(what: &str, machine: &str) -> Option<f64> {
    nanoseconds("tick", &format!("{what}/{machine}"))
}

/// How many times the floor this machine's tick takes, with what the history keeps of it.
pub(crate) fn times_the_floor() -> Option<f64> {
    Some(of("sources and history", "this machine")? / of("floor", "this machine")?)
}

/// By how much a tick grows from the small machine to the large one, over how much its bytes do.
pub(crate) fn growth() -> Option<(f64, f64)> {
    let grown = of("sources and history", LARGE)? / of("sources and history", SMALL)?;
    Some((grown, bytes(LARGE)? / bytes(SMALL)?))
}

/// Every figure of a tick.
pub(crate) fn table() -> String {
    let mut text = String::from("| a tick, µs of processor time | this machine |");
    let machines = ["this machine", SMALL, LARGE];
    for machine in &machines[1..] {
        write!(text, " {machine} |").unwrap();
    }
    text += "\n| --- | --- | --- | --- |\n";
    let row = |what: &str, show: &dyn Fn(&str) -> Option<String>| {
        let cells: Vec<String> = machines.iter().map(|machine| show(machine).unwrap_or_else(|| "–".into())).collect();
        format!("| {what} | {} |\n", cells.join(" | "))
    };
    text += &row("bytes read", &|machine| Some(format!("{:.0}", bytes(machine)?)));
    for (what, name) in [
        ("floor", "the floor: reads the same files, adds up their numbers"),
        ("sources", "the sources: read and derived"),
        ("sources and history", "the same, and kept"),
        ("collector", "the whole collector, with its threads and snapshots"),
    ] {
        text += &row(name, &|machine| {
            let (taken, floor) = (of(what, machine)?, of("floor", machine)?);
            let ratio = if what == "floor" { String::new() } else { format!(" ({:.2} ×)", taken / floor) };
            Some(format!("{:.0}{ratio}", taken / 1e3))
        });
    }
    text
}

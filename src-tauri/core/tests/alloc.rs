//! What a tick may cost, as counts: allocations and read calls, which are the same on every machine and every day.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../benches/tree/mod.rs"]
#[allow(dead_code, reason = "the benches do more with it")]
mod tree;

use std::time::Duration;

use allocation_counter::measure;
use telltale_core::clock::Stamp;
use telltale_core::source::cpu::Cpu;
use telltale_core::source::disk::Disk;
use telltale_core::source::memory::Memory;
use telltale_core::source::network::Network;
use telltale_core::source::{Source, Stamped};
use tree::Tree;

/// Ticks until every buffer has its size.
const WARM: usize = 3;
/// Read within a moment: sources look for devices that were added once a minute.
const TICKS: usize = 20;

/// Read calls of this thread so far (`/proc/thread-self/io`, proc(5)).
fn read_calls() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    text.lines().find_map(|line| line.strip_prefix("syscr: ")).unwrap().parse().unwrap()
}

/// What one steady tick of a source took.
#[derive(Debug)]
struct Count {
    reading: u64,
    deriving: u64,
    read_calls: u64,
}

fn count<S: Source>(mut source: S, tree: Option<&Tree>) -> Count {
    let own = read_calls().abs_diff(read_calls());
    let mut before = None;
    let mut worst = Count { reading: 0, deriving: 0, read_calls: 0 };
    for tick in 0..WARM + TICKS {
        if let Some(tree) = tree {
            tree.at(tick);
        }
        let calls = read_calls();
        let mut sample = None;
        let reading = measure(|| sample = source.read().ok()).count_total;
        let calls = read_calls() - calls - own;
        let mono = Duration::from_secs(tick as u64);
        let now = Stamped { stamp: Stamp { mono, boot: mono, wall: 0 }, sample: sample.expect("it can be read") };
        let deriving = match &before {
            Some(before) => measure(|| drop(S::derive(Ok(before), &now))).count_total,
            None => 0,
        };
        if let Some(Stamped { sample, .. }) = before.replace(now) {
            source.recycle(sample);
        }
        if tick >= WARM {
            worst.reading = worst.reading.max(reading);
            worst.deriving = worst.deriving.max(deriving);
            worst.read_calls = worst.read_calls.max(calls);
        }
    }
    worst
}

/// All sources over a tree, or over this machine.
fn counts(tree: Option<&Tree>) -> [(&'static str, Count); 4] {
    let (proc, sys) = tree.map_or_else(|| ("/proc".into(), "/sys".into()), |tree| (tree.proc(), tree.sys()));
    [
        ("cpu", count(Cpu::new(&proc, &sys), tree)),
        ("memory", count(Memory::new(&proc, &sys), tree)),
        ("disk", count(Disk::new(&proc, &sys), tree)),
        ("network", count(Network::new(&proc, &sys), tree)),
    ]
}

#[test]
fn reading_allocates_nothing_in_a_steady_state() {
    let tree = Tree::of(256, 64, 64);
    for (source, count) in counts(Some(&tree)).iter().chain(&counts(None)) {
        assert_eq!(count.reading, 0, "{source}: {count:?}");
    }
}

/// A payload owns its lists and names, because whoever subscribes may keep it: a few for each disk and interface, none
/// for a core.
#[test]
fn a_payload_allocates_a_few_times_per_device() {
    let tree = Tree::of(256, 64, 64);
    let bounds = [8, 8, 8 + 64 * 5, 8 + 64 * 3];
    for ((source, count), bound) in counts(Some(&tree)).iter().zip(bounds) {
        assert!(count.deriving <= bound, "{source}: {count:?}");
    }
}

/// A file of /proc is read once and once more for its end; one of /sys comes whole. More only where it is longer than
/// a page.
#[test]
fn files_are_read_once_per_tick() {
    let small = Tree::of(2, 1, 1);
    let calls = counts(Some(&small)).map(|(_, count)| count.read_calls);
    // stat, loadavg, pressure: 6, two clocks, a temperature; meminfo, vmstat, pressure: 6, two of the cgroup;
    // diskstats, pressure; net/dev.
    assert_eq!(calls, [9, 8, 4, 2]);
}

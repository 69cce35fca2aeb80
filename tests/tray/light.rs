//! What Telltale costs while nobody looks, as counts: how often it wakes, and what it leaves running.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON, below, rows};
use crate::common::panel::Panel;
use crate::common::until::until_sync;

/// How often each thread of a process went to sleep so far: as often as it woke (`/proc/PID/task/*/status`, proc(5)).
fn sleeps(process: u32) -> HashMap<String, u64> {
    let sleeps = |thread: std::io::Result<fs::DirEntry>| {
        let thread = thread.ok()?;
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        Some((thread.file_name().into_string().ok()?, line.trim().parse().ok()?))
    };
    fs::read_dir(format!("/proc/{process}/task")).unwrap().filter_map(sleeps).collect()
}

/// How many pieces of memory a process shares by System V, as it does with the X server (`/proc/PID/maps`, proc(5)).
fn shared(process: u32) -> usize {
    fs::read_to_string(format!("/proc/{process}/maps")).unwrap().matches("/SYSV").count()
}

#[test]
fn in_the_tray_it_wakes_less_than_three_times_a_second() {
    const PERIOD: Duration = Duration::from_secs(20);
    let _turn = among_others();
    let desktop = Desktop::open();
    desktop.settings(&json!({ "interval": 2.0 }));
    let panel = Panel::open(&desktop.screen);
    let app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    panel.line("Network  ↓ "); // a rate: the second tick is done
    let (before, begun) = (sleeps(app.id()), Instant::now());
    std::thread::sleep(PERIOD);
    // A thread that ended takes its count with it.
    let woken: u64 = sleeps(app.id()).iter().map(|(thread, now)| now - before.get(thread).unwrap_or(&0)).sum();
    let per_second = woken as f64 / begun.elapsed().as_secs_f64();
    eprintln!("it woke {per_second:.2} times a second");
    assert!(per_second < 3.0, "{per_second:.2}");
    assert!(per_second > 0.5, "it goes on: {per_second:.2}");
}

/// How many heaps of glibc's a process has beside the first: rooms of 64 MiB at multiples of that, used from their beginning on
/// (malloc/arena.c: `HEAP_MAX_SIZE`).
fn more_heaps(process: u32) -> usize {
    const ROOM: u64 = 64 << 20;
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let parts = maps.lines().map(|line| {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        (number(from), number(to), &rest[..4])
    });
    let parts: Vec<_> = parts.collect();
    let is_heap = |pair: &&[(u64, u64, &str)]| {
        let [(from, used, "rw-p"), (free, to, "---p")] = **pair else { return false };
        from % ROOM == 0 && used == free && to == from + ROOM
    };
    parts.windows(2).filter(is_heap).count()
}

#[test]
fn its_threads_share_one_heap() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let app = desktop.start(&[]);
    desktop.await_report("figures", 0, |report| rows(report) > 0);
    assert_eq!(more_heaps(app.id()), 0);
}

#[test]
fn a_closed_window_leaves_no_process_and_no_memory_to_draw_in_and_opens_again() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let app = desktop.start(&[]);
    desktop.await_tray(&panel);
    for _ in 0..2 {
        let before = desktop.reports().len();
        desktop.await_report("figures", before.saturating_sub(1), |report| rows(report) > 0);
        assert!(shared(app.id()) > 0, "a window is drawn in memory shared with the X server");
        desktop.close_window();
        desktop.await_window(false);
        until_sync("no process is left below it", SOON, || match below(app.id()) {
            left if left.is_empty() => Ok(()),
            left => Err(left),
        });
        until_sync("no memory to draw in is left", SOON, || match shared(app.id()) {
            0 => Ok(()),
            left => Err(left),
        });
        let before = desktop.reports().len();
        panel.click("Open Telltale");
        desktop.await_report("its history", before, |report| rows(report) > 1);
    }
}

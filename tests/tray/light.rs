//! What Telltale costs while nobody looks, as counts: how often it wakes, and what it leaves running.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON, below, rows};
use crate::common::panel::Panel;
use crate::common::until::until_sync;

/// How often all threads of a process went to sleep so far: as often as they woke (`/proc/PID/task/*/status`, proc(5)).
fn sleeps(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let sleeps = |status: String| {
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    threads.filter_map(|thread| sleeps(fs::read_to_string(thread.ok()?.path().join("status")).ok()?)).sum()
}

#[test]
fn in_the_tray_it_wakes_less_than_three_times_a_second() {
    const PERIOD: Duration = Duration::from_secs(20);
    let _turn = among_others();
    let desktop = Desktop::open();
    desktop.settings(&json!({ "interval": 2.0 }));
    let panel = Panel::open(&desktop.screen);
    let app = desktop.start(&["--hidden"]);
    panel.await_item();
    panel.line("Network  ↓ "); // a rate: the second tick is done
    let (before, begun) = (sleeps(app.id()), Instant::now());
    std::thread::sleep(PERIOD);
    let per_second = (sleeps(app.id()) - before) as f64 / begun.elapsed().as_secs_f64();
    eprintln!("it woke {per_second:.2} times a second");
    assert!(per_second < 3.0, "{per_second:.2}");
    assert!(per_second > 0.5, "it goes on: {per_second:.2}");
}

#[test]
fn a_closed_window_leaves_no_process_and_opens_again() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let app = desktop.start(&[]);
    panel.await_item();
    for _ in 0..2 {
        let before = desktop.reports().len();
        desktop.await_report("figures", before.saturating_sub(1), |report| rows(report) > 0);
        desktop.close_window();
        desktop.await_window(false);
        until_sync("no process is left below it", SOON, || match below(app.id()) {
            left if left.is_empty() => Ok(()),
            left => Err(left),
        });
        let before = desktop.reports().len();
        panel.click("Open Telltale");
        desktop.await_report("its history", before, |report| rows(report) > 1);
    }
}

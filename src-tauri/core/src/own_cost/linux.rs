//! /proc of this process and of those below it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::clock;

/// This process and all below it, by number. `None` where the kernel does not list children (`CONFIG_PROC_CHILDREN`).
pub(super) fn family() -> Option<Vec<u32>> {
    let mut family = vec![std::process::id()];
    let mut at = 0;
    while let Some(process) = family.get(at).copied() {
        let children = children(process);
        // One that ended meanwhile has none; ourselves must be there.
        family.extend(if at == 0 { children? } else { children.unwrap_or_default() });
        at += 1;
    }
    Some(family)
}

/// Processes below this one that have run for so long and whose name begins so (`/proc/PID/comm`, proc(5): at most 15
/// bytes of it).
pub fn children_named(start: &str, at_least: Duration) -> Vec<u32> {
    let now = clock::now().boot;
    let is_it = |process: u32| {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
        let age = now.checked_sub(started(process)?)?;
        Some(process != std::process::id() && name.starts_with(start) && age >= at_least)
    };
    let mut named = family().unwrap_or_default();
    named.retain(|process| is_it(*process) == Some(true));
    named
}

/// Those that each of its threads started.
fn children(process: u32) -> Option<Vec<u32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()?.filter_map(Result::ok) {
        let text = fs::read_to_string(thread.path().join("children"));
        match text {
            Ok(text) => children.extend(text.split_ascii_whitespace().filter_map(|child| child.parse::<u32>().ok())),
            // A thread may end meanwhile.
            Err(_) if !thread.path().exists() => {}
            Err(_) => return None,
        }
    }
    Some(children)
}

/// Seconds on a core of all of these, and of those below them that have ended.
pub(super) fn cpu_seconds(family: &[u32]) -> Option<f64> {
    let per_second = rustix::param::clock_ticks_per_second();
    let ticks: u64 = family.iter().filter_map(|process| ticks(*process)).sum();
    (per_second > 0).then(|| ticks as f64 / per_second as f64)
}

/// `utime`, `stime`, `cutime` and `cstime`, fields 14 to 17.
fn ticks(process: u32) -> Option<u64> {
    Some(fields(process, 14, 4)?.into_iter().sum())
}

/// When it started, on the boot clock: `starttime`, field 22.
fn started(process: u32) -> Option<Duration> {
    let ticks = *fields(process, 22, 1)?.first()?;
    Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Some fields of `/proc/PID/stat`, by their numbers in proc(5).
fn fields(process: u32, first: usize, count: usize) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, field 2, may hold spaces and brackets itself.
    let (_, rest) = text.rsplit_once(") ")?;
    let fields = rest.split_ascii_whitespace().skip(first - 3).take(count);
    Some(fields.filter_map(|field| field.parse().ok()).collect())
}

/// Memory of all of these; `None` if one may not be looked at.
pub(super) fn proportional_bytes(family: &[u32]) -> Option<u64> {
    let mut sum = 0u64;
    for process in family {
        let folder = Path::new("/proc").join(process.to_string());
        match fs::read_to_string(folder.join("smaps_rollup")) {
            Ok(text) => {
                let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
                sum = sum.saturating_add(line.split_ascii_whitespace().next()?.parse::<u64>().ok()? * 1_024);
            }
            // It has ended.
            Err(_) if !folder.exists() => {}
            Err(_) => return None,
        }
    }
    Some(sum)
}

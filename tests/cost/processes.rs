//! What a program and all that it started take: processor time and memory, from /proc.

use std::collections::{HashMap, HashSet};
use std::fs;

use crate::app::App;

/// Processes with all their descendants.
pub(crate) struct Tree(HashSet<u32>);

/// The fields of /proc/PID/stat after the name, which may hold spaces and brackets itself.
fn stat(process: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let rest = text.rsplit_once(") ")?.1;
    Some(rest.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
}

/// Positions in what [`stat`] returns, from `man proc_pid_stat`: the first there is field 3.
const PARENT: usize = 4 - 3;
const USER: usize = 14 - 3;
const SYSTEM: usize = 15 - 3;

/// The app's process id.
pub(crate) fn id_of(app: &App) -> u32 {
    let processes = app.processes();
    let name = processes.first().and_then(|process| process.file_name()?.to_str());
    name.expect("the app runs").parse().unwrap()
}

impl Tree {
    pub(crate) fn of(roots: impl IntoIterator<Item = u32>) -> Self {
        let mut tree: HashSet<u32> = roots.into_iter().collect();
        assert!(!tree.is_empty(), "there is a process to measure");
        let all: Vec<(u32, u64)> = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|process| Some((process, *stat(process)?.get(PARENT)?)))
            .collect();
        loop {
            let children = all.iter().filter(|(_, parent)| u32::try_from(*parent).is_ok_and(|one| tree.contains(&one)));
            let grown: HashSet<u32> = tree.iter().copied().chain(children.map(|(process, _)| *process)).collect();
            if grown.len() == tree.len() {
                return Self(tree);
            }
            tree = grown;
        }
    }

    /// How many processes there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The process of that name.
    pub(crate) fn named(&self, name: &str) -> Option<u32> {
        let is_it =
            |process: &&u32| fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|comm| comm.trim() == name);
        self.0.iter().find(is_it).copied()
    }

    /// How often each thread woke so far: as often as it went to sleep (`voluntary_ctxt_switches`).
    pub(crate) fn wakes(&self) -> HashMap<String, u64> {
        let tasks = |process: &u32| fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
        let switches = |task: std::io::Result<fs::DirEntry>| {
            let task = task.ok()?;
            let text = fs::read_to_string(task.path().join("status")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            Some((task.file_name().into_string().ok()?, line.trim().parse().ok()?))
        };
        self.0.iter().flat_map(tasks).filter_map(switches).collect()
    }

    /// Time on processors so far. The kernel counts it in hundredths.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let ticks: u64 = self.0.iter().filter_map(|process| stat(*process)).map(|all| all[USER] + all[SYSTEM]).sum();
        ticks as f64 / 100.0
    }

    /// Memory, with what several processes share counted once among them.
    pub(crate) fn proportional_bytes(&self) -> u64 {
        let pss = |process: &u32| {
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        self.0.iter().filter_map(pss).sum::<u64>() * 1024
    }
}

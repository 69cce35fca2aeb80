//! `/proc/stat` rather than sysinfo: the contract counts iowait as idle and steal as busy, and wants one sample's
//! counters for all cores.

use std::path::Path;
use std::str::SplitAsciiWhitespace;

use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped, figure};
use crate::metrics::{CpuMetrics, Missing, Reason};

/// The processors of this machine.
#[derive(Debug)]
pub struct Cpu {
    stat: ProcFile,
}

impl Cpu {
    /// Reads `stat` under `proc`, normally `/proc`.
    pub fn new(proc: &Path) -> Self {
        Self { stat: ProcFile::new(proc.join("stat")) }
    }
}

/// Time since boot of one line of `/proc/stat`, in ticks of `USER_HZ` (proc(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// user + nice + system + irq + softirq + steal. guest and `guest_nice` are in user and nice already.
    pub busy: u64,
    /// idle + iowait.
    pub idle: u64,
}

/// All lines of `/proc/stat` that begin with `cpu`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sample {
    /// The first line: all cores.
    pub all: Times,
    /// Online cores with the kernel's number.
    pub cores: Vec<(u32, Times)>,
}

impl Source for Cpu {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let parsed = parse(&self.stat.read()?);
        parsed.map_err(|malformed| malformed.at(self.stat.path()))
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        let mut missing = Missing::new();
        let before = previous.map(|stamped| &stamped.sample);
        let utilization = before.and_then(|before| busy_percent(before.all, now.sample.all));
        let per_core = now
            .sample
            .cores
            .iter()
            .enumerate()
            .map(|(index, (id, times))| {
                let percent = before.and_then(|before| {
                    let earlier = core(before, index, *id).ok_or(Reason::Starting)?;
                    busy_percent(earlier, *times)
                });
                figure_of_core(&mut missing, *id, percent)
            })
            .collect();
        Reading::Cpu(CpuMetrics {
            utilization: figure(&mut missing, "utilization", utilization),
            per_core,
            core_ids: now.sample.cores.iter().map(|(id, _)| *id).collect(),
            missing,
            timestamp: now.stamp.wall,
        })
    }
}

fn figure_of_core(missing: &mut Missing, id: u32, percent: Result<f64, Reason>) -> Option<f64> {
    percent.map_err(|reason| missing.insert(format!("per_core/{id}"), reason)).ok()
}

/// The core with this number; usually at the same place as now.
fn core(sample: &Sample, index: usize, id: u32) -> Option<Times> {
    let same_place = sample.cores.get(index).filter(|(other, _)| *other == id);
    same_place.or_else(|| sample.cores.iter().find(|(other, _)| *other == id)).map(|(_, times)| *times)
}

/// Percent of the time between two readings that was busy.
///
/// Idle and iowait may run backwards a little (proc(5) on iowait): that counts as no idle time. Busy time
/// running backwards is a reset.
fn busy_percent(earlier: Times, later: Times) -> Result<f64, Reason> {
    let busy = later.busy.checked_sub(earlier.busy).ok_or(Reason::CounterReset)?;
    let idle = later.idle.saturating_sub(earlier.idle);
    match busy.saturating_add(idle) {
        0 => Err(Reason::Starting),
        all => Ok(100.0 * (busy as f64 / all as f64)),
    }
}

/// Parses the text of `/proc/stat`.
fn parse(text: &str) -> Result<Sample, Malformed> {
    let mut sample = Sample::default();
    let mut seen_all = false;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("cpu") else { break };
        let (id, fields) = rest.split_once(' ').ok_or_else(|| Malformed::new("cpuN and its times", line))?;
        let times = times(fields.split_ascii_whitespace()).ok_or_else(|| Malformed::new("at least 4 times", line))?;
        if id.is_empty() {
            sample.all = times;
            seen_all = true;
        } else {
            let id = id.parse().map_err(|_| Malformed::new("a core's number", line))?;
            sample.cores.push((id, times));
        }
    }
    if seen_all { Ok(sample) } else { Err(Malformed::new("a first line \"cpu …\"", text)) }
}

/// The fields in proc(5)'s order. Only the first four exist on every kernel; a later one that is not there is 0.
fn times(mut fields: SplitAsciiWhitespace<'_>) -> Option<Times> {
    let mut field = || fields.next().map_or(Ok(None), |text| text.parse::<u64>().map(Some));
    let (user, nice, system, idle) = (field().ok()??, field().ok()??, field().ok()??, field().ok()??);
    let mut later = || field().ok().map(Option::unwrap_or_default);
    let (iowait, irq, softirq, steal) = (later()?, later()?, later()?, later()?);
    let sum = |parts: &[u64]| parts.iter().fold(0u64, |sum, part| sum.saturating_add(*part));
    Some(Times { busy: sum(&[user, nice, system, irq, softirq, steal]), idle: sum(&[idle, iowait]) })
}

#[cfg(test)]
#[path = "linux_tests.rs"]
mod tests;

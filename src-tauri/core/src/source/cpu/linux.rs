//! `/proc/stat` rather than sysinfo: the contract counts iowait as idle and steal as busy, and wants one sample's
//! counters for all cores.

use std::path::Path;
use std::str::SplitAsciiWhitespace;
use std::time::Duration;

use super::super::pressure::{self, Pressure};
use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped, figure, figure_at, same};
use super::sensors::Sensors;
use crate::clock;
use crate::metrics::{CpuMetrics, Missing, Reason};
use crate::rate;

/// The processors of this machine.
#[derive(Debug)]
pub struct Cpu {
    stat: ProcFile,
    pressure: Pressure,
    sensors: Sensors,
    /// The kernel's numbers of the cores that were online at the last sample.
    cores: Vec<u32>,
    /// The sample to write over.
    spare: Sample,
}

impl Cpu {
    /// Reads under `proc` (normally `/proc`) and `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            stat: ProcFile::new(proc.join("stat")),
            pressure: Pressure::new(proc, "cpu"),
            sensors: Sensors::new(proc, sys),
            cores: Vec::new(),
            spare: Sample::default(),
        }
    }

    fn times(&mut self, into: &mut Stat) -> Result<(), SourceError> {
        parse(&self.stat.read()?, into).map_err(|malformed| malformed.at(self.stat.path()))
    }
}

/// Time since boot of one line of `/proc/stat`, in ticks of `USER_HZ` (proc(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Times {
    /// user + nice + system + irq + softirq + steal. guest and `guest_nice` are in user and nice already.
    busy: u64,
    /// idle + iowait.
    idle: u64,
}

/// By how much idle time may run backwards: a second.
const A_LITTLE: u64 = 100;

impl Times {
    fn plus(self, other: Self) -> Self {
        Self { busy: self.busy.saturating_add(other.busy), idle: self.idle.saturating_add(other.idle) }
    }
}

/// All lines of `/proc/stat` that begin with `cpu`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Stat {
    /// The first line: all cores.
    all: Times,
    /// Online cores with the kernel's number.
    cores: Vec<(u32, Times)>,
}

impl Stat {
    fn ids(&self) -> impl Iterator<Item = u32> {
        self.cores.iter().map(|(id, _)| *id)
    }
}

/// What the kernel says of the processors at one moment.
#[derive(Debug, Clone)]
pub struct Sample {
    stat: Stat,
    clocks: Vec<Option<f64>>,
    load: Result<[f64; 3], Reason>,
    temperature: Result<f64, Reason>,
    pressure: pressure::Sample,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            stat: Stat::default(),
            clocks: Vec::new(),
            load: Err(Reason::Starting),
            temperature: Err(Reason::Starting),
            pressure: Err(Reason::Starting),
        }
    }
}

impl Source for Cpu {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let mut sample = std::mem::take(&mut self.spare);
        let now = clock::now().mono;
        // Kernels may let clocks wait. The times are read after that, of the moment with which the sample is stamped.
        self.sensors.clocks(now, self.cores.iter().copied(), &mut sample.clocks);
        sample.load = self.sensors.load();
        sample.temperature = self.sensors.temperature(now);
        sample.pressure = self.pressure.read();
        self.times(&mut sample.stat)?;
        if !sample.stat.ids().eq(self.cores.iter().copied()) {
            self.cores.clear();
            self.cores.extend(sample.stat.ids());
            self.sensors.clocks(now, self.cores.iter().copied(), &mut sample.clocks);
            self.times(&mut sample.stat)?;
        }
        Ok(sample)
    }

    fn recycle(&mut self, sample: Sample) {
        self.spare = sample;
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        let mut missing = Missing::new();
        let before = previous.map(|stamped| &stamped.sample.stat);
        let Sample { stat, clocks, load, temperature, pressure } = &now.sample;
        let utilization = before.and_then(|before| busy_percent_of_all(before, stat));
        let per_core = stat
            .cores
            .iter()
            .enumerate()
            .map(|(index, (id, times))| {
                let percent = before.and_then(|before| {
                    let earlier = core(before, index, *id).ok_or(Reason::Starting)?;
                    busy_percent(earlier, *times)
                });
                figure_at(&mut missing, || format!("per_core/{id}"), percent)
            })
            .collect();
        Reading::Cpu(CpuMetrics {
            utilization: figure(&mut missing, "utilization", utilization),
            per_core,
            core_ids: stat.ids().collect(),
            core_clocks: figure(&mut missing, "core_clocks", some_of(clocks)).unwrap_or_default(),
            load_1: figure(&mut missing, "load_1", load.map(|[one, _, _]| one)),
            load_5: figure(&mut missing, "load_5", load.map(|[_, five, _]| five)),
            load_15: figure(&mut missing, "load_15", load.map(|[_, _, fifteen]| fifteen)),
            temperature: figure(&mut missing, "temperature", *temperature),
            pressure_some: figure(&mut missing, "pressure_some", {
                let earlier = previous.map(|before| before.sample.pressure);
                let elapsed = previous.map_or(Duration::ZERO, |before| now.stamp.since(&before.stamp));
                pressure::percent(earlier, *pressure, elapsed, |stalled| stalled.some)
            }),
            missing,
            timestamp: now.stamp.wall,
        })
    }
}

/// Clocks, or that there are none.
fn some_of(clocks: &[Option<f64>]) -> Result<Vec<Option<f64>>, Reason> {
    if clocks.is_empty() { Err(Reason::Unsupported) } else { Ok(clocks.to_vec()) }
}

/// The core with this number; usually at the same place as now.
fn core(sample: &Stat, index: usize, id: u32) -> Option<Times> {
    same(&sample.cores, index, |(other, _)| *other == id).map(|(_, times)| *times)
}

/// Percent of the time between two readings that was busy, over all cores. The line of all counts offline ones too, whose idle time the kernel keeps by another clock:
/// when one comes or goes it leaps, either way. Then those count that were online all the time.
fn busy_percent_of_all(before: &Stat, now: &Stat) -> Result<f64, Reason> {
    if before.ids().eq(now.ids()) {
        return busy_percent(before.all, now.all);
    }
    let both =
        now.cores.iter().enumerate().filter_map(|(index, (id, later))| Some((core(before, index, *id)?, *later)));
    let steady = both.filter(|(earlier, later)| busy_percent(*earlier, *later) != Err(Reason::CounterReset));
    let (earlier, later) = steady.fold(<(Times, Times)>::default(), |sum, one| (sum.0.plus(one.0), sum.1.plus(one.1)));
    busy_percent(earlier, later)
}

/// Percent of the time between two readings that was busy.
///
/// What one sample had as iowait the next may have as idle (proc(5) on iowait): so they count together. Together they may run
/// backwards a little, beside much that was busy: that counts as no idle time. Further back, or busy time running backwards, is
/// a reset.
fn busy_percent(earlier: Times, later: Times) -> Result<f64, Reason> {
    let busy = later.busy.checked_sub(earlier.busy).ok_or(Reason::CounterReset)?;
    let idle = later.idle.saturating_sub(earlier.idle);
    if earlier.idle.saturating_sub(later.idle) > A_LITTLE.min(busy / 10) {
        return Err(Reason::CounterReset);
    }
    match busy.saturating_add(idle) {
        0 => Err(Reason::Starting),
        all => Ok(rate::hundredths(100.0 * (busy as f64 / all as f64))),
    }
}

/// Parses the text of `/proc/stat`.
fn parse(text: &str, sample: &mut Stat) -> Result<(), Malformed> {
    sample.cores.clear();
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
    if seen_all { Ok(()) } else { Err(Malformed::new("a first line \"cpu …\"", text)) }
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

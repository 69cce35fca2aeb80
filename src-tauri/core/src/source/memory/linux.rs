//! `/proc/meminfo` and the cgroup's own files: `MemAvailable` is the kernel's estimate, which is what free(1) shows. Some containers
//! have a total of their own and the host's estimate, which is more: what is free counts then, as in free(1).

use std::path::Path;
use std::time::Duration;

use super::super::pressure::{self, Pressure};
use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped, figure};
use super::cgroup::{Cgroup, Limit};
use super::zram::Zram;
use crate::clock;
use crate::metrics::{MemoryMetrics, Missing, Reason};
use crate::rate;

/// The main memory of this machine.
#[derive(Debug)]
pub struct Memory {
    meminfo: ProcFile,
    vmstat: ProcFile,
    cgroup: Cgroup,
    pressure: Pressure,
    zram: Zram,
}

impl Memory {
    /// Reads under `proc` (normally `/proc`), limits and zram under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            meminfo: ProcFile::new(proc.join("meminfo")),
            vmstat: ProcFile::new(proc.join("vmstat")),
            cgroup: Cgroup::new(proc, sys),
            pressure: Pressure::new(proc, "memory"),
            zram: Zram::new(sys),
        }
    }
}

/// Bytes, from the lines of `/proc/meminfo` with the same names; a line that the kernel lacks is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Meminfo {
    total: Option<u64>,
    available: Option<u64>,
    free: Option<u64>,
    buffers: Option<u64>,
    cached: Option<u64>,
    reclaimable: Option<u64>,
    shared: Option<u64>,
    swap_total: Option<u64>,
    swap_free: Option<u64>,
}

/// Bytes since boot that went through swap (`pswpin`, `pswpout` of `/proc/vmstat`, proc(5), times the page size).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Swapped {
    inward: u64,
    outward: u64,
}

/// What the kernel says of memory at one moment.
#[derive(Debug, Clone)]
pub struct Sample {
    meminfo: Meminfo,
    swapped: Result<Swapped, Reason>,
    zram: Result<u64, Reason>,
    limit: Option<Limit>,
    pressure: pressure::Sample,
}

impl Source for Memory {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let now = clock::now().mono;
        let (zram, limit) = (self.zram.used(now), self.cgroup.limit(now));
        let parsed = parse(&self.meminfo.read()?);
        let meminfo = parsed.map_err(|malformed| malformed.at(self.meminfo.path()))?;
        let swapped = match self.vmstat.read() {
            Ok(text) => parse_vmstat(&text).ok_or(Reason::Unsupported),
            Err(error) => Err(error.reason()),
        };
        Ok(Sample { meminfo, swapped, zram, limit, pressure: self.pressure.read() })
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        let sample = &now.sample.meminfo;
        let before = previous.map(|before| &before.sample);
        let elapsed = previous.map_or(Duration::ZERO, |before| now.stamp.since(&before.stamp));
        let swap_rate = |which: fn(&Swapped) -> u64| {
            let (earlier, later) = (before?.swapped?, now.sample.swapped?);
            rate::per_second(which(&earlier), which(&later), elapsed).map(rate::six_digits)
        };
        let pressure =
            |which| pressure::percent(before.map(|before| before.pressure), now.sample.pressure, elapsed, which);
        let available = if sample.available > sample.total { sample.free } else { sample.available };
        let known = |figure: Option<u64>| figure.ok_or(Reason::Unsupported);
        let cached = sample.cached.zip(sample.reclaimable).map(|(cached, slab)| cached.saturating_add(slab));
        let used = |total: Option<u64>, rest: Option<u64>| {
            total.zip(rest).map(|(total, rest)| total.saturating_sub(rest)).ok_or(Reason::Unsupported)
        };
        let mut missing = Missing::new();
        Reading::Memory(MemoryMetrics {
            ram_used: figure(&mut missing, "ram_used", used(sample.total, available)),
            ram_total: figure(&mut missing, "ram_total", known(sample.total)),
            swap_used: figure(&mut missing, "swap_used", used(sample.swap_total, sample.swap_free)),
            swap_total: figure(&mut missing, "swap_total", known(sample.swap_total)),
            ram_available: figure(&mut missing, "ram_available", known(available)),
            ram_free: figure(&mut missing, "ram_free", known(sample.free)),
            buffers: figure(&mut missing, "buffers", known(sample.buffers)),
            cached: figure(&mut missing, "cached", known(cached)),
            shared: figure(&mut missing, "shared", known(sample.shared)),
            zram_used: figure(&mut missing, "zram_used", now.sample.zram),
            swap_in_rate: figure(&mut missing, "swap_in_rate", swap_rate(|swapped| swapped.inward)),
            swap_out_rate: figure(&mut missing, "swap_out_rate", swap_rate(|swapped| swapped.outward)),
            pressure_some: figure(&mut missing, "pressure_some", pressure(|stalled| stalled.some)),
            pressure_full: figure(&mut missing, "pressure_full", pressure(|stalled| stalled.full)),
            cgroup_limit: now.sample.limit.map(|limit| limit.max),
            cgroup_used: now.sample.limit.map(|limit| limit.used),
            missing,
            timestamp: now.stamp.wall,
        })
    }
}

/// Parses the text of `/proc/meminfo`, whose "kB" are KiB (proc(5)).
fn parse(text: &str) -> Result<Meminfo, Malformed> {
    let mut sample = Meminfo::default();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let field = match name {
            "MemTotal" => &mut sample.total,
            "MemAvailable" => &mut sample.available,
            "MemFree" => &mut sample.free,
            "Buffers" => &mut sample.buffers,
            "Cached" => &mut sample.cached,
            "SReclaimable" => &mut sample.reclaimable,
            "Shmem" => &mut sample.shared,
            "SwapTotal" => &mut sample.swap_total,
            "SwapFree" => &mut sample.swap_free,
            _ => continue,
        };
        let kib = rest.trim().strip_suffix("kB").map(str::trim_end).and_then(|number| number.parse::<u64>().ok());
        let bytes = kib.and_then(|kib| kib.checked_mul(1024));
        *field = Some(bytes.ok_or_else(|| Malformed::new("a number of kB", line))?);
    }
    if sample.total.is_none() {
        return Err(Malformed::new("a line MemTotal", text));
    }
    Ok(sample)
}

/// The swap counters of `/proc/vmstat`, in bytes; `None` for a kernel without swap.
fn parse_vmstat(text: &str) -> Option<Swapped> {
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    let (_, rest) = text.split_once("pswpin ")?;
    // The two follow each other.
    let mut words = rest.split_ascii_whitespace();
    let (inward, name, outward) = (words.next()?, words.next()?, words.next()?);
    let bytes = |pages: &str| pages.parse::<u64>().ok()?.checked_mul(page);
    (name == "pswpout").then_some(Swapped { inward: bytes(inward)?, outward: bytes(outward)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Stamp;

    fn at(seconds: u64, sample: Sample) -> Stamped<Sample> {
        let mono = Duration::from_secs(seconds);
        Stamped { stamp: Stamp { mono, boot: mono, wall: 7 }, sample }
    }

    fn reading(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> MemoryMetrics {
        let Reading::Memory(metrics) = Memory::derive(previous, now) else { panic!("not a memory reading") };
        metrics
    }

    fn sample(meminfo: Meminfo) -> Sample {
        let swapped = Ok(Swapped { inward: 0, outward: 0 });
        Sample { meminfo, swapped, zram: Err(Reason::Absent), limit: None, pressure: Ok(pressure::Stalled::default()) }
    }

    fn metrics(meminfo: Meminfo) -> MemoryMetrics {
        reading(Err(Reason::Starting), &at(1, sample(meminfo)))
    }

    const TEXT: &str = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:   12000000 kB\nHugePages_Total:       0\nSwapTotal:       2000000 kB\nSwapFree:        1500000 kB\n";

    #[test]
    fn used_is_total_less_available() {
        let metrics = metrics(parse(TEXT).unwrap());
        assert_eq!(metrics.ram_used, Some(4_000_000 * 1024));
        assert_eq!(metrics.ram_total, Some(16_000_000 * 1024));
        assert_eq!(metrics.swap_used, Some(500_000 * 1024));
        assert_eq!(metrics.swap_total, Some(2_000_000 * 1024));
        assert!(!metrics.missing.contains_key("ram_used"));
    }

    /// As procps' `meminfo.c` has it.
    #[test]
    fn a_container_with_the_hosts_estimate_has_what_is_free() {
        let metrics = metrics(parse(&TEXT.replace("12000000", "64000000")).unwrap());
        assert_eq!((metrics.ram_used, metrics.ram_available), (Some(15_000_000 * 1024), Some(1_000_000 * 1024)));
    }

    #[test]
    fn the_split_is_that_of_free() {
        let text = "MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 20 kB\nShmem: 3 kB\nSReclaimable: 4 kB\n";
        let metrics = metrics(parse(text).unwrap());
        assert_eq!((metrics.ram_free, metrics.buffers), (Some(10 * 1024), Some(5 * 1024)));
        assert_eq!((metrics.cached, metrics.shared), (Some(24 * 1024), Some(3 * 1024)));
    }

    #[test]
    fn swap_traffic_and_pressure_are_rates() {
        let page = u64::try_from(rustix::param::page_size()).unwrap();
        assert_eq!(
            parse_vmstat("nr_free 1\npswpin 5\npswpout 7\n"),
            Some(Swapped { inward: 5 * page, outward: 7 * page })
        );
        assert_eq!(parse_vmstat("nr_free 1\n"), None);
        let before = at(1, sample(Meminfo::default()));
        let mut now = at(3, sample(Meminfo::default()));
        now.sample.swapped = Ok(Swapped { inward: 4_096, outward: 0 });
        now.sample.pressure = Ok(pressure::Stalled { some: 1_000_000, full: 200_000 });
        let metrics = reading(Ok(&before), &now);
        assert_eq!((metrics.swap_in_rate, metrics.swap_out_rate), (Some(2_048.0), Some(0.0)));
        assert_eq!((metrics.pressure_some, metrics.pressure_full), (Some(50.0), Some(10.0)));
        assert_eq!(metrics.missing["zram_used"], Reason::Absent);
    }

    #[test]
    fn a_kernel_without_mem_available_says_unsupported_not_0() {
        let metrics = metrics(parse("MemTotal: 16 kB\nMemFree: 2 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n").unwrap());
        assert_eq!((metrics.ram_used, metrics.swap_used), (None, Some(0)));
        assert_eq!(metrics.missing["ram_used"], Reason::Unsupported);
    }

    #[test]
    fn what_is_not_meminfo_is_refused() {
        for text in ["", "MemFree: 1 kB\n", "MemTotal: lots\n", "MemTotal: 5\n", "MemTotal: 18446744073709551615 kB\n"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn reads_a_tree_with_its_limit() {
        let root = tempfile::tempdir().unwrap();
        let group = root.path().join("sys/fs/cgroup/work/job");
        std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
        std::fs::create_dir_all(&group).unwrap();
        std::fs::write(root.path().join("proc/meminfo"), TEXT).unwrap();
        std::fs::write(root.path().join("proc/self/cgroup"), "0::/work/job\n").unwrap();
        std::fs::write(group.join("memory.max"), "1073741824\n").unwrap();
        std::fs::write(group.join("memory.current"), "4096\n").unwrap();
        let mut memory = Memory::new(&root.path().join("proc"), &root.path().join("sys"));
        let metrics = reading(Err(Reason::Starting), &at(1, memory.read().unwrap()));
        assert_eq!((metrics.cgroup_limit, metrics.cgroup_used), (Some(1 << 30), Some(4096)));
        assert_eq!(metrics.ram_total, Some(16_000_000 * 1024), "the host's figure stays");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "((MemTotal|MemAvailable|SwapFree): {0,9}[0-9]{0,22}( kB)?\n|.{0,40}\n){0,8}") {
            let _ = parse(&text);
        }
    }
}

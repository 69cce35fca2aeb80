//! `/proc/meminfo` and the cgroup's own files: `MemAvailable` is the kernel's estimate, which is what free(1) shows.

use std::path::Path;

use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped, figure};
use super::cgroup::{Cgroup, Limit};
use crate::metrics::{MemoryMetrics, Missing, Reason};

/// The main memory of this machine.
#[derive(Debug)]
pub struct Memory {
    meminfo: ProcFile,
    cgroup: Cgroup,
}

impl Memory {
    /// Reads `meminfo` and `self/cgroup` under `proc` (normally `/proc`), limits under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self { meminfo: ProcFile::new(proc.join("meminfo")), cgroup: Cgroup::new(proc, sys) }
    }
}

/// Bytes, from the lines of `/proc/meminfo` with the same names; a line that the kernel lacks is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sample {
    total: Option<u64>,
    available: Option<u64>,
    swap_total: Option<u64>,
    swap_free: Option<u64>,
    limit: Option<Limit>,
}

impl Source for Memory {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let parsed = parse(&self.meminfo.read()?);
        let sample = parsed.map_err(|malformed| malformed.at(self.meminfo.path()))?;
        Ok(Sample { limit: self.cgroup.limit(), ..sample })
    }

    fn derive(_previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        let sample = &now.sample;
        let used = |total: Option<u64>, rest: Option<u64>| {
            total.zip(rest).map(|(total, rest)| total.saturating_sub(rest)).ok_or(Reason::Unsupported)
        };
        let mut missing = Missing::new();
        Reading::Memory(MemoryMetrics {
            ram_used: figure(&mut missing, "ram_used", used(sample.total, sample.available)),
            ram_total: figure(&mut missing, "ram_total", sample.total.ok_or(Reason::Unsupported)),
            swap_used: figure(&mut missing, "swap_used", used(sample.swap_total, sample.swap_free)),
            swap_total: figure(&mut missing, "swap_total", sample.swap_total.ok_or(Reason::Unsupported)),
            cgroup_limit: sample.limit.map(|limit| limit.max),
            cgroup_used: sample.limit.map(|limit| limit.used),
            missing,
            timestamp: now.stamp.wall,
        })
    }
}

/// Parses the text of `/proc/meminfo`, whose "kB" are KiB (proc(5)).
fn parse(text: &str) -> Result<Sample, Malformed> {
    let mut sample = Sample::default();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let field = match name {
            "MemTotal" => &mut sample.total,
            "MemAvailable" => &mut sample.available,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Stamp;

    fn metrics(sample: Sample) -> MemoryMetrics {
        let Reading::Memory(metrics) =
            Memory::derive(Err(Reason::Starting), &Stamped { stamp: Stamp::default(), sample })
        else {
            panic!("not a memory reading")
        };
        metrics
    }

    const TEXT: &str = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:   12000000 kB\nHugePages_Total:       0\nSwapTotal:       2000000 kB\nSwapFree:        1500000 kB\n";

    #[test]
    fn used_is_total_less_available() {
        let metrics = metrics(parse(TEXT).unwrap());
        assert_eq!(metrics.ram_used, Some(4_000_000 * 1024));
        assert_eq!(metrics.ram_total, Some(16_000_000 * 1024));
        assert_eq!(metrics.swap_used, Some(500_000 * 1024));
        assert_eq!(metrics.swap_total, Some(2_000_000 * 1024));
        assert!(metrics.missing.is_empty());
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
        let metrics = metrics(memory.read().unwrap());
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

//! `/proc/diskstats` for the counters, `/sys/block` to tell whole physical disks from what is built on them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::pressure::{self, Pressure};
use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped, figure};
use super::{Activity, Counters, file_systems};
use crate::clock;
use crate::metrics::FileSystem;

/// The kernel counts in sectors of 512 bytes whatever the device's own are (kernel: Documentation/block/stat.rst).
const SECTOR: u64 = 512;

/// The disks of this machine.
#[derive(Debug)]
pub struct Disk {
    diskstats: ProcFile,
    proc: PathBuf,
    sys: PathBuf,
    pressure: Pressure,
    /// What each name of the sample before is, so that /sys is asked once for each that appears; `None`: not counted.
    known: HashMap<String, Option<Identity>>,
    file_systems: HashMap<String, Vec<FileSystem>>,
    /// When file systems are asked for again, by the monotonic clock.
    file_systems_at: Duration,
}

/// What stays the same about a disk.
#[derive(Debug, Clone)]
struct Identity {
    model: Option<String>,
    size: Option<u64>,
}

/// All disks at one moment.
#[derive(Debug, Clone)]
pub struct Sample {
    disks: Vec<Counters>,
    pressure: pressure::Sample,
}

/// File systems fill slowly, and each is a system call.
const FILE_SYSTEMS_EVERY: Duration = Duration::from_secs(10);

impl Disk {
    /// Reads `diskstats` under `proc` (normally `/proc`) and `block` under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            diskstats: ProcFile::new(proc.join("diskstats")),
            proc: proc.into(),
            sys: sys.into(),
            pressure: Pressure::new(proc, "io"),
            known: HashMap::new(),
            file_systems: HashMap::new(),
            file_systems_at: Duration::ZERO,
        }
    }
}

impl Source for Disk {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let now = clock::now().mono;
        if now >= self.file_systems_at {
            self.file_systems_at = now + FILE_SYSTEMS_EVERY;
            self.file_systems = file_systems::by_disk(&self.proc, &self.sys);
        }
        let block = self.sys.join("block");
        let path = self.diskstats.path().to_path_buf();
        let text = self.diskstats.read()?;
        let mut counters = Vec::new();
        let mut known = HashMap::with_capacity(self.known.len());
        for line in text.lines() {
            let stat = parse_line(line).map_err(|malformed| malformed.at(&path))?;
            let (name, disk) = match self.known.remove_entry(stat.name) {
                Some(entry) => entry,
                None => (stat.name.to_owned(), is_whole_disk(&block, stat.name).then(|| identity(&block, stat.name))),
            };
            if let Some(Identity { model, size }) = &disk {
                counters.push(Counters {
                    name: name.clone(),
                    read: stat.read,
                    written: stat.written,
                    activity: stat.activity,
                    model: model.clone(),
                    size: *size,
                    file_systems: self.file_systems.get(&name).cloned().unwrap_or_default(),
                });
            }
            known.insert(name, disk);
        }
        self.known = known;
        Ok(Sample { disks: counters, pressure: self.pressure.read() })
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        let elapsed = previous.map_or(Duration::ZERO, |before| now.stamp.since(&before.stamp));
        let before = previous.map(|before| (before.sample.disks.as_slice(), elapsed));
        let mut metrics = super::derive(before, &now.sample.disks, now.stamp.wall);
        let pressure = |which| {
            pressure::percent(previous.map(|before| before.sample.pressure), now.sample.pressure, elapsed, which)
        };
        let missing = &mut metrics.missing;
        metrics.pressure_some = figure(missing, "pressure_some", pressure(|stalled| stalled.some));
        metrics.pressure_full = figure(missing, "pressure_full", pressure(|stalled| stalled.full));
        Reading::Disk(metrics)
    }
}

/// A line of `/proc/diskstats`, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Stat<'a> {
    name: &'a str,
    read: u64,
    written: u64,
    activity: Option<Activity>,
}

/// The kernel's Documentation/admin-guide/iostats.rst: name; reads completed, merged, sectors and milliseconds; the
/// same of writes; requests in flight; milliseconds busy.
fn parse_line(line: &str) -> Result<Stat<'_>, Malformed> {
    let malformed = || Malformed::new("major, minor, name and at least 7 counters", line);
    let mut fields = line.split_ascii_whitespace();
    let name = fields.nth(2).ok_or_else(malformed)?;
    let mut number = |skip| fields.nth(skip).and_then(|field| field.parse::<u64>().ok());
    let (reads, read, read_time) = (number(0), number(1), number(0));
    let (writes, written, write_time) = (number(0), number(1), number(0));
    let busy = number(1);
    let sectors = |count: Option<u64>| count.map(|count| count.saturating_mul(SECTOR)).ok_or_else(malformed);
    let activity = || {
        let served = read_time?.saturating_add(write_time?);
        Some(Activity { reads: reads?, writes: writes?, busy: busy?, served })
    };
    Ok(Stat { name, read: sectors(read)?, written: sectors(written)?, activity: activity() })
}

fn identity(block: &Path, name: &str) -> Identity {
    let folder = block.join(name.replace('/', "!"));
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
    let sectors = text("size").and_then(|size| size.trim().parse::<u64>().ok());
    Identity {
        model: text("device/model").map(|model| model.trim().to_owned()).filter(|model| !model.is_empty()),
        size: sectors.map(|sectors| sectors.saturating_mul(SECTOR)),
    }
}

/// Whether a block device is a disk whose bytes no other counted device counts.
///
/// Partitions have no folder of their own in `/sys/block`; devices built on others name those in `slaves/`. Where
/// the tree can't be read (a container without /sys), the name decides alone.
fn is_whole_disk(block: &Path, name: &str) -> bool {
    const BUILT: [&str; 8] = ["loop", "ram", "zram", "dm-", "md", "zd", "bcache", "drbd"];
    if BUILT.iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '_'))
    }) {
        return false;
    }
    if !block.is_dir() {
        return !looks_like_partition(name);
    }
    let folder = block.join(name.replace('/', "!"));
    let on_top = std::fs::read_dir(folder.join("slaves")).is_ok_and(|mut slaves| slaves.next().is_some());
    folder.is_dir() && !on_top
}

/// `sda1`, `vdb2`, `nvme0n1p3`, `mmcblk0p1`.
fn looks_like_partition(name: &str) -> bool {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if base.len() == name.len() {
        return false;
    }
    match base.strip_suffix('p') {
        Some(device) if device.ends_with(|c: char| c.is_ascii_digit()) => true,
        _ => ["sd", "vd", "xvd", "hd"].iter().any(|kind| base.starts_with(kind)),
    }
}

#[cfg(test)]
#[path = "linux_tests.rs"]
mod tests;

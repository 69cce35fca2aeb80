//! `/proc/diskstats` for the counters, `/sys/block` to tell whole physical disks from what is built on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::super::pressure::{self, Pressure};
use super::super::proc_file::ProcFile;
use super::super::roster::Roster;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped, figure, sysfs};
use super::file_systems::FileSystems;
use super::{Activity, Counters, Usage};
use crate::clock;
use crate::metrics::Reason;

/// The kernel counts in sectors of 512 bytes whatever the device's own are (kernel: Documentation/block/stat.rst).
const SECTOR: u64 = 512;

/// The disks of this machine.
#[derive(Debug)]
pub struct Disk {
    diskstats: ProcFile,
    block: PathBuf,
    pressure: Pressure,
    /// What each name of the sample before is, so that /sys is asked once for each that appears; `None`: not counted.
    known: Roster<Option<Known>>,
    file_systems: FileSystems,
    /// When file systems and sizes are asked for again, by the monotonic clock; not before there is a disk.
    file_systems_at: Duration,
    /// The sample to write over.
    spare: Sample,
}

/// What is known of a disk beside its counters.
#[derive(Debug)]
struct Known {
    model: Result<Arc<str>, Reason>,
    size: Result<u64, Reason>,
    /// The disk that this is a path to: one with several has a hidden device for each (`nvme0c1n1` for `nvme0n1`).
    head: Option<Arc<str>>,
    /// As they were when they were asked for last.
    file_systems: Vec<Usage>,
    hides_file_systems: bool,
}

impl Known {
    /// Notes a file system on it; `None` where this user can't reach it.
    fn hold(&mut self, usage: Option<&Usage>) {
        self.file_systems.extend(usage.cloned());
        self.hides_file_systems |= usage.is_none();
    }
}

/// All disks at one moment.
#[derive(Debug, Clone)]
pub struct Sample {
    disks: Vec<Counters>,
    pressure: pressure::Sample,
}

impl Default for Sample {
    fn default() -> Self {
        Self { disks: Vec::new(), pressure: Err(Reason::Starting) }
    }
}

/// File systems fill slowly, and each is a system call.
const FILE_SYSTEMS_EVERY: Duration = Duration::from_secs(10);

impl Disk {
    /// Reads `diskstats` under `proc` (normally `/proc`) and `block` under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            diskstats: ProcFile::new(proc.join("diskstats")),
            block: sys.join("block"),
            pressure: Pressure::new(proc, "io"),
            known: Roster::new(),
            file_systems: FileSystems::new(proc, sys),
            file_systems_at: Duration::MAX,
            spare: Sample::default(),
        }
    }

    /// Reads the counters of all disks. True if there is one that was not there before.
    fn walk(&mut self, disks: &mut Vec<Counters>) -> Result<bool, SourceError> {
        let walked = walk(&self.diskstats.read()?, &self.block, &mut self.known, disks);
        walked.map_err(|malformed| malformed.at(self.diskstats.path()))
    }

    /// Asks how full the file systems are, if it is time to; `appeared` says that there is a disk more than before. And how
    /// large the disks are: cards are put into their readers, and disks of virtual machines grow.
    fn look_at_file_systems(&mut self, appeared: bool) {
        let now = clock::now().mono;
        if now < self.file_systems_at && !appeared {
            return;
        }
        self.file_systems_at = now + FILE_SYSTEMS_EVERY;
        for (name, known) in self.known.iter_mut().filter_map(|(name, known)| Some((name, known.as_mut()?))) {
            (known.file_systems, known.hides_file_systems) = (Vec::new(), false);
            if !appeared && known.size != size(&self.block, name) {
                *known = identity(&self.block, name);
            }
        }
        let known = &mut self.known;
        self.file_systems.each(now, appeared, |disk, usage| {
            let found = known.iter_mut().find(|(name, _)| ***name == *disk);
            if let Some((_, Some(known))) = found {
                known.hold(usage);
            }
        });
    }
}

impl Source for Disk {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let mut sample = std::mem::take(&mut self.spare);
        // A file system may let it wait. The counters are read after that, of the moment with which the sample is stamped.
        self.look_at_file_systems(false);
        if self.walk(&mut sample.disks)? {
            self.look_at_file_systems(true);
            if self.walk(&mut sample.disks)? {
                self.file_systems_at = Duration::ZERO;
            }
        }
        let counted = self.known.iter().filter_map(|(_, known)| known.as_ref());
        for (slot, known) in sample.disks.iter_mut().zip(counted.clone()) {
            slot.file_systems.clone_from(&known.file_systems);
            slot.hides_file_systems = known.hides_file_systems;
        }
        if counted.clone().any(|known| known.head.is_some()) {
            join_paths(&mut sample.disks, counted.map(|known| known.head.as_deref()));
        }
        sample.pressure = self.pressure.read();
        Ok(sample)
    }

    fn recycle(&mut self, sample: Sample) {
        self.spare = sample;
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

/// Takes the counters of all whole disks out of the text of `/proc/diskstats`. True if one is there that was not before.
fn walk(
    text: &str,
    block: &Path,
    all: &mut Roster<Option<Known>>,
    disks: &mut Vec<Counters>,
) -> Result<bool, Malformed> {
    let (mut count, mut appeared) = (0, false);
    all.begin();
    for line in text.lines() {
        let stat = parse_line(line)?;
        let (name, known) = all.next(stat.name, || {
            appeared = true;
            is_whole_disk(block, stat.name).then(|| identity(block, stat.name))
        });
        let Some(known) = known else { continue };
        if count == disks.len() {
            disks.push(Counters::of(name));
        }
        // The list of file systems in it stays, to be written over.
        let disk = &mut disks[count];
        disk.name.clone_from(name);
        disk.model.clone_from(&known.model);
        (disk.read, disk.written, disk.activity, disk.size) = (stat.read, stat.written, stat.activity, known.size);
        count += 1;
    }
    all.end();
    disks.truncate(count);
    Ok(appeared)
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

fn identity(block: &Path, name: &str) -> Known {
    let folder = folder(block, name);
    let hidden = sysfs::count(&folder.join("hidden")) == Ok(1);
    Known {
        model: sysfs::some_text(&folder.join("device/model")).map(Arc::from),
        size: size(block, name),
        head: head(name).filter(|_| hidden),
        file_systems: Vec::new(),
        hides_file_systems: false,
    }
}

/// Bytes that a block device holds.
pub(super) fn size(block: &Path, name: &str) -> Result<u64, Reason> {
    sysfs::count(&folder(block, name).join("size")).map(|sectors| sectors.saturating_mul(SECTOR))
}

/// A slash in a name is an exclamation mark in that of its folder.
fn folder(block: &Path, name: &str) -> PathBuf {
    block.join(name.replace('/', "!"))
}

/// `nvme0c1n1` → `nvme0n1`.
fn head(path: &str) -> Option<Arc<str>> {
    let (subsystem, rest) = path.strip_prefix("nvme")?.split_once('c')?;
    let (_controller, namespace) = rest.split_once('n')?;
    Some(format!("nvme{subsystem}n{namespace}").into())
}

/// Takes the paths to disks (those with a head) out of the list. Kernels before 6.5 count what is read and written only
/// there, later ones at the disk too.
fn join_paths<'a>(disks: &mut Vec<Counters>, heads: impl Iterator<Item = Option<&'a str>>) {
    let mut paths: Vec<(&str, Counters)> = Vec::new();
    let heads: Vec<_> = heads.collect();
    // From the last on, so that those before stay where they are.
    for (at, head) in heads.into_iter().enumerate().rev() {
        let Some(head) = head else { continue };
        let path = disks.remove(at);
        match paths.iter_mut().find(|(other, _)| *other == head) {
            Some((_, sum)) => sum.combine(&path, u64::saturating_add),
            None => paths.push((head, path)),
        }
    }
    for (head, sum) in paths {
        if let Some(disk) = disks.iter_mut().find(|disk| *disk.name == *head) {
            disk.combine(&sum, u64::max);
        }
    }
}

impl Counters {
    fn combine(&mut self, other: &Self, by: fn(u64, u64) -> u64) {
        (self.read, self.written) = (by(self.read, other.read), by(self.written, other.written));
        self.activity = self.activity.zip(other.activity).map(|(one, other)| Activity {
            reads: by(one.reads, other.reads),
            writes: by(one.writes, other.writes),
            // They may have been busy at the same time.
            busy: one.busy.max(other.busy),
            served: by(one.served, other.served),
        });
    }
}

/// Whether a block device is a disk whose bytes no other counted device counts.
///
/// Partitions have no folder of their own in `/sys/block`; devices built on others name those in `slaves/`. What a program
/// serves (nbd, ublk) is a file of a disk here, or no disk of this machine's. Where the tree can't be read (a container
/// without /sys), the name decides alone.
pub(super) fn is_whole_disk(block: &Path, name: &str) -> bool {
    const BUILT: [&str; 10] = ["loop", "ram", "zram", "dm-", "md", "zd", "bcache", "drbd", "nbd", "ublkb"];
    if BUILT.iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '_'))
    }) {
        return false;
    }
    if !block.is_dir() {
        return !looks_like_partition(name);
    }
    let folder = folder(block, name);
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

//! `/proc/diskstats` for the counters, `/sys/block` to tell whole physical disks from what is built on them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped};
use super::Counters;

/// The kernel counts in sectors of 512 bytes whatever the device's own are (kernel: Documentation/block/stat.rst).
const SECTOR: u64 = 512;

/// The disks of this machine.
#[derive(Debug)]
pub struct Disk {
    diskstats: ProcFile,
    block: PathBuf,
    /// Whether each name of the sample before is counted, so that /sys is asked once for each that appears.
    counted: HashMap<String, bool>,
}

impl Disk {
    /// Reads `diskstats` under `proc` (normally `/proc`) and `block` under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self { diskstats: ProcFile::new(proc.join("diskstats")), block: sys.join("block"), counted: HashMap::new() }
    }
}

impl Source for Disk {
    type Sample = Vec<Counters>;

    fn read(&mut self) -> Result<Vec<Counters>, SourceError> {
        let path = self.diskstats.path().to_path_buf();
        let text = self.diskstats.read()?;
        let mut counters = Vec::new();
        let mut known = HashMap::with_capacity(self.counted.len());
        for line in text.lines() {
            let stat = parse_line(line).map_err(|malformed| malformed.at(&path))?;
            let (name, counted) = match self.counted.remove_entry(stat.name) {
                Some(entry) => entry,
                None => (stat.name.to_owned(), is_whole_disk(&self.block, stat.name)),
            };
            if counted {
                counters.push(Counters { name: name.clone(), read: stat.read, written: stat.written });
            }
            known.insert(name, counted);
        }
        self.counted = known;
        Ok(counters)
    }

    fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
        super::derive(previous, now)
    }
}

/// A line of `/proc/diskstats`, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Stat<'a> {
    name: &'a str,
    read: u64,
    written: u64,
}

/// Fields 3, 6 and 10 (kernel: Documentation/admin-guide/iostats.rst): name, sectors read, sectors written.
fn parse_line(line: &str) -> Result<Stat<'_>, Malformed> {
    let malformed = || Malformed::new("major, minor, name and at least 7 counters", line);
    let mut fields = line.split_ascii_whitespace();
    let name = fields.nth(2).ok_or_else(malformed)?;
    let mut sectors = |skip| fields.nth(skip).and_then(|field| field.parse::<u64>().ok()).ok_or_else(malformed);
    let (read, written) = (sectors(2)?, sectors(3)?);
    Ok(Stat { name, read: read.saturating_mul(SECTOR), written: written.saturating_mul(SECTOR) })
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

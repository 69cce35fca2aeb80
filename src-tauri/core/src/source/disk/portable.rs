//! Windows and macOS: sysinfo's volumes, each device once.

use std::collections::BTreeMap;
use std::path::Path;

use sysinfo::{DiskRefreshKind, Disks};

use super::super::{Previous, Reading, Source, SourceError, Stamped};
use super::Counters;

/// The disks of this machine.
#[derive(Debug)]
pub struct Disk {
    disks: Option<Disks>,
}

impl Disk {
    /// The roots are Linux's; they have no meaning here.
    pub fn new(_proc: &Path, _sys: &Path) -> Self {
        Self { disks: None }
    }
}

impl Source for Disk {
    type Sample = Vec<Counters>;

    fn read(&mut self) -> Result<Vec<Counters>, SourceError> {
        let disks = match &mut self.disks {
            Some(disks) => disks,
            None => self.disks.insert(Disks::new()?),
        };
        disks.refresh_specifics(true, DiskRefreshKind::nothing().with_io_usage());
        let mut by_name = BTreeMap::new();
        for disk in &*disks {
            let name = disk.name().to_string_lossy().into_owned();
            by_name.entry(name).or_insert_with(|| disk.usage());
        }
        let counters = by_name.into_iter().map(|(name, usage)| Counters {
            read: usage.total_read_bytes,
            written: usage.total_written_bytes,
            ..Counters::of(&name.into())
        });
        Ok(counters.collect())
    }

    fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
        let before = previous.map(|before| (before.sample.as_slice(), now.stamp.since(&before.stamp)));
        Reading::Disk(super::derive(before, &now.sample, now.stamp.wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiled and run on Linux too, so that it stays right where it can't be tried.
    #[test]
    fn answers_here_too() {
        let mut disk = Disk::new(Path::new("/"), Path::new("/"));
        let now = Stamped { stamp: crate::clock::now(), sample: disk.read().unwrap() };
        assert!(now.sample.iter().is_sorted_by(|one, other| one.name < other.name), "each name once");
        let Reading::Disk(metrics) = Disk::derive(Err(crate::metrics::Reason::Starting), &now) else {
            panic!("not a disk reading")
        };
        assert_eq!(metrics.devices.len(), now.sample.len());
    }
}

//! Disks: bytes read and written per second, each byte once.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is not only tested"))]
mod portable;

#[cfg(target_os = "linux")]
pub use linux::Disk;
#[cfg(not(target_os = "linux"))]
pub use portable::Disk;

use super::{Previous, Reading, Stamped, figure};
use crate::metrics::{DiskDevice, DiskMetrics, Missing, Reason};
use crate::rate;

/// Bytes read and written by one disk since it appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    /// The kernel's name.
    pub name: String,
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
}

/// Rates of each disk that is there now, and their totals.
fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
    let mut missing = Missing::new();
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    let devices = now.sample.iter().map(|disk| {
        let before = previous.and_then(|before| {
            let same = before.sample.iter().find(|other| other.name == disk.name).ok_or(Reason::Starting)?;
            Ok((same, now.stamp.since(&before.stamp)))
        });
        let read = before.and_then(|(before, elapsed)| rate::per_second(before.read, disk.read, elapsed));
        let write = before.and_then(|(before, elapsed)| rate::per_second(before.written, disk.written, elapsed));
        reads.push(read);
        writes.push(write);
        let mut rate = |name: &str, rate: Result<f64, Reason>| {
            rate.map_err(|reason| missing.insert(format!("devices/{}/{name}", disk.name), reason)).ok()
        };
        DiskDevice {
            name: disk.name.clone(),
            read_rate: rate("read_rate", read),
            write_rate: rate("write_rate", write),
        }
    });
    let devices = devices.collect();
    Reading::Disk(DiskMetrics {
        read_rate: figure(&mut missing, "read_rate", rate::total(reads)),
        write_rate: figure(&mut missing, "write_rate", rate::total(writes)),
        devices,
        missing,
        timestamp: now.stamp.wall,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Stamp;

    fn at(seconds: u64, disks: &[(&str, u64, u64)]) -> Stamped<Vec<Counters>> {
        let mono = Duration::from_secs(seconds);
        let counters = |&(name, read, written): &(&str, u64, u64)| Counters { name: name.into(), read, written };
        Stamped { stamp: Stamp { mono, boot: mono, wall: 7 }, sample: disks.iter().map(counters).collect() }
    }

    fn metrics(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> DiskMetrics {
        let Reading::Disk(metrics) = derive(previous, now) else { panic!("not a disk reading") };
        metrics
    }

    #[test]
    fn rates_per_disk_and_in_total() {
        let before = at(10, &[("sda", 1_000, 0), ("nvme0n1", 0, 500)]);
        let metrics = metrics(Ok(&before), &at(12, &[("sda", 3_000, 0), ("nvme0n1", 0, 1_500)]));
        assert_eq!((metrics.read_rate, metrics.write_rate), (Some(1_000.0), Some(500.0)));
        assert_eq!(metrics.devices[1].write_rate, Some(500.0));
        assert!(metrics.missing.is_empty());
    }

    #[test]
    fn the_first_rates_are_missing_with_their_reason() {
        let metrics = metrics(Err(Reason::Suspended), &at(1, &[("sda", 5, 5)]));
        assert_eq!((metrics.read_rate, metrics.devices[0].write_rate), (None, None));
        assert_eq!(metrics.missing["read_rate"], Reason::Suspended);
        assert_eq!(metrics.missing["devices/sda/write_rate"], Reason::Suspended);
    }

    #[test]
    fn a_disk_plugged_in_starts_alone_and_one_pulled_out_is_gone() {
        let before = at(1, &[("sda", 0, 0), ("sdb", 0, 0)]);
        let metrics = metrics(Ok(&before), &at(2, &[("sda", 100, 0), ("sdc", 1 << 50, 1 << 50)]));
        assert_eq!(metrics.read_rate, Some(100.0), "what the new disk did before is no rate");
        assert_eq!(metrics.devices[1].read_rate, None);
        assert_eq!(metrics.missing["devices/sdc/read_rate"], Reason::Starting);
        assert_eq!(metrics.devices.len(), 2);
    }

    #[test]
    fn a_counter_going_backwards_is_a_gap_for_the_disk_and_the_total() {
        let before = at(1, &[("sda", 1 << 40, 10)]);
        let metrics = metrics(Ok(&before), &at(2, &[("sda", 5, 20)]));
        assert_eq!((metrics.read_rate, metrics.write_rate), (None, Some(10.0)));
        assert_eq!(metrics.missing["read_rate"], Reason::CounterReset);
    }

    #[test]
    fn a_machine_without_disks_has_no_rate() {
        let metrics = metrics(Ok(&at(1, &[])), &at(2, &[]));
        assert_eq!((metrics.read_rate, metrics.missing["read_rate"]), (None, Reason::Absent));
    }
}

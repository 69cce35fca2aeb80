//! Disks: bytes read and written per second, each byte once.

#[cfg(target_os = "linux")]
mod file_systems;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod others;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is not only tested"))]
mod portable;

#[cfg(target_os = "linux")]
pub use linux::Disk;
#[cfg(target_os = "linux")]
pub(crate) use others::others;
#[cfg(not(target_os = "linux"))]
pub use portable::Disk;

use std::sync::Arc;
use std::time::Duration;

use super::{figure, figure_at, same};
use crate::metrics::{DiskDevice, DiskMetrics, FileSystem, Missing, Reason};
use crate::rate;

/// Bytes read and written by one disk since it appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    /// The kernel's name.
    pub name: Arc<str>,
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
    /// What it was busy with; `None` where the system does not tell.
    pub activity: Option<Activity>,
    /// What it calls itself.
    pub model: Result<Arc<str>, Reason>,
    /// Bytes that it holds.
    pub size: Result<u64, Reason>,
    /// File systems mounted from it.
    pub file_systems: Vec<Usage>,
    /// Whether there is one among them that this user can't reach.
    pub hides_file_systems: bool,
}

impl Counters {
    /// A disk of which nothing is known.
    pub fn of(name: &Arc<str>) -> Self {
        Self {
            name: Arc::clone(name),
            read: 0,
            written: 0,
            activity: None,
            model: Err(Reason::Unsupported),
            size: Err(Reason::Unsupported),
            file_systems: Vec::new(),
            hides_file_systems: false,
        }
    }
}

/// How full a file system is. Bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Which.
    pub mount: Arc<Mount>,
    /// All of it.
    pub total: u64,
    /// In use.
    pub used: u64,
    /// Left to users without privilege.
    pub available: u64,
}

/// A mounted file system.
#[derive(Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted first.
    pub point: String,
    /// Its type.
    pub kind: String,
    /// Nobody can write to it.
    pub read_only: bool,
}

impl From<&Usage> for FileSystem {
    fn from(usage: &Usage) -> Self {
        let Usage { mount, total, used, available } = usage;
        Self {
            mount_point: mount.point.clone(),
            kind: mount.kind.clone(),
            total: *total,
            used: *used,
            available: *available,
            read_only: mount.read_only,
        }
    }
}

/// Requests served by one disk since it appeared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// Reads completed.
    pub reads: u64,
    /// Writes completed.
    pub writes: u64,
    /// Milliseconds in which at least one request was being served.
    pub busy: u64,
    /// Milliseconds that all reads and writes took together, waiting included.
    pub served: u64,
}

impl Activity {
    /// Percent of `elapsed` in which the disk was busy, reads and writes per second, seconds per request.
    fn rates(earlier: &Self, later: &Self, elapsed: Duration) -> [Result<f64, Reason>; 4] {
        let per_second = |counter: fn(&Self) -> u64| rate::per_second(counter(earlier), counter(later), elapsed);
        let (reads, writes) = (per_second(|all| all.reads), per_second(|all| all.writes));
        let latency = || {
            let requests = reads? + writes?;
            let milliseconds = per_second(|all| all.served)?;
            if requests > 0.0 { Ok(milliseconds / requests / 1_000.0) } else { Err(Reason::Idle) }
        };
        [per_second(|all| all.busy).map(|busy| (busy / 10.0).min(100.0)), reads, writes, latency()]
    }
}

/// Rates of each disk that is there now, and their totals. `previous` has the counters before and the time since then.
fn derive(previous: Result<(&[Counters], Duration), Reason>, now: &[Counters], timestamp: i64) -> DiskMetrics {
    let mut missing = Missing::new();
    let (mut reads, mut writes) = (rate::Total::default(), rate::Total::default());
    let devices = now.iter().enumerate().map(|(place, disk)| {
        let before = previous.and_then(|(before, elapsed)| {
            let same = same(before, place, |other| other.name == disk.name).ok_or(Reason::Starting)?;
            Ok((same, elapsed))
        });
        let read = before.and_then(|(before, elapsed)| rate::per_second(before.read, disk.read, elapsed));
        let write = before.and_then(|(before, elapsed)| rate::per_second(before.written, disk.written, elapsed));
        reads.add(read);
        writes.add(write);
        let activity = before.and_then(|(before, elapsed)| {
            let both = before.activity.as_ref().zip(disk.activity.as_ref()).ok_or(Reason::Unsupported)?;
            Ok(Activity::rates(both.0, both.1, elapsed))
        });
        let [busy, read_ops, write_ops, latency] = activity.unwrap_or_else(|reason| [Err(reason); 4]);
        let path = |name: &str| format!("devices/{}/{name}", disk.name);
        let model = disk.model.as_deref().map(str::to_owned).map_err(|reason| *reason);
        let model = figure_at(&mut missing, || path("model"), model);
        let size = figure_at(&mut missing, || path("size"), disk.size);
        if disk.hides_file_systems {
            missing.insert(path("file_systems"), Reason::NoPermission);
        }
        let mut rate =
            |name, rate: Result<f64, Reason>| figure_at(&mut missing, || path(name), rate.map(rate::six_digits));
        DiskDevice {
            name: disk.name.to_string(),
            read_rate: rate("read_rate", read),
            write_rate: rate("write_rate", write),
            model,
            size,
            busy: rate("busy", busy.map(rate::hundredths)),
            read_ops: rate("read_ops", read_ops),
            write_ops: rate("write_ops", write_ops),
            latency: rate("latency", latency),
            file_systems: disk.file_systems.iter().map(FileSystem::from).collect(),
        }
    });
    let devices = devices.collect();
    DiskMetrics {
        read_rate: figure(&mut missing, "read_rate", reads.sum().map(rate::six_digits)),
        write_rate: figure(&mut missing, "write_rate", writes.sum().map(rate::six_digits)),
        pressure_some: None,
        pressure_full: None,
        devices,
        missing,
        timestamp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(disks: &[(&str, u64, u64)]) -> Vec<Counters> {
        let counters =
            |&(name, read, written): &(&str, u64, u64)| Counters { read, written, ..Counters::of(&name.into()) };
        disks.iter().map(counters).collect()
    }

    /// Seconds since the sample before, or why there is none.
    fn metrics(before: Result<(&[Counters], u64), Reason>, now: &[Counters]) -> DiskMetrics {
        derive(before.map(|(before, seconds)| (before, Duration::from_secs(seconds))), now, 7)
    }

    #[test]
    fn rates_per_disk_and_in_total() {
        let before = at(&[("sda", 1_000, 0), ("nvme0n1", 0, 500)]);
        let metrics = metrics(Ok((&before, 2)), &at(&[("sda", 3_000, 0), ("nvme0n1", 0, 1_500)]));
        assert_eq!((metrics.read_rate, metrics.write_rate), (Some(1_000.0), Some(500.0)));
        assert_eq!(metrics.devices[1].write_rate, Some(500.0));
        assert_eq!(metrics.missing["devices/sda/busy"], Reason::Unsupported);
        assert_eq!((metrics.devices[0].size, metrics.missing["devices/sda/size"]), (None, Reason::Unsupported));
    }

    #[test]
    fn a_file_system_says_how_full_it_is_and_whether_that_can_change() {
        for read_only in [true, false] {
            let mount = Arc::new(Mount { point: "/".into(), kind: "ext4".into(), read_only });
            let told = FileSystem::from(&Usage { mount, total: 9, used: 5, available: 3 });
            assert_eq!((told.total, told.used, told.available, told.read_only), (9, 5, 3, read_only));
        }
    }

    #[test]
    fn a_file_system_that_this_user_cannot_reach_is_said_to_be_there() {
        let mut disks = at(&[("sda", 5, 5)]);
        assert!(!metrics(Ok((&disks, 1)), &disks).missing.contains_key("devices/sda/file_systems"));
        disks[0].hides_file_systems = true;
        assert_eq!(metrics(Ok((&disks, 1)), &disks).missing["devices/sda/file_systems"], Reason::NoPermission);
    }

    #[test]
    fn the_first_rates_are_missing_with_their_reason() {
        let metrics = metrics(Err(Reason::Suspended), &at(&[("sda", 5, 5)]));
        assert_eq!((metrics.read_rate, metrics.devices[0].write_rate), (None, None));
        assert_eq!(metrics.missing["read_rate"], Reason::Suspended);
        assert_eq!(metrics.missing["devices/sda/write_rate"], Reason::Suspended);
    }

    #[test]
    fn a_disk_plugged_in_starts_alone_and_one_pulled_out_is_gone() {
        let before = at(&[("sda", 0, 0), ("sdb", 0, 0)]);
        let metrics = metrics(Ok((&before, 1)), &at(&[("sda", 100, 0), ("sdc", 1 << 50, 1 << 50)]));
        assert_eq!(metrics.read_rate, Some(100.0), "what the new disk did before is no rate");
        assert_eq!(metrics.devices[1].read_rate, None);
        assert_eq!(metrics.missing["devices/sdc/read_rate"], Reason::Starting);
        assert_eq!(metrics.devices.len(), 2);
    }

    #[test]
    fn a_counter_going_backwards_is_a_gap_for_the_disk_and_the_total() {
        let before = at(&[("sda", 1 << 40, 10)]);
        let metrics = metrics(Ok((&before, 1)), &at(&[("sda", 5, 20)]));
        assert_eq!((metrics.read_rate, metrics.write_rate), (None, Some(10.0)));
        assert_eq!(metrics.missing["read_rate"], Reason::CounterReset);
    }

    #[test]
    fn requests_busy_time_and_latency() {
        let activity = |reads, writes, busy, served| Some(Activity { reads, writes, busy, served });
        let disk = |activity| vec![Counters { activity, ..at(&[("sda", 0, 0)]).remove(0) }];
        let before = disk(activity(100, 50, 1_000, 4_000));
        let one = |now| metrics(Ok((&before, 2)), &disk(now));
        let busy = one(activity(300, 50, 2_500, 5_000));
        let sda = &busy.devices[0];
        assert_eq!((sda.busy, sda.read_ops, sda.write_ops), (Some(75.0), Some(100.0), Some(0.0)));
        assert_eq!(sda.latency, Some(0.005));
        let idle = one(activity(100, 50, 1_000, 4_000));
        assert_eq!((idle.devices[0].busy, idle.devices[0].latency), (Some(0.0), None));
        assert_eq!(idle.missing["devices/sda/latency"], Reason::Idle);
    }

    #[test]
    fn a_machine_without_disks_has_no_rate() {
        let metrics = metrics(Ok((&at(&[]), 1)), &at(&[]));
        assert_eq!((metrics.read_rate, metrics.missing["read_rate"]), (None, Reason::Absent));
    }
}

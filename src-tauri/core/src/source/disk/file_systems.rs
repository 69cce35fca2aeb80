//! Which file systems lie on which disk, and how full they are. Only those on disks of this machine are asked, and only
//! where the way to them leads through nothing else: statvfs on a network mount whose server is gone never returns, nor on
//! a disk that is mounted below it.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::super::entries;
use super::super::every::Every;
use super::super::proc_file::ProcFile;
use super::{Mount, Usage};

/// Devices on devices (LVM on LUKS on RAID) are followed this deep; a longer chain is a loop.
const DEEPEST: u32 = 8;

/// How often the disks below each file system are found out anew even if nothing seems to have changed: a volume can be
/// moved to another disk while it is mounted.
const FOLLOW_EVERY: Duration = Duration::from_mins(5);

/// File systems without a block device of their own in which a path is followed all the same without asking anybody
/// outside the kernel: in memory, on disks that the file system manages itself, or of other mounts.
const LOCAL: [&str; 22] = [
    "autofs",
    "bcachefs",
    "bpf",
    "btrfs",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "erofs",
    "hugetlbfs",
    "mqueue",
    "overlay",
    "proc",
    "ramfs",
    "rootfs",
    "securityfs",
    "sysfs",
    "tmpfs",
    "ubifs",
    "zfs",
];

/// The file systems that are mounted, and the disks that each lies on.
#[derive(Debug)]
pub(super) struct FileSystems {
    mountinfo: ProcFile,
    sys: PathBuf,
    /// The text that `mounted` was made from.
    text: String,
    mounted: Vec<Mounted>,
    follow: Every,
}

#[derive(Debug)]
struct Mounted {
    mount: Arc<Mount>,
    /// Where, as the kernel takes it.
    path: CString,
    /// The kernel's names.
    disks: Vec<String>,
}

impl FileSystems {
    pub(super) fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            mountinfo: ProcFile::new(proc.join("self/mountinfo")),
            sys: sys.into(),
            text: String::new(),
            mounted: Vec::new(),
            follow: Every::new(FOLLOW_EVERY),
        }
    }

    /// Calls `found` with the kernel's name of a disk for each file system on it, as full as it is at `now`. One on several
    /// disks is found on each. `disks_changed` says that there are other disks than the last time.
    pub(super) fn each(&mut self, now: Duration, disks_changed: bool, mut found: impl FnMut(&str, &Usage)) {
        let Ok(text) = self.mountinfo.read() else { return };
        if self.follow.is_due(now) || disks_changed || *text != self.text {
            self.mounted = mounted(&text, &self.sys);
            self.text = text.into_owned();
            self.follow.begin(now);
        }
        for Mounted { mount, path, disks } in &self.mounted {
            let Ok(stat) = rustix::fs::statvfs(path.as_c_str()) else { continue };
            let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
            let usage = Usage {
                mount: Arc::clone(mount),
                total: bytes(stat.f_blocks),
                used: bytes(stat.f_blocks.saturating_sub(stat.f_bfree)),
                available: bytes(stat.f_bavail),
            };
            for disk in disks {
                found(disk, &usage);
            }
        }
    }
}

/// The file systems in the text of mountinfo that lie on disks.
fn mounted(text: &str, sys: &Path) -> Vec<Mounted> {
    let (mut found, mut seen) = (Vec::new(), Vec::new());
    let lines: Vec<Line> = text.lines().filter_map(parse_line).collect();
    for line in &lines {
        // Bind mounts and subvolumes repeat a device: its first mount stands for it.
        // A FUSE file system answers as its program pleases, or never.
        if seen.contains(&&line.device) || line.kind.starts_with("fuse") {
            continue;
        }
        let Some(name) = block_name(sys, line) else { continue };
        // Asked by its path, what covers it would answer: another file system, or a server. And a server that is gone lets
        // nobody through to what is mounted below.
        let way = way(line, &lines);
        if is_covered(&way, &lines) || !way[1..].iter().all(|above| lets_through(sys, above)) {
            continue;
        }
        let mut disks = Vec::new();
        for name in devices(sys, &line.kind, name) {
            whole_disks(&sys.join("class/block"), &name, DEEPEST, &mut disks);
        }
        let Ok(path) = CString::new(line.point.as_os_str().as_bytes()) else { continue };
        seen.push(&line.device);
        let mount = Mount { point: line.point.to_string_lossy().into_owned(), kind: line.kind.clone() };
        found.push(Mounted { mount: Arc::new(mount), path, disks });
    }
    found
}

/// A line of `/proc/self/mountinfo` (proc(5)).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Numbers of the mount, and of the one that it is mounted on.
    id: u32,
    parent: u32,
    /// `major:minor`; major 0 where the file system has no device of its own number (btrfs, network, tmpfs).
    pub(super) device: String,
    pub(super) point: PathBuf,
    kind: String,
    pub(super) source: String,
}

pub(super) fn parse_line(line: &str) -> Option<Line> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ');
    let (id, parent) = (left.next()?.parse().ok()?, left.next()?.parse().ok()?);
    let (device, point) = (left.next()?, left.nth(1)?);
    let mut right = right.split(' ');
    let (kind, source) = (right.next()?, right.next()?);
    let source = unescaped(source);
    // btrfs subvolumes have numbers of their own: the device's path tells that they are one.
    let device = if device.starts_with("0:") { source.clone() } else { device.to_owned() };
    Some(Line { id, parent, device, point: unescaped(point).into(), kind: kind.to_owned(), source })
}

/// Space, tab, newline and backslash are written as `\ooo`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut out: Vec<u8> = parts.next().unwrap_or_default().into();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(byte) => out.push(byte),
            None => out.push(b'\\'),
        }
        out.extend_from_slice(part.get(if code.is_some() { 3.. } else { 0.. }).unwrap_or_default().as_bytes());
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The mounts that a path to this one leads through, from it to the root.
fn way<'lines>(mount: &'lines Line, all: &'lines [Line]) -> Vec<&'lines Line> {
    let below = |mount: &&Line| all.iter().find(|other| other.id == mount.parent && other.id != mount.id);
    std::iter::successors(Some(mount), below).take(all.len()).collect()
}

/// Whether a path to a mount leads to another one: mounted over it, or over a folder above it.
fn is_covered(way: &[&Line], all: &[Line]) -> bool {
    let covers = |other: &Line, mount: &Line| {
        let over = other.parent == mount.id && other.point == mount.point;
        let above = other.parent == mount.parent && mount.point.starts_with(&other.point) && mount.point != other.point;
        over || above
    };
    let others = || all.iter().filter(|other| way.iter().all(|mount| mount.id != other.id));
    way.iter().any(|mount| others().any(|other| covers(other, mount)))
}

/// Whether a path through a mount is followed by the kernel alone. If the root itself is a server's, or a program's as in
/// a container without privilege, everything here waits for that anyway, and a disk below it shall not be missed.
fn lets_through(sys: &Path, mount: &Line) -> bool {
    let is_local = || LOCAL.contains(&mount.kind.as_str()) || block_name(sys, mount).is_some();
    mount.point == Path::new("/") || (!mount.kind.starts_with("fuse") && is_local())
}

/// The block devices of a file system that names one: btrfs may be on several.
fn devices(sys: &Path, kind: &str, name: String) -> Vec<String> {
    let has_it = |devices: &PathBuf| kind == "btrfs" && devices.join(&name).exists();
    let found = entries(&sys.join("fs/btrfs")).map(|one| one.path().join("devices")).find(has_it);
    found.map_or_else(
        || vec![name],
        |devices| entries(&devices).map(|one| one.file_name().to_string_lossy().into_owned()).collect(),
    )
}

/// The kernel's name of the block device that is mounted, as its folder has it.
pub(super) fn block_name(sys: &Path, mount: &Line) -> Option<String> {
    let last = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    if mount.device.starts_with('/') {
        // A share of a server may be called as a disk is here: `//router/sda1`.
        if !mount.device.starts_with("/dev/") {
            return None;
        }
        let path = fs::canonicalize(&mount.source).unwrap_or_else(|_| mount.source.clone().into());
        return last(path).filter(|name| sys.join("class/block").join(name).exists());
    }
    last(fs::canonicalize(sys.join("dev/block").join(&mount.device)).ok()?)
}

/// The whole disks under a block device: its own disk if it is a partition, those of its slaves if it is built on others.
fn whole_disks(class: &Path, name: &str, deepest: u32, disks: &mut Vec<String>) {
    let Some(deeper) = deepest.checked_sub(1) else { return };
    let Ok(folder) = fs::canonicalize(class.join(name)) else { return };
    let slaves: Vec<_> = entries(&folder.join("slaves")).map(|entry| entry.file_name()).collect();
    if !slaves.is_empty() {
        return slaves.iter().for_each(|slave| whole_disks(class, &slave.to_string_lossy(), deeper, disks));
    }
    let disk = if folder.join("partition").exists() { folder.parent() } else { Some(folder.as_path()) };
    let Some(disk) = disk.and_then(Path::file_name).map(|name| name.to_string_lossy().replace('!', "/")) else {
        return;
    };
    if !disks.contains(&disk) {
        disks.push(disk);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn lines_of_mountinfo() {
        let line = r"36 35 8:1 / /mnt/my\040disk rw,noatime shared:1 - ext4 /dev/sda1 rw";
        let mount = parse_line(line).unwrap();
        assert_eq!((mount.device.as_str(), mount.point.to_str().unwrap()), ("8:1", "/mnt/my disk"));
        assert_eq!(mount.kind, "ext4");
        let btrfs = parse_line("40 1 0:30 /@home /home rw - btrfs /dev/nvme0n1p2 rw").unwrap();
        assert_eq!(btrfs.device, "/dev/nvme0n1p2");
        assert_eq!(parse_line("36 35 8:1 / /mnt rw"), None);
        let share = parse_line("41 1 0:51 / /mnt rw - cifs //router/sda1 rw").unwrap();
        assert_eq!(block_name(Path::new("/sys"), &share), None);
        assert_eq!(unescaped(r"a\134b\04"), r"a\b\04");
    }

    #[test]
    fn what_another_mount_covers_is_not_asked() {
        let text = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                    21 20 8:2 / /srv/data rw - ext4 /dev/sda2 rw\n\
                    22 21 8:3 / /srv/data/old rw - ext4 /dev/sda3 rw\n\
                    23 20 8:4 / /srv2 rw - ext4 /dev/sda4 rw\n\
                    24 20 0:40 / /srv rw - nfs server:/srv rw\n\
                    25 24 8:5 / /srv/disk rw - ext4 /dev/sda5 rw\n\
                    26 20 8:6 / /mnt rw - ext4 /dev/sda6 rw\n\
                    27 26 8:7 / /mnt rw - ext4 /dev/sda7 rw\n";
        let lines: Vec<Line> = text.lines().filter_map(parse_line).collect();
        let is_covered = |line: &&Line| is_covered(&way(line, &lines), &lines);
        let covered = lines.iter().filter(is_covered).map(|line| line.id).collect::<Vec<_>>();
        assert_eq!(covered, [21, 22, 26]);
    }

    #[test]
    fn a_disk_below_a_server_or_a_program_is_not_asked() {
        let root = tempfile::tempdir().unwrap();
        let (sys, device) = (root.path(), root.path().join("devices/sda/sda1"));
        fs::create_dir_all(&device).unwrap();
        for folder in ["class/block", "dev/block"] {
            fs::create_dir_all(sys.join(folder)).unwrap();
        }
        symlink(&device, sys.join("class/block/sda1")).unwrap();
        for number in 1..9 {
            symlink(&device, sys.join(format!("dev/block/8:{number}"))).unwrap();
        }
        let asked =
            |text: &str| -> Vec<String> { mounted(text, sys).iter().map(|found| found.mount.point.clone()).collect() };
        assert_eq!(
            asked(
                "20 1 0:40 / /home rw - nfs server:/home rw\n\
                 21 20 8:2 / /home/x rw - ext4 /dev/sda2 rw\n\
                 22 21 0:41 / /home/x/tmp rw - tmpfs tmpfs rw\n\
                 23 22 8:3 / /home/x/tmp/y rw - ext4 /dev/sda3 rw\n\
                 24 1 0:42 / /mnt rw - fuse.sshfs server: rw\n\
                 25 24 8:4 / /mnt/x rw - ext4 /dev/sda4 rw\n\
                 26 1 8:5 / /win rw - fuseblk /dev/sda5 rw\n\
                 27 26 8:6 / /win/x rw - ext4 /dev/sda6 rw\n"
            ),
            [] as [&str; 0]
        );
        let elsewhere = "20 1 0:40 / /home rw - nfs server:/home rw\n\
                         21 20 8:2 / /home/x rw - ext4 /dev/sda2 rw\n\
                         22 1 8:2 /x /srv rw - ext4 /dev/sda2 rw\n";
        assert_eq!(asked(elsewhere), ["/srv"], "it is asked where nobody stands in between");
        for root in ["nfs server:/", "overlay overlay", "fuse.fuse-overlayfs fuse-overlayfs", "ext4 /dev/sda1"] {
            let text = format!(
                "20 1 0:40 / / rw - {root} rw\n\
                 21 20 0:41 / /run rw - tmpfs tmpfs rw\n\
                 22 21 0:42 / /run/media rw - autofs systemd-1 rw\n\
                 23 22 8:2 / /run/media/x rw - ext4 /dev/sda2 rw\n\
                 24 20 0:43 / /home rw - btrfs /dev/sda1 rw\n\
                 25 24 8:3 / /home/x rw - ext4 /dev/sda3 rw\n"
            );
            let found = asked(&text);
            assert!(
                ["/run/media/x", "/home/x"].iter().all(|point| found.iter().any(|it| it == point)),
                "{root}: {found:?}"
            );
        }
    }

    /// sda1 is a partition; dm-0 lies on sda2 and nvme0n1.
    #[test]
    fn file_systems_stand_under_the_disks_that_hold_them() {
        let root = tempfile::tempdir().unwrap();
        let (proc, sys) = (root.path().join("proc"), root.path().join("sys"));
        let devices = sys.join("devices");
        for folder in ["sda/sda1", "sda/sda2", "nvme0n1/slaves", "dm-0/slaves/sda2", "dm-0/slaves/nvme0n1"] {
            fs::create_dir_all(devices.join(folder)).unwrap();
        }
        for partition in ["sda/sda1", "sda/sda2"] {
            fs::write(devices.join(partition).join("partition"), "1").unwrap();
        }
        fs::create_dir_all(sys.join("class/block")).unwrap();
        fs::create_dir_all(sys.join("dev/block")).unwrap();
        for (name, number, folder) in [
            ("sda1", "8:1", "sda/sda1"),
            ("sda2", "8:2", "sda/sda2"),
            ("dm-0", "253:0", "dm-0"),
            ("nvme0n1", "259:0", "nvme0n1"),
        ] {
            symlink(devices.join(folder), sys.join("class/block").join(name)).unwrap();
            symlink(devices.join(folder), sys.join("dev/block").join(number)).unwrap();
        }
        let here = root.path().display();
        fs::create_dir_all(proc.join("self")).unwrap();
        let text = format!(
            "1 0 8:1 / {here} rw - ext4 /dev/sda1 rw\n2 1 8:1 /bind {here}/sys rw - ext4 /dev/sda1 rw\n\
             3 1 253:0 / {here}/proc rw - xfs /dev/mapper/x rw\n4 1 0:5 / /nfs rw - nfs server:/x rw\n"
        );
        fs::write(proc.join("self/mountinfo"), &text).unwrap();
        let mut file_systems = FileSystems::new(&proc, &sys);
        let mut found: HashMap<String, Vec<Usage>> = HashMap::new();
        let mut look = |now| {
            found.clear();
            file_systems.each(now, false, |disk, usage| found.entry(disk.into()).or_default().push(usage.clone()));
            found.clone()
        };
        let begun = Duration::from_secs(1);
        let found = look(begun);
        let points = |disk: &str| {
            found[disk].iter().map(|fs| (fs.mount.point.clone(), fs.mount.kind.clone())).collect::<Vec<_>>()
        };
        assert_eq!(points("sda"), [(here.to_string(), "ext4".into()), (format!("{here}/proc"), "xfs".into())]);
        assert_eq!(points("nvme0n1"), [(format!("{here}/proc"), "xfs".into())]);
        assert_eq!(found.len(), 2);
        let one = &found["sda"][0];
        assert!(one.total > 0 && one.used <= one.total && one.available <= one.total);

        // Of btrfs the kernel names one device of several.
        let more = sys.join("fs/btrfs/9b1c/devices");
        fs::create_dir_all(&more).unwrap();
        for name in ["sda1", "nvme0n1"] {
            fs::write(more.join(name), "").unwrap();
        }
        fs::write(proc.join("self/mountinfo"), format!("1 0 0:30 / {here} rw - btrfs /dev/sda1 rw\n")).unwrap();
        let found = look(begun);
        assert!(found["sda"][0] == found["nvme0n1"][0] && found.len() == 2, "{found:?}");
        fs::write(proc.join("self/mountinfo"), text).unwrap();
        assert_eq!(look(begun)["sda"].len(), 2);

        // A volume that is moved while it is mounted is followed; one that is unmounted is gone at once.
        fs::remove_file(devices.join("dm-0/slaves/sda2"))
            .or_else(|_| fs::remove_dir(devices.join("dm-0/slaves/sda2")))
            .unwrap();
        assert_eq!(look(begun + FOLLOW_EVERY / 2)["sda"].len(), 2, "not looked at each time");
        assert_eq!(look(begun + FOLLOW_EVERY)["sda"].len(), 1, "no longer on sda");
        fs::write(proc.join("self/mountinfo"), "").unwrap();
        assert_eq!(look(begun + FOLLOW_EVERY).len(), 0);
    }
}

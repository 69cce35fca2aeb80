//! Which file systems lie on which disk, and how full they are. Only those on disks of this machine are asked, and only
//! where the way to them leads through nothing else: statvfs on a network mount whose server is gone never returns, nor on
//! a disk that is mounted below it.

use std::ffi::{CStr, CString, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::statvfs;
use rustix::io::Errno;

use super::super::entries;
use super::super::every::Every;
use super::super::proc_file::ProcFile;
use super::{Mount, Usage};

/// Devices on devices (LVM on LUKS on RAID) are followed this deep; a longer chain is a loop.
const DEEPEST: u32 = 8;

/// How often the disks below each file system are found out anew even if nothing seems to have changed: a volume can be
/// moved to another disk while it is mounted.
const FOLLOW_EVERY: Duration = Duration::from_mins(5);

/// How often one is asked that an automounter unmounts when nobody has looked for a while: more rarely than it waits.
const AUTOMATIC_EVERY: Duration = Duration::from_hours(1);

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
    text: Vec<u8>,
    mounted: Vec<Mounted>,
    follow: Every,
}

#[derive(Debug)]
struct Mounted {
    /// The number of the mount.
    id: u32,
    mount: Arc<Mount>,
    /// Where, as the kernel takes it.
    path: CString,
    /// The kernel's names.
    disks: Vec<String>,
    /// It was mounted when somebody first looked, and is unmounted once nobody has for a while (autofs(5)): it is asked rarely.
    is_automatic: bool,
    /// What it answered last, and when.
    usage: Option<Usage>,
    asked_at: Duration,
}

impl FileSystems {
    pub(super) fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            mountinfo: ProcFile::new(proc.join("self/mountinfo")),
            sys: sys.into(),
            text: Vec::new(),
            mounted: Vec::new(),
            follow: Every::new(FOLLOW_EVERY),
        }
    }

    /// Calls `found` with the kernel's name of a disk for each file system on it, as full as it is at `now`; without that where
    /// this user can't reach it. One on several disks is found on each. `disks_changed` says that there are other disks than the last time.
    pub(super) fn each(&mut self, now: Duration, disks_changed: bool, mut found: impl FnMut(&str, Option<&Usage>)) {
        let Ok(text) = self.mountinfo.read_bytes() else { return };
        if self.follow.is_due(now) || disks_changed || text != self.text {
            let before = std::mem::replace(&mut self.mounted, mounted(text, &self.sys));
            for one in self.mounted.iter_mut().filter(|one| one.is_automatic) {
                if let Some(same) = before.iter().find(|other| other.id == one.id && other.path == one.path) {
                    (one.usage, one.asked_at) = (same.usage.clone(), same.asked_at);
                }
            }
            text.clone_into(&mut self.text);
            self.follow.begin(now);
        }
        for one in &mut self.mounted {
            if !one.is_automatic || one.usage.is_none() || now >= one.asked_at + AUTOMATIC_EVERY {
                one.asked_at = now;
                let asked = look(&one.mount, &one.path);
                let is_gone = asked.as_ref().is_err_and(|error| !matches!(*error, Errno::ACCESS | Errno::PERM));
                one.usage = asked.ok();
                if is_gone {
                    continue;
                }
            }
            one.disks.iter().for_each(|disk| found(disk, one.usage.as_ref()));
        }
    }
}

fn look(mount: &Arc<Mount>, path: &CStr) -> Result<Usage, Errno> {
    let stat = statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Ok(Usage {
        mount: Arc::clone(mount),
        total: bytes(stat.f_blocks),
        used: bytes(stat.f_blocks.saturating_sub(stat.f_bfree)),
        available: bytes(stat.f_bavail),
    })
}

/// The file systems in the text of mountinfo that lie on disks.
fn mounted(text: &[u8], sys: &Path) -> Vec<Mounted> {
    let (mut found, mut seen) = (Vec::new(), Vec::new());
    let lines: Vec<Line> = lines(text).collect();
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
        let point = line.point.to_string_lossy().into_owned();
        let mount = Mount { point, kind: line.kind.clone(), read_only: line.read_only };
        let is_automatic = way[1..].iter().any(|above| above.kind == "autofs");
        found.push(Mounted {
            id: line.id,
            mount: Arc::new(mount),
            path,
            disks,
            is_automatic,
            usage: None,
            asked_at: Duration::ZERO,
        });
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
    /// The file system itself, and not just this mount of it.
    read_only: bool,
}

pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line> {
    text.split(|byte| *byte == b'\n').filter_map(parse_line)
}

fn parse_line(line: &[u8]) -> Option<Line> {
    let text = String::from_utf8_lossy(line);
    let (left, right) = text.split_once(" - ")?;
    let mut left = left.split(' ');
    let (id, parent) = (left.next()?.parse().ok()?, left.next()?.parse().ok()?);
    let device = left.next()?;
    // The kernel takes it as it is, in whatever encoding.
    let point = OsString::from_vec(unescaped(line.split(|byte| *byte == b' ').nth(4)?));
    let mut right = right.split(' ');
    let (kind, source, options) = (right.next()?, right.next()?, right.next().unwrap_or_default());
    let source = String::from_utf8_lossy(&unescaped(source.as_bytes())).into_owned();
    // btrfs subvolumes have numbers of their own: the device's path tells that they are one.
    let device = if device.starts_with("0:") { source.clone() } else { device.to_owned() };
    let read_only = options.split(',').any(|one| one == "ro");
    Some(Line { id, parent, device, point: point.into(), kind: kind.to_owned(), source, read_only })
}

/// Space, tab, newline and backslash are written as `\ooo`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut parts = text.split(|byte| *byte == b'\\');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                out.push(byte);
                out.extend_from_slice(&part[3..]);
            }
            None => {
                out.push(b'\\');
                out.extend_from_slice(part);
            }
        }
    }
    out
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
#[path = "file_systems_tests.rs"]
mod tests;

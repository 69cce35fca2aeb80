//! Block devices that are no disks of their own (loop devices, nbd, RAID, LVM, zram). The totals leave them out, and nothing is
//! sampled of them; a page can list them all the same.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::entries;
use super::file_systems::{block_name, lines};
use super::linux::{is_whole_disk, size};
use crate::system::OtherBlockDevice;

/// Those in `block` under `sys` (normally `/sys`), loop2 before loop10. Mount points are read under `proc`.
pub(crate) fn others(proc: &Path, sys: &Path) -> Vec<OtherBlockDevice> {
    let text = fs::read(proc.join("self/mountinfo")).unwrap_or_default();
    let mounts: Vec<_> = lines(&text).filter_map(|line| Some((block_name(sys, &line)?, line.point))).collect();
    let block = sys.join("block");
    let mut found: Vec<_> = names(&block).iter().filter_map(|folder| other(&block, folder, &mounts)).collect();
    found.sort_by_cached_key(|one| {
        let kind = one.name.trim_end_matches(|c: char| c.is_ascii_digit());
        (kind.to_owned(), one.name.len(), one.name.clone())
    });
    found
}

/// `None` for a disk, and for a device that holds nothing: the kernel has some loop and nbd devices ready before they have a
/// file.
fn other(block: &Path, folder: &str, mounts: &[(String, PathBuf)]) -> Option<OtherBlockDevice> {
    let name = folder.replace('!', "/");
    let mount = mounts.iter().find(|(device, _)| device == folder);
    let folder = block.join(folder);
    let size = size(block, &name).ok()?;
    if size == 0 || is_whole_disk(block, &name) {
        return None;
    }
    let on = match fs::read(folder.join("loop/backing_file")) {
        Ok(file) => vec![String::from_utf8_lossy(&file).trim_end().to_owned()],
        Err(_) => names(&folder.join("slaves")),
    };
    Some(OtherBlockDevice { name, size, on, mount_point: mount.map(|(_, point)| point.to_string_lossy().into_owned()) })
}

/// What a folder holds, in order; nothing where there is none.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = entries(folder).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_the_totals_leave_out_is_listed_with_what_it_stands_on_and_where_it_is_mounted() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (name, number, sectors) in [
            ("sda", "8:0", 4096),
            ("loop10", "7:10", 8),
            ("loop2", "7:2", 16),
            ("loop3", "7:3", 0),
            ("md!0", "9:0", 2048),
            ("dm-0", "253:0", 32),
            ("nbd0", "43:0", 64),
            ("nbd1", "43:32", 0),
            ("ublkb0", "259:2", 128),
        ] {
            write(&format!("sys/block/{name}/size"), &format!("{sectors}\n"));
            fs::create_dir_all(root.path().join("sys/dev/block")).unwrap();
            fs::create_dir_all(root.path().join("sys/class/block")).unwrap();
            for link in [format!("dev/block/{number}"), format!("class/block/{name}")] {
                symlink(root.path().join("sys/block").join(name), root.path().join("sys").join(link)).unwrap();
            }
        }
        write("sys/block/loop2/loop/backing_file", "");
        fs::write(root.path().join("sys/block/loop2/loop/backing_file"), b"/var/lib/caf\xe9.snap\n").unwrap();
        write("sys/block/md!0/slaves/sdb", "");
        write("sys/block/md!0/slaves/sda", "");
        // btrfs has no number of its own, and names what was opened: that there is none here is as in a container.
        write("proc/self/mountinfo", "");
        let mounts = b"0 0 8:9 / /caf\xe9 rw - ext4 /dev/sda9 rw\n\
            1 0 7:2 / /snap/core22 ro - squashfs /dev/loop2 ro\n2 0 0:30 / /home rw - btrfs /dev/dm-0 rw\n";
        fs::write(root.path().join("proc/self/mountinfo"), mounts).unwrap();
        let found = others(&root.path().join("proc"), &root.path().join("sys"));
        let loop2 = OtherBlockDevice {
            name: "loop2".into(),
            size: 8192,
            on: vec!["/var/lib/caf\u{fffd}.snap".into()],
            mount_point: Some("/snap/core22".into()),
        };
        let loop10 = OtherBlockDevice { name: "loop10".into(), size: 4096, on: Vec::new(), mount_point: None };
        let sda_and_sdb = vec!["sda".into(), "sdb".into()];
        let md0 = OtherBlockDevice { name: "md/0".into(), size: 1 << 20, on: sda_and_sdb, mount_point: None };
        let dm0 =
            OtherBlockDevice { name: "dm-0".into(), size: 1 << 14, on: Vec::new(), mount_point: Some("/home".into()) };
        let served = |name: &str, size| OtherBlockDevice { name: name.into(), size, on: Vec::new(), mount_point: None };
        assert_eq!(found, [dm0, loop2, loop10, md0, served("nbd0", 1 << 15), served("ublkb0", 1 << 16)]);
        assert_eq!(others(Path::new("/nonexistent"), Path::new("/nonexistent")), []);
    }
}

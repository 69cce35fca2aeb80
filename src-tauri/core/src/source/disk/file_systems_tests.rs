//! Which file systems are asked, and whose disks' they are, over trees as the kernel has them.

use std::collections::HashMap;
use std::os::unix::fs::symlink;

use super::*;

fn parsed(line: &str) -> Option<Line> {
    parse_line(line.as_bytes())
}

#[test]
fn lines_of_mountinfo() {
    let line = r"36 35 8:1 / /mnt/my\040disk rw,noatime shared:1 - ext4 /dev/sda1 rw";
    let mount = parsed(line).unwrap();
    assert_eq!((mount.device.as_str(), mount.point.to_str().unwrap()), ("8:1", "/mnt/my disk"));
    assert_eq!((mount.kind.as_str(), mount.read_only), ("ext4", false));
    let read_only = |line: &str| parsed(line).unwrap().read_only;
    assert!(!read_only("36 35 8:1 / /mnt ro - ext4 /dev/sda1 rw,errors=remount-ro"), "this mount of it alone is");
    assert!(read_only("36 35 7:1 / /snap/x ro,nodev - squashfs /dev/loop1 ro,errors=continue"));
    let btrfs = parsed("40 1 0:30 /@home /home rw - btrfs /dev/nvme0n1p2 rw").unwrap();
    assert_eq!(btrfs.device, "/dev/nvme0n1p2");
    assert_eq!(parsed("36 35 8:1 / /mnt rw"), None);
    let share = parsed("41 1 0:51 / /mnt rw - cifs //router/sda1 rw").unwrap();
    assert_eq!(block_name(Path::new("/sys"), &share), None);
    assert_eq!(unescaped(br"a\134b\04"), br"a\b\04");
    let latin = parse_line(b"42 1 8:1 / /srv/caf\xe9\\040x rw - ext4 /dev/sda1 rw").unwrap();
    assert_eq!(latin.point.as_os_str().as_bytes(), b"/srv/caf\xe9 x", "as the kernel takes it");
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
    let lines: Vec<Line> = lines(text.as_bytes()).collect();
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
    let asked = |text: &str| -> Vec<String> {
        mounted(text.as_bytes(), sys).iter().map(|found| found.mount.point.clone()).collect()
    };
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

#[test]
fn what_an_automounter_mounted_is_asked_rarely() {
    let root = tempfile::tempdir().unwrap();
    let (proc, sys) = (root.path().join("proc"), root.path().join("sys"));
    let device = sys.join("devices/sda");
    for folder in [&device, &proc.join("self"), &sys.join("class/block"), &sys.join("dev/block")] {
        fs::create_dir_all(folder).unwrap();
    }
    for link in ["class/block/sda", "dev/block/8:0", "dev/block/8:1"] {
        symlink(&device, sys.join(link)).unwrap();
    }
    let (disk, backup) = (root.path().join("disk"), root.path().join("backup"));
    let mounts = |number: u32| {
        let (disk, backup) = (disk.display(), backup.display());
        let text = format!(
            "20 1 8:1 / {disk} rw - ext4 /dev/sdb rw\n21 1 0:40 / {backup} rw - autofs systemd-1 rw\n\
             {number} 21 8:0 / {backup} rw - ext4 /dev/sda rw\n"
        );
        fs::write(proc.join("self/mountinfo"), text).unwrap();
    };
    let mut file_systems = FileSystems::new(&proc, &sys);
    let mut count = |now| {
        // As they are known, and found out anew.
        let counts = [false, true].map(|disks_changed| {
            let mut count = 0;
            file_systems.each(now, disks_changed, |_, _| count += 1);
            count
        });
        assert_eq!(counts[0], counts[1]);
        counts[0]
    };
    let begun = Duration::from_secs(1);
    mounts(22);
    fs::create_dir(&disk).unwrap();
    fs::create_dir(&backup).unwrap();
    assert_eq!(count(begun), 2);
    fs::remove_dir(&disk).unwrap();
    fs::remove_dir(&backup).unwrap();
    let soon = begun + AUTOMATIC_EVERY / 2;
    assert_eq!(
        [count(begun), count(soon)],
        [1; 2],
        "the figures of the one are those of before; the other can't be asked any more"
    );
    mounts(23);
    assert_eq!(count(soon), 0, "it is asked anew");
    fs::create_dir(&backup).unwrap();
    assert_eq!(count(soon), 1);
    fs::remove_dir(&backup).unwrap();
    assert_eq!((count(soon + AUTOMATIC_EVERY / 2), count(soon + AUTOMATIC_EVERY)), (1, 0), "and once an hour");
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
        let mut push = |disk: &str, usage: &Usage| found.entry(disk.into()).or_default().push(usage.clone());
        file_systems.each(now, false, |disk, usage| push(disk, usage.unwrap()));
        found.clone()
    };
    let begun = Duration::from_secs(1);
    let found = look(begun);
    let points =
        |disk: &str| found[disk].iter().map(|fs| (fs.mount.point.clone(), fs.mount.kind.clone())).collect::<Vec<_>>();
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

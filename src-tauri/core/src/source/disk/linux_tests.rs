//! Fixture trees of /proc/diskstats and /sys/block, with devices that come and go.

use proptest::prelude::*;

use super::*;

const DISKSTATS: &str = "\
   7       0 loop0 9 0 99 0 0 0 0 0 0 0 0 0 0 0 0 0 0
   8       0 sda 100 5 2000 30 200 6 4000 60 0 50 90 0 0 0 0 0 0
   8       1 sda1 100 5 2000 30 200 6 4000 60 0 50 90 0 0 0 0 0 0
 259       0 nvme0n1 10 0 80 1 20 0 160 2 0 3 3
 259       1 nvme0n1p1 10 0 80 1 20 0 160 2 0 3 3
 253       0 dm-0 10 0 80 1 20 0 160 2 0 3 3
   9     127 md127 10 0 80 1 20 0 160 2 0 3 3
 252       0 zram0 10 0 80 1 20 0 160 2 0 3 3
   1       0 ram0 0 0 0 0 0 0 0 0 0 0 0
 104       0 cciss/c0d0 1 0 2 0 1 0 4 0 0 0 0
 251       0 stacked0 10 0 80 1 20 0 160 2 0 3 3
  43       0 nbd0 10 0 80 1 20 0 160 2 0 3 3
  43       1 nbd0p1 10 0 80 1 20 0 160 2 0 3 3
  43      32 nbd1 0 0 0 0 0 0 0 0 0 0 0
 259       2 ublkb0 10 0 80 1 20 0 160 2 0 3 3
";

fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let block = root.path().join("sys/block");
    let built = ["loop0", "dm-0", "md127", "zram0", "ram0", "stacked0", "nbd0", "nbd1", "ublkb0"];
    for name in ["sda", "nvme0n1", "cciss!c0d0"].into_iter().chain(built) {
        std::fs::create_dir_all(block.join(name).join("slaves")).unwrap();
    }
    std::fs::create_dir(block.join("stacked0/slaves/sda")).unwrap();
    std::fs::create_dir(root.path().join("proc")).unwrap();
    std::fs::write(root.path().join("proc/diskstats"), DISKSTATS).unwrap();
    root
}

fn names(sample: &Sample) -> Vec<&str> {
    sample.disks.iter().map(|disk| &*disk.name).collect()
}

#[test]
fn each_byte_is_counted_once() {
    let root = tree();
    let sample = Disk::new(&root.path().join("proc"), &root.path().join("sys")).read().unwrap();
    assert_eq!(names(&sample), ["sda", "nvme0n1", "cciss/c0d0"]);
    assert_eq!((sample.disks[0].read, sample.disks[0].written), (2_000 * 512, 4_000 * 512));
    let served = Activity { reads: 100, writes: 200, busy: 50, served: 90 };
    assert_eq!(sample.disks[0].activity, Some(served));
}

#[test]
fn a_disk_says_its_model_and_size() {
    let root = tree();
    let sda = root.path().join("sys/block/sda");
    std::fs::create_dir(sda.join("device")).unwrap();
    std::fs::write(sda.join("device/model"), "Samsung SSD 990  \n").unwrap();
    std::fs::write(sda.join("size"), "2048\n").unwrap();
    let sample = Disk::new(&root.path().join("proc"), &root.path().join("sys")).read().unwrap();
    assert_eq!((sample.disks[0].model.as_deref(), sample.disks[0].size), (Ok("Samsung SSD 990"), Ok(1 << 20)));
    let nvme = &sample.disks[1];
    assert_eq!((nvme.model.as_deref(), nvme.size), (Err(&Reason::Unsupported), Err(Reason::Unsupported)));
}

#[test]
fn that_a_disk_hides_file_systems_is_said_until_it_does_not() {
    let root = tree();
    std::fs::create_dir(root.path().join("proc/self")).unwrap();
    std::fs::write(root.path().join("proc/self/mountinfo"), "").unwrap();
    let mut disk = Disk::new(&root.path().join("proc"), &root.path().join("sys"));
    let hides =
        |disk: &mut Disk| disk.read().unwrap().disks.iter().map(|one| one.hides_file_systems).collect::<Vec<_>>();
    assert_eq!(hides(&mut disk), [false; 3]);
    let sda = disk.known.iter_mut().find(|(name, _)| &***name == "sda").and_then(|(_, known)| known.as_mut());
    sda.unwrap().hold(None);
    assert_eq!(hides(&mut disk), [true, false, false]);
    disk.file_systems_at = Duration::ZERO;
    assert_eq!(hides(&mut disk), [false; 3], "it was looked anew");
}

#[test]
fn without_sys_the_names_decide() {
    let root = tree();
    let sample = Disk::new(&root.path().join("proc"), &root.path().join("nowhere")).read().unwrap();
    assert_eq!(names(&sample), ["sda", "nvme0n1", "cciss/c0d0", "stacked0"]);
}

#[test]
fn disks_plugged_in_and_pulled_out_are_followed() {
    let root = tree();
    let mut disk = Disk::new(&root.path().join("proc"), &root.path().join("sys"));
    disk.read().unwrap();
    std::fs::create_dir_all(root.path().join("sys/block/sdb")).unwrap();
    let line = "   8      16 sdb 1 0 8 0 1 0 16 0 0 0 0\n";
    std::fs::write(root.path().join("proc/diskstats"), line).unwrap();
    assert_eq!(names(&disk.read().unwrap()), ["sdb"]);
    assert_eq!(disk.known.iter().count(), 1, "what is gone is forgotten");
    std::fs::write(root.path().join("proc/diskstats"), DISKSTATS).unwrap();
    assert_eq!(disk.read().unwrap().disks.len(), 3);
}

#[test]
fn an_nvme_disk_with_several_paths_counts_once_whichever_the_kernel_counts_at() {
    let root = tree();
    let block = root.path().join("sys/block");
    std::fs::create_dir_all(block.join("nvme1n1")).unwrap();
    for path in ["nvme1c0n1", "nvme1c2n1"] {
        std::fs::create_dir_all(block.join(path)).unwrap();
        std::fs::write(block.join(path).join("hidden"), "1\n").unwrap();
    }
    let line = |name, sectors| format!("259 0 {name} 10 0 {sectors} 1 20 0 {sectors} 2 0 3 3\n");
    let paths = line("nvme1c0n1", 30) + &line("nvme1c2n1", 50);
    for at_disk in [0, 80] {
        let text = paths.clone() + &line("nvme1n1", at_disk) + &line("nvme0n1", 4);
        std::fs::write(root.path().join("proc/diskstats"), text).unwrap();
        let mut disk = Disk::new(&root.path().join("proc"), &root.path().join("sys"));
        for _ in 0..2 {
            let sample = disk.read().unwrap();
            assert_eq!(names(&sample), ["nvme1n1", "nvme0n1"]);
            assert_eq!((sample.disks[0].read, sample.disks[0].written), (80 * 512, 80 * 512), "{at_disk} at the disk");
            let activity = sample.disks[0].activity.unwrap();
            assert_eq!((activity.reads, activity.busy), (20, 3), "both paths were busy in the same time");
            disk.recycle(sample);
        }
    }
}

#[test]
fn a_card_that_is_put_in_and_a_disk_that_grows_have_their_size() {
    let root = tree();
    let size = root.path().join("sys/block/sda/size");
    let mut disk = Disk::new(&root.path().join("proc"), &root.path().join("sys"));
    for sectors in [0, 2_048, 4_096] {
        std::fs::write(&size, format!("{sectors}\n")).unwrap();
        disk.file_systems_at = Duration::ZERO;
        let sample = disk.read().unwrap();
        assert_eq!(sample.disks[0].size, Ok(sectors * 512));
        disk.recycle(sample);
    }
}

#[test]
fn a_line_of_another_shape_is_an_error_that_shows_it() {
    for line in ["8 0", "8 0 sda", "8 0 sda 1 2 x 4 5 6 7", "8 0 sda 1 2 3 4 5 6"] {
        assert_eq!(parse_line(line).unwrap_err().found, line);
    }
}

#[test]
fn partitions_by_name() {
    for name in ["sda1", "vdb12", "nvme0n1p2", "mmcblk0p1", "xvda1"] {
        assert!(looks_like_partition(name), "{name}");
    }
    for name in ["sda", "nvme0n1", "mmcblk0", "vda", "sr0", "nbd0"] {
        assert!(!looks_like_partition(name), "{name}");
    }
}

/// By what the kernel says of each device, not by its name: the majors of ram, loop, md, nbd and drbd
/// (kernel: Documentation/admin-guide/devices.txt) and of zvols (openzfs: `ZVOL_MAJOR`), and what only dm and zram have. ublk has
/// nothing but its name: its major is whichever is free.
#[test]
fn this_machines_disks_are_those_of_sys_block_that_are_built_on_nothing() {
    let text = |file: std::path::PathBuf| std::fs::read_to_string(file).unwrap_or_default();
    let is_disk = |folder: &Path| {
        let major = text(folder.join("dev"));
        let is_built = ["1:", "7:", "9:", "43:", "147:", "230:"].iter().any(|built| major.starts_with(built))
            || folder.file_name().unwrap().to_str().unwrap().starts_with("ublkb")
            || ["dm", "mm_stat"].iter().any(|file| folder.join(file).exists())
            || folder.join("slaves").read_dir().is_ok_and(|mut slaves| slaves.next().is_some());
        !is_built && text(folder.join("hidden")).trim() != "1"
    };
    let all = Path::new("/sys/block").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let disks = all.filter(|folder| is_disk(folder));
    let mut disks: Vec<_> =
        disks.map(|folder| folder.file_name().unwrap().to_str().unwrap().replace('!', "/")).collect();
    disks.sort_unstable();
    let sample = Disk::new(Path::new("/proc"), Path::new("/sys")).read().unwrap();
    let mut counted = names(&sample);
    counted.sort_unstable();
    assert_eq!(counted, disks);
}

proptest! {
    #[test]
    fn no_text_panics(line in "([0-9]{1,21} |[a-z]{1,5}[0-9]? |.){0,12}") {
        let _ = parse_line(&line);
    }
}

//! The files of a machine that is full, for the app to find in /proc and /sys. Their counters run, as the kernel's do.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(super) const CORES: usize = 256;
pub(super) const DISKS: usize = 30;
const NVME: usize = 12;
const LOOPS: usize = 24;
/// Beside the loop devices a RAID.
pub(super) const OTHER_DEVICES: usize = LOOPS + 1;
/// One with the longest name that there can be.
pub(super) const PHYSICAL: [&str; 4] = ["eno1", "enp65s0f0np0", "enp129s0f1np1v3", "wlp3s0"];
/// Beside `lo` and a bridge, the ends of containers' cables.
pub(super) const VIRTUAL: usize = 36;

/// Dropped, its counters stand still and its files are gone.
pub(super) struct Machine {
    root: Arc<TempDir>,
    stopped: Arc<AtomicBool>,
    runs: Option<JoinHandle<()>>,
}

impl Machine {
    pub(super) fn new() -> Self {
        let root = Arc::new(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        cores(root.path());
        disks(root.path());
        interfaces(root.path());
        let stopped = Arc::new(AtomicBool::new(false));
        let (at, stop) = (Arc::clone(&root), Arc::clone(&stopped));
        let counters = [("stat", stat as fn(f64) -> String), ("diskstats", diskstats), ("net/dev", dev)];
        let files = counters.map(|(name, text)| {
            fs::create_dir_all(at.path().join("proc/net")).unwrap();
            let file = File::create(at.path().join("proc").join(name)).unwrap();
            file.write_all_at(text(0.0).as_bytes(), 0).unwrap();
            (file, text)
        });
        let runs = std::thread::spawn(move || {
            let begun = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
                for (file, text) in &files {
                    // In place and as long as before: whoever reads now finds the old counters or the new.
                    file.write_all_at(text(begun.elapsed().as_secs_f64()).as_bytes(), 0).unwrap();
                }
            }
        });
        Self { root, stopped, runs: Some(runs) }
    }

    /// What mounts it all over the machine's own, in the app's namespace and for its process alone.
    pub(super) fn mounts(&self) -> String {
        let at = self.root.path().display();
        let points = (0..8).map(|number| format!("/mnt/data{number:02}")).collect::<Vec<_>>().join(" ");
        format!(
            "mount -t tmpfs none /mnt && mkdir {points}
            for file in stat diskstats cpuinfo; do mount --bind \"{at}/proc/$file\" /proc/$file; done
            mount --bind \"{at}/sys\" /sys
            mount --bind \"{at}/proc/net\" /proc/$$/net
            mount --bind \"{at}/proc/mountinfo\" /proc/$$/mountinfo"
        )
    }

    /// The kernel's names, in its order.
    pub(super) fn disks() -> Vec<String> {
        (0..DISKS).map(disk).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(runs) = self.runs.take() {
            let _ = runs.join();
        }
    }
}

fn write(root: &Path, path: &str, text: &str) -> PathBuf {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// A share from 0 to 1 for the device of this number, unlike its neighbours'.
fn share(number: usize) -> f64 {
    f64::from(u32::try_from(number * 37 % 101).unwrap()) / 100.0
}

/// A counter that grew at this rate for so many seconds, in as many characters as any other.
fn counter(rate: f64, seconds: f64) -> String {
    format!("{:>14}", (1e6 + rate * seconds).round())
}

fn cores(root: &Path) {
    let mut info = String::new();
    for core in 0..CORES {
        let (socket, id) = (core / 64 % 2, core % 64);
        let _ = writeln!(
            info,
            "processor\t: {core}\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9554 64-Core Processor\n\
             physical id\t: {socket}\ncore id\t\t: {id}\ncpu cores\t: 64\n"
        );
        let clock = format!("{}\n", 2_400_000 + core * 5_000);
        write(root, &format!("sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"), &clock);
    }
    write(root, "proc/cpuinfo", &info);
    write(root, "sys/class/hwmon/hwmon0/name", "k10temp\n");
    write(root, "sys/class/hwmon/hwmon0/temp1_input", "61500\n");
}

fn stat(seconds: f64) -> String {
    let line = |name: String, busy: f64, all: f64| {
        let (busy, idle) = (counter(busy * 100.0, seconds), counter((all - busy) * 100.0, seconds));
        format!("{name} {busy} 0 0 {idle} 0 0 0 0 0 0\n")
    };
    let busy: f64 = (0..CORES).map(share).sum();
    let all = line("cpu ".into(), busy, 256.0);
    (0..CORES).fold(all, |text, core| text + &line(format!("cpu{core}"), share(core), 1.0)) + "btime 1062191376\n"
}

fn disk(number: usize) -> String {
    match number.checked_sub(NVME) {
        None => format!("nvme{number}n1"),
        Some(number) => format!("sd{}", char::from(b'a' + u8::try_from(number).unwrap())),
    }
}

fn partition(number: usize, part: usize) -> String {
    format!("{}{}{part}", disk(number), if number < NVME { "p" } else { "" })
}

fn disks(root: &Path) {
    let mut mounts = String::new();
    for number in 0..DISKS {
        let (model, sectors) = if number < NVME {
            ("SAMSUNG MZWLR3T8HBLS-00007", 7_501_476_528_u64)
        } else {
            ("ST20000NM007D-3DJ103", 39_063_650_304)
        };
        let name = disk(number);
        write(root, &format!("sys/block/{name}/device/model"), model);
        write(root, &format!("sys/block/{name}/size"), &sectors.to_string());
        // The first of each kind has many file systems, the others one.
        let points: Vec<String> = match number {
            0 => vec!["/".into(), "/home".into()],
            NVME => (0..8).map(|at| format!("/mnt/data{at:02}")).collect(),
            _ => Vec::new(),
        };
        for (at, point) in points.iter().enumerate() {
            let part = partition(number, at + 1);
            write(root, &format!("sys/block/{name}/{part}/partition"), "1\n");
            let device = format!("{}:{at}", 100 + number);
            for link in [format!("sys/class/block/{part}"), format!("sys/dev/block/{device}")] {
                let link = root.join(link);
                fs::create_dir_all(link.parent().unwrap()).unwrap();
                symlink(root.join(format!("sys/block/{name}/{part}")), link).unwrap();
            }
            // All are mounted on the first, which is that of /.
            let (id, below) = (1 + mounts.lines().count(), usize::from(!mounts.is_empty()));
            let _ = writeln!(mounts, "{id} {below} {device} / {point} rw - ext4 /dev/{part} rw");
        }
    }
    for number in 0..LOOPS {
        let (folder, file) =
            (format!("sys/block/loop{number}"), format!("/var/lib/snapd/snaps/gtk-common-themes_{number}.snap"));
        write(root, &format!("{folder}/size"), "131072\n");
        write(root, &format!("{folder}/dev"), &format!("7:{number}\n"));
        write(root, &format!("{folder}/loop/backing_file"), &file);
        symlink(root.join(&folder), root.join(format!("sys/dev/block/7:{number}"))).unwrap();
    }
    write(root, "sys/block/md0/size", "70000000000\n");
    fs::create_dir_all(root.join("sys/block/md0/slaves/sda")).unwrap();
    mounts += "99 1 7:7 / /snap/gtk-common-themes ro - squashfs /dev/loop7 ro\n";
    write(root, "proc/mountinfo", &mounts);
}

fn diskstats(seconds: f64) -> String {
    let line = |name: &str, share: f64| {
        let count = |rate: f64| counter(rate * share, seconds);
        let (requests, sectors, time) = (count(400.0), count(500_000.0), count(1_000.0));
        format!("7 0 {name} {requests} 0 {sectors} {time} {requests} 0 {sectors} {time} 0 {time} {time}\n")
    };
    let mut text: String = (0..DISKS).map(|number| line(&disk(number), share(number))).collect();
    text.extend((0..LOOPS).map(|number| line(&format!("loop{number}"), 0.0)));
    text + &line("md0", 1.0)
}

/// All of them, the physical ones among them.
fn names() -> Vec<String> {
    let cables = (2..VIRTUAL).map(|number| format!("veth{:07x}", number * 7_654_321));
    let others = ["lo", PHYSICAL[0], PHYSICAL[1], "br-5f2c8a1be907", PHYSICAL[2], PHYSICAL[3]].map(Into::into);
    others.into_iter().chain(cables).collect()
}

fn interfaces(root: &Path) {
    for name in names() {
        let folder = format!("sys/class/net/{name}");
        write(root, &format!("{folder}/operstate"), "up\n");
        if PHYSICAL.contains(&name.as_str()) {
            fs::create_dir_all(root.join(format!("{folder}/device"))).unwrap();
            write(root, &format!("{folder}/speed"), "100000\n");
        }
    }
}

fn dev(seconds: f64) -> String {
    let line = |(number, name): (usize, String)| {
        let (bytes, packets) = (counter(8e7 * share(number + 1), seconds), counter(6e4 * share(number + 1), seconds));
        format!("{name:>15}: {bytes} {packets} 0 0 0 0 0 0 {bytes} {packets} 0 0 0 0 0 0\n")
    };
    let head = "Inter-|   Receive                                                |  Transmit\n face |bytes\n";
    names().into_iter().enumerate().fold(head.to_owned(), |text, one| text + &line(one))
}

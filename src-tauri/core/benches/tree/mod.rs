//! A machine of any size as trees of /proc and /sys, with everything that the sources read. Shared by the benches and
//! the count of allocations.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Dropped, it is deleted.
pub(crate) struct Tree {
    root: tempfile::TempDir,
    files: Vec<PathBuf>,
    cores: usize,
    disks: usize,
}

impl Tree {
    /// So many cores with clocks, so many disks with a partition each, so many physical interfaces.
    pub(crate) fn of(cores: usize, disks: usize, interfaces: usize) -> Self {
        let mut tree = Self { root: tempfile::tempdir().unwrap(), files: Vec::new(), cores, disks };
        tree.read_each_tick("proc/stat", "");
        tree.read_each_tick("proc/diskstats", "");
        tree.at(0);
        tree.read_each_tick("proc/loadavg", "0.20 0.18 0.12 1/80 11206\n");
        for core in 0..cores {
            tree.read_each_tick(&format!("sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"), "2400000\n");
        }
        tree.write("sys/class/hwmon/hwmon0/name", "coretemp\n");
        tree.read_each_tick("sys/class/hwmon/hwmon0/temp1_input", "51000\n");
        for resource in ["cpu", "memory", "io"] {
            let line = "avg10=0.17 avg60=0.71 avg300=0.64 total=19054625";
            tree.read_each_tick(&format!("proc/pressure/{resource}"), &format!("some {line}\nfull {line}\n"));
        }
        tree.read_each_tick("proc/meminfo", &Self::lines("Mem", ": ", " kB", MEMINFO));
        tree.read_each_tick("proc/vmstat", &(Self::lines("nr_", " ", "", &[]) + "pswpin 5\npswpout 7\n"));
        tree.write("proc/self/cgroup", "0::/session\n");
        tree.read_each_tick("sys/fs/cgroup/session/memory.max", "8589934592\n");
        tree.read_each_tick("sys/fs/cgroup/session/memory.current", "1073741824\n");
        tree.disks();
        tree.interfaces(interfaces);
        tree
    }

    /// Makes the counters of cores and disks say what they do at this tick.
    pub(crate) fn at(&self, tick: usize) {
        let user = 470_500 + tick;
        let times = format!("{user} 150 1120 1625000 520 0 175 0 0 0\n");
        let stat = (0..self.cores).fold(format!("cpu  {times}"), |text, core| format!("{text}cpu{core} {times}"));
        self.write("proc/stat", &(stat + "intr 114930548 113199788 3 0 5\nctxt 1990473\nbtime 1062191376\n"));
        let mut diskstats = String::new();
        let counters = format!("{user} 5 2000 30 200 6 4000 60 0 50 90 0 0 0 0 0 0");
        for disk in 0..self.disks {
            let (major, minor, name) = (8 + disk / 16, disk % 16 * 16, Self::disk(disk));
            let _ = writeln!(diskstats, "{major:4} {minor:7} {name} {counters}");
            let _ = writeln!(diskstats, "{major:4} {:7} {name}1 {counters}", minor + 1);
        }
        self.write("proc/diskstats", &diskstats);
    }

    fn disk(number: usize) -> String {
        format!("sd{number}x")
    }

    fn disks(&self) {
        let mut mounts = String::new();
        for disk in 0..self.disks {
            let name = Self::disk(disk);
            for (file, text) in [("device/model", "Samsung SSD 990 PRO 2TB\n"), ("size", "3907029168\n")] {
                self.write(&format!("sys/block/{name}/{file}"), text);
            }
            let partition = self.root.path().join(format!("sys/block/{name}/{name}1"));
            fs::create_dir_all(&partition).unwrap();
            self.write(&format!("sys/block/{name}/{name}1/partition"), "1\n");
            let number = format!("{}:{}", 8 + disk / 16, disk % 16 * 16 + 1);
            for link in [format!("sys/class/block/{name}1"), format!("sys/dev/block/{number}")] {
                let link = self.root.path().join(link);
                fs::create_dir_all(link.parent().unwrap()).unwrap();
                std::os::unix::fs::symlink(&partition, link).unwrap();
            }
            let point = self.root.path().display();
            let _ = writeln!(mounts, "{disk} 1 {number} / {point} rw shared:1 - ext4 /dev/{name}1 rw");
        }
        self.write("proc/self/mountinfo", &mounts);
    }

    fn interfaces(&mut self, interfaces: usize) {
        let mut dev = String::from("Inter-|   Receive\n face |bytes\n");
        for interface in 0..interfaces {
            let name = format!("eth{interface}");
            let _ = writeln!(dev, "{name:>6}: 987654321 1234567 0 3 0 0 0 5 123456789 765432 0 0 0 0 0 0");
            fs::create_dir_all(self.root.path().join(format!("sys/class/net/{name}/device"))).unwrap();
            self.write(&format!("sys/class/net/{name}/operstate"), "up\n");
            self.write(&format!("sys/class/net/{name}/speed"), "10000\n");
        }
        self.read_each_tick("proc/net/dev", &dev);
    }

    /// As many lines as the real file has.
    fn lines(name: &str, between: &str, after: &str, known: &[&str]) -> String {
        let line = |name: &str| format!("{name}{between}{:>8}{after}\n", 16_384_000);
        let others = (known.len()..55).map(|number| line(&format!("{name}{number}")));
        known.iter().map(|name| line(name)).chain(others).collect()
    }

    /// Normally `/proc`.
    pub(crate) fn proc(&self) -> PathBuf {
        self.root.path().join("proc")
    }

    /// Normally `/sys`.
    pub(crate) fn sys(&self) -> PathBuf {
        self.root.path().join("sys")
    }

    /// The files that are read at every tick.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn read_each_tick(&mut self, path: &str, text: &str) {
        let path = self.write(path, text);
        self.files.push(path);
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

const MEMINFO: &[&str] =
    &["MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "SwapFree", "Shmem", "SReclaimable"];

/// The same files of the machine that this runs on.
pub(crate) fn files_of_this_machine() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = [
        "stat",
        "loadavg",
        "pressure/cpu",
        "meminfo",
        "vmstat",
        "pressure/memory",
        "diskstats",
        "pressure/io",
        "net/dev",
    ]
    .map(|name| Path::new("/proc").join(name))
    .into();
    let clocks = (0..).map(|core| format!("/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq").into());
    files.extend(clocks.take_while(|path: &PathBuf| path.exists()));
    files.retain(|path| fs::read(path).is_ok());
    files
}

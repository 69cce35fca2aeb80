//! What the kernel says of the processors beside their times: clocks, load averages, temperature.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::every::Every;
use super::super::proc_file::{Attribute, ProcFile};
use super::super::sysfs;
use super::super::{DEGREES_BELIEVED, entries};
use crate::clock;
use crate::metrics::Reason;

/// hwmon drivers whose inputs are the processor's own (kernel: Documentation/hwmon).
const DRIVERS: [&str; 4] = ["coretemp", "k10temp", "zenpower", "cpu_thermal"];

/// Clocks whose files stay open between samples; those of further cores are opened at each. A process may have some
/// thousand files open, or no more than 1,024, and needs others too.
const MOST_OPEN: usize = 256;

/// Files that stay open between samples. What is not there is searched for again: its driver may be loaded later.
#[derive(Debug)]
pub(super) struct Sensors {
    loadavg: ProcFile,
    cpus: PathBuf,
    clocks: Vec<(u32, Attribute)>,
    search_clocks: Every,
    /// What they were when they were read last, and when they may be read again.
    read: Vec<Option<f64>>,
    clocks_at: Duration,
    /// How long that took.
    clocks_took: Duration,
    hwmon: PathBuf,
    packages: Vec<Attribute>,
    search_packages: Every,
}

impl Sensors {
    pub(super) fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            loadavg: ProcFile::new(proc.join("loadavg")),
            cpus: sys.join("devices/system/cpu"),
            clocks: Vec::new(),
            search_clocks: Every::minute(),
            read: Vec::new(),
            clocks_at: Duration::ZERO,
            clocks_took: Duration::ZERO,
            hwmon: sys.join("class/hwmon"),
            packages: Vec::new(),
            search_packages: Every::minute(),
        }
    }

    /// Load averages over 1, 5 and 15 minutes.
    pub(super) fn load(&mut self) -> Result<[f64; 3], Reason> {
        let text = self.loadavg.read().map_err(|error| error.reason())?;
        parse_load(&text).ok_or(Reason::Failed)
    }

    /// Whole MHz of each of these cores at `now`; empty where the kernel manages no frequencies.
    pub(super) fn clocks(
        &mut self,
        now: Duration,
        cores: impl ExactSizeIterator<Item = u32> + Clone,
        into: &mut Vec<Option<f64>>,
    ) {
        into.clear();
        if !self.clocks.iter().map(|(id, _)| *id).eq(cores.clone()) {
            if self.clocks.is_empty() && !self.search_clocks.is_due(now) {
                return;
            }
            let file = |id| Attribute::new(self.cpus.join(format!("cpu{id}/cpufreq/scaling_cur_freq")));
            self.clocks = cores.map(|id| (id, file(id))).collect();
            self.clocks_at = Duration::ZERO;
        }
        if now < self.clocks_at {
            into.extend_from_slice(&self.read);
            return;
        }
        let begun = clock::now().mono;
        into.extend(self.clocks.iter_mut().enumerate().map(|(place, (_, file))| {
            let kilohertz = file.number::<f64>(0);
            if place >= MOST_OPEN {
                file.close();
            }
            kilohertz.map(|kilohertz| (kilohertz / 1_000.0).round())
        }));
        let took = clock::now().mono.saturating_sub(begun);
        self.clocks_at = now + rest(took, self.clocks_took);
        self.clocks_took = took;
        self.read.clone_from(into);
        if into.iter().all(Option::is_none) {
            self.clocks.clear();
            into.clear();
        }
    }

    /// °C of the hottest package, or core where a package has no sensor, at `now`.
    pub(super) fn temperature(&mut self, now: Duration) -> Result<f64, Reason> {
        if self.packages.is_empty() {
            if !self.search_packages.is_due(now) {
                return Err(Reason::Unsupported);
            }
            self.packages = packages(&self.hwmon);
        }
        let mut hottest: Result<f64, Reason> = Err(Reason::Unsupported);
        for file in &mut self.packages {
            let Some(degrees) = file.number::<f64>(0).map(|millidegrees| millidegrees / 1_000.0) else { continue };
            hottest = match hottest {
                Ok(before) if !DEGREES_BELIEVED.contains(&degrees) => Ok(before),
                Err(_) if !DEGREES_BELIEVED.contains(&degrees) => Err(Reason::Failed),
                before => Ok(before.map_or(degrees, |before| before.max(degrees))),
            };
        }
        if hottest == Err(Reason::Unsupported) {
            self.packages.clear();
        }
        hottest
    }
}

/// For how long clocks are left alone that took so long to read, and so long the time before: once, anything may have been
/// stalled. On x86, Linux before 5.18 waits ten milliseconds for each core that is busy (`arch_freq_get_on_cpu`): seconds on a
/// large machine.
fn rest(took: Duration, before: Duration) -> Duration {
    const MUCH: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_mins(1);
    let both = took.min(before);
    if both > MUCH { (both * 100).min(LONGEST) } else { Duration::ZERO }
}

/// One input of each processor sensor: Tdie where it has one, or else `temp1_input`, which is the package of coretemp and Tctl of
/// k10temp. On some of AMD's (Zen's X models, the first Threadrippers) Tctl is 10 to 27 °C above Tdie, so that their fans turn
/// faster (kernel: `Documentation/hwmon/k10temp.rst`). Processors before 2010 have no sensor of the package: then those of all cores.
fn packages(hwmon: &Path) -> Vec<Attribute> {
    let is_processor =
        |folder: &PathBuf| sysfs::text(&folder.join("name")).is_ok_and(|name| DRIVERS.contains(&name.as_str()));
    let folders = entries(hwmon).map(|entry| entry.path()).filter(is_processor);
    let inputs = |folder: PathBuf| {
        let package = || Some(folder.join("temp1_input")).filter(|file| file.exists());
        die(&folder).or_else(package).map_or_else(|| inputs(&folder), |one| vec![one])
    };
    folders.flat_map(inputs).map(Attribute::new).collect()
}

/// The temperature that a sensor calls that of the die.
fn die(folder: &Path) -> Option<PathBuf> {
    let label = |input: &Path| Some(input.with_file_name(input.file_name()?.to_str()?.replace("_input", "_label")));
    let is_die = |input: &PathBuf| label(input).is_some_and(|file| sysfs::text(&file).as_deref() == Ok("Tdie"));
    inputs(folder).into_iter().find(is_die)
}

/// The temperatures of a sensor.
fn inputs(folder: &Path) -> Vec<PathBuf> {
    let is_input = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with("temp") && name.ends_with("_input")
    };
    entries(folder).map(|entry| entry.path()).filter(is_input).collect()
}

/// `0.20 0.18 0.12 1/80 11206` (proc(5)).
fn parse_load(text: &str) -> Option<[f64; 3]> {
    let mut fields = text.split_ascii_whitespace().map(|field| field.parse::<f64>().ok().filter(|load| *load >= 0.0));
    Some([fields.next()??, fields.next()??, fields.next()??])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn load_averages() {
        assert_eq!(parse_load("0.20 0.18 0.12 1/80 11206\n"), Some([0.20, 0.18, 0.12]));
        for text in ["", "0.2 0.1", "a b c", "-1 0 0"] {
            assert_eq!(parse_load(text), None, "{text}");
        }
    }

    #[test]
    fn clocks_follow_the_cores_that_are_online() {
        let root = tempfile::tempdir().unwrap();
        let mut sensors = Sensors::new(root.path(), root.path());
        let mut clocks = |seconds, cores: [u32; 2]| {
            let mut into = vec![Some(9.0)];
            sensors.clocks(Duration::from_secs(seconds), cores.into_iter(), &mut into);
            into
        };
        assert!(clocks(0, [0, 1]).is_empty(), "a machine without cpufreq");
        for (core, kilohertz) in [(0, "5099613\n"), (1, "800000\n"), (2, "800000\n")] {
            write(root.path(), &format!("devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"), kilohertz);
        }
        assert!(clocks(59, [0, 1]).is_empty(), "not searched for at every sample");
        assert_eq!(clocks(60, [0, 1]), [Some(5_100.0), Some(800.0)], "a driver that is loaded later is found");
        assert_eq!(clocks(61, [0, 7]), [Some(5_100.0), None]);
        assert!(clocks(62, [8, 9]).is_empty(), "a driver that is unloaded");
    }

    #[test]
    fn clocks_that_take_long_are_left_alone_for_a_while() {
        let root = tempfile::tempdir().unwrap();
        let mut sensors = Sensors::new(root.path(), root.path());
        let write = |kilohertz| write(root.path(), "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", kilohertz);
        write("800000\n");
        let clocks = |sensors: &mut Sensors, seconds| {
            let mut into = Vec::new();
            sensors.clocks(Duration::from_secs(seconds), [0].into_iter(), &mut into);
            into
        };
        let rest = |took, before| rest(Duration::from_millis(took), Duration::from_millis(before));
        assert_eq!([rest(1, 160), rest(160, 1)], [Duration::ZERO; 2], "once may have been any stall");
        assert_eq!(rest(160, 170), Duration::from_secs(16));
        assert_eq!(rest(60_000, 60_000), Duration::from_mins(1), "not for ever");
        clocks(&mut sensors, 1);
        sensors.clocks_at = Duration::from_secs(17);
        write("900000\n");
        assert_eq!(clocks(&mut sensors, 16), [Some(800.0)], "as they were");
        assert_eq!(clocks(&mut sensors, 17), [Some(900.0)]);
    }

    #[test]
    fn no_more_files_stay_open_than_a_process_can_spare() {
        let root = tempfile::tempdir().unwrap();
        let mut sensors = Sensors::new(root.path(), root.path());
        for core in 0..300 {
            write(root.path(), &format!("devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"), "800000\n");
        }
        let is_here =
            |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|file| file.starts_with(root.path()));
        for second in 0..2 {
            let mut clocks = Vec::new();
            sensors.clocks(Duration::from_secs(second), 0..300, &mut clocks);
            assert_eq!(clocks, [Some(800.0); 300]);
            assert_eq!(entries(Path::new("/proc/self/fd")).filter(is_here).count(), MOST_OPEN);
        }
    }

    #[test]
    fn the_hottest_package_counts_and_other_sensors_do_not() {
        let root = tempfile::tempdir().unwrap();
        let mut sensors = Sensors::new(root.path(), root.path());
        let at = Duration::from_secs;
        assert_eq!(sensors.temperature(at(0)), Err(Reason::Unsupported));
        for (number, name, millidegrees) in [(0, "nvme", "90000"), (1, "coretemp", "51000"), (2, "coretemp", "64000")] {
            write(root.path(), &format!("class/hwmon/hwmon{number}/name"), &format!("{name}\n"));
            write(root.path(), &format!("class/hwmon/hwmon{number}/temp1_input"), millidegrees);
        }
        assert_eq!(sensors.temperature(at(59)), Err(Reason::Unsupported), "not searched for at every sample");
        assert_eq!(sensors.temperature(at(60)), Ok(64.0), "a driver that is loaded later is found");
        for (core, millidegrees) in [(2, "70000"), (3, "66000")] {
            write(root.path(), &format!("class/hwmon/hwmon3/temp{core}_input"), millidegrees);
        }
        write(root.path(), "class/hwmon/hwmon1/temp1_input", "4294948300");
        assert_eq!(sensors.temperature(at(61)), Ok(64.0), "no processor is that hot");
        write(root.path(), "class/hwmon/hwmon2/temp1_input", "-274000");
        assert_eq!(sensors.temperature(at(62)), Err(Reason::Failed));
        write(root.path(), "class/hwmon/hwmon2/temp1_input", "64500");
        assert_eq!(sensors.temperature(at(63)), Ok(64.5), "at once, since the sensor was there");
        write(root.path(), "class/hwmon/hwmon3/name", "coretemp\n");
        let mut sensors = Sensors::new(root.path(), root.path());
        assert_eq!(sensors.temperature(at(0)), Ok(70.0), "one without a sensor of the package");
    }

    /// As a Ryzen 7 2700X has them; kernels before 5.6 have Tdie first.
    #[test]
    fn the_die_counts_and_not_what_turns_its_fans() {
        for (labels, expected) in [(["Tctl", "Tdie"], 55.0), (["Tdie", "Tctl"], 65.0), (["Tctl", "Tccd1"], 65.0)] {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), "class/hwmon/hwmon2/name", "k10temp\n");
            for (place, label, millidegrees) in [(1, labels[0], "65000\n"), (2, labels[1], "55000\n")] {
                write(root.path(), &format!("class/hwmon/hwmon2/temp{place}_label"), &format!("{label}\n"));
                write(root.path(), &format!("class/hwmon/hwmon2/temp{place}_input"), millidegrees);
            }
            let mut sensors = Sensors::new(root.path(), root.path());
            assert_eq!(sensors.temperature(Duration::ZERO), Ok(expected), "{labels:?}");
        }
    }
}

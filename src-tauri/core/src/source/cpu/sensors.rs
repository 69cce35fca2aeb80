//! What the kernel says of the processors beside their times: clocks, load averages, temperature.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::proc_file::ProcFile;
use crate::metrics::Reason;

/// hwmon drivers whose first inputs are the processor's own (kernel: Documentation/hwmon).
const DRIVERS: [&str; 4] = ["coretemp", "k10temp", "zenpower", "cpu_thermal"];

/// Samples between two searches for a sensor: its driver may be loaded later.
const SEARCH_EVERY: u32 = 30;

/// Files that stay open between samples.
#[derive(Debug)]
pub(super) struct Sensors {
    loadavg: ProcFile,
    cpus: PathBuf,
    clocks: Vec<(u32, ProcFile)>,
    hwmon: PathBuf,
    packages: Vec<ProcFile>,
    until_search: u32,
}

impl Sensors {
    pub(super) fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            loadavg: ProcFile::new(proc.join("loadavg")),
            cpus: sys.join("devices/system/cpu"),
            clocks: Vec::new(),
            hwmon: sys.join("class/hwmon"),
            packages: Vec::new(),
            until_search: 0,
        }
    }

    /// Load averages over 1, 5 and 15 minutes.
    pub(super) fn load(&mut self) -> Result<[f64; 3], Reason> {
        let text = self.loadavg.read().map_err(|error| error.reason())?;
        parse_load(&text).ok_or(Reason::Failed)
    }

    /// MHz of each of these cores; empty where the kernel manages no frequencies.
    pub(super) fn clocks(&mut self, cores: impl ExactSizeIterator<Item = u32>) -> Vec<Option<f64>> {
        if !self.cpus.join("cpu0/cpufreq").is_dir() {
            self.clocks.clear();
            return Vec::new();
        }
        let ids: Vec<u32> = cores.collect();
        if !self.clocks.iter().map(|(id, _)| *id).eq(ids.iter().copied()) {
            let file = |id| ProcFile::new(self.cpus.join(format!("cpu{id}/cpufreq/scaling_cur_freq")));
            self.clocks = ids.into_iter().map(|id| (id, file(id))).collect();
        }
        self.clocks.iter_mut().map(|(_, file)| number(file).map(|kilohertz| kilohertz / 1_000.0)).collect()
    }

    /// °C of the hottest package.
    pub(super) fn temperature(&mut self) -> Result<f64, Reason> {
        if self.packages.is_empty() {
            if self.until_search > 0 {
                self.until_search -= 1;
                return Err(Reason::Unsupported);
            }
            self.until_search = SEARCH_EVERY;
            self.packages = packages(&self.hwmon);
        }
        let hottest = self.packages.iter_mut().filter_map(number).reduce(f64::max);
        if hottest.is_none() {
            self.packages.clear();
        }
        hottest.map(|millidegrees| millidegrees / 1_000.0).ok_or(Reason::Unsupported)
    }
}

/// `temp1_input` of each processor sensor: the package of coretemp, Tctl of k10temp.
fn packages(hwmon: &Path) -> Vec<ProcFile> {
    let Ok(entries) = fs::read_dir(hwmon) else { return Vec::new() };
    let is_processor =
        |folder: &PathBuf| fs::read_to_string(folder.join("name")).is_ok_and(|name| DRIVERS.contains(&name.trim()));
    let folders = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_processor);
    folders.map(|folder| ProcFile::new(folder.join("temp1_input"))).collect()
}

/// A file that holds one number, as most of /sys do.
fn number(file: &mut ProcFile) -> Option<f64> {
    file.read().ok()?.trim().parse().ok()
}

/// `0.20 0.18 0.12 1/80 11206` (proc(5)).
fn parse_load(text: &str) -> Option<[f64; 3]> {
    let mut fields = text.split_ascii_whitespace().map(|field| field.parse::<f64>().ok().filter(|load| *load >= 0.0));
    Some([fields.next()??, fields.next()??, fields.next()??])
}

#[cfg(test)]
mod tests {
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
        assert!(sensors.clocks([0, 1].into_iter()).is_empty(), "a machine without cpufreq");
        for (core, kilohertz) in [(0, "5100000\n"), (1, "800000\n"), (2, "800000\n")] {
            write(root.path(), &format!("devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"), kilohertz);
        }
        assert_eq!(sensors.clocks([0, 1].into_iter()), [Some(5_100.0), Some(800.0)]);
        assert_eq!(sensors.clocks([0, 7].into_iter()), [Some(5_100.0), None]);
    }

    #[test]
    fn the_hottest_package_counts_and_other_sensors_do_not() {
        let root = tempfile::tempdir().unwrap();
        let mut sensors = Sensors::new(root.path(), root.path());
        assert_eq!(sensors.temperature(), Err(Reason::Unsupported));
        for (number, name, millidegrees) in [(0, "nvme", "90000"), (1, "coretemp", "51000"), (2, "coretemp", "64000")] {
            write(root.path(), &format!("class/hwmon/hwmon{number}/name"), &format!("{name}\n"));
            write(root.path(), &format!("class/hwmon/hwmon{number}/temp1_input"), millidegrees);
        }
        let found = (0..=SEARCH_EVERY).find_map(|_| sensors.temperature().ok());
        assert_eq!(found, Some(64.0), "a driver that is loaded later is found");
    }
}

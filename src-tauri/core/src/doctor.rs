//! What works on this machine and what does not, looked at once and put in words: `telltale doctor`. [`crate::diagnostics`]
//! is the account of a program that runs.
//!
//! A check is a value; who prints it adds those that need more than core may know, such as the tray's.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::collector::{self, Roots};
use crate::diagnostics::{Diagnostics, SourceStatus};
use crate::feed::{Feed as _, Snapshot};
use crate::metrics::{Missing, Reason};
use crate::source::gpu::{has_nvidias, is_contained};

/// How one thing does, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It works, or there is no such thing here and nothing is missed.
    Fine,
    /// Something is missing that could be had; all else works.
    Warning,
    /// Something that is here does not work.
    Broken,
}

impl State {
    /// What the program ends with where this is the worst.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Warning => 1,
            Self::Broken => 2,
        }
    }
}

/// The same in words, for those who ask for help.
pub const EXIT_STATUS: &str = "\
Exit status:
  0  all is fine
  1  something is missing that could be had
  2  something does not work, or wrong usage";

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at, in a word or two.
    pub name: String,
    /// How it does.
    pub state: State,
    /// What was found, in plain words.
    pub detail: String,
    /// What to do about it, where something can be done and the detail does not say it.
    pub advice: Option<String>,
}

impl Check {
    /// A check without advice.
    pub fn new(name: &str, state: State, detail: impl Into<String>) -> Self {
        Self { name: name.into(), state, detail: detail.into(), advice: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn advising(self, advice: &str) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

/// All that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of Telltale.
    pub version: String,
    /// The worst of all checks.
    pub state: State,
    /// In the order in which they are printed.
    pub checks: Vec<Check>,
}

impl Report {
    /// The report of these checks.
    pub fn of(checks: Vec<Check>) -> Self {
        let state = checks.iter().map(|check| check.state).max().unwrap_or(State::Fine);
        Self { version: env!("CARGO_PKG_VERSION").into(), state, checks }
    }

    /// Prints it, as JSON or for people. A reader that has gone has had enough of it.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn print(&self, json: bool, mut out: impl io::Write) -> io::Result<()> {
        let printed = if json {
            serde_json::to_writer_pretty(&mut out, self).map_err(io::Error::from).and_then(|()| writeln!(out))
        } else {
            write!(out, "{}", self.text())
        };
        match printed.and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    /// A line per check for people, its advice on a line below.
    pub fn text(&self) -> String {
        let mut text = format!("Telltale {}\n", self.version);
        let width = self.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
        for Check { name, state, detail, advice } in &self.checks {
            let state = match state {
                State::Fine => "fine",
                State::Warning => "WARNING",
                State::Broken => "BROKEN",
            };
            // Writing to a String can't fail.
            let _ = writeln!(text, "{state:<7}  {name:<width$}  {detail}");
            if let Some(advice) = advice {
                let _ = writeln!(text, "{:<7}  {:<width$}  → {advice}", "", "");
            }
        }
        text
    }
}

/// Starts the sources as the programs do, reads each twice, and says how they do.
///
/// # Errors
/// If the system refuses a thread.
pub async fn examine(roots: &Roots) -> std::io::Result<Vec<Check>> {
    let (collector, snapshot) = collector::once(roots).await?;
    Ok(checks(roots, &snapshot, &collector.diagnostics()))
}

/// What the sources said, as checks.
fn checks(roots: &Roots, snapshot: &Snapshot, diagnostics: &Diagnostics) -> Vec<Check> {
    let mut checks: Vec<_> = diagnostics.sources.iter().map(|status| source(status, roots, snapshot)).collect();
    checks.push(pressure(snapshot));
    checks.extend(permissions(snapshot));
    checks.push(processes(&roots.proc));
    checks
}

fn source(status: &SourceStatus, roots: &Roots, snapshot: &Snapshot) -> Check {
    let (name, is_nvml) = match status.source.as_str() {
        "nvml" => ("NVIDIA driver", true),
        "drm" => ("AMD and Intel GPUs", false),
        other => (other, false),
    };
    let said = status.detail.clone().unwrap_or_else(|| "It says nothing more.".into());
    let nvidia = is_nvml && (roots.nvml.is_some() || has_nvidias(roots.of_gpus()));
    match status.reason {
        None if is_nvml => Check::new(name, State::Fine, devices(snapshot)),
        None => Check::new(name, State::Fine, "It answers."),
        Some(Reason::Absent) if nvidia => Check::new(name, State::Warning, said)
            .advising("Install or load NVIDIA's driver to see this GPU's figures."),
        Some(
            Reason::Absent
            | Reason::Asleep
            | Reason::Unsupported
            | Reason::Suspended
            | Reason::CounterReset
            | Reason::Idle
            | Reason::Shared
            | Reason::LinkDown,
        ) => Check::new(name, State::Fine, said),
        Some(Reason::NoPermission) => Check::new(name, State::Warning, said),
        Some(Reason::Starting) => Check::new(name, State::Broken, "It did not answer in time."),
        Some(Reason::NotAnswering | Reason::Lost | Reason::Failed) => Check::new(name, State::Broken, said),
    }
}

/// NVIDIA's driver and what it drives, which is what no other driver does.
fn devices(snapshot: &Snapshot) -> String {
    let driver = snapshot.gpu_driver.as_deref().unwrap_or("of unknown version");
    let gpus = snapshot.metrics.gpu.iter().filter(|gpu| !snapshot.gpu_drivers.contains_key(&gpu.gpu_id));
    let names: Vec<_> = gpus.map(|gpu| format!("GPU {} {}", gpu.index, gpu.name)).collect();
    format!("Driver {driver}: {}.", names.join(", "))
}

/// The kernel's pressure stall information, which distributions build in but do not always switch on.
fn pressure(snapshot: &Snapshot) -> Check {
    const NAME: &str = "pressure";
    let metrics = &snapshot.metrics;
    let missing = [
        metrics.cpu.as_ref().map(|cpu| &cpu.missing),
        metrics.memory.as_ref().map(|memory| &memory.missing),
        metrics.disk.as_ref().map(|disk| &disk.missing),
    ];
    let unsupported = |missing: &Missing| missing.get("pressure_some") == Some(&Reason::Unsupported);
    if cfg!(target_os = "linux") && missing.into_iter().flatten().any(unsupported) {
        let detail = "The kernel does not say how long work waits for cores, memory and disks (PSI).";
        return Check::new(NAME, State::Warning, detail).advising("Start the kernel with psi=1.");
    }
    Check::new(NAME, State::Fine, "What the kernel says of it can be read.")
}

/// Figures that this machine has and this user may not see; none where there are no such figures.
fn permissions(snapshot: &Snapshot) -> Option<Check> {
    let metrics = &snapshot.metrics;
    let gpus = metrics.gpu.iter().map(|gpu| (format!("gpu {}", gpu.index), &gpu.missing));
    let others = [
        metrics.cpu.as_ref().map(|cpu| ("cpu", &cpu.missing)),
        metrics.memory.as_ref().map(|memory| ("memory", &memory.missing)),
        metrics.disk.as_ref().map(|disk| ("disk", &disk.missing)),
        metrics.network.as_ref().map(|network| ("network", &network.missing)),
    ];
    let others = others.into_iter().flatten().map(|(channel, missing)| (channel.to_owned(), missing));
    let refused: Vec<_> = gpus
        .chain(others)
        .flat_map(|(channel, missing)| {
            // That others have file systems of their own is no fault.
            let refused = missing.iter().filter(|(field, _)| !field.ends_with("/file_systems"));
            let refused = refused.filter(|(_, reason)| **reason == Reason::NoPermission);
            refused.map(move |(field, _)| format!("{channel} {field}"))
        })
        .collect();
    let detail = || format!("This user may not read: {}.", refused.join(", "));
    (!refused.is_empty()).then(|| Check::new("permissions", State::Warning, detail()))
}

/// Whether other users' processes can be seen. With `hidepid` the first process can't (kernel: `Documentation/filesystems/proc.rst`).
fn processes(proc: &Path) -> Check {
    const NAME: &str = "processes";
    if !cfg!(target_os = "linux") || fs::read(proc.join("1/stat")).is_ok() {
        if is_contained(proc) {
            let detail = "Those outside of this container are hidden, and with them how busy they keep GPUs of Intel.";
            return Check::new(NAME, State::Warning, detail)
                .advising("Give it the machine's own (docker run --pid=host).");
        }
        return Check::new(NAME, State::Fine, "Those of other users can be seen too.");
    }
    let detail = "Those of other users are hidden from this one (/proc is mounted with hidepid).";
    Check::new(NAME, State::Warning, detail).advising("Ask the administrator for the group that may see them (gid=).")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::metrics::{CpuMetrics, CurrentMetrics, DiskMetrics, GpuMetrics};

    fn status(source: &str, reason: Option<Reason>) -> SourceStatus {
        SourceStatus {
            source: source.into(),
            channel: "system/gpu".into(),
            reason,
            detail: reason.map(|_| "Some words.".into()),
            age: None,
            duration: None,
            longest: None,
            waiting: None,
            successes: 0,
            failures: 0,
            busy: 0,
            panics: 0,
        }
    }

    fn roots(folder: &Path) -> Roots {
        Roots { proc: folder.join("proc"), sys: folder.join("sys"), gpus: None, nvml: None }
    }

    #[test]
    fn a_driver_is_missed_only_where_there_is_a_gpu_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = |reason| source(&status("nvml", reason), &roots(folder.path()), &Snapshot::default()).state;
        assert_eq!(state(Some(Reason::Absent)), State::Fine);
        let device = folder.path().join("sys/bus/pci/devices/0000:01:00.0");
        fs::create_dir_all(&device).unwrap();
        fs::write(device.join("vendor"), "0x10de\n").unwrap();
        fs::write(device.join("class"), "0x040300\n").unwrap();
        assert_eq!(state(Some(Reason::Absent)), State::Fine, "its sound is no GPU");
        fs::write(device.join("class"), "0x030000\n").unwrap();
        assert_eq!(state(Some(Reason::Absent)), State::Warning);
        assert_eq!(state(Some(Reason::Asleep)), State::Fine);
        assert_eq!(state(Some(Reason::Failed)), State::Broken, "a driver that was replaced");
        assert_eq!(state(Some(Reason::Starting)), State::Broken, "one that hangs");
    }

    #[test]
    fn a_driver_that_works_is_named_with_its_gpus() {
        let gpu = GpuMetrics { index: 1, name: "NVIDIA H200".into(), ..GpuMetrics::default() };
        let metrics = CurrentMetrics { gpu: vec![gpu], ..CurrentMetrics::default() };
        let snapshot = Snapshot { metrics, gpu_driver: Some("550.54".into()), ..Snapshot::default() };
        let check = source(&status("nvml", None), &Roots::default(), &snapshot);
        assert_eq!(check.detail, "Driver 550.54: GPU 1 NVIDIA H200.");
    }

    #[test]
    fn a_gpu_of_another_driver_is_not_nvidias() {
        let gpu = |gpu_id: &str, index, name: &str| GpuMetrics {
            gpu_id: gpu_id.into(),
            index,
            name: name.into(),
            ..GpuMetrics::default()
        };
        let gpu = vec![gpu("GPU-1", 0, "NVIDIA H200"), gpu("PCI-0000:00:02_0", 1, "Intel UHD 770")];
        let metrics = CurrentMetrics { gpu, ..CurrentMetrics::default() };
        let gpu_drivers = BTreeMap::from([("PCI-0000:00:02_0".into(), "i915")]);
        let snapshot = Snapshot { metrics, gpu_driver: Some("550.54".into()), gpu_drivers, ..Snapshot::default() };
        let check = source(&status("nvml", None), &Roots::default(), &snapshot);
        assert_eq!(check.detail, "Driver 550.54: GPU 0 NVIDIA H200.");
    }

    #[test]
    fn what_the_kernel_keeps_from_this_user_is_a_warning() {
        let missing = Missing::from([
            ("pressure_some".into(), Reason::Unsupported),
            ("temperature".into(), Reason::NoPermission),
        ]);
        let cpu = CpuMetrics { missing, ..CpuMetrics::default() };
        let metrics = CurrentMetrics { cpu: Some(cpu), ..CurrentMetrics::default() };
        let snapshot = Snapshot { metrics, ..Snapshot::default() };
        assert!(permissions(&snapshot).unwrap().detail.contains("cpu temperature"));
        assert_eq!(permissions(&Snapshot::default()), None);
        let missing = Missing::from([("devices/sda/file_systems".into(), Reason::NoPermission)]);
        let disk = DiskMetrics { missing, ..DiskMetrics::default() };
        let metrics = CurrentMetrics { disk: Some(disk), ..CurrentMetrics::default() };
        assert_eq!(permissions(&Snapshot { metrics, ..Snapshot::default() }), None, "another user's disk");
        assert_eq!(pressure(&Snapshot::default()).state, State::Fine);
        assert_eq!(pressure(&snapshot).advice.is_some(), cfg!(target_os = "linux"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_proc_without_the_first_process_hides_others() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(processes(folder.path()).state, State::Warning);
        fs::create_dir(folder.path().join("1")).unwrap();
        fs::write(folder.path().join("1/stat"), "1 (init) S").unwrap();
        assert_eq!(processes(folder.path()).state, State::Fine);
        #[cfg(target_os = "linux")]
        {
            fs::create_dir_all(folder.path().join("self/ns")).unwrap();
            std::os::unix::fs::symlink("pid:[4026532201]", folder.path().join("self/ns/pid")).unwrap();
            assert!(processes(folder.path()).detail.contains("container"));
        }
    }

    #[test]
    fn the_worst_check_decides_and_advice_stands_below_its_line() {
        let fine = Check::new("cpu", State::Fine, "It answers.");
        let warning = Check::new("tray host", State::Warning, "None.").advising("Start one.");
        assert_eq!(Report::of(vec![]).state.exit_code(), 0);
        assert_eq!(
            Report::of(vec![fine.clone(), Check { state: State::Broken, ..warning.clone() }]).state.exit_code(),
            2
        );
        let report = Report::of(vec![fine, warning]);
        assert_eq!(report.state.exit_code(), 1);
        let text = report.text();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            ["fine     cpu        It answers.", "WARNING  tray host  None.", "                    → Start one.",]
        );
    }
}

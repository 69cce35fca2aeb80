//! Lets GPUs sleep. Runtime power management is read from sysfs, which wakes nothing; while all of NVIDIA's devices are
//! suspended NVML is not asked, and where they could be but are idle, NVML is let go of: holding it keeps them awake.
//! (kernel: `Documentation/power/runtime_pm.rst`, `Documentation/ABI/testing/sysfs-devices-power`)

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Idle for so long, a GPU is let go of; longer each time that it then did not fall asleep, up to the second.
const IDLE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// How long a GPU that was let go of has to fall asleep. The driver's own delay is some seconds.
const SETTLE: Duration = Duration::from_secs(15);

/// What sysfs says of all NVIDIA GPUs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// None there, or at least one that never sleeps.
    AlwaysOn,
    /// All may sleep, and at least one does not.
    Awake,
    /// All sleep.
    Asleep,
}

/// Reads the state of NVIDIA's display devices under `sys` (normally `/sys`).
pub(super) fn power(sys: &Path) -> Power {
    let entries = fs::read_dir(sys.join("bus/pci/devices")).into_iter().flatten().filter_map(Result::ok);
    let text = |folder: &Path, file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default().trim().to_owned();
    let is_gpu = |folder: &PathBuf| text(folder, "vendor") == "0x10de" && text(folder, "class").starts_with("0x03");
    let (mut any, mut all_asleep) = (false, true);
    for folder in entries.map(|entry| entry.path()).filter(is_gpu) {
        any = true;
        // The one that shows the desktop can't sleep while anybody looks at it.
        if text(&folder, "power/control") != "auto" || text(&folder, "boot_vga") == "1" {
            return Power::AlwaysOn;
        }
        all_asleep &= text(&folder, "power/runtime_status") == "suspended";
    }
    match (any, all_asleep) {
        (false, _) => Power::AlwaysOn,
        (true, true) => Power::Asleep,
        (true, false) => Power::Awake,
    }
}

/// When to ask and when to let go. Times are of the monotonic clock.
#[derive(Debug)]
pub(super) struct Sleep {
    /// Since when all devices have been idle.
    idle_since: Option<Duration>,
    /// How long they must be before they are let go of.
    patience: Duration,
    /// When they were.
    released_at: Option<Duration>,
}

impl Default for Sleep {
    fn default() -> Self {
        Self { idle_since: None, patience: IDLE.0, released_at: None }
    }
}

impl Sleep {
    /// Whether NVML may be asked now.
    pub(super) fn may_ask(&mut self, power: Power, now: Duration) -> bool {
        match (power, self.released_at) {
            (Power::Asleep, _) => {
                *self = Self::default(); // it does fall asleep
                false
            }
            (Power::Awake, Some(at)) if now < at + SETTLE => false,
            (Power::Awake, Some(_)) => {
                // Something else keeps it awake: try more rarely.
                self.released_at = None;
                self.patience = (self.patience * 2).min(IDLE.1);
                true
            }
            (Power::Awake, None) | (Power::AlwaysOn, _) => true,
        }
    }

    /// Whether to let go of NVML after this sample.
    pub(super) fn lets_go(&mut self, power: Power, idle: bool, now: Duration) -> bool {
        if power != Power::Awake || !idle {
            self.idle_since = None;
            return false;
        }
        let since = *self.idle_since.get_or_insert(now);
        if now.saturating_sub(since) < self.patience {
            return false;
        }
        self.idle_since = None;
        self.released_at = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(sys: &Path, address: &str, vendor: &str, class: &str, control: &str, status: &str) {
        let folder = sys.join("bus/pci/devices").join(address);
        fs::create_dir_all(folder.join("power")).unwrap();
        for (file, value) in
            [("vendor", vendor), ("class", class), ("power/control", control), ("power/runtime_status", status)]
        {
            fs::write(folder.join(file), format!("{value}\n")).unwrap();
        }
    }

    #[test]
    fn only_nvidias_display_devices_count_and_all_must_sleep() {
        let root = tempfile::tempdir().unwrap();
        let sys = root.path();
        assert_eq!(power(sys), Power::AlwaysOn, "none at all");
        device(sys, "0000:00:02.0", "0x8086", "0x030000", "on", "active");
        device(sys, "0000:01:00.1", "0x10de", "0x040300", "auto", "active"); // its sound
        assert_eq!(power(sys), Power::AlwaysOn);
        device(sys, "0000:01:00.0", "0x10de", "0x030200", "auto", "suspended");
        assert_eq!(power(sys), Power::Asleep);
        device(sys, "0000:02:00.0", "0x10de", "0x030000", "auto", "active");
        assert_eq!(power(sys), Power::Awake);
        fs::write(sys.join("bus/pci/devices/0000:02:00.0/boot_vga"), "1\n").unwrap();
        assert_eq!(power(sys), Power::AlwaysOn, "it shows the desktop");
        fs::write(sys.join("bus/pci/devices/0000:02:00.0/boot_vga"), "0\n").unwrap();
        assert_eq!(power(sys), Power::Awake);
        device(sys, "0000:02:00.0", "0x10de", "0x030000", "on", "active");
        assert_eq!(power(sys), Power::AlwaysOn);
    }

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn an_idle_gpu_is_let_go_of_and_left_alone_while_it_sleeps() {
        let mut sleep = Sleep::default();
        for second in 0..60 {
            assert!(sleep.may_ask(Power::Awake, S(second)));
            assert!(!sleep.lets_go(Power::Awake, true, S(second)));
        }
        assert!(sleep.lets_go(Power::Awake, true, S(60)));
        assert!(!sleep.may_ask(Power::Awake, S(62)), "it has time to fall asleep");
        for second in (70..10_000).step_by(100) {
            assert!(!sleep.may_ask(Power::Asleep, S(second)));
        }
        assert!(sleep.may_ask(Power::Awake, S(10_000)), "something else woke it");
    }

    #[test]
    fn work_starts_the_minute_anew() {
        let mut sleep = Sleep::default();
        sleep.lets_go(Power::Awake, true, S(0));
        assert!(!sleep.lets_go(Power::Awake, false, S(59)));
        assert!(!sleep.lets_go(Power::Awake, true, S(61)));
        assert!(sleep.lets_go(Power::Awake, true, S(121)));
    }

    #[test]
    fn one_that_does_not_fall_asleep_is_let_go_of_ever_more_rarely() {
        let mut sleep = Sleep::default();
        let mut now = 0;
        let mut releases = Vec::new();
        while now < 20_000 {
            if sleep.may_ask(Power::Awake, S(now)) && sleep.lets_go(Power::Awake, true, S(now)) {
                releases.push(now);
            }
            now += 1;
        }
        let apart: Vec<u64> = releases.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(apart.windows(2).all(|pair| pair[1] >= pair[0]) && apart.last() > Some(&3_000), "{apart:?}");
    }

    #[test]
    fn a_desktops_gpu_is_never_let_go_of() {
        let mut sleep = Sleep::default();
        for second in 0..10_000 {
            assert!(sleep.may_ask(Power::AlwaysOn, S(second)) && !sleep.lets_go(Power::AlwaysOn, true, S(second)));
        }
    }
}

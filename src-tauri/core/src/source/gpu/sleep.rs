//! Lets GPUs sleep. Runtime power management is read from sysfs, which wakes nothing. A device that is suspended is not
//! asked; while one is, NVML is not opened, since that wakes all of them; and where all that could sleep are awake but
//! idle, NVML is let go of: holding it keeps them awake.
//! (kernel: `Documentation/power/runtime_pm.rst`, `Documentation/ABI/testing/sysfs-devices-power`)

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::pci::{self, NVIDIA_DRIVER, text};
use crate::metrics::Reason;
use crate::source::entries;

/// Idle for so long, a GPU is let go of; longer each time that it then did not fall asleep, up to the second.
const IDLE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// The same of one that something woke and that has had nothing to do since: each program that looks for a GPU to draw with does so.
const IDLE_SINCE_IT_WOKE: Duration = Duration::from_secs(10);

/// How long a GPU that was let go of has to fall asleep. The driver's own delay is some seconds.
const SETTLE: Duration = Duration::from_secs(15);

/// What sysfs says of a device, or of several together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// It never sleeps; of several: none sleeps now, and at least one never does. NVML, which is open for that one, is not
    /// let go of.
    AlwaysOn,
    /// It may sleep and does not; of several: all may, and none does.
    Awake,
    /// It sleeps; of several: at least one does.
    Asleep,
}

/// NVIDIA's devices by PCI address (`0000:01:00.0`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Powers {
    of: BTreeMap<String, Power>,
    /// The addresses of those that are lent to virtual machines.
    lent: Vec<String>,
    /// All that there are, and their drivers.
    pub(super) devices: BTreeMap<String, Option<String>>,
    /// There is none but those.
    all_lent: bool,
}

/// The devices on the PCI bus by address, and whether each is a display of NVIDIA's: what it is does not change
/// while it is there, and asking all of them at every tick would be most of what a tick costs. Which driver has it may.
#[derive(Debug, Default)]
pub(super) struct Bus(BTreeMap<String, bool>);

impl Bus {
    /// Reads the state of NVIDIA's display devices under `sys` (normally `/sys`) that NVML would open: not of those that
    /// another driver has, which lends them to a virtual machine, say. Those without any count as long as NVML's has none,
    /// since opening NVML loads it.
    pub(super) fn powers(&mut self, sys: &Path) -> Powers {
        let bus = pci::devices(sys);
        let addresses = entries(&bus).filter_map(|entry| entry.file_name().into_string().ok());
        let device = |address: String| {
            let known = self.0.get(&address).copied();
            let is_gpu = known.unwrap_or_else(|| pci::is_nvidias(&bus.join(&address)));
            (address, is_gpu)
        };
        self.0 = addresses.map(device).collect();
        let gpus = self.0.iter().filter(|(_, is_gpu)| **is_gpu).map(|(address, _)| (address, bus.join(address)));
        let gpus: Vec<_> = gpus.map(|(address, folder)| (pci::driver(&folder), address, folder)).collect();
        let loaded = gpus.iter().any(|(driver, ..)| driver.as_deref() == Some(NVIDIA_DRIVER));
        let opened = |driver: &Option<String>| driver.as_ref().map_or(!loaded, |driver| driver == NVIDIA_DRIVER);
        let lent = gpus.iter().filter(|(driver, ..)| pci::lends(driver.as_deref()));
        let lent: Vec<_> = lent.map(|(_, address, _)| (*address).clone()).collect();
        let all_lent = !lent.is_empty() && lent.len() == gpus.len();
        let of = gpus.iter().filter(|(driver, ..)| opened(driver));
        let of = of.map(|(_, address, folder)| ((*address).clone(), nvidias_power(folder))).collect();
        let devices = gpus.into_iter().map(|(driver, address, _)| (address.clone(), driver)).collect();
        Powers { of, lent, devices, all_lent }
    }
}

impl Powers {
    /// All of them together.
    pub(super) fn overall(&self) -> Power {
        let any = |power| self.of.values().any(|one| *one == power);
        if any(Power::Asleep) {
            Power::Asleep
        } else if any(Power::AlwaysOn) || self.of.is_empty() {
            Power::AlwaysOn
        } else {
            Power::Awake
        }
    }

    /// Why one has no figures while NVML is not opened. One that is awake beside one that sleeps is not said to sleep: it
    /// waits until it can be asked.
    pub(super) fn reason(&self, address: Option<&str>) -> Reason {
        let known = address.map(|address| self.of.get(address));
        match (known, self.overall()) {
            (Some(Some(Power::Asleep)) | None, _) | (Some(Some(Power::Awake)), Power::Awake) => Reason::Asleep,
            (Some(Some(Power::Awake | Power::AlwaysOn)), _) => Reason::Starting,
            (Some(None), _) if self.of.is_empty() => Reason::Asleep,
            (Some(None), _) => Reason::Lost,
        }
    }

    /// One of them; `None` for one that is gone from the bus while another sleeps, which it is not said to do. Of one whose address
    /// is not known, only what is true of all.
    pub(super) fn of(&self, address: Option<&str>) -> Option<Power> {
        let of_all = Some(self.overall());
        let Some(address) = address else { return of_all };
        self.of.get(address).copied().or_else(|| of_all.filter(|power| *power != Power::Asleep))
    }

    /// Why one is not to be asked now; `None` for one that is awake.
    pub(super) fn obstacle(&self, address: Option<&str>) -> Option<Reason> {
        match self.of(address) {
            Some(Power::Awake | Power::AlwaysOn) => None,
            Some(Power::Asleep) => Some(Reason::Asleep),
            None => Some(Reason::Lost),
        }
    }

    /// The same as if none ever slept.
    pub(super) fn awake(self) -> Self {
        Self { of: BTreeMap::new(), ..self }
    }

    /// Whether a virtual machine has the device at an address.
    pub(super) fn is_lent(&self, address: Option<&str>) -> bool {
        address.is_some_and(|address| self.lent.iter().any(|lent| lent == address))
    }

    /// The addresses of those that NVIDIA's driver has.
    pub(super) fn bound(&self) -> BTreeSet<&str> {
        let bound = self.devices.iter().filter(|(_, driver)| driver.as_deref() == Some(NVIDIA_DRIVER));
        bound.map(|(address, _)| address.as_str()).collect()
    }

    /// Whether NVML has no device to open because virtual machines have them all.
    pub(super) fn all_lent(&self) -> bool {
        self.all_lent
    }

    /// Whether every one sleeps.
    pub(super) fn all_asleep(&self) -> bool {
        !self.of.is_empty() && self.of.values().all(|power| *power == Power::Asleep)
    }
}

/// Whether there is a GPU that NVML would open and that may sleep, or does.
pub fn has_nvidias_that_sleep(sys: &Path) -> bool {
    Bus::default().powers(sys).of.values().any(|power| *power != Power::AlwaysOn)
}

/// What runtime power management says of the device at `folder`. One that sleeps does, whatever it may do.
pub(super) fn power(folder: &Path) -> Power {
    if matches!(text(folder, "power/runtime_status").as_str(), "suspended" | "suspending") {
        Power::Asleep
    } else if text(folder, "power/control") != "auto" {
        Power::AlwaysOn
    } else {
        Power::Awake
    }
}

/// The same of one of NVIDIA's: that which shows the desktop is not let go of, as it won't sleep while anybody looks.
fn nvidias_power(folder: &Path) -> Power {
    match power(folder) {
        Power::Awake if text(folder, "boot_vga") == "1" => Power::AlwaysOn,
        power @ (Power::Asleep | Power::Awake | Power::AlwaysOn) => power,
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
    /// Whether the devices may be asked now.
    pub(super) fn may_ask(&mut self, power: Power, now: Duration) -> bool {
        match (power, self.released_at) {
            (Power::Asleep, _) => {
                // It does fall asleep.
                *self = Self { patience: IDLE_SINCE_IT_WOKE, ..Self::default() };
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

    /// Whether to let go of them after this sample.
    pub(super) fn lets_go(&mut self, power: Power, idle: bool, now: Duration) -> bool {
        if power != Power::Awake || !idle {
            self.idle_since = None;
            self.patience = self.patience.max(IDLE.0);
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
    use std::fs;

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
    fn each_of_nvidias_display_devices_has_its_own_state() {
        let root = tempfile::tempdir().unwrap();
        let sys = root.path();
        let mut bus = Bus::default();
        let mut read = || bus.powers(sys);
        assert_eq!(read().overall(), Power::AlwaysOn, "none at all");
        device(sys, "0000:00:02.0", "0x8086", "0x030000", "auto", "suspended");
        device(sys, "0000:01:00.1", "0x10de", "0x040300", "auto", "suspended"); // its sound
        assert_eq!(read(), Powers::default());
        device(sys, "0000:01:00.0", "0x10de", "0x030200", "auto", "suspended");
        assert_eq!((read().overall(), read().all_asleep()), (Power::Asleep, true));
        assert!(has_nvidias_that_sleep(sys) && !has_nvidias_that_sleep(&sys.join("elsewhere")));
        device(sys, "0000:02:00.0", "0x10de", "0x030000", "auto", "active");
        let both = read();
        assert_eq!((both.overall(), both.all_asleep()), (Power::Asleep, false));
        assert_eq!(
            (both.of(Some("0000:01:00.0")), both.of(Some("0000:02:00.0"))),
            (Some(Power::Asleep), Some(Power::Awake))
        );
        assert_eq!(both.of(None), Some(Power::Asleep), "it may be the one that sleeps");
        assert_eq!(both.of(Some("0000:03:00.0")), None, "one that is gone does not sleep");
        device(sys, "0000:01:00.0", "0x10de", "0x030200", "auto", "active");
        assert_eq!(read().overall(), Power::Awake);
        fs::write(sys.join("bus/pci/devices/0000:02:00.0/boot_vga"), "1\n").unwrap();
        assert_eq!(read().of(Some("0000:02:00.0")), Some(Power::AlwaysOn), "it shows the desktop");
        device(sys, "0000:02:00.0", "0x10de", "0x030000", "auto", "suspended");
        assert_eq!(read().of(Some("0000:02:00.0")), Some(Power::Asleep), "and sleeps all the same");
        device(sys, "0000:02:00.0", "0x10de", "0x030000", "auto", "active");
        fs::write(sys.join("bus/pci/devices/0000:02:00.0/boot_vga"), "0\n").unwrap();
        assert_eq!(read().of(Some("0000:02:00.0")), Some(Power::Awake));
        device(sys, "0000:02:00.0", "0x10de", "0x030000", "on", "active");
        assert_eq!(
            (read().of(Some("0000:01:00.0")), read().of(Some("0000:02:00.0"))),
            (Some(Power::Awake), Some(Power::AlwaysOn))
        );
        assert_eq!(read().overall(), Power::AlwaysOn, "NVML stays open for the one that can't sleep");
        // One was taken out, and comes back as another vendor's.
        fs::remove_dir_all(sys.join("bus/pci/devices/0000:01:00.0")).unwrap();
        assert_eq!(read().overall(), Power::AlwaysOn);
        device(sys, "0000:01:00.0", "0x1002", "0x030000", "auto", "suspended");
        assert_eq!(read().overall(), Power::AlwaysOn);
    }

    #[test]
    fn one_that_is_awake_is_not_said_to_sleep() {
        let powers = |states: &[Power]| {
            let address = |(number, power): (usize, &Power)| (format!("0000:0{number}:00.0"), *power);
            Powers { of: states.iter().enumerate().map(address).collect(), ..Powers::default() }
        };
        let why = |powers: Powers| ["0000:00:00.0", "0000:01:00.0", "0000:02:00.0"].map(|it| powers.reason(Some(it)));
        let mixed = why(powers(&[Power::AlwaysOn, Power::Asleep, Power::Awake]));
        assert_eq!(mixed, [Reason::Starting, Reason::Asleep, Reason::Starting]);
        let left_alone = why(powers(&[Power::Awake, Power::Awake]));
        assert_eq!(left_alone, [Reason::Asleep, Reason::Asleep, Reason::Lost], "the last one is gone");
        assert_eq!(powers(&[Power::Asleep]).reason(None), Reason::Asleep);
    }

    /// Binds a device to a driver.
    #[cfg(unix)]
    fn bind(sys: &Path, address: &str, driver: &str) {
        let link = sys.join("bus/pci/devices").join(address).join("driver");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(format!("../../../bus/pci/drivers/{driver}"), link).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_gpu_lent_to_a_virtual_machine_hides_no_other_by_sleeping() {
        let root = tempfile::tempdir().unwrap();
        let sys = root.path();
        let mut bus = Bus::default();
        for address in ["0000:01:00.0", "0000:02:00.0"] {
            device(sys, address, "0x10de", "0x030000", "auto", "suspended");
        }
        assert!(bus.powers(sys).all_asleep(), "opening NVML loads its driver for both");
        bind(sys, "0000:01:00.0", "vfio-pci");
        assert_eq!(bus.powers(sys).of(Some("0000:02:00.0")), Some(Power::Asleep));
        bind(sys, "0000:02:00.0", NVIDIA_DRIVER);
        device(sys, "0000:02:00.0", "0x10de", "0x030000", "auto", "active");
        assert_eq!(bus.powers(sys).overall(), Power::Awake, "the other is not NVML's");
        fs::remove_file(sys.join("bus/pci/devices/0000:01:00.0/driver")).unwrap();
        assert_eq!(bus.powers(sys).overall(), Power::Awake, "nor is one that was taken from its driver");
        bind(sys, "0000:01:00.0", NVIDIA_DRIVER);
        assert_eq!(bus.powers(sys).overall(), Power::Asleep, "it is given back");
        assert!(!bus.powers(sys).all_lent() && pci::has_nvidias(sys));
        for address in ["0000:01:00.0", "0000:02:00.0"] {
            bind(sys, address, "vfio-pci");
        }
        assert!(bus.powers(sys).all_lent() && !pci::has_nvidias(sys), "there is nothing to open NVML for");
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
    fn one_that_was_woken_for_nothing_is_let_go_of_soon() {
        let let_go_after = |works_until: u64| {
            let mut sleep = Sleep::default();
            assert!(!sleep.may_ask(Power::Asleep, S(0)));
            (1..200).find(|second| {
                assert!(sleep.may_ask(Power::Awake, S(*second)), "its figures are there meanwhile");
                sleep.lets_go(Power::Awake, *second > works_until, S(*second))
            })
        };
        assert_eq!(
            (let_go_after(0), let_go_after(5)),
            (Some(11), Some(66)),
            "a program that draws, and one that computes"
        );
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

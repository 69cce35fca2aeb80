//! The NVML session: opened when the source is asked, closed and opened anew when the driver goes away.
//!
//! Initializing can take seconds and wakes every sleeping GPU, so a failed one is tried again ever more rarely.

mod access;
mod details;
mod device;
mod figures;
mod gpm;
mod identity;
mod joined;
mod order;
mod processes;
mod refusal;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

pub use access::Access;
pub(in super::super::super) use details::NvmlDetails;

use super::super::{Previous, Problem, Reading, Source, SourceError, Stamped};
use super::Identity;
use super::sleep::{Power, Powers, Sleep};
use super::turns::Inside;
use crate::clock;
use crate::gpu_details::AwakeHolder;
use crate::metrics::Reason;
use access::Open;
use device::{Device, Sample};
use figures::Fixed;
use joined::Joined;

/// First and longest wait before initializing again.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// The longest where the kernel does not have the driver: each time its library tries to load it (nvidia-modprobe(1)), which the
/// kernel's log tells. Once it is loaded, or the devices are others, nothing is waited for.
const UNLOADED: Duration = Duration::from_hours(1);

/// Who holds the session while nobody else uses it: the tick's reader, and the access to it.
const HOLDERS: usize = 2;

/// How often to look at what keeps a GPU awake that could sleep.
const LOOK: Duration = Duration::from_secs(10);

/// All NVIDIA GPUs of this machine.
#[derive(Debug)]
pub struct Gpu {
    access: Arc<Access>,
    /// Its number among those that share the access.
    turn: u64,
    session: Session,
    /// How long to wait after the next failure before initializing again; longer each time, until there are figures.
    wait: Duration,
    /// Every device seen so far, the one identified last at the end: one that goes away is shown as lost, not forgotten.
    known: Vec<Identity>,
    /// The ids of those that NVML counts no more.
    gone: Vec<String>,
    joined: Joined,
    sleep: Sleep,
    /// What keeps devices awake, and when that was looked at.
    awake: (Option<Duration>, BTreeMap<String, Vec<AwakeHolder>>),
}

#[derive(Debug)]
enum Session {
    Open {
        nvml: Arc<Nvml>,
        driver_version: Option<String>,
        fixed: BTreeMap<String, Fixed>,
    },
    Closed {
        why: Option<Problem>,
        retry_at: Duration,
        /// The devices and their drivers, where the kernel did not have NVIDIA's.
        without_driver: Option<BTreeMap<String, Option<String>>>,
    },
}

impl Session {
    const NONE_YET: Self = Self::Closed { why: None, retry_at: Duration::ZERO, without_driver: None };
}

impl Gpu {
    /// NVML is loaded at the first sample, unless there is a session to go on with: that of one whose place this takes.
    pub fn new(access: Arc<Access>) -> Self {
        let turn = access.turns.begin();
        let Open { nvml, known, gone, .. } = access.open();
        let session = match nvml {
            Some(nvml) => {
                Session::Open { driver_version: nvml.sys_driver_version().ok(), nvml, fixed: BTreeMap::new() }
            }
            None => Session::NONE_YET,
        };
        let (joined, sleep) = (Joined::default(), Sleep::default());
        Self { access, turn, session, wait: RETRY.0, known, gone, joined, sleep, awake: (None, BTreeMap::new()) }
    }

    fn sample(&mut self, powers: &Powers, now: Duration) -> Sample {
        // Those are another's, and are found anew when they come back.
        self.known.retain(|known| !powers.is_lent(known.pci_address.as_deref()));
        if powers.all_lent() {
            self.let_go();
            return self.nothing_but(Problem { reason: Reason::Absent, detail: LENT.into() });
        }
        let overall = powers.overall();
        if let Session::Closed { .. } = self.session {
            if !self.sleep.may_ask(overall, now) {
                return self.asleep(powers);
            }
            if let Err(problem) = self.open(powers) {
                return self.nothing_but(problem);
            }
        }
        let Session::Open { nvml, driver_version, fixed } = &mut self.session else {
            return Sample::default();
        };
        let enter = |index| self.access.turns.enter(self.turn, &index);
        let read = if overall == Power::Asleep {
            read_awake(nvml, enter, &self.known, powers, fixed)
        } else {
            nvml.device_count().and_then(|count| {
                self.access.counted.store(count, Ordering::Relaxed);
                read_all(nvml, count, enter, &mut self.known, &mut self.gone, fixed)
            })
        };
        let driver_version = driver_version.clone();
        match read {
            Ok(devices) => {
                self.wait = RETRY.0;
                let joined = self.joined.asks_for_a_session(&powers.bound(), &devices, now);
                // It does not end while one asks it for details, and while a device sleeps another would wake that.
                let begins_anew = joined && overall != Power::Asleep && Arc::strong_count(nvml) <= HOLDERS;
                let awake = self.kept_awake(powers, now);
                if begins_anew || self.sleep.lets_go(overall, all_idle(&devices), now) {
                    self.let_go();
                }
                let problem = if powers.all_asleep() {
                    Some(Problem { reason: Reason::Asleep, detail: ASLEEP.into() })
                } else if devices.is_empty() {
                    let detail = "The NVIDIA driver is loaded but reports no GPU.";
                    Some(Problem { reason: Reason::Absent, detail: detail.into() })
                } else {
                    None
                };
                Sample { driver_version, devices, problem, awake }
            }
            Err(error) => {
                let problem = self.close(&error, powers);
                self.nothing_but(problem)
            }
        }
    }

    /// What keeps each device awake that could sleep. Who uses it changes slowly, and asking is two more calls.
    fn kept_awake(&mut self, powers: &Powers, now: Duration) -> BTreeMap<String, Vec<AwakeHolder>> {
        let Session::Open { nvml, .. } = &self.session else { return BTreeMap::new() };
        if self.awake.0.is_none_or(|at| now >= at + LOOK) {
            let can_sleep = |known: &&Identity| powers.of(known.pci_address.as_deref()) == Some(Power::Awake);
            let holders = |known: &Identity| {
                let _inside = self.access.turns.enter(self.turn, &known.index)?;
                let device = access::find(nvml, known).ok()?;
                Some((known.id.clone(), processes::holders(&device, &self.access.proc)))
            };
            self.awake = (Some(now), self.known.iter().filter(can_sleep).filter_map(holders).collect());
        }
        self.awake.1.clone()
    }

    /// Lets go of NVML, so that the devices can sleep; nothing is to wait for when they wake.
    fn let_go(&mut self) {
        self.session = Session::NONE_YET;
        self.joined = Joined::default();
        self.awake = (None, BTreeMap::new());
    }

    /// The devices while NVML is not opened, since it would wake one, or keep it from falling asleep.
    fn asleep(&self, powers: &Powers) -> Sample {
        let detail = match powers.overall() {
            Power::Asleep if powers.all_asleep() => ASLEEP,
            Power::Asleep => {
                "One of the GPUs is asleep, and NVML can't be opened without waking it: the others are not asked either. The setting \u{201c}Sleeping GPUs\u{201d} changes that."
            }
            Power::Awake | Power::AlwaysOn => {
                "The GPU was idle: Telltale leaves it alone for a moment, so that it can fall asleep."
            }
        };
        let device =
            |known: &Identity| Device::without_figures(known.clone(), powers.reason(known.pci_address.as_deref()));
        let problem = Some(Problem { reason: Reason::Asleep, detail: detail.into() });
        Sample { devices: self.known.iter().map(device).collect(), problem, ..Sample::default() }
    }

    /// Initializes if it is time to; the problem where there is no session.
    fn open(&mut self, powers: &Powers) -> Result<(), Problem> {
        let Session::Closed { why, retry_at, without_driver } = &self.session else { return Ok(()) };
        let now = clock::now().mono;
        let changed = |before: &BTreeMap<_, _>| *before != powers.devices || self.access.has_driver();
        if let Some(problem) = why.clone().filter(|_| now < *retry_at && !without_driver.as_ref().is_some_and(changed))
        {
            return Err(problem);
        }
        match Nvml::builder().lib_path(&self.access.library).init() {
            Ok(nvml) => {
                let driver_version = nvml.sys_driver_version().ok();
                self.session = Session::Open { nvml: Arc::new(nvml), driver_version, fixed: BTreeMap::new() };
                Ok(())
            }
            Err(error) => Err(self.close(&error, powers)),
        }
    }

    /// Ends the session, if there is one; a new one is tried later. Why, in words.
    fn close(&mut self, error: &NvmlError, powers: &Powers) -> Problem {
        let why = refusal::problem(error, &self.access.library);
        self.joined = Joined::default();
        let unloaded =
            cfg!(target_os = "linux") && matches!(error, NvmlError::DriverNotLoaded) && !self.access.has_driver();
        let longest = if unloaded { UNLOADED } else { RETRY.1 };
        let wait = self.wait.min(longest);
        self.session = Session::Closed {
            why: Some(why.clone()),
            retry_at: clock::now().mono + wait,
            without_driver: unloaded.then(|| powers.devices.clone()),
        };
        self.wait = (wait * 2).min(longest);
        why
    }

    /// The devices known so far without figures, and why.
    fn nothing_but(&self, problem: Problem) -> Sample {
        let reason = if problem.reason == Reason::Absent { Reason::Lost } else { problem.reason };
        let devices = self.known.iter().cloned().map(|known| Device::without_figures(known, reason)).collect();
        Sample { devices, problem: Some(problem), ..Sample::default() }
    }
}

const ASLEEP: &str = "The GPU is asleep. Telltale does not wake it; its figures come back when something uses it.";

const LENT: &str = "NVIDIA's GPUs are lent to a virtual machine: another driver has them.";

impl Source for Gpu {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let sample = self.sample(&self.access.powers(), clock::now().mono);
        let nvml = match &self.session {
            Session::Open { nvml, .. } => Some(Arc::clone(nvml)),
            Session::Closed { .. } => None,
        };
        if self.access.turns.is_newest(self.turn) {
            self.access.publish(Open {
                nvml,
                why: sample.problem.clone(),
                known: self.known.clone(),
                gone: self.gone.clone(),
            });
        }
        Ok(sample)
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        device::derive(previous, now)
    }
}

/// Reads every device, of `count`, that may be entered, and lists as lost those that it counted before.
fn read_all<'turns>(
    nvml: &Nvml,
    count: u32,
    enter: impl Fn(u32) -> Option<Inside<'turns, u32>>,
    known: &mut Vec<Identity>,
    gone: &mut Vec<String>,
    fixed: &mut BTreeMap<String, Fixed>,
) -> Result<Vec<Device>, NvmlError> {
    let mut devices = Vec::with_capacity(known.len());
    let mut nameless = Vec::new();
    for index in 0..count {
        let Some(_inside) = enter(index) else {
            nameless.push((index, None));
            continue;
        };
        match read_one(nvml, index, known, fixed) {
            Ok(device) => devices.push(device),
            Err(error) if refusal::ends_session(&error) => return Err(error),
            Err(error) => nameless.push((index, Some(error))),
        }
    }
    // One that comes back is asked anew what does not change while it is there, its slot too.
    fixed.retain(|id, _| devices.iter().any(|device| device.identity.id == *id));
    for (index, error) in nameless {
        let identity = identity::probably(index, known, &devices);
        devices.push(match error {
            Some(error) => Device::refused(identity, &error),
            None => Device::without_figures(identity, Reason::NotAnswering),
        });
    }
    gone.clear();
    for known in known.iter() {
        if !devices.iter().any(|device| device.identity.id == known.id) {
            gone.push(known.id.clone());
            devices.push(Device::without_figures(known.clone(), Reason::Lost));
        }
    }
    devices.sort_by_key(|device| device.identity.index);
    Ok(devices)
}

/// Reads one device. A figure that it refuses takes only itself away; an error that ends the session is returned, and
/// so is one that leaves unknown which device it is.
fn read_one(
    nvml: &Nvml,
    index: u32,
    known: &mut Vec<Identity>,
    fixed: &mut BTreeMap<String, Fixed>,
) -> Result<Device, NvmlError> {
    let device = nvml.device_by_index(index)?;
    let identity = identity::identify(&device, index, known, fixed)?;
    figures::read(&device, identity, fixed)
}

/// Reads the devices that are awake, each by its address: counting them, or looking for one by index, would touch the
/// others, whose index may be another by now. One that was never seen awake stays unknown.
fn read_awake<'turns>(
    nvml: &Nvml,
    enter: impl Fn(u32) -> Option<Inside<'turns, u32>>,
    known: &[Identity],
    powers: &Powers,
    fixed: &mut BTreeMap<String, Fixed>,
) -> Result<Vec<Device>, NvmlError> {
    let mut devices = Vec::with_capacity(known.len());
    for identity in known {
        let without = |reason| Device::without_figures(identity.clone(), reason);
        if let Some(reason) = powers.obstacle(identity.pci_address.as_deref()) {
            devices.push(without(reason));
            continue;
        }
        let Some(_inside) = enter(identity.index) else {
            devices.push(without(Reason::NotAnswering));
            continue;
        };
        let read = access::find(nvml, identity).and_then(|device| figures::read(&device, identity.clone(), fixed));
        match read {
            Ok(device) => devices.push(device),
            Err(error) if refusal::ends_session(&error) => return Err(error),
            Err(error) => devices.push(Device::refused(identity.clone(), &error)),
        }
    }
    devices.sort_by_key(|device| device.identity.index);
    Ok(devices)
}

/// Whether nothing runs on those that are there; one that is lost is not idle, and keeps no other awake.
fn all_idle(devices: &[Device]) -> bool {
    let mut there = devices.iter().filter(|device| !device.is_lost()).peekable();
    there.peek().is_some() && there.all(Device::is_idle)
}

/// The library that the environment names, if it names one.
pub fn library_from_environment() -> Option<OsString> {
    std::env::var_os("TELLTALE_NVML_LIB").filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_device_keeps_no_other_from_falling_asleep() {
        let device = |reason| {
            let identity = Identity { id: "GPU-1".into(), index: 0, name: "1".into(), pci_address: None };
            Device::without_figures(identity, reason)
        };
        let mut idle = device(Reason::Unsupported);
        idle.figures[0].1 = Ok(0.0);
        assert!(all_idle(&[device(Reason::Lost), idle.clone()]) && all_idle(std::slice::from_ref(&idle)));
        assert!(!all_idle(&[idle, device(Reason::NotAnswering)]), "it may be busy");
        assert!(!all_idle(&[device(Reason::Lost)]) && !all_idle(&[]), "there is none to fall asleep");
    }

    #[test]
    fn a_driver_that_is_not_loaded_is_asked_for_again_once_something_has_changed() {
        let sys = tempfile::tempdir().unwrap();
        let access = Access::new(Some("/no/such/library".into()), "/proc".into(), sys.path().into());
        let mut gpu = Gpu::new(Arc::new(access));
        let (none, mut plugged_in) = (Powers::default(), Powers::default());
        plugged_in.devices.insert("0000:01:00.0".into(), None);
        for _ in 0..20 {
            gpu.close(&NvmlError::DriverNotLoaded, &none);
        }
        assert_eq!(gpu.wait, UNLOADED);
        let is_tried = |gpu: &mut Gpu, powers: &Powers| gpu.open(powers).unwrap_err().detail.contains("not installed");
        assert!(!is_tried(&mut gpu, &none), "each try has its library try to load it");
        assert!(is_tried(&mut gpu, &plugged_in));
        gpu.close(&NvmlError::DriverNotLoaded, &none);
        std::fs::create_dir_all(sys.path().join("module/nvidia")).unwrap();
        assert!(is_tried(&mut gpu, &none));
        assert_eq!(gpu.wait, RETRY.1, "there is nothing to load any more");
    }
}

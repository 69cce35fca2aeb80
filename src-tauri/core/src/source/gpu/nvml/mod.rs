//! The NVML session: opened when the source is asked, closed and opened anew when the driver goes away.
//!
//! Initializing can take seconds and wakes every sleeping GPU, so a failed one is tried again ever more rarely.

mod access;
mod details;
mod device;
mod figures;
mod gpm;
mod order;
mod processes;
mod refusal;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
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

/// First and longest wait before initializing again.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

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
    sleep: Sleep,
    /// What keeps devices awake, and when that was looked at.
    awake: (Option<Duration>, BTreeMap<String, Vec<AwakeHolder>>),
}

#[derive(Debug)]
enum Session {
    Open { nvml: Arc<Nvml>, driver_version: Option<String>, fixed: BTreeMap<String, Fixed> },
    Closed { why: Option<Problem>, retry_at: Duration },
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
            None => Session::Closed { why: None, retry_at: Duration::ZERO },
        };
        let wait = RETRY.0;
        Self { access, turn, session, wait, known, gone, sleep: Sleep::default(), awake: (None, BTreeMap::new()) }
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
            if let Err(problem) = self.open() {
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
            read_all(nvml, enter, &mut self.known, &mut self.gone, fixed)
        };
        let driver_version = driver_version.clone();
        match read {
            Ok(devices) => {
                self.wait = RETRY.0;
                let awake = self.kept_awake(powers, now);
                if self.sleep.lets_go(overall, all_idle(&devices), now) {
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
                let problem = refusal::problem(&error, &self.access.library);
                self.close(problem.clone());
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
        self.session = Session::Closed { why: None, retry_at: Duration::ZERO };
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
    fn open(&mut self) -> Result<(), Problem> {
        let Session::Closed { why, retry_at } = &self.session else { return Ok(()) };
        let now = clock::now().mono;
        if let Some(problem) = why.clone().filter(|_| now < *retry_at) {
            return Err(problem);
        }
        match Nvml::builder().lib_path(&self.access.library).init() {
            Ok(nvml) => {
                let driver_version = nvml.sys_driver_version().ok();
                self.session = Session::Open { nvml: Arc::new(nvml), driver_version, fixed: BTreeMap::new() };
                Ok(())
            }
            Err(error) => {
                let problem = refusal::problem(&error, &self.access.library);
                self.close(problem.clone());
                Err(problem)
            }
        }
    }

    /// Ends the session, if there is one; a new one is tried later.
    fn close(&mut self, why: Problem) {
        self.session = Session::Closed { why: Some(why), retry_at: clock::now().mono + self.wait };
        self.wait = (self.wait * 2).min(RETRY.1);
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

/// Reads every device that NVML counts and that may be entered, and lists as lost those that it counted before.
fn read_all<'turns>(
    nvml: &Nvml,
    enter: impl Fn(u32) -> Option<Inside<'turns, u32>>,
    known: &mut Vec<Identity>,
    gone: &mut Vec<String>,
    fixed: &mut BTreeMap<String, Fixed>,
) -> Result<Vec<Device>, NvmlError> {
    let mut devices = Vec::with_capacity(known.len());
    let mut nameless = Vec::new();
    for index in 0..nvml.device_count()? {
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
        let identity = probably(index, known, &devices);
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
    let identity = identify(&device, index, known, fixed)?;
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

/// Which device has this index now. Asked anew at each sample, as the others move up when one is taken out.
fn identify(
    device: &nvml_wrapper::Device<'_>,
    index: u32,
    known: &mut Vec<Identity>,
    fixed: &BTreeMap<String, Fixed>,
) -> Result<Identity, NvmlError> {
    let id = id_of(device, index)?;
    let pci_address = || match bus_id(device) {
        Err(error) if !is_unsupported(&error) => Err(error),
        bus_id => Ok(bus_id.ok().map(|bus_id| access::pci_address(&bus_id))),
    };
    let identity = match known.iter().position(|known| known.id == id) {
        Some(place) if fixed.contains_key(&id) => Identity { index, ..known.remove(place) },
        Some(place) => {
            let pci_address = pci_address()?;
            Identity { index, pci_address, ..known.remove(place) }
        }
        None => {
            let pci_address = pci_address()?;
            match device.name() {
                Ok(name) => Identity { id, index, name, pci_address },
                Err(error) if refusal::ends_session(&error) => return Err(error),
                // Not kept, so that it is asked for again.
                Err(_) => return Ok(Identity { id, index, name: unnamed(index), pci_address }),
            }
        }
    };
    known.push(identity.clone());
    Ok(identity)
}

/// What a device is known by: its UUID, or else its slot or its index.
fn id_of(device: &nvml_wrapper::Device<'_>, index: u32) -> Result<String, NvmlError> {
    let known_by = match device.uuid() {
        Err(error) if is_unsupported(&error) => match bus_id(device) {
            Err(error) if is_unsupported(&error) => by_index(index),
            bus_id => bus_id?,
        },
        uuid => uuid?,
    };
    Ok(super::id(&known_by))
}

fn bus_id(device: &nvml_wrapper::Device<'_>) -> Result<String, NvmlError> {
    device.pci_info().map(|pci| pci.bus_id)
}

fn is_unsupported(error: &NvmlError) -> bool {
    refusal::reason(error) == Reason::Unsupported
}

/// Whether nothing runs on those that are there; one that is lost is not idle, and keeps no other awake.
fn all_idle(devices: &[Device]) -> bool {
    let mut there = devices.iter().filter(|device| !device.is_lost()).peekable();
    there.peek().is_some() && there.all(Device::is_idle)
}

/// The device that had this index last and is not found elsewhere, or one never seen before.
fn probably(index: u32, known: &[Identity], devices: &[Device]) -> Identity {
    let elsewhere = |known: &Identity| devices.iter().any(|device| device.identity.id == known.id);
    let before = known.iter().rev().find(|known| known.index == index && !elsewhere(known));
    let unknown = || Identity { id: by_index(index), index, name: unnamed(index), pci_address: None };
    before.cloned().unwrap_or_else(unknown)
}

/// An id for a device that has none.
fn by_index(index: u32) -> String {
    format!("index-{index}")
}

fn unnamed(index: u32) -> String {
    format!("GPU {index}")
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
    fn a_device_that_does_not_say_which_it_is_is_the_last_that_had_its_index() {
        let identity = |id: &str, index| Identity { id: id.into(), index, name: id.into(), pci_address: None };
        let known = [identity("taken out", 1), identity("here", 0), identity("moved up", 1)];
        let here = Device::without_figures(identity("here", 0), Reason::Starting);
        let devices = std::slice::from_ref(&here);
        assert_eq!(probably(1, &known, devices), known[2]);
        assert_eq!(probably(0, &known, devices).id, "index-0", "that one has said that it is another");
        assert_eq!(
            probably(2, &known, devices),
            Identity { id: "index-2".into(), name: "GPU 2".into(), ..identity("", 2) }
        );
    }
}

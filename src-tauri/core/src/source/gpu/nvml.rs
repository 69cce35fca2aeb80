//! The NVML session: opened on the source's own thread, closed and opened anew when the driver goes away.
//!
//! Initializing can take seconds and wakes a sleeping GPU, so a failed one is tried again ever more rarely.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::MemoryInfo;

use super::super::{Previous, Problem, Reading, Source, SourceError, Stamped};
use super::refusal;
use super::sleep::{self, Power, Sleep};
use super::{Device, Identity, Memory, Sample};
use crate::clock;
use crate::metrics::{ClockLimit, Reason};

/// The driver's library where none is named. The unversioned name belongs to development packages.
const LIBRARY: &str = if cfg!(windows) { "nvml.dll" } else { "libnvidia-ml.so.1" };

/// First and longest wait before initializing again.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// All NVIDIA GPUs of this machine.
#[derive(Debug)]
pub struct Gpu {
    library: OsString,
    session: Session,
    /// Every device seen so far, the one identified last at the end: one that goes away is shown as lost, not forgotten.
    known: Vec<Identity>,
    sys: PathBuf,
    sleep: Sleep,
}

#[derive(Debug)]
enum Session {
    Open { nvml: Box<Nvml>, driver_version: Option<String> },
    Closed { why: Option<Problem>, retry_at: Duration, wait: Duration },
}

impl Gpu {
    /// Will load `library`, or the driver's own where none is named (`TELLTALE_NVML_LIB` names one).
    /// Whether devices sleep is read under `sys` (normally `/sys`).
    pub fn new(library: Option<OsString>, sys: &Path) -> Self {
        Self {
            library: library.unwrap_or_else(|| LIBRARY.into()),
            session: Session::Closed { why: None, retry_at: Duration::ZERO, wait: RETRY.0 },
            known: Vec::new(),
            sys: sys.into(),
            sleep: Sleep::default(),
        }
    }

    /// Lets go of NVML, so that the devices can sleep; nothing is to wait for when they wake.
    fn let_go(&mut self) {
        self.session = Session::Closed { why: None, retry_at: Duration::ZERO, wait: RETRY.0 };
    }

    /// The devices while they sleep, or are left alone so that they can.
    fn asleep(&self, power: Power) -> Sample {
        let detail = match power {
            Power::Asleep => {
                "The GPU is asleep. Telltale does not wake it; its figures come back when something uses it."
            }
            Power::Awake | Power::AlwaysOn => {
                "The GPU was idle: Telltale leaves it alone for a moment, so that it can fall asleep."
            }
        };
        self.nothing_but(Problem { reason: Reason::Asleep, detail: detail.into() })
    }

    /// Initializes if it is time to; the problem where there is no session.
    fn open(&mut self) -> Result<(), Problem> {
        let Session::Closed { why, retry_at, wait } = &mut self.session else { return Ok(()) };
        let now = clock::now().mono;
        if let Some(problem) = why.clone().filter(|_| now < *retry_at) {
            return Err(problem);
        }
        match Nvml::builder().lib_path(&self.library).init() {
            Ok(nvml) => {
                let driver_version = nvml.sys_driver_version().ok();
                self.session = Session::Open { nvml: Box::new(nvml), driver_version };
                Ok(())
            }
            Err(error) => {
                let problem = refusal::problem(&error, &self.library);
                *why = Some(problem.clone());
                *retry_at = clock::now().mono + *wait;
                *wait = (*wait * 2).min(RETRY.1);
                Err(problem)
            }
        }
    }

    /// Ends the session; a new one is tried after the shortest wait.
    fn close(&mut self, why: Problem) -> Sample {
        let retry_at = clock::now().mono + RETRY.0;
        self.session = Session::Closed { why: Some(why.clone()), retry_at, wait: RETRY.0 };
        self.nothing_but(why)
    }

    /// The devices known so far without figures, and why.
    fn nothing_but(&self, problem: Problem) -> Sample {
        let reason = if problem.reason == Reason::Absent { Reason::Lost } else { problem.reason };
        let devices = self.known.iter().cloned().map(|known| Device::without_figures(known, reason)).collect();
        Sample { driver_version: None, devices, problem: Some(problem) }
    }
}

impl Source for Gpu {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let (power, now) = (sleep::power(&self.sys), clock::now().mono);
        if !self.sleep.may_ask(power, now) {
            if power == Power::Asleep {
                self.let_go();
            }
            return Ok(self.asleep(power));
        }
        if let Err(problem) = self.open() {
            return Ok(self.nothing_but(problem));
        }
        let Session::Open { nvml, driver_version } = &self.session else {
            return Ok(Sample::default());
        };
        let read = read_all(nvml, &mut self.known);
        let driver_version = driver_version.clone();
        Ok(match read {
            Ok(devices) => {
                let idle = devices.iter().all(Device::is_idle);
                if self.sleep.lets_go(power, idle, now) {
                    self.let_go();
                }
                let none = devices.is_empty();
                let problem = none.then(|| Problem {
                    reason: Reason::Absent,
                    detail: "The NVIDIA driver is loaded but reports no GPU.".into(),
                });
                Sample { driver_version, devices, problem }
            }
            Err(error) => self.close(refusal::problem(&error, &self.library)),
        })
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        super::derive(previous, now)
    }
}

/// Reads every device that NVML counts, and lists as lost those that it counted before.
fn read_all(nvml: &Nvml, known: &mut Vec<Identity>) -> Result<Vec<Device>, NvmlError> {
    let mut devices = Vec::with_capacity(known.len());
    let mut nameless = Vec::new();
    for index in 0..nvml.device_count()? {
        match read_one(nvml, index, known) {
            Ok(device) => devices.push(device),
            Err(error) if refusal::ends_session(&error) => return Err(error),
            Err(error) => nameless.push((index, refusal::reason(&error))),
        }
    }
    for (index, reason) in nameless {
        let identity = probably(index, known, &devices);
        devices.push(Device::without_figures(identity, reason));
    }
    for known in known.iter() {
        if !devices.iter().any(|device| device.identity.id == known.id) {
            devices.push(Device::without_figures(known.clone(), Reason::Lost));
        }
    }
    devices.sort_by_key(|device| device.identity.index);
    Ok(devices)
}

/// Reads one device. A figure that it refuses takes only itself away; an error that ends the session is returned, and
/// so is one that leaves unknown which device it is.
fn read_one(nvml: &Nvml, index: u32, known: &mut Vec<Identity>) -> Result<Device, NvmlError> {
    let device = nvml.device_by_index(index)?;
    let identity = identify(&device, index, known)?;
    let rates = settled(device.utilization_rates())?;
    let clock = |clock| device.clock_info(clock).map(f64::from);
    let clock_max = |clock| device.max_clock_info(clock).map(f64::from);
    let watts = |milliwatts: u32| f64::from(milliwatts) / 1_000.0;
    Ok(Device {
        figures: [
            ("utilization", rates.clone().map(|rates| f64::from(rates.gpu)).and_then(|value| plausible(value, 100.0))),
            ("temperature", value(device.temperature(TemperatureSensor::Gpu).map(f64::from), 500.0)?),
            ("power_draw", value(device.power_usage().map(watts), 100_000.0)?),
            ("power_limit", value(device.enforced_power_limit().map(watts), 100_000.0)?),
            ("memory_bandwidth", rates.map(|rates| f64::from(rates.memory)).and_then(|value| plausible(value, 100.0))),
            ("fan_speed", value(device.fan_speed(0).map(f64::from), 200.0)?),
            ("sm_clock", value(clock(Clock::SM), 100_000.0)?),
            ("sm_clock_max", value(clock_max(Clock::SM), 100_000.0)?),
            ("memory_clock", value(clock(Clock::Memory), 100_000.0)?),
            ("memory_clock_max", value(clock_max(Clock::Memory), 100_000.0)?),
            ("pcie_generation", value(device.current_pcie_link_gen().map(f64::from), 64.0)?),
            ("pcie_width", value(device.current_pcie_link_width().map(f64::from), 64.0)?),
            ("performance_state", value(device.performance_state().map(|state| f64::from(state.as_c())), 15.0)?),
        ],
        memory: memory(device.memory_info())?,
        clock_limits: settled(device.current_throttle_reasons())?.map(clock_limits),
        identity,
    })
}

/// NVML's bits by their names here.
fn clock_limits(reasons: ThrottleReasons) -> Vec<ClockLimit> {
    const NAMES: [(ThrottleReasons, ClockLimit); 9] = [
        (ThrottleReasons::GPU_IDLE, ClockLimit::Idle),
        (ThrottleReasons::APPLICATIONS_CLOCKS_SETTING, ClockLimit::ApplicationClocks),
        (ThrottleReasons::SW_POWER_CAP, ClockLimit::PowerCap),
        (ThrottleReasons::HW_SLOWDOWN, ClockLimit::HardwareSlowdown),
        (ThrottleReasons::SYNC_BOOST, ClockLimit::SyncBoost),
        (ThrottleReasons::SW_THERMAL_SLOWDOWN, ClockLimit::SoftwareThermal),
        (ThrottleReasons::HW_THERMAL_SLOWDOWN, ClockLimit::HardwareThermal),
        (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, ClockLimit::PowerBrake),
        (ThrottleReasons::DISPLAY_CLOCK_SETTING, ClockLimit::DisplayClocks),
    ];
    NAMES.iter().filter(|(bit, _)| reasons.contains(*bit)).map(|(_, limit)| *limit).collect()
}

/// Which device has this index now. Asked anew at each sample, as the others move up when one is taken out.
fn identify(device: &nvml_wrapper::Device<'_>, index: u32, known: &mut Vec<Identity>) -> Result<Identity, NvmlError> {
    let unsupported = |error: &NvmlError| refusal::reason(error) == Reason::Unsupported;
    let bus_id = || device.pci_info().map(|pci| pci.bus_id);
    let id = match device.uuid() {
        Err(error) if unsupported(&error) => match bus_id() {
            Err(error) if unsupported(&error) => by_index(index),
            bus_id => bus_id?,
        },
        uuid => uuid?,
    };
    let identity = if let Some(place) = known.iter().position(|known| known.id == id) {
        Identity { index, ..known.remove(place) }
    } else {
        match device.name() {
            Ok(name) => Identity { id, index, name },
            Err(error) if refusal::ends_session(&error) => return Err(error),
            // Not kept, so that it is asked for again.
            Err(_) => return Ok(Identity { id, index, name: unnamed(index) }),
        }
    };
    known.push(identity.clone());
    Ok(identity)
}

/// The device that had this index last and is not found elsewhere, or one never seen before.
fn probably(index: u32, known: &[Identity], devices: &[Device]) -> Identity {
    let elsewhere = |known: &Identity| devices.iter().any(|device| device.identity.id == known.id);
    let before = known.iter().rev().find(|known| known.index == index && !elsewhere(known));
    before.cloned().unwrap_or_else(|| Identity { id: by_index(index), index, name: unnamed(index) })
}

/// An id for a device that has none.
fn by_index(index: u32) -> String {
    format!("index-{index}")
}

fn unnamed(index: u32) -> String {
    format!("GPU {index}")
}

/// An answer, or the reason why there is none; an error that ends the session is returned.
fn settled<T>(answer: Result<T, NvmlError>) -> Result<Result<T, Reason>, NvmlError> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(error) if refusal::ends_session(&error) => Err(error),
        Err(error) => Ok(Err(refusal::reason(&error))),
    }
}

/// One figure, or its reason.
fn value(answer: Result<f64, NvmlError>, most: f64) -> Result<Result<f64, Reason>, NvmlError> {
    Ok(settled(answer)?.and_then(|value| plausible(value, most)))
}

/// Above `most` it is one of the huge numbers that NVML uses for "not available".
fn plausible(value: f64, most: f64) -> Result<f64, Reason> {
    if value <= most { Ok(value) } else { Err(Reason::Unsupported) }
}

fn memory(answer: Result<MemoryInfo, NvmlError>) -> Result<Result<Memory, Reason>, NvmlError> {
    let known = |info: MemoryInfo| {
        let plausible = info.total > 0 && info.used <= info.total;
        if plausible { Ok(Memory { used: info.used, total: info.total }) } else { Err(Reason::Unsupported) }
    };
    Ok(settled(answer)?.and_then(known))
}

/// The library that the environment names, if it names one.
pub fn library_from_environment() -> Option<OsString> {
    std::env::var_os("TELLTALE_NVML_LIB").filter(|name| !name.is_empty()).map(|name| OsStr::new(&name).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_does_not_say_which_it_is_is_the_last_that_had_its_index() {
        let identity = |id: &str, index| Identity { id: id.into(), index, name: id.into() };
        let known = [identity("taken out", 1), identity("here", 0), identity("moved up", 1)];
        let here = Device::without_figures(identity("here", 0), Reason::Starting);
        let devices = std::slice::from_ref(&here);
        assert_eq!(probably(1, &known, devices), known[2]);
        assert_eq!(probably(0, &known, devices).id, "index-0", "that one has said that it is another");
        assert_eq!(probably(2, &known, devices), Identity { id: "index-2".into(), index: 2, name: "GPU 2".into() });
    }
}

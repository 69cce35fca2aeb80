//! The state behind the functions: the script as it stands now, and what a call on it does.

use std::fmt::Display;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::calls;
use crate::script::{Device, Driver, Figure, Instance, Script, State};

/// An NVML return code that is not `NVML_SUCCESS`.
pub(crate) type Code = u32;

pub(crate) const UNINITIALIZED: Code = 1;
pub(crate) const INVALID_ARGUMENT: Code = 2;
pub(crate) const NOT_SUPPORTED: Code = 3;
pub(crate) const NOT_FOUND: Code = 6;
pub(crate) const INSUFFICIENT_SIZE: Code = 7;
pub(crate) const FUNCTION_NOT_FOUND: Code = 13;
const GPU_IS_LOST: Code = 15;
pub(crate) const ARGUMENT_VERSION_MISMATCH: Code = 25;
const UNKNOWN: Code = 999;

/// Between two looks at a script that makes a call hang.
const LOOK: Duration = Duration::from_millis(5);

/// A call that takes longer hangs, as far as the count of those beside it is concerned.
const HANGS: Duration = Duration::from_secs(2);

/// Measuring the throughput of a link takes this long on a real device, too.
const PCIE_MEASUREMENT: Duration = Duration::from_millis(20);

/// What a look at a file finds, to tell its versions apart.
#[derive(PartialEq, Eq)]
enum Version {
    Missing,
    /// Inode, time of change and size.
    Found(u64, i64, i64, u64),
}

/// The script's file with what was read from it.
struct Source {
    path: Option<PathBuf>,
    /// The file as it was looked at last, if it ever was.
    seen: Option<Version>,
    /// The last text that could be taken.
    script: Option<Arc<Script>>,
}

static SOURCE: OnceLock<Mutex<Source>> = OnceLock::new();
static STARTED: OnceLock<Instant> = OnceLock::new();
/// nvmlInit is counted: as many shutdowns end it.
static USERS: AtomicU32 = AtomicU32::new(0);
/// The UUIDs of the devices that were there when the session began.
static BEGAN_WITH: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// On stderr, if there is one: `eprintln!` would panic without.
fn say(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "nvml-sim: {what}");
}

fn source() -> MutexGuard<'static, Source> {
    let source = SOURCE.get_or_init(|| {
        let path = std::env::var_os("TELLTALE_NVML_SIM").map(PathBuf::from);
        if path.is_none() {
            say("TELLTALE_NVML_SIM names no script");
        }
        Mutex::new(Source { path, seen: None, script: None })
    });
    source.lock().unwrap_or_else(PoisonError::into_inner)
}

fn version(path: &Path) -> Version {
    std::fs::metadata(path)
        .map_or(Version::Missing, |it| Version::Found(it.ino(), it.mtime(), it.mtime_nsec(), it.size()))
}

/// The script as its file has it now; a text that can't be taken is reported once and the one before goes on.
/// Without one before there is nothing to answer from: `NVML_ERROR_UNKNOWN`, rather than devices that nobody described.
fn script() -> Result<Arc<Script>, Code> {
    let mut source = source();
    let path = source.path.clone().ok_or(UNKNOWN)?;
    let now = Some(version(&path));
    if source.seen != now {
        source.seen = now;
        match std::fs::read_to_string(&path).map(|text| Script::parse(&text)) {
            Ok(Ok(script)) => source.script = Some(Arc::new(script)),
            Ok(Err(error)) => say(format_args!("{}: {error}", path.display())),
            Err(error) => say(format_args!("{}: {error}", path.display())),
        }
    }
    source.script.clone().ok_or(UNKNOWN)
}

/// NVML's code for an outcome. No panic may unwind into C.
pub(crate) fn code(call: impl FnOnce() -> Result<(), Code>) -> Code {
    // What a panic could leave half done is behind locks, which are taken over as they are.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(UNKNOWN)).err().unwrap_or(0)
}

/// The script, if the driver is there at all.
fn answering() -> Result<Arc<Script>, Code> {
    let script = script()?;
    match script.driver {
        Driver::Ok => Ok(script),
        Driver::Fails(code) => Err(code),
    }
}

/// A call that needs no session: counted, as slow as the script says, refused as the driver is.
fn driver_call(function: &'static str) -> Result<Arc<Script>, Code> {
    calls::count(function);
    std::thread::sleep(script()?.latency);
    answering()
}

/// `nvmlInit`: wakes whatever sleeps.
pub(crate) fn init(function: &'static str) -> Result<(), Code> {
    STARTED.get_or_init(Instant::now);
    let script = driver_call(function)?;
    script.devices.iter().for_each(wake);
    if USERS.fetch_add(1, Ordering::SeqCst) == 0 {
        let there = script.devices.iter().filter(|device| device.state != State::Gone);
        *began_with() = there.map(|device| device.uuid.clone()).collect();
    }
    Ok(())
}

fn began_with() -> MutexGuard<'static, Vec<String>> {
    BEGAN_WITH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts that a device was asked while it was asleep.
pub(crate) fn wake(device: &Device) {
    if device.state == State::Suspended {
        calls::count("wakes");
    }
}

/// `nvmlShutdown`.
pub(crate) fn shutdown(function: &'static str) -> Result<(), Code> {
    calls::count(function);
    while script().is_ok_and(|script| script.shutdown_hangs) {
        std::thread::sleep(LOOK);
    }
    let less = |users: u32| users.checked_sub(1);
    USERS.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).map(drop).map_err(|_| UNINITIALIZED)
}

/// A call on the driver as a whole.
pub(crate) fn call(function: &'static str) -> Result<Arc<Script>, Code> {
    let script = driver_call(function)?;
    if USERS.load(Ordering::SeqCst) == 0 { Err(UNINITIALIZED) } else { Ok(script) }
}

/// The devices that NVML counts, with their place in the script.
pub(crate) fn present(script: &Script) -> impl Iterator<Item = (usize, &Device)> {
    script.devices.iter().enumerate().filter(|(_, device)| match device.state {
        State::Ok | State::Lost | State::Suspended | State::Hang => true,
        State::Gone => false,
        State::Late => began_with().contains(&device.uuid),
    })
}

/// The script as soon as the device answers, or why it never will.
fn awaited(mut script: Arc<Script>, place: usize) -> Result<Arc<Script>, Code> {
    loop {
        match script.devices.get(place).map_or(State::Gone, |device| device.state) {
            State::Ok | State::Suspended | State::Late => return Ok(script),
            State::Lost | State::Gone => return Err(GPU_IS_LOST),
            State::Hang => {
                std::thread::sleep(LOOK);
                script = answering()?;
            }
        }
    }
}

/// The calls that are inside of devices now: the place of each device, and since when.
static INSIDE: Mutex<Vec<(usize, Instant)>> = Mutex::new(Vec::new());

/// A call on a device that has not come back.
struct Inside(usize, Instant);

impl Inside {
    /// Counts a call that is made beside one that hangs.
    fn new(place: usize) -> Self {
        let now = Instant::now();
        let mut inside = INSIDE.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.iter().any(|(other, since)| *other == place && now.duration_since(*since) > HANGS) {
            calls::count("beside_hung");
        }
        inside.push((place, now));
        Self(place, now)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut inside = INSIDE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = inside.iter().position(|call| *call == (self.0, self.1)) {
            inside.swap_remove(at);
        }
    }
}

/// A call on one device.
pub(crate) struct OnDevice {
    pub(crate) script: Arc<Script>,
    pub(crate) place: usize,
    _inside: Inside,
    /// One of its instances, where the handle is that of one.
    pub(crate) instance: Option<usize>,
}

impl OnDevice {
    /// Waits while the device hangs; refused when it is lost or gone.
    pub(crate) fn new(function: &'static str, at: Option<(usize, Option<usize>)>) -> Result<Self, Code> {
        let script = call(function)?;
        let (place, instance) = at.filter(|(place, _)| *place < script.devices.len()).ok_or(INVALID_ARGUMENT)?;
        let inside = Inside::new(place);
        let on = Self { script: awaited(script, place)?, place, _inside: inside, instance };
        wake(on.device()?);
        Ok(on)
    }

    /// A call that names its device by other means than a handle.
    pub(crate) fn whole(script: Arc<Script>, place: usize) -> Self {
        Self { script, place, _inside: Inside::new(place), instance: None }
    }

    pub(crate) fn device(&self) -> Result<&Device, Code> {
        self.script.devices.get(self.place).ok_or(GPU_IS_LOST)
    }

    /// Refuses what drivers before 510 do not have, where the script says that the driver is one.
    pub(crate) fn since_510(&self) -> Result<&Self, Code> {
        if self.device()?.figures.get("memory_version") == Some(&Figure::Constant(1.0)) {
            return Err(FUNCTION_NOT_FOUND);
        }
        Ok(self)
    }

    /// The instance whose handle it is.
    pub(crate) fn instance(&self) -> Result<Option<&Instance>, Code> {
        let Some(instance) = self.instance else { return Ok(None) };
        self.device()?.instances.get(instance).map(Some).ok_or(INVALID_ARGUMENT)
    }

    /// A figure in the script's first unit for it, zero where the script does not name it.
    pub(crate) fn figure_or_zero(&self, name: &str) -> Result<f64, Code> {
        if self.device()?.figures.contains_key(name) { self.figure(name) } else { Ok(0.0) }
    }

    /// A figure in the script's first unit for it; waits while it hangs.
    pub(crate) fn figure(&self, name: &str) -> Result<f64, Code> {
        if self.instance.is_some() {
            return Err(NOT_SUPPORTED); // an instance has few of its device's figures, and none of these
        }
        let mut script = Arc::clone(&self.script);
        loop {
            let device = script.devices.get(self.place).ok_or(GPU_IS_LOST)?;
            let figure = device.figures.get(name).copied().ok_or(NOT_SUPPORTED)?;
            if figure == Figure::Hang {
                std::thread::sleep(LOOK);
                script = awaited(answering()?, self.place)?;
                continue;
            }
            let measured = matches!(name, "pcie_sent" | "pcie_received").then_some(PCIE_MEASUREMENT);
            std::thread::sleep(device.delays.get(name).copied().or(measured).unwrap_or_default());
            return match figure {
                Figure::Error(code) => Err(code),
                Figure::Constant(_) | Figure::Wave { .. } | Figure::Hang => {
                    let at = STARTED.get().map_or(Duration::ZERO, Instant::elapsed);
                    figure.value(at).ok_or(UNKNOWN)
                }
            };
        }
    }
}

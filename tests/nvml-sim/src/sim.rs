//! The state behind the functions: the script as it stands now, and what a call on it does.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::calls;
use crate::figures;
use crate::script::{Device, Driver, Figure, Script, State};

/// An NVML return code that is not `NVML_SUCCESS`.
pub(crate) type Code = u32;

pub(crate) const UNINITIALIZED: Code = 1;
pub(crate) const INVALID_ARGUMENT: Code = 2;
pub(crate) const NOT_SUPPORTED: Code = 3;
pub(crate) const NOT_FOUND: Code = 6;
pub(crate) const INSUFFICIENT_SIZE: Code = 7;
const GPU_IS_LOST: Code = 15;
pub(crate) const ARGUMENT_VERSION_MISMATCH: Code = 25;
const UNKNOWN: Code = 999;

/// Between two looks at a script that makes a call hang.
const LOOK: Duration = Duration::from_millis(5);

/// The script's file with what was read from it.
struct Source {
    path: Option<PathBuf>,
    seen: Option<(u64, i64, i64, u64)>,
    script: Arc<Script>,
}

static SOURCE: OnceLock<Mutex<Source>> = OnceLock::new();
static STARTED: OnceLock<Instant> = OnceLock::new();
/// nvmlInit is counted: as many shutdowns end it.
static USERS: AtomicU32 = AtomicU32::new(0);

fn source() -> MutexGuard<'static, Source> {
    let source = SOURCE.get_or_init(|| {
        let path = std::env::var_os("TELLTALE_NVML_SIM").map(PathBuf::from);
        if path.is_none() {
            eprintln!("nvml-sim: TELLTALE_NVML_SIM names no script");
        }
        Mutex::new(Source { path, seen: None, script: Arc::new(Script::default()) })
    });
    source.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What tells two versions of a file apart: inode, time of change and size.
fn version(metadata: &Metadata) -> (u64, i64, i64, u64) {
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.size())
}

/// The script as its file has it now; a text that can't be taken is reported once and the one before goes on.
fn script() -> Result<Arc<Script>, Code> {
    let mut source = source();
    let path = source.path.clone().ok_or(UNKNOWN)?;
    let Ok(metadata) = std::fs::metadata(&path) else { return Ok(Arc::clone(&source.script)) };
    let now = version(&metadata);
    if source.seen != Some(now) {
        source.seen = Some(now);
        match std::fs::read_to_string(&path).map(|text| Script::parse(&text)) {
            Ok(Ok(script)) => source.script = Arc::new(script),
            Ok(Err(error)) => eprintln!("nvml-sim: {}: {error}", path.display()),
            Err(error) => eprintln!("nvml-sim: {}: {error}", path.display()),
        }
    }
    Ok(Arc::clone(&source.script))
}

/// NVML's code for an outcome.
pub(crate) fn code(outcome: Result<(), Code>) -> Code {
    outcome.err().unwrap_or(0)
}

/// A call that needs no session: counted, as slow as the script says, refused as the driver is.
fn driver_call(function: &'static str) -> Result<Arc<Script>, Code> {
    calls::count(function);
    let script = script()?;
    if !script.latency.is_zero() {
        std::thread::sleep(script.latency);
    }
    match script.driver {
        Driver::Ok => Ok(script),
        Driver::Fails(code) => Err(code),
    }
}

/// `nvmlInit`.
pub(crate) fn init(function: &'static str) -> Result<(), Code> {
    STARTED.get_or_init(Instant::now);
    driver_call(function)?;
    USERS.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// `nvmlShutdown`.
pub(crate) fn shutdown(function: &'static str) -> Result<(), Code> {
    calls::count(function);
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
    script.devices.iter().enumerate().filter(|(_, device)| device.state != State::Gone)
}

/// A call on one device.
pub(crate) struct OnDevice {
    pub(crate) script: Arc<Script>,
    pub(crate) place: usize,
}

impl OnDevice {
    /// Waits while the device hangs; refused when it is lost or gone.
    pub(crate) fn new(function: &'static str, place: Option<usize>) -> Result<Self, Code> {
        let mut script = call(function)?;
        let place = place.filter(|place| *place < script.devices.len()).ok_or(INVALID_ARGUMENT)?;
        loop {
            let Some(device) = script.devices.get(place) else { return Err(GPU_IS_LOST) };
            match device.state {
                State::Ok => break,
                State::Suspended => {
                    calls::count("wakes");
                    break;
                }
                State::Lost | State::Gone => return Err(GPU_IS_LOST),
                State::Hang => {
                    std::thread::sleep(LOOK);
                    script = self::script()?;
                }
            }
        }
        Ok(Self { script, place })
    }

    pub(crate) fn device(&self) -> Result<&Device, Code> {
        self.script.devices.get(self.place).ok_or(GPU_IS_LOST)
    }

    /// A figure in the script's first unit for it; waits while it hangs.
    pub(crate) fn figure(&self, name: &str) -> Result<f64, Code> {
        let mut script = Arc::clone(&self.script);
        loop {
            let figure = script.devices.get(self.place).and_then(|device| device.figures.get(name).copied());
            match figure.ok_or(NOT_SUPPORTED)? {
                Figure::Error(code) => return Err(code),
                Figure::Hang => {
                    std::thread::sleep(LOOK);
                    script = self::script()?;
                }
                figure @ (Figure::Constant(_) | Figure::Wave { .. }) => {
                    let at = STARTED.get().map_or(Duration::ZERO, Instant::elapsed);
                    return figures::value(figure, at).ok_or(UNKNOWN);
                }
            }
        }
    }
}

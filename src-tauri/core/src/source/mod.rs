//! What a source is: what reads a raw sample, and a pure function from two samples to metrics.
//!
//! Reading and computing are apart so that tests, benches and fuzzers use the same code as live.

pub mod cpu;
pub mod disk;
#[cfg(target_os = "linux")]
mod every;
pub mod gpu;
pub mod memory;
pub mod network;
#[cfg(target_os = "linux")]
mod pressure;
#[cfg(target_os = "linux")]
mod proc_file;
#[cfg(target_os = "linux")]
mod roster;
#[cfg(target_os = "linux")]
mod sysfs;

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::clock::Stamp;
use crate::gpu_details::AwakeHolder;
use crate::metrics::{CpuMetrics, DiskMetrics, GpuMetrics, MemoryMetrics, Missing, NetworkMetrics, Reason};

/// The temperatures that are believed. k10temp has said 4,294,948 °C, and amdgpu 511 of a card that lost its link.
const DEGREES_BELIEVED: RangeInclusive<f64> = -100.0..=500.0;

/// A raw sample with the instant it was taken.
#[derive(Debug, Clone)]
pub struct Stamped<T> {
    /// When the source had answered.
    pub stamp: Stamp,
    /// What it answered.
    pub sample: T,
}

/// The sample before, or why it can't be used for a rate.
pub type Previous<'a, T> = Result<&'a Stamped<T>, Reason>;

/// One source of metrics. It may block: the thread that asks all sources one after the other goes on without it, and a tick
/// waits for it but a moment.
pub trait Source: 'static {
    /// What is read, before any arithmetic.
    type Sample: Send + 'static;

    /// Reads a sample, which is stamped when this returns: counters are read last, behind what may take long.
    fn read(&mut self) -> Result<Self::Sample, SourceError>;

    /// Takes back a sample that nothing needs any more. A source that writes its next one over it allocates nothing in
    /// a steady state.
    fn recycle(&mut self, _sample: Self::Sample) {}

    /// Computes metrics from two samples: pure, so that the same samples always give the same metrics.
    fn derive(previous: Previous<'_, Self::Sample>, now: &Stamped<Self::Sample>) -> Reading;
}

/// What one source says at one tick.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// All GPUs.
    Gpu(GpuReading),
    /// Processors.
    Cpu(CpuMetrics),
    /// Main memory and swap.
    Memory(MemoryMetrics),
    /// Disks.
    Disk(DiskMetrics),
    /// Network interfaces.
    Network(NetworkMetrics),
}

/// What one source of GPUs says: its devices, or why there are none. Having none is an ordinary state, not an error.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GpuReading {
    /// The driver's version, such as `550.54.14`.
    pub driver_version: Option<String>,
    /// The kernel driver of each device that is not NVML's, by its id.
    pub drivers: BTreeMap<String, &'static str>,
    /// Devices by the source's own index; those that were there before and are lost stay, without figures. The collector
    /// moves the indices of a later source up behind those of the ones before.
    pub devices: Vec<GpuMetrics>,
    /// Why the source as a whole has no figures.
    pub problem: Option<Problem>,
    /// What is to be done about each device that has no figures, by its id, where its reason does not tell.
    pub words: BTreeMap<String, &'static str>,
    /// What keeps each device awake that could sleep and does not, by its id.
    pub awake: BTreeMap<String, Vec<AwakeHolder>>,
}

/// A reason with its particulars in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind of reason.
    pub reason: Reason,
    /// What happened and, where there is something, what to do about it.
    pub detail: String,
}

/// Why a source could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file of the kernel could not be read.
    #[error("{path}: {error}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file of the kernel says something that its documentation does not.
    #[error("{path}: expected {expected}, found {found:?}")]
    Parse {
        /// Which.
        path: PathBuf,
        /// What should stand there.
        expected: &'static str,
        /// The start of what stands there.
        found: String,
    },
    /// sysinfo does not know this system.
    #[error("{0}")]
    System(#[from] sysinfo::Error),
}

impl SourceError {
    /// The reason that the channel shows.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Read { error, .. } if error.kind() == std::io::ErrorKind::PermissionDenied => Reason::NoPermission,
            Self::Read { error, .. } if error.kind() == std::io::ErrorKind::NotFound => Reason::Unsupported,
            Self::Read { .. } | Self::Parse { .. } | Self::System(_) => Reason::Failed,
        }
    }
}

/// A line that a parser could not take: what was expected and what stood there.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What should stand there.
    pub expected: &'static str,
    /// The start of what stands there.
    pub found: String,
}

impl Malformed {
    /// Keeps at most 80 characters of `found`, enough to recognize it in a log.
    pub fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.chars().take(80).collect() }
    }

    /// Adds the file it stood in.
    pub fn at(self, path: &Path) -> SourceError {
        SourceError::Parse { path: path.into(), expected: self.expected, found: self.found }
    }
}

/// What a folder holds, in no order; nothing where it can't be read.
pub(crate) fn entries(folder: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok)
}

/// The device that an earlier list has at this place, if it is the same one, or else wherever it is.
pub(crate) fn same<T>(earlier: &[T], place: usize, is_it: impl Fn(&T) -> bool) -> Option<&T> {
    earlier.get(place).filter(|other| is_it(other)).or_else(|| earlier.iter().find(|other| is_it(other)))
}

/// Takes a figure out of its result and notes the reason if there is none.
pub(crate) fn figure<T>(missing: &mut Missing, field: &str, result: Result<T, Reason>) -> Option<T> {
    figure_at(missing, || field.into(), result)
}

/// The same for a path that is only put together where it is needed.
pub(crate) fn figure_at<T>(
    missing: &mut Missing,
    path: impl FnOnce() -> String,
    result: Result<T, Reason>,
) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(reason) => {
            missing.insert(path(), reason);
            None
        }
    }
}

//! The live feed: the sources that there are, the loop that asks them, and what it publishes and keeps.

mod account;
mod channels;
mod faults;
mod once;
mod queue;
#[cfg(test)]
mod tests;
mod ticks;
mod worker;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::channel::Channel;
use crate::clock;
use crate::diagnostics::Diagnostics;
use crate::feed::{Feed, Later, Snapshot};
use crate::gpu_details::{GpuDetails, UnknownGpu};
use crate::history::{History, HistoryQuery, MetricsHistory, QueryError};
use crate::metrics::Reason;
use crate::source::{Source, cpu, disk, gpu, memory, network};
use crate::verdict::{self, GpuVerdict, VerdictError, VerdictQuery};
use account::Account;
use channels::Channels;
pub use once::{FIRST_ANSWER, once};
use queue::Queue;
use ticks::Loop;
use worker::Worker;

/// Where the sources read: the running system, or what a test puts in its place.
#[derive(Debug, Clone)]
pub struct Roots {
    /// Normally `/proc`.
    pub proc: PathBuf,
    /// Normally `/sys`.
    pub sys: PathBuf,
    /// Another place than `sys` to look for GPUs in.
    pub gpus: Option<PathBuf>,
    /// Another NVML library than the driver's own.
    pub nvml: Option<OsString>,
}

impl Default for Roots {
    /// The running system, with the NVML library that `TELLTALE_NVML_LIB` names, and with the GPUs of another /sys where
    /// `TELLTALE_TEST_GPUS` names one: no test depends on those of the machine it runs on.
    fn default() -> Self {
        let gpus = std::env::var_os("TELLTALE_TEST_GPUS").filter(|root| !root.is_empty()).map(PathBuf::from);
        Self { proc: "/proc".into(), sys: "/sys".into(), gpus, nvml: gpu::library_from_environment() }
    }
}

impl Roots {
    /// What GPUs are looked for under.
    pub(crate) fn of_gpus(&self) -> &Path {
        self.gpus.as_ref().unwrap_or(&self.sys)
    }
}

/// Every source, under a name of its own. A new source is one more line here. Of several that feed the GPU channel, the
/// devices of the first come first. They are asked from the last to the first: what may take long comes last, and what did
/// take long the last time after all others.
fn workers(roots: &Roots, nvml: &Arc<gpu::NvmlAccess>, drm: &Arc<gpu::DrmAccess>) -> Vec<Worker> {
    let (nvml, of_nvml) = (Arc::clone(nvml), Arc::clone(nvml));
    let (drm, of_drm) = (Arc::clone(drm), Arc::clone(drm));
    vec![
        Worker::new("nvml", Channel::Gpu, move || gpu::Nvml::new(Arc::clone(&nvml)))
            .replaced_where(move || of_nvml.hangs_in_one_of_several()),
        Worker::new("drm", Channel::Gpu, move || gpu::Drm::sharing(Arc::clone(&drm)))
            .replaced_where(move || of_drm.hangs_in_one_of_several()),
        source("cpu", Channel::Cpu, roots, |roots| cpu::Cpu::new(&roots.proc, &roots.sys)),
        source("memory", Channel::Memory, roots, |roots| memory::Memory::new(&roots.proc, &roots.sys)),
        source("disk", Channel::Disk, roots, |roots| disk::Disk::new(&roots.proc, &roots.sys)),
        source("network", Channel::Network, roots, |roots| network::Network::new(&roots.proc, &roots.sys)),
    ]
}

fn source<S: Source + Send>(name: &'static str, channel: Channel, roots: &Roots, make: fn(&Roots) -> S) -> Worker {
    let roots = roots.clone();
    Worker::new(name, channel, move || make(&roots))
}

/// The live feed: what the collector in this process publishes and keeps.
#[derive(Debug)]
pub struct Collector {
    shared: Arc<Shared>,
    interval: watch::Sender<Duration>,
    details: Details,
}

/// Reads GPUs in full, beside the sources.
#[derive(Debug)]
struct Details {
    access: Arc<gpu::NvmlAccess>,
    nvml: gpu::Inspector,
    /// For GPUs that are not NVML's: neither driver waits for the other.
    drm: gpu::Inspector,
}

impl Details {
    fn spawn(access: Arc<gpu::NvmlAccess>, drm: Arc<gpu::DrmAccess>) -> io::Result<Self> {
        let reader = gpu::NvmlDetails::new(Arc::clone(&access));
        let nvml = gpu::Inspector::spawn(move || reader.clone())?;
        let drm = gpu::Inspector::spawn(move || gpu::DrmDetails::new(Arc::clone(&drm)))?;
        Ok(Self { access, nvml, drm })
    }
}

#[derive(Debug)]
struct Shared {
    snapshot: watch::Sender<Arc<Snapshot>>,
    history: Mutex<History>,
    /// Taken after the history where both are.
    account: Mutex<Account>,
}

impl Shared {
    /// A panic while the lock was held leaves a history that is at worst a value short.
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector {
    /// Starts the sources. The loop itself runs in the future, on whichever tokio runtime (with I/O and time) awaits it,
    /// until the collector is dropped.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(roots: &Roots, interval: Duration) -> io::Result<(Self, impl Future<Output = ()> + Send + use<>)> {
        let nvml = Arc::new(gpu::NvmlAccess::new(roots.nvml.clone(), roots.proc.clone(), roots.of_gpus().into()));
        let drm = Arc::new(gpu::DrmAccess::new(roots.proc.clone(), roots.of_gpus().into()));
        let workers = workers(roots, &nvml, &drm);
        let (collector, run) = Self::with_workers(workers, interval, Details::spawn(nvml, drm)?)?;
        Ok((collector, run.run()))
    }

    fn with_workers(workers: Vec<Worker>, interval: Duration, details: Details) -> io::Result<(Self, Loop)> {
        let (sender, outcomes) = mpsc::unbounded_channel();
        let queue = Queue::start(sender)?;
        let channels = Channels::new(&workers);
        let snapshot = watch::Sender::new(Arc::new(channels.snapshot(0, &clock::now(), &clock::now(), interval)));
        let account = Mutex::new(Account::new(&workers, interval));
        let shared = Arc::new(Shared { snapshot, history: Mutex::default(), account });
        let (sender, changes) = watch::channel(interval);
        let run = Loop::new(queue, workers, outcomes, changes, channels, Arc::clone(&shared));
        Ok((Self { shared, interval: sender, details }, run))
    }

    /// Changes the interval from the next tick on, which comes no later than the new interval after the last one.
    pub fn set_interval(&self, interval: Duration) {
        self.interval.send_if_modified(|now| std::mem::replace(now, interval) != interval);
    }

    /// Whether GPUs that sleep are asked, which wakes them. They are not, unless this says so.
    pub fn ask_sleeping_gpus(&self, on: bool) {
        self.details.access.ask_sleeping(on);
    }
}

impl Feed for Collector {
    fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shared.snapshot.subscribe()
    }

    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.snapshot.borrow())
    }

    fn query(&self, query: &HistoryQuery) -> Result<MetricsHistory, QueryError> {
        self.shared.history().query(query)
    }

    fn diagnostics(&self) -> Diagnostics {
        let history = self.shared.history();
        self.shared.account().report(&history)
    }

    fn verdict(&self, query: &VerdictQuery) -> Result<GpuVerdict, VerdictError> {
        let snapshot = self.current();
        let devices = snapshot.metrics.gpu.iter().map(|gpu| gpu.gpu_id.clone());
        verdict::of(&self.shared.history(), query, devices)
    }

    fn gpu_details(&self, gpu_id: &str) -> Result<Later<GpuDetails>, UnknownGpu> {
        let snapshot = self.current();
        let Some(gpu) = snapshot.metrics.gpu.iter().find(|gpu| gpu.gpu_id == gpu_id) else {
            let known = snapshot.metrics.gpu.iter().map(|gpu| gpu.gpu_id.clone()).collect();
            return Err(UnknownGpu { found: gpu_id.into(), known });
        };
        if !snapshot.gpu_drivers.contains_key(gpu_id) {
            return Ok(Box::pin(self.details.nvml.ask(gpu_id)));
        }
        if gpu.missing.get("utilization") == Some(&Reason::Asleep) {
            // What its source leaves alone, so that it can fall asleep, is not asked by another way.
            let (gpu_id, name) = (gpu.gpu_id.clone(), gpu.name.clone());
            let asleep = GpuDetails { gpu_id, name, reason: Some(Reason::Asleep), ..GpuDetails::default() };
            return Ok(Box::pin(std::future::ready(GpuDetails { timestamp: gpu.timestamp, ..asleep })));
        }
        Ok(Box::pin(self.details.drm.ask(gpu_id)))
    }
}

/// Samples further apart than this make no rate: what happened between them is not known well enough.
fn too_long(interval: Duration) -> Duration {
    (interval * 3).max(Duration::from_secs(3))
}

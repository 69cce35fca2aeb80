//! The interval loop: asks every source at each tick, waits for none, publishes what is in.
//!
//! A source that is still busy is not asked again. Its channel keeps its last sample, with its age and the reason;
//! when the sample comes after all, it is published under the tick it was asked for. One whose last sample took longer than
//! a tick waits is asked last and not waited for, until it is quick again.

mod account;
mod channels;
mod faults;
mod once;
mod queue;
#[cfg(test)]
mod tests;
mod worker;

use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::channel::Channel;
use crate::clock::{self, Stamp};
use crate::diagnostics::{Diagnostics, panic_words};
use crate::feed::{Feed, Later, Snapshot};
use crate::gpu_details::{GpuDetails, UnknownGpu};
use crate::history::{History, HistoryQuery, MetricsHistory, QueryError};
use crate::metrics::Reason;
use crate::source::{Source, cpu, disk, gpu, memory, network};
use crate::verdict::{self, GpuVerdict, VerdictError, VerdictQuery};
use account::{Account, Timing};
use channels::Channels;
pub use once::once;
use queue::Queue;
use worker::{Outcome, Worker};

/// How long a tick waits for its sources before it publishes without the rest. The contract allows 100 ms.
const DEADLINE: Duration = Duration::from_millis(80);

/// How long the sources of a tick may keep each other waiting.
const PATIENCE: Duration = Duration::from_millis(20);

/// Where the sources read: the running system, or what a test puts in its place.
#[derive(Debug, Clone)]
pub struct Roots {
    /// Normally `/proc`.
    pub proc: PathBuf,
    /// Normally `/sys`.
    pub sys: PathBuf,
    /// Another NVML library than the driver's own.
    pub nvml: Option<OsString>,
}

impl Default for Roots {
    /// The running system, with the NVML library that `TELLTALE_NVML_LIB` names.
    fn default() -> Self {
        Self { proc: "/proc".into(), sys: "/sys".into(), nvml: gpu::library_from_environment() }
    }
}

/// Every source, under a name of its own. A new source is one more line here. Of several that feed the GPU channel, the
/// devices of the first come first. They are asked from the last to the first: what may take long comes last, and what did
/// take long the last time after all others.
fn workers(roots: &Roots, nvml: &Arc<gpu::Access>) -> Vec<Worker> {
    let (nvml, access) = (Arc::clone(nvml), Arc::clone(nvml));
    vec![
        Worker::new("nvml", Channel::Gpu, move || gpu::Gpu::new(Arc::clone(&nvml)))
            .replaced_where(move || access.hangs_in_one_of_several()),
        source("drm", Channel::Gpu, roots, |roots| gpu::Drm::new(&roots.proc, &roots.sys)),
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
    nvml: Arc<gpu::Access>,
    inspector: gpu::Inspector,
    /// For GPUs that are not NVML's: neither driver waits for the other.
    drm: gpu::Inspector,
}

impl Details {
    fn spawn(nvml: Arc<gpu::Access>, roots: &Roots) -> io::Result<Self> {
        let for_thread = Arc::clone(&nvml);
        let inspector = gpu::Inspector::spawn(move || gpu::NvmlDetails::new(Arc::clone(&for_thread)))?;
        let (proc, sys) = (roots.proc.clone(), roots.sys.clone());
        let drm = gpu::Inspector::spawn(move || gpu::DrmDetails::new(&proc, &sys))?;
        Ok(Self { nvml, inspector, drm })
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
    /// Starts the sources. The loop itself runs in the future, on whichever tokio runtime awaits it, until the
    /// collector is dropped.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(roots: &Roots, interval: Duration) -> io::Result<(Self, impl Future<Output = ()> + Send + use<>)> {
        let nvml = Arc::new(gpu::Access::new(roots.nvml.clone(), roots.proc.clone(), roots.sys.clone()));
        let details = Details::spawn(Arc::clone(&nvml), roots)?;
        let (collector, run) = Self::with_workers(workers(roots, &nvml), interval, details)?;
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
        let run = Loop {
            queue,
            workers,
            outcomes,
            changes,
            channels,
            shared: Arc::clone(&shared),
            interval,
            tick: 0,
            at: clock::now(),
            due: None,
            deadline: None,
            relief: None,
        };
        Ok((Self { shared, interval: sender, details }, run))
    }

    /// Changes the interval from the next tick on, which comes no later than the new interval after the last one.
    pub fn set_interval(&self, interval: Duration) {
        self.interval.send_if_modified(|now| std::mem::replace(now, interval) != interval);
    }

    /// Whether GPUs that sleep are asked, which wakes them. They are not, unless this says so.
    pub fn ask_sleeping_gpus(&self, on: bool) {
        self.details.nvml.ask_sleeping(on);
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
            return Ok(Box::pin(self.details.inspector.ask(gpu_id)));
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

struct Loop {
    queue: Queue,
    workers: Vec<Worker>,
    outcomes: mpsc::UnboundedReceiver<Vec<Outcome>>,
    changes: watch::Receiver<Duration>,
    channels: Channels,
    shared: Arc<Shared>,
    interval: Duration,
    tick: u64,
    /// When the newest tick was.
    at: Stamp,
    /// When it should have been; `None` if the interval was changed since.
    due: Option<Instant>,
    /// When the newest tick is published with what is in; `None` once it is.
    deadline: Option<Instant>,
    /// When those that still wait to be asked get another thread; `None` where none does.
    relief: Option<Instant>,
}

impl Loop {
    async fn run(mut self) {
        let mut ticker = ticker(Instant::now(), self.interval);
        loop {
            let (deadline, relief) = (self.deadline, self.relief);
            tokio::select! {
                biased;
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return; // the collector was dropped
                    }
                    self.interval = *self.changes.borrow_and_update();
                    self.due = None;
                    let since_last = clock::now().since(&self.at);
                    ticker = self::ticker(Instant::now() + self.interval.saturating_sub(since_last), self.interval);
                }
                Some(outcomes) = self.outcomes.recv() => {
                    for outcome in outcomes {
                        self.guarded(|this| this.accept(outcome));
                    }
                }
                () = tokio::time::sleep_until(relief.unwrap_or_else(Instant::now)), if relief.is_some() => {
                    self.relief = None;
                    self.queue.relieve();
                }
                () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.queue.relieve();
                    self.guarded(Self::publish);
                }
                due = ticker.tick() => self.guarded(|this| this.tick(due)),
            }
        }
    }

    /// Goes on after a panic: at worst one tick's values are lost, and the next tick is an interval away.
    fn guarded(&mut self, step: impl FnOnce(&mut Self)) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| step(self))) {
            let words = panic_words(&*payload);
            tracing::error!("the collector panicked and goes on: {words}");
            (self.relief, self.deadline) = (None, None);
            self.shared.account().panicked(words);
        }
    }

    fn tick(&mut self, due: Instant) {
        if self.deadline.is_some() {
            self.publish(); // the tick before, whose deadline this one overtook
        }
        let now = clock::now();
        let timing = Timing {
            delay: due.elapsed(),
            skipped: self.due.map_or(0, |before| skipped(before, due, self.interval)),
            slept: self.tick > 0 && now.slept_since(&self.at),
        };
        self.due = Some(due);
        let mut history = self.shared.history();
        if self.tick > 0
            && let Some(reason) = interruption(&self.at, &now, self.interval)
        {
            history.interrupt(&now, reason, self.channels.events());
        }
        (self.tick, self.at) = (self.tick + 1, now);
        history.begin(self.tick, &now);
        drop(history);
        let mut account = self.shared.account();
        account.began(&now, self.interval, &timing);
        for slow in [false, true] {
            for worker in self.workers.iter_mut().rev().filter(|worker| worker.is_slow() == slow) {
                let asked = worker.ask(&self.queue, self.tick, self.interval);
                self.channels.asked(worker.source(), asked);
                account.asked(worker.source(), &now, asked);
            }
        }
        drop(account);
        self.queue.go();
        let begun = Instant::now();
        (self.relief, self.deadline) = (Some(begun + PATIENCE), Some(begun + DEADLINE));
    }

    fn accept(&mut self, outcome: Outcome) {
        let late = outcome.tick < self.tick;
        let worker = self.workers.iter_mut().find(|worker| worker.source() == outcome.source);
        if !worker.is_some_and(|worker| worker.answered(&outcome)) {
            return;
        }
        self.shared.account().answered(&outcome);
        self.channels.accept(outcome, &mut self.shared.history());
        let complete = self.owing().all(Worker::is_slow);
        let due = self.deadline.is_some();
        if (due && complete) || (!due && (late || self.tick > 0)) {
            self.publish();
        }
    }

    /// Those that were asked for the newest tick and have not answered.
    fn owing(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.asked() == Some(self.tick))
    }

    fn publish(&mut self) {
        if self.owing().count() < 2 {
            self.relief = None; // nothing waits behind another
        }
        let first = self.deadline.take().is_some();
        let snapshot = self.channels.snapshot(self.tick, &self.at, &clock::now(), self.interval);
        let mut history = self.shared.history();
        for status in &snapshot.metrics.channels {
            history.note(&status.channel, status.reason.filter(|reason| *reason != Reason::Starting));
        }
        drop(history);
        let mut account = self.shared.account();
        account.sources(|source| self.channels.problem(source));
        if first {
            account.channels(self.at.wall, &snapshot.metrics.channels);
            if self.workers.iter().any(|worker| worker.asked().is_some()) {
                account.incomplete();
            }
        }
        drop(account);
        self.shared.snapshot.send_replace(Arc::new(snapshot));
    }
}

/// Why nothing was sampled between two ticks, if they are further apart than lateness explains.
fn interruption(before: &Stamp, now: &Stamp, interval: Duration) -> Option<Reason> {
    if now.slept_since(before) {
        Some(Reason::Suspended)
    } else {
        (now.since(before) > too_long(interval)).then_some(Reason::NotAnswering)
    }
}

/// Ticks between two that were begun.
fn skipped(before: Instant, due: Instant, interval: Duration) -> u64 {
    let apart = due.saturating_duration_since(before).as_secs_f64() / interval.as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number of intervals, above zero"
    )]
    let steps = apart.round() as u64;
    steps.saturating_sub(1)
}

/// Samples further apart than this make no rate: what happened between them is not known well enough.
fn too_long(interval: Duration) -> Duration {
    (interval * 3).max(Duration::from_secs(3))
}

fn ticker(first: Instant, interval: Duration) -> tokio::time::Interval {
    let mut ticker = tokio::time::interval_at(first, interval);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticker
}

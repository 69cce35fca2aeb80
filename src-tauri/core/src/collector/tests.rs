//! The loop with sources that hang, fail and panic, made for real on their own threads.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar};

use super::*;
use crate::channel::Channel;
use crate::metrics::{CpuMetrics, CurrentMetrics, MemoryMetrics};
use crate::source::{Previous, Reading, Source, SourceError, Stamped};

const INTERVAL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(20);

/// What the CPU source does when it is asked.
#[derive(Debug, Default)]
struct Script {
    hang: Mutex<bool>,
    released: Condvar,
    fail: AtomicBool,
    panic: AtomicBool,
    made: AtomicU32,
    in_flight: AtomicU32,
    overlapped: AtomicBool,
}

impl Script {
    fn hang(&self, on: bool) {
        *self.hang.lock().unwrap() = on;
        self.released.notify_all();
    }
}

struct Scripted(Arc<Script>);

impl Source for Scripted {
    type Sample = ();

    fn read(&mut self) -> Result<(), SourceError> {
        let script = &self.0;
        if script.in_flight.fetch_add(1, Ordering::SeqCst) > 0 {
            script.overlapped.store(true, Ordering::SeqCst);
        }
        let mut hang = script.hang.lock().unwrap();
        while *hang {
            hang = script.released.wait(hang).unwrap();
        }
        drop(hang);
        script.in_flight.fetch_sub(1, Ordering::SeqCst);
        assert!(!script.panic.load(Ordering::SeqCst), "scripted");
        if script.fail.load(Ordering::SeqCst) {
            let error = io::Error::from(io::ErrorKind::PermissionDenied);
            return Err(SourceError::Read { path: "/proc/stat".into(), error });
        }
        Ok(())
    }

    fn derive(previous: Previous<'_, ()>, now: &Stamped<()>) -> Reading {
        let utilization = previous.is_ok().then_some(50.0);
        Reading::Cpu(CpuMetrics { utilization, timestamp: now.stamp.wall, ..CpuMetrics::default() })
    }
}

/// A source that always answers.
struct Steady;

impl Source for Steady {
    type Sample = ();

    fn read(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    fn derive(_previous: Previous<'_, ()>, now: &Stamped<()>) -> Reading {
        Reading::Memory(MemoryMetrics { ram_used: Some(1), timestamp: now.stamp.wall, ..MemoryMetrics::default() })
    }
}

fn start(interval: Duration) -> (Arc<Script>, Collector) {
    let script = Arc::new(Script::default());
    let (outcomes, received) = mpsc::unbounded_channel();
    let for_thread = Arc::clone(&script);
    let scripted = move || {
        for_thread.made.fetch_add(1, Ordering::SeqCst);
        Scripted(Arc::clone(&for_thread))
    };
    let workers = vec![
        Worker::spawn(Channel::Cpu, outcomes.clone(), scripted).unwrap(),
        Worker::spawn(Channel::Memory, outcomes, || Steady).unwrap(),
    ];
    let (collector, run) = Collector::with_workers(workers, received, interval);
    tokio::spawn(run);
    (script, collector)
}

/// The first snapshot that fits, or a failure that shows the last one.
async fn until(collector: &Collector, fits: impl Fn(&CurrentMetrics) -> bool) -> Arc<Snapshot> {
    let mut snapshots = collector.subscribe();
    let waited = tokio::time::timeout(PATIENCE, snapshots.wait_for(|snapshot| fits(&snapshot.metrics))).await;
    let Ok(snapshot) = waited else { panic!("never came; last: {:#?}", collector.current()) };
    Arc::clone(&snapshot.unwrap())
}

fn reason(metrics: &CurrentMetrics, event: &str) -> Option<Reason> {
    metrics.channels.iter().find(|status| status.channel == event).and_then(|status| status.reason)
}

#[tokio::test]
async fn before_the_first_tick_every_channel_is_starting() {
    let (outcomes, received) = mpsc::unbounded_channel();
    let workers = vec![Worker::spawn(Channel::Memory, outcomes, || Steady).unwrap()];
    let (collector, _not_run) = Collector::with_workers(workers, received, INTERVAL);
    let snapshot = collector.current();
    assert_eq!(reason(&snapshot.metrics, "system/memory"), Some(Reason::Starting));
    assert!(snapshot.metrics.memory.is_none());
}

#[tokio::test]
async fn the_first_rate_waits_for_the_second_sample() {
    let (_script, collector) = start(INTERVAL);
    let first = until(&collector, |metrics| metrics.cpu.is_some()).await;
    let second = until(&collector, |metrics| {
        metrics.tick >= 2 && metrics.cpu.as_ref().is_some_and(|cpu| cpu.utilization.is_some())
    })
    .await;
    if first.metrics.tick == 1 {
        assert_eq!(first.metrics.cpu.as_ref().unwrap().utilization, None);
    }
    assert!(second.metrics.timestamp > 0);
    assert!((second.metrics.interval - INTERVAL.as_secs_f64()).abs() < 1e-9);
}

#[tokio::test]
async fn a_source_that_hangs_makes_its_own_channel_stale_and_no_other_and_recovers() {
    let (script, collector) = start(INTERVAL);
    until(&collector, |metrics| metrics.cpu.is_some()).await;
    script.hang(true);
    let since = collector.current().metrics.tick;
    let stale = until(&collector, |metrics| reason(metrics, "system/cpu") == Some(Reason::NotAnswering)).await;
    assert!(stale.metrics.tick <= since + 3, "said within three ticks: {} after {since}", stale.metrics.tick);
    let later = until(&collector, |metrics| metrics.tick >= stale.metrics.tick + 5).await;
    let memory = later.metrics.memory.as_ref().unwrap();
    assert!(later.metrics.timestamp - memory.timestamp <= 100, "memory is of this very tick");
    assert_eq!(reason(&later.metrics, "system/memory"), None);
    assert_eq!(later.metrics.cpu, stale.metrics.cpu, "the last sample is kept");
    script.hang(false);
    until(&collector, |metrics| metrics.tick > later.metrics.tick && reason(metrics, "system/cpu").is_none()).await;
    assert!(!script.overlapped.load(Ordering::SeqCst), "never a second call in flight");

    let history = collector.query(&HistoryQuery::default()).unwrap();
    let gap = history.gaps.iter().find(|gap| gap.channel == "system/cpu").unwrap();
    assert_eq!(gap.reason, Reason::NotAnswering);
    assert!(gap.to.is_some_and(|to| to > gap.from));
    assert!(history.gaps.iter().all(|gap| gap.channel == "system/cpu"));
    let utilization = history.series.iter().find(|series| series.field == "utilization").unwrap();
    assert!(utilization.values.iter().skip(1).any(Option::is_none));
    let memory = history.series.iter().find(|series| series.field == "ram_used").unwrap();
    assert!(memory.values[..memory.values.len() - 1].iter().all(Option::is_some));
}

#[tokio::test]
async fn an_error_is_the_channels_reason_and_passes() {
    let (script, collector) = start(INTERVAL);
    script.fail.store(true, Ordering::SeqCst);
    let failed = until(&collector, |metrics| reason(metrics, "system/cpu") == Some(Reason::NoPermission)).await;
    let status = failed.metrics.channels.iter().find(|status| status.channel == "system/cpu").unwrap();
    assert!(status.detail.as_ref().unwrap().contains("/proc/stat"), "{status:?}");
    script.fail.store(false, Ordering::SeqCst);
    until(&collector, |metrics| reason(metrics, "system/cpu").is_none()).await;
}

#[tokio::test]
async fn a_panic_is_seen_and_the_source_is_made_anew() {
    let (script, collector) = start(INTERVAL);
    until(&collector, |metrics| metrics.cpu.is_some()).await;
    script.panic.store(true, Ordering::SeqCst);
    let failed = until(&collector, |metrics| reason(metrics, "system/cpu") == Some(Reason::Failed)).await;
    assert_eq!(reason(&failed.metrics, "system/memory"), None);
    script.panic.store(false, Ordering::SeqCst);
    until(&collector, |metrics| metrics.tick > failed.metrics.tick && reason(metrics, "system/cpu").is_none()).await;
    assert!(script.made.load(Ordering::SeqCst) >= 2);
}

#[tokio::test]
async fn the_interval_changes_while_it_runs() {
    let (_script, collector) = start(Duration::from_mins(1));
    let first = until(&collector, |metrics| metrics.tick == 1 && metrics.memory.is_some()).await;
    assert!((first.metrics.interval - 60.0).abs() < 1e-9);
    collector.set_interval(INTERVAL);
    let faster = until(&collector, |metrics| metrics.tick >= 3).await;
    assert!((faster.metrics.interval - INTERVAL.as_secs_f64()).abs() < 1e-9);
}

#[tokio::test]
async fn ticks_missed_are_skipped_not_made_up_for() {
    let (_script, collector) = start(INTERVAL);
    until(&collector, |metrics| metrics.tick >= 2).await;
    let before = collector.current().metrics.tick;
    // The one thread of this runtime is kept busy: the loop can't run.
    std::thread::sleep(INTERVAL * 10);
    let after = until(&collector, |metrics| metrics.tick > before).await;
    assert!(after.metrics.tick <= before + 2, "{} after {before}", after.metrics.tick);
}

#[tokio::test]
async fn this_machine_answers_on_every_channel() {
    let roots = Roots { nvml: Some("/nonexistent/libnvidia-ml.so.1".into()), ..Roots::default() };
    let (collector, run) = Collector::start(&roots, INTERVAL).unwrap();
    tokio::spawn(run);
    let complete = |metrics: &CurrentMetrics| {
        metrics.cpu.as_ref().is_some_and(|cpu| cpu.utilization.is_some())
            && metrics.memory.as_ref().is_some_and(|memory| memory.ram_used.is_some())
            && metrics.disk.is_some()
            && metrics.network.as_ref().is_some_and(|network| !network.interfaces.is_empty())
            && reason(metrics, "system/gpu") == Some(Reason::Absent)
    };
    let snapshot = until(&collector, complete).await;
    assert!(snapshot.gpu_problem.as_ref().unwrap().detail.contains("/nonexistent/libnvidia-ml.so.1 is not installed"));
}

//! The loop with sources that hang, fail and panic, made for real on threads.

mod gaps;
mod slow;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar};

use super::*;
use crate::channel::Channel;
use crate::metrics::{CpuMetrics, CurrentMetrics, GpuMetrics, MemoryMetrics};
use crate::source::{GpuReading, Previous, Problem, Reading, Source, SourceError, Stamped};

const INTERVAL: Duration = Duration::from_millis(50);
const WAIT: Duration = Duration::from_secs(20);

/// What a source does when it is asked.
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

    fn read(&self) -> Result<(), SourceError> {
        if self.in_flight.fetch_add(1, Ordering::SeqCst) > 0 {
            self.overlapped.store(true, Ordering::SeqCst);
        }
        let mut hang = self.hang.lock().unwrap();
        while *hang {
            hang = self.released.wait(hang).unwrap();
        }
        drop(hang);
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        assert!(!self.panic.load(Ordering::SeqCst), "scripted");
        if self.fail.load(Ordering::SeqCst) {
            let error = io::Error::from(io::ErrorKind::PermissionDenied);
            return Err(SourceError::Read { path: "/proc/stat".into(), error });
        }
        Ok(())
    }
}

struct Scripted(Arc<Script>);

impl Source for Scripted {
    type Sample = ();

    fn read(&mut self) -> Result<(), SourceError> {
        self.0.read()
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

/// The id of a GPU that has no figure.
const ASLEEP: &str = "GPU-asleep";

/// One of two sources that feed the GPU channel: its devices, by their ids.
#[derive(Debug, Default)]
struct Gpus {
    script: Script,
    ids: Mutex<Vec<&'static str>>,
}

impl Gpus {
    fn of(ids: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { ids: Mutex::new(ids.to_vec()), ..Self::default() })
    }
}

impl Source for Arc<Gpus> {
    type Sample = Vec<&'static str>;

    fn read(&mut self) -> Result<Vec<&'static str>, SourceError> {
        self.script.read()?;
        Ok(self.ids.lock().unwrap().clone())
    }

    fn derive(_previous: Previous<'_, Vec<&'static str>>, now: &Stamped<Vec<&'static str>>) -> Reading {
        let gpu = |(index, id): (u32, &&str)| GpuMetrics {
            gpu_id: (*id).into(),
            index,
            utilization: (*id != ASLEEP).then_some(1.0),
            missing: (*id == ASLEEP).then(|| ("utilization".to_owned(), Reason::Asleep)).into_iter().collect(),
            timestamp: now.stamp.wall,
            ..GpuMetrics::default()
        };
        let problem = Problem { reason: Reason::Absent, detail: "None here.".into() };
        Reading::Gpu(GpuReading {
            driver_version: None,
            drivers: BTreeMap::new(),
            devices: (0..).zip(&now.sample).map(gpu).collect(),
            problem: now.sample.is_empty().then_some(problem),
            ..GpuReading::default()
        })
    }
}

fn start_gpus(first: &Arc<Gpus>, second: &Arc<Gpus>) -> Collector {
    let source = |gpus: &Arc<Gpus>| {
        let gpus = Arc::clone(gpus);
        move || Arc::clone(&gpus)
    };
    let workers =
        vec![Worker::new("first", Channel::Gpu, source(first)), Worker::new("second", Channel::Gpu, source(second))];
    let (collector, run) = Collector::with_workers(workers, INTERVAL, no_details()).unwrap();
    tokio::spawn(run.run());
    collector
}

fn no_details() -> Details {
    let nvml = gpu::NvmlAccess::new(None, "/proc".into(), "/sys".into());
    Details::spawn(Arc::new(nvml), Arc::new(gpu::DrmAccess::new("/proc".into(), "/sys".into()))).unwrap()
}

fn start(interval: Duration) -> (Arc<Script>, Collector) {
    let script = Arc::new(Script::default());
    let for_thread = Arc::clone(&script);
    let scripted = move || {
        for_thread.made.fetch_add(1, Ordering::SeqCst);
        Scripted(Arc::clone(&for_thread))
    };
    // The last is asked first: while it hangs, the other waits behind it.
    let workers = vec![Worker::new("memory", Channel::Memory, || Steady), Worker::new("cpu", Channel::Cpu, scripted)];
    let (collector, run) = Collector::with_workers(workers, interval, no_details()).unwrap();
    tokio::spawn(run.run());
    (script, collector)
}

/// The first snapshot that fits, or a failure that shows the last one.
async fn until(collector: &Collector, fits: impl Fn(&CurrentMetrics) -> bool) -> Arc<Snapshot> {
    let mut snapshots = collector.subscribe();
    let waited = tokio::time::timeout(WAIT, snapshots.wait_for(|snapshot| fits(&snapshot.metrics))).await;
    let Ok(snapshot) = waited else { panic!("never came; last: {:#?}", collector.current()) };
    Arc::clone(&snapshot.unwrap())
}

fn reason(metrics: &CurrentMetrics, event: &str) -> Option<Reason> {
    metrics.channels.iter().find(|status| status.channel == event).and_then(|status| status.reason)
}

#[tokio::test]
async fn before_the_first_tick_every_channel_is_starting() {
    let workers = vec![Worker::new("memory", Channel::Memory, || Steady)];
    let (collector, _not_run) = Collector::with_workers(workers, INTERVAL, no_details()).unwrap();
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
async fn a_source_of_gpus_that_hangs_leaves_the_gpus_of_another_current() {
    let sources = [Gpus::of(&["GPU-a"]), Gpus::of(&["PCI-b"])];
    let events = ["system/gpu/GPU-a", "system/gpu/PCI-b"];
    let collector = start_gpus(&sources[0], &sources[1]);
    let both = |metrics: &CurrentMetrics| {
        metrics.gpu.len() == 2 && events.iter().all(|event| reason(metrics, event).is_none())
    };
    for (hanging, well) in [(0, 1), (1, 0)] {
        until(&collector, both).await;
        sources[hanging].script.hang(true);
        let stale = until(&collector, |metrics| reason(metrics, events[hanging]) == Some(Reason::NotAnswering)).await;
        // Of this very tick: it may only come behind a tick that the machine held up.
        let later = until(&collector, |metrics| {
            metrics.tick >= stale.metrics.tick + 5
                && reason(metrics, events[well]).is_none()
                && metrics.gpu[well].timestamp >= metrics.timestamp
        })
        .await;
        assert_eq!(later.metrics.gpu[hanging], stale.metrics.gpu[hanging], "the last sample is kept");
        sources[hanging].script.hang(false);
    }
    until(&collector, both).await;
    assert!(sources.iter().all(|source| !source.script.overlapped.load(Ordering::SeqCst)));
}

#[tokio::test]
async fn that_one_source_of_gpus_has_none_is_said_only_where_no_other_has_any() {
    let (first, second) = (Gpus::of(&[]), Gpus::of(&[]));
    let collector = start_gpus(&first, &second);
    let none = until(&collector, |metrics| reason(metrics, "system/gpu") == Some(Reason::Absent)).await;
    assert_eq!(none.gpu_problem.as_ref().unwrap().detail, "None here.");

    second.ids.lock().unwrap().push("PCI-b");
    let one = until(&collector, |metrics| metrics.gpu.len() == 1).await;
    assert_eq!((one.metrics.gpu[0].index, &one.gpu_problem), (0, &None));
    let channels: Vec<&str> = one.metrics.channels.iter().map(|status| status.channel.as_str()).collect();
    assert_eq!(channels, ["system/gpu/PCI-b"]);
    let gaps = collector.query(&HistoryQuery::default()).unwrap().gaps;
    assert!(gaps[0].channel == "system/gpu" && gaps[0].to.is_some(), "{gaps:?}");

    first.ids.lock().unwrap().extend(["GPU-a", "GPU-c"]);
    let three = until(&collector, |metrics| metrics.gpu.len() == 3).await;
    let indices: Vec<_> = three.metrics.gpu.iter().map(|gpu| (gpu.gpu_id.as_str(), gpu.index)).collect();
    assert_eq!(indices, [("GPU-a", 0), ("GPU-c", 1), ("PCI-b", 2)], "no two have one index");
}

#[tokio::test]
async fn a_source_of_gpus_that_has_yet_to_answer_is_waited_for_though_another_has_some() {
    let (first, second) = (Gpus::of(&["GPU-a"]), Gpus::of(&["PCI-b"]));
    first.script.hang(true);
    let collector = start_gpus(&first, &second);
    let waiting = until(&collector, |metrics| reason(metrics, "system/gpu") == Some(Reason::NotAnswering)).await;
    assert_eq!(reason(&waiting.metrics, "system/gpu/PCI-b"), None);
    first.script.hang(false);
    let both = until(&collector, |metrics| metrics.gpu.len() == 2).await;
    assert!(both.metrics.channels.iter().all(|status| status.channel != "system/gpu"));
}

#[tokio::test]
async fn a_source_that_hangs_at_every_tick_holds_up_the_others_less_than_100_ms() {
    let (script, collector) = start(INTERVAL * 4);
    for _ in 0..3 {
        let before = until(&collector, |metrics| reason(metrics, "system/cpu").is_none()).await;
        script.hang(true);
        // The machine may hold up a tick or two, the source that hangs would hold up all.
        until(&collector, |metrics| {
            let memory = metrics.memory.as_ref().unwrap().timestamp;
            metrics.tick > before.metrics.tick + 1
                && reason(metrics, "system/cpu") == Some(Reason::NotAnswering)
                && reason(metrics, "system/memory").is_none()
                && (0..100).contains(&(memory - metrics.timestamp))
        })
        .await;
        script.hang(false);
    }
    assert!(!script.overlapped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn without_a_collector_no_thread_is_left() {
    let (script, collector) = start(INTERVAL);
    until(&collector, |metrics| metrics.cpu.is_some()).await;
    script.hang(true);
    until(&collector, |metrics| reason(metrics, "system/cpu") == Some(Reason::NotAnswering)).await;
    drop(collector);
    script.hang(false);
    let asked = Arc::downgrade(&script);
    drop(script);
    let gone = async {
        while asked.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(WAIT, gone).await.expect("its source is let go of");
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
async fn the_account_says_what_became_of_each_source_and_tick() {
    let (script, collector) = start(INTERVAL);
    let source = |event: &str| {
        let all = collector.diagnostics().sources;
        all.into_iter().find(|source| source.channel == event).unwrap()
    };
    until(&collector, |metrics| metrics.tick >= 3 && source("system/cpu").successes >= 2).await;
    let well = source("system/cpu");
    assert!(well.failures == 0 && well.reason.is_none(), "{well:?}");
    assert!(well.duration.is_some() && well.duration <= well.longest && well.age.is_some(), "{well:?}");

    script.hang(true);
    let stale = until(&collector, |metrics| reason(metrics, "system/cpu") == Some(Reason::NotAnswering)).await;
    until(&collector, |metrics| metrics.tick >= stale.metrics.tick + 5).await;
    let hanging = source("system/cpu");
    assert_eq!(hanging.reason, Some(Reason::NotAnswering));
    assert!(hanging.busy >= 5 && hanging.waiting > Some(INTERVAL.as_secs_f64() * 4.0), "{hanging:?}");
    assert!(collector.diagnostics().ticks.incomplete >= 5);
    let fault = collector.diagnostics().faults.into_iter().find(|fault| fault.channel == "system/cpu").unwrap();
    assert_eq!((fault.reason, fault.to), (Reason::NotAnswering, None));

    script.hang(false);
    let back = until(&collector, |metrics| reason(metrics, "system/cpu").is_none()).await;
    until(&collector, |metrics| metrics.tick >= back.metrics.tick + 5).await;
    let report = collector.diagnostics();
    assert_eq!(report.sources[0].waiting.filter(|waiting| *waiting > 1.0), None);
    let faults: Vec<_> = report.faults.iter().filter(|fault| fault.channel == "system/cpu").collect();
    assert_eq!(faults.len(), 1, "one hang is one fault: {faults:?}");
    assert!(faults[0].to.is_some_and(|to| to > fault.from), "{faults:?}");

    script.fail.store(true, Ordering::SeqCst);
    until(&collector, |metrics| reason(metrics, "system/cpu") == Some(Reason::NoPermission)).await;
    assert!(source("system/cpu").failures >= 1);
    script.panic.store(true, Ordering::SeqCst);
    until(&collector, |metrics| reason(metrics, "system/cpu") == Some(Reason::Failed)).await;
    assert!(source("system/cpu").panics >= 1);
    let history = collector.diagnostics().history;
    assert!(history.rows >= 10 && history.columns == 2 && history.bytes > history.rows * 24, "{history:?}");
}

#[tokio::test]
async fn a_tick_is_done_or_skipped_and_the_loop_survives_its_own_panic() {
    let workers = vec![Worker::new("memory", Channel::Memory, || Steady)];
    let (collector, mut run) = Collector::with_workers(workers, INTERVAL, no_details()).unwrap();
    run.guarded(|_| panic!("scripted"));
    tokio::spawn(run.run());
    until(&collector, |metrics| metrics.tick >= 2).await;
    let task = &collector.diagnostics().tasks[0];
    assert_eq!((task.name.as_str(), task.restarts, task.last_panic.as_deref()), ("collector", 1, Some("scripted")));

    // The one thread of this runtime is kept busy: the loop can't run.
    std::thread::sleep(INTERVAL * 10);
    let held_up = collector.current().metrics.tick;
    until(&collector, |metrics| metrics.tick >= held_up + 6).await;
    let ticks = collector.diagnostics().ticks;
    assert!(ticks.late >= 1 && ticks.skipped >= 8 && ticks.longest_delay > 0.4, "{ticks:?}");
    // Where the machine holds it up again, what was skipped is told at the tick after.
    let mut last = (0.0, 0.0);
    let all_told = async {
        loop {
            let report = collector.diagnostics();
            let told = (report.ticks.done + report.ticks.skipped) as f64;
            last = (told, report.uptime / INTERVAL.as_secs_f64());
            if (last.0 - last.1).abs() <= 2.0 {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let report = tokio::time::timeout(WAIT, all_told).await;
    let report = report.unwrap_or_else(|_| panic!("none is missed without being told: {} of {}", last.0, last.1));
    let fault = report.faults.iter().find(|fault| fault.channel == "ticks").expect("and it is a fault");
    assert!(fault.detail.as_ref().unwrap().contains("ticks were skipped"), "{fault:?}");
}

#[tokio::test]
async fn the_interval_changes_while_it_runs() {
    let (_script, collector) = start(Duration::from_mins(1));
    let first = until(&collector, |metrics| metrics.tick == 1 && metrics.memory.is_some()).await;
    assert!((first.metrics.interval - 60.0).abs() < 1e-9);
    // Longer than a tick at the new interval may be late.
    tokio::time::sleep(too_long(INTERVAL) + INTERVAL).await;
    collector.set_interval(INTERVAL);
    let faster = until(&collector, |metrics| metrics.tick >= 3).await;
    assert!((faster.metrics.interval - INTERVAL.as_secs_f64()).abs() < 1e-9);
    // A machine that is held up may make one later: what is asked for is that there is none between the first two ticks.
    let history = collector.query(&HistoryQuery::default()).unwrap();
    let gaps: Vec<_> = history.gaps.iter().filter(|gap| gap.from < history.timestamps[1]).collect();
    assert!(gaps.is_empty(), "it was not due: {gaps:?}");
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
    let (gpus, nvml) = (Some("/nonexistent".into()), Some("/nonexistent/libnvidia-ml.so.1".into()));
    let roots = Roots { gpus, nvml, ..Roots::default() };
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

//! What the loop waits for, seen by hand: without measuring how long.

use tokio::time::Instant;

use super::super::ticks::DEADLINE;
use super::*;
use crate::diagnostics::SourceStatus;

/// The first of two sources, which always answers.
pub(super) fn memory() -> Worker {
    Worker::new("memory", Channel::Memory, || Steady)
}

/// A loop that a test steps: over those sources and one of the processor that does as its script says.
pub(super) fn by_hand(interval: Duration, mut workers: Vec<Worker>) -> (Arc<Script>, Collector, Loop) {
    let script = Arc::new(Script::default());
    let for_thread = Arc::clone(&script);
    workers.push(Worker::new("cpu", Channel::Cpu, move || Scripted(Arc::clone(&for_thread))));
    let (collector, run) = Collector::with_workers(workers, interval, no_details()).unwrap();
    (script, collector, run)
}

#[tokio::test]
async fn a_source_that_took_long_is_not_waited_for_until_it_is_quick_again() {
    let (script, collector, mut run) = by_hand(INTERVAL, vec![memory()]);
    script.hang(true);
    run.tick(Instant::now());
    is_asked(&script).await;
    run.queue.relieve();
    answers(&mut run, "memory").await;
    assert!(run.deadline.is_some(), "a source is waited for that nothing is known against");
    std::thread::sleep(DEADLINE);
    run.publish();
    script.hang(false);
    answers(&mut run, "cpu").await;
    let late = collector.current();
    assert_eq!((late.metrics.tick, late.metrics.cpu.is_some()), (1, true), "it is published when it comes");

    std::thread::sleep(INTERVAL); // after less it would have no rate
    script.hang(true);
    run.tick(Instant::now());
    answers(&mut run, "memory").await;
    assert!((run.deadline, run.relief) == (None, None), "published, and nothing more to wake for");
    let without = collector.current();
    let memory = |snapshot: &Snapshot| snapshot.metrics.memory.as_ref().unwrap().timestamp;
    assert!(without.metrics.tick == 2 && memory(&without) >= without.metrics.timestamp, "{without:#?}");
    assert_eq!(without.metrics.cpu, late.metrics.cpu, "with the sample before");
    let status = without.metrics.channels.iter().find(|status| status.channel == "system/cpu").unwrap();
    assert!(status.reason.is_none() && status.timestamp == Some(late.metrics.cpu.as_ref().unwrap().timestamp));
    script.hang(false);
    answers(&mut run, "cpu").await;
    let with = collector.current();
    assert!(with.metrics.tick == 2 && with.metrics.cpu != late.metrics.cpu, "under the tick that it was asked for");
    let history = collector.query(&HistoryQuery::default()).unwrap();
    assert!(history.gaps.is_empty(), "{:?}", history.gaps);
    let utilization = history.series.iter().find(|series| series.field == "utilization").unwrap();
    assert_eq!(utilization.values, [None, Some(50.0)], "a rate needs two samples, and the second is in its row");

    while run.workers[1].is_slow() {
        run.tick(Instant::now());
        answers(&mut run, "cpu").await;
    }
    script.hang(true);
    run.tick(Instant::now());
    is_asked(&script).await;
    run.queue.relieve();
    answers(&mut run, "memory").await;
    assert!(run.deadline.is_some(), "it is waited for again");
    script.hang(false);
    answers(&mut run, "cpu").await;
    assert!(run.deadline.is_none() && collector.current().metrics.tick == run.tick);
}

#[tokio::test]
async fn a_source_that_hangs_in_a_part_is_replaced_and_what_it_says_later_is_not_taken() {
    let scripts = [Arc::new(Script::default()), Arc::new(Script::default())];
    let (in_part, made) = (Arc::new(AtomicBool::new(false)), AtomicU32::new(0));
    let (of_worker, of_test) = (Arc::clone(&in_part), scripts.clone());
    let next = move || Scripted(Arc::clone(&of_test[made.fetch_add(1, Ordering::SeqCst) as usize]));
    let worker = Worker::new("cpu", Channel::Cpu, next).replaced_where(move || of_worker.load(Ordering::SeqCst));
    let (collector, mut run) = Collector::with_workers(vec![worker], INTERVAL, no_details()).unwrap();
    scripts[0].hang(true);
    run.tick(Instant::now());
    is_asked(&scripts[0]).await;
    run.tick(Instant::now());
    run.publish();
    assert_eq!(run.workers[0].asked(), Some(1), "one that hangs as a whole is waited for");
    assert_eq!(reason(&collector.current().metrics, "system/cpu"), Some(Reason::NotAnswering));

    in_part.store(true, Ordering::SeqCst);
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;
    let good = collector.current();
    assert_eq!((good.metrics.tick, reason(&good.metrics, "system/cpu")), (3, None), "the other one answers");
    assert_eq!(good.metrics.cpu.as_ref().unwrap().utilization, None, "and begins anew");
    scripts[0].hang(false);
    answers(&mut run, "cpu").await;
    assert_eq!(collector.current(), good, "the one before is heard no more");
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;
    assert_eq!(collector.current().metrics.cpu.as_ref().unwrap().utilization, Some(50.0));
}

/// A loop whose source of the processor took long twice: from now on it is asked ahead.
async fn with_one_that_takes_long(interval: Duration) -> (Arc<Script>, Collector, Loop) {
    let (script, collector, mut run) = by_hand(interval, vec![memory()]);
    for _ in 0..2 {
        assert!(run.workers[1].lead().is_none(), "one time is none");
        script.hang(true);
        run.tick(Instant::now());
        is_asked(&script).await;
        std::thread::sleep(Duration::from_millis(10));
        script.hang(false);
        answers(&mut run, "cpu").await;
    }
    assert!(run.workers[1].lead().is_some_and(|lead| lead >= Duration::from_millis(10)));
    let last = collector.current().metrics.cpu.as_ref().unwrap().timestamp;
    while clock::now().wall <= last {
        std::thread::yield_now(); // samples are told apart by their milliseconds
    }
    (script, collector, run)
}

pub(super) async fn is_asked(script: &Script) {
    while script.in_flight.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn source(collector: &Collector, name: &str) -> SourceStatus {
    collector.diagnostics().sources.into_iter().find(|source| source.source == name).unwrap()
}

#[tokio::test]
async fn one_that_keeps_taking_long_is_asked_ahead_and_the_tick_is_published_once_with_its_sample() {
    let (_script, collector, mut run) = with_one_that_takes_long(WAIT).await;
    let before = collector.current();
    let incomplete = collector.diagnostics().ticks.incomplete;
    let mut snapshots = collector.subscribe();
    run.ask_ahead();
    assert!(run.workers[1].lead().is_none(), "it is asked once");
    answers(&mut run, "cpu").await;
    assert!(!snapshots.has_changed().unwrap(), "its sample is the next tick's");
    assert_eq!(collector.current(), before);

    run.tick(Instant::now());
    assert!(!snapshots.has_changed().unwrap(), "the others are waited for");
    answers(&mut run, "memory").await;
    assert!((run.deadline, run.relief) == (None, None));
    let now = Arc::clone(&snapshots.borrow_and_update());
    let cpu = now.metrics.cpu.as_ref().unwrap();
    assert!(now.metrics.tick == 3 && now.awaited.is_empty() && before.metrics.cpu.as_ref() != Some(cpu), "{now:#?}");
    assert!(cpu.timestamp <= now.metrics.timestamp, "it says when it was taken");
    assert_eq!((reason(&now.metrics, "system/cpu"), collector.diagnostics().ticks.incomplete), (None, incomplete));
    let account = source(&collector, "cpu");
    assert_eq!((account.successes, account.busy, account.waiting), (3, 0, None), "{account:?}");
    let history = collector.query(&HistoryQuery::default()).unwrap();
    let utilization = history.series.iter().find(|series| series.field == "utilization").unwrap();
    assert_eq!(utilization.values, [None, Some(50.0), Some(50.0)], "it is in its tick's row");

    while run.workers[1].lead().is_some() {
        run.ask_ahead();
        answers(&mut run, "cpu").await;
        run.tick(Instant::now());
        answers(&mut run, "memory").await;
    }
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;
    assert!(collector.current().awaited.is_empty(), "quick again, it is asked at the tick");
}

#[tokio::test]
async fn one_that_is_not_in_by_the_tick_is_not_waited_for_and_follows_or_is_said_not_to_answer() {
    let (script, collector, mut run) = with_one_that_takes_long(WAIT).await;
    let before = collector.current();
    script.hang(true);
    run.ask_ahead();
    is_asked(&script).await;
    run.tick(Instant::now());
    answers(&mut run, "memory").await;
    let without = collector.current();
    assert!(without.metrics.tick == 3 && without.metrics.cpu == before.metrics.cpu && run.deadline.is_none());
    assert_eq!((&*without.awaited, reason(&without.metrics, "system/cpu")), (&["system/cpu".to_owned()][..], None));
    script.hang(false);
    answers(&mut run, "cpu").await;
    let with = collector.current();
    assert!(with.metrics.tick == 3 && with.metrics.cpu != before.metrics.cpu && with.awaited.is_empty());

    script.hang(true);
    run.ask_ahead();
    is_asked(&script).await;
    for late in [None, Some(Reason::NotAnswering)] {
        run.tick(Instant::now());
        run.ask_ahead();
        answers(&mut run, "memory").await;
        assert_eq!(reason(&collector.current().metrics, "system/cpu"), late);
    }
    assert_eq!((run.workers[1].asked(), source(&collector, "cpu").busy), (Some(4), 1));
    script.hang(false);
    answers(&mut run, "cpu").await;
    assert_eq!(reason(&collector.current().metrics, "system/cpu"), None);
    assert!(!script.overlapped.load(Ordering::SeqCst), "never a second call in flight");
}

#[tokio::test]
async fn a_sample_that_is_old_when_the_tick_comes_is_not_taken() {
    let (_script, collector, mut run) = with_one_that_takes_long(INTERVAL).await;
    run.ask_ahead();
    answers(&mut run, "cpu").await;
    std::thread::sleep(INTERVAL); // as where the interval was changed
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;
    let now = collector.current();
    assert!(now.metrics.tick == 3 && now.metrics.cpu.as_ref().unwrap().timestamp >= now.metrics.timestamp, "{now:#?}");
    assert_eq!(source(&collector, "cpu").successes, 4);
}

#[tokio::test]
async fn the_loop_asks_ahead_by_itself() {
    let script = Arc::new(Script::default());
    let for_thread = Arc::clone(&script);
    let workers = vec![
        Worker::new("memory", Channel::Memory, || Steady),
        Worker::new("cpu", Channel::Cpu, move || Late(Scripted(Arc::clone(&for_thread)))),
    ];
    let (collector, run) = Collector::with_workers(workers, INTERVAL * 4, no_details()).unwrap();
    tokio::spawn(run.run());
    let mut snapshots = collector.subscribe();
    let mut in_a_row = 0;
    let three = async {
        let mut before = Arc::clone(&snapshots.borrow_and_update());
        while in_a_row < 3 {
            snapshots.changed().await.unwrap();
            let now = Arc::clone(&snapshots.borrow_and_update());
            let whole = now.metrics.tick == before.metrics.tick + 1
                && now.metrics.cpu != before.metrics.cpu
                && now.metrics.cpu.as_ref().is_some_and(|cpu| cpu.timestamp <= now.metrics.timestamp)
                && now.awaited.is_empty();
            in_a_row = if whole { in_a_row + 1 } else { 0 };
            before = now;
        }
    };
    tokio::time::timeout(WAIT, three).await.expect("three ticks in a row, each published once with all");
    assert!(source(&collector, "cpu").duration >= Some(0.02));
    assert!(!script.overlapped.load(Ordering::SeqCst));
}

/// A source that takes its time.
struct Late(Scripted);

impl Source for Late {
    type Sample = ();

    fn read(&mut self) -> Result<(), SourceError> {
        std::thread::sleep(Duration::from_millis(20));
        self.0.read()
    }

    fn derive(previous: Previous<'_, ()>, now: &Stamped<()>) -> Reading {
        Scripted::derive(previous, now)
    }
}

/// Lets the loop take in answers until there is one of that source.
pub(super) async fn answers(run: &mut Loop, source: &str) {
    loop {
        let outcomes = tokio::time::timeout(WAIT, run.outcomes.recv()).await.expect("an answer").unwrap();
        let there = outcomes.iter().any(|outcome| outcome.source == source);
        for outcome in outcomes {
            run.accept(outcome);
        }
        if there {
            return;
        }
    }
}

//! What the loop waits for, seen by hand: without measuring how long.

use super::*;

#[tokio::test]
async fn a_source_that_took_long_is_not_waited_for_until_it_is_quick_again() {
    let script = Arc::new(Script::default());
    let for_thread = Arc::clone(&script);
    let scripted = move || Scripted(Arc::clone(&for_thread));
    let workers = vec![Worker::new("memory", Channel::Memory, || Steady), Worker::new("cpu", Channel::Cpu, scripted)];
    let (collector, mut run) = Collector::with_workers(workers, INTERVAL, no_details()).unwrap();
    let is_asked = async || {
        while script.in_flight.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };

    script.hang(true);
    run.tick(Instant::now());
    is_asked().await;
    run.queue.relieve();
    answers(&mut run, "memory").await;
    assert!(run.deadline.is_some(), "a source is waited for that nothing is known against");
    std::thread::sleep(DEADLINE);
    run.publish();
    script.hang(false);
    answers(&mut run, "cpu").await;
    let late = collector.current();
    assert_eq!((late.metrics.tick, late.metrics.cpu.is_some()), (1, true), "it is published when it comes");

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
    is_asked().await;
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
    while scripts[0].in_flight.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
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

/// Lets the loop take in answers until there is one of that source.
async fn answers(run: &mut Loop, source: &str) {
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

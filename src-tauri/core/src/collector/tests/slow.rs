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

//! Where the gaps of a channel begin and end, tick by tick.

use tokio::time::Instant;

use super::slow::{answers, by_hand, is_asked, memory};
use super::*;

fn gaps_of(collector: &Collector, channel: &str) -> Vec<crate::history::HistoryGap> {
    let mut gaps = collector.query(&HistoryQuery::default()).unwrap().gaps;
    gaps.retain(|gap| gap.channel == channel);
    gaps
}

#[tokio::test]
async fn a_source_that_hangs_makes_its_own_channel_stale_and_no_other_and_recovers() {
    let (script, collector, mut run) = by_hand(WAIT, vec![memory()]);
    for _ in 0..2 {
        run.tick(Instant::now());
        all_answer(&mut run).await;
    }
    let before = collector.current();
    script.hang(true);
    for tick in 3..=8 {
        run.tick(Instant::now());
        is_asked(&script).await;
        run.queue.relieve();
        answers(&mut run, "memory").await;
        if run.deadline.is_some() {
            run.publish();
        }
        let now = collector.current();
        let memory = now.metrics.memory.as_ref().unwrap();
        assert!(
            now.metrics.tick == tick && memory.timestamp >= now.metrics.timestamp,
            "it is of this very tick: {now:#?}"
        );
        assert_eq!(reason(&now.metrics, "system/memory"), None);
        assert_eq!(now.metrics.cpu, before.metrics.cpu, "the last sample is kept");
        let said = reason(&now.metrics, "system/cpu");
        assert!(said == Some(Reason::NotAnswering) || said.is_none() && tick < 5, "said within three ticks: {now:#?}");
    }
    script.hang(false);
    answers(&mut run, "cpu").await;
    run.tick(Instant::now());
    all_answer(&mut run).await;
    assert_eq!(reason(&collector.current().metrics, "system/cpu"), None);
    assert!(!script.overlapped.load(Ordering::SeqCst), "never a second call in flight");

    let history = collector.query(&HistoryQuery::default()).unwrap();
    let [gap] = history.gaps.as_slice() else { panic!("{:?}", history.gaps) };
    assert_eq!((gap.channel.as_str(), gap.reason), ("system/cpu", Reason::NotAnswering));
    assert_eq!((gap.from, gap.to), (history.timestamps[3], Some(history.timestamps[8])), "{history:?}");
    let busy = Some(50.0);
    let expected = vec![None, busy, busy, None, None, None, None, None, busy];
    assert_eq!(recorded(&collector).0, expected, "what came late is in the row that it was asked for");
    let memory = history.series.iter().find(|series| series.field == "ram_used").unwrap();
    assert!(memory.values.rows().all(|value| value.is_some()));
}

/// Lets the loop take in answers until nobody owes one.
async fn all_answer(run: &mut Loop) {
    while run.workers.iter().any(|worker| worker.asked().is_some()) {
        let outcomes = tokio::time::timeout(WAIT, run.outcomes.recv()).await.expect("an answer").unwrap();
        for outcome in outcomes {
            run.accept(outcome);
        }
    }
}

#[tokio::test]
async fn a_gap_ends_at_a_row_with_a_sample_also_where_what_hung_comes_back_between_two_ticks() {
    let (script, collector, mut run) = by_hand(WAIT, vec![]);
    for _ in 0..2 {
        run.tick(Instant::now());
        answers(&mut run, "cpu").await;
    }
    script.hang(true);
    run.tick(Instant::now());
    is_asked(&script).await;
    for _ in 0..2 {
        run.tick(Instant::now());
        run.publish();
    }
    script.hang(false);
    answers(&mut run, "cpu").await;
    assert_eq!(reason(&collector.current().metrics, "system/cpu"), None, "it is published when it comes");
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;

    let gaps = gaps_of(&collector, "system/cpu");
    let history = collector.query(&HistoryQuery::default()).unwrap();
    assert_eq!(recorded(&collector).0, [None, Some(50.0), Some(50.0), None, None, Some(50.0)]);
    let [gap] = gaps.as_slice() else { panic!("{gaps:?}") };
    assert_eq!((gap.from, gap.to), (history.timestamps[3], Some(history.timestamps[5])), "{history:?}");
}

/// What the history has of the processor: its figures, and the rows in a gap.
fn recorded(collector: &Collector) -> (Vec<Option<f64>>, Vec<bool>) {
    let gaps = gaps_of(collector, "system/cpu");
    let history = collector.query(&HistoryQuery::default()).unwrap();
    let utilization = history.series.iter().find(|series| series.field == "utilization").unwrap();
    let in_gap = |time: &i64| gaps.iter().any(|gap| gap.from <= *time && gap.to.is_none_or(|to| *time < to));
    (utilization.values.rows().collect(), history.timestamps.iter().map(in_gap).collect())
}

#[tokio::test]
async fn each_row_without_a_sample_is_in_a_gap_whenever_what_was_owed_comes() {
    let (script, collector, mut run) = by_hand(WAIT, vec![]);
    for _ in 0..2 {
        run.tick(Instant::now());
        answers(&mut run, "cpu").await;
    }
    script.hang(true);
    run.tick(Instant::now());
    is_asked(&script).await;
    run.publish();
    run.tick(Instant::now());
    assert_eq!(recorded(&collector).1, [false, false, true, true], "it owes the sample of the tick before");
    script.hang(false);
    answers(&mut run, "cpu").await;
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;
    let figures = vec![None, Some(50.0), Some(50.0), None, Some(50.0)];
    assert_eq!(recorded(&collector), (figures, vec![false, false, false, true, false]), "answered before the deadline");

    script.hang(true);
    run.tick(Instant::now());
    is_asked(&script).await;
    run.tick(Instant::now());
    script.fail.store(true, Ordering::SeqCst);
    script.hang(false);
    answers(&mut run, "cpu").await;
    script.fail.store(false, Ordering::SeqCst);
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;
    assert_eq!(recorded(&collector).1[5..], [true, true, false], "what came was no sample");
}

#[tokio::test]
async fn a_gap_ends_at_the_row_whose_sample_comes_after_the_deadline() {
    let (script, collector, mut run) = by_hand(WAIT, vec![]);
    for fails in [false, false, true] {
        script.fail.store(fails, Ordering::SeqCst);
        run.tick(Instant::now());
        answers(&mut run, "cpu").await;
    }
    script.fail.store(false, Ordering::SeqCst);
    script.hang(true);
    run.tick(Instant::now());
    is_asked(&script).await;
    run.publish();
    assert_eq!(recorded(&collector).1, [false, false, true, true], "it is not known yet");
    script.hang(false);
    answers(&mut run, "cpu").await;
    run.tick(Instant::now());
    answers(&mut run, "cpu").await;
    assert_eq!(recorded(&collector).1, [false, false, true, false, false]);
}

#[tokio::test]
async fn a_gpu_that_sleeps_has_no_sample_also_where_its_driver_answers_late() {
    let gpus = Gpus::of(&["GPU-a", ASLEEP]);
    let for_thread = Arc::clone(&gpus);
    let workers = vec![Worker::new("nvml", Channel::Gpu, move || Arc::clone(&for_thread))];
    let (collector, mut run) = Collector::with_workers(workers, WAIT, no_details()).unwrap();
    run.tick(Instant::now());
    answers(&mut run, "nvml").await;
    gpus.script.hang(true);
    run.tick(Instant::now());
    is_asked(&gpus.script).await;
    run.publish();
    run.tick(Instant::now());
    run.publish();
    gpus.script.hang(false);
    answers(&mut run, "nvml").await;
    run.tick(Instant::now());
    answers(&mut run, "nvml").await;

    let times = collector.query(&HistoryQuery::default()).unwrap().timestamps;
    let in_gap = |id: &str| {
        let gaps = gaps_of(&collector, &format!("system/gpu/{id}"));
        let covers = |time: &i64| gaps.iter().any(|gap| gap.from <= *time && gap.to.is_none_or(|to| *time < to));
        times.iter().map(covers).collect::<Vec<_>>()
    };
    assert_eq!(in_gap(ASLEEP), [true; 4]);
    assert_eq!(in_gap("GPU-a"), [false, false, true, false]);
}

#[tokio::test]
async fn what_comes_after_a_failed_read_is_compared_with_nothing_before_it() {
    let (script, collector, mut run) = by_hand(WAIT, vec![]);
    for fails in [false, false, true, false, false] {
        script.fail.store(fails, Ordering::SeqCst);
        run.tick(Instant::now());
        answers(&mut run, "cpu").await;
    }
    let history = collector.query(&HistoryQuery::default()).unwrap();
    assert_eq!(recorded(&collector).0, [None, Some(50.0), None, None, Some(50.0)]);
    let gaps = gaps_of(&collector, "system/cpu");
    let [gap] = gaps.as_slice() else { panic!("{gaps:?}") };
    assert_eq!((gap.from, gap.to), (history.timestamps[2], Some(history.timestamps[3])));
}

#[tokio::test]
async fn the_gap_of_a_gpu_that_gets_another_name_ends() {
    let (first, second) = (Gpus::of(&["index-0", "GPU-b"]), Gpus::of(&[]));
    let collector = start_gpus(&first, &second);
    until(&collector, |metrics| metrics.gpu.len() == 2).await;
    first.script.hang(true);
    let event = "system/gpu/index-0";
    until(&collector, |metrics| reason(metrics, event) == Some(Reason::NotAnswering)).await;
    *first.ids.lock().unwrap() = vec!["GPU-a", "GPU-b"];
    first.script.hang(false);
    until(&collector, |metrics| metrics.gpu.iter().any(|gpu| gpu.gpu_id == "GPU-a")).await;
    let tick = collector.current().metrics.tick;
    until(&collector, |metrics| metrics.tick >= tick + 2).await;
    let gaps = gaps_of(&collector, event);
    assert!(!gaps.is_empty() && gaps.iter().all(|gap| gap.to.is_some()), "{gaps:?}");
}

#[tokio::test]
async fn a_driver_that_knows_no_gpu_and_hangs_makes_no_gap_for_those_of_another() {
    let (first, second) = (Gpus::of(&[]), Gpus::of(&["PCI-b"]));
    let collector = start_gpus(&first, &second);
    until(&collector, |metrics| metrics.gpu.len() == 1).await;
    first.script.hang(true);
    let word = until(&collector, |metrics| reason(metrics, "system/gpu") == Some(Reason::NotAnswering)).await;
    let later = until(&collector, |metrics| metrics.tick >= word.metrics.tick + 3).await;
    assert_eq!(reason(&later.metrics, "system/gpu/PCI-b"), None);
    assert_eq!(gaps_of(&collector, "system/gpu"), [], "the word of it is in the batch alone");
    second.ids.lock().unwrap().clear();
    until(&collector, |metrics| metrics.gpu.is_empty() && metrics.tick > later.metrics.tick).await;
    let gone = collector.current().metrics.tick;
    until(&collector, |metrics| metrics.tick > gone).await;
    assert_eq!(gaps_of(&collector, "system/gpu").len(), 1, "now it is one of all that there could be");
    first.script.hang(false);
}

//! Eight GPUs whose sample takes longer than a tick waits: they are asked ahead of it, and one look waits for them. A test of its own, since the environment
//! belongs to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what is wrong by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use telltale_core::collector::{Collector, Roots, once};
use telltale_core::feed::{Feed as _, Snapshot};

const INTERVAL: Duration = Duration::from_millis(500);
const SOON: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_tick_is_published_once_with_the_samples_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("gpu.sim");
    fs::write(&script, format!("latency = 1ms\n{}", "[gpu]\nutilization = 42 %\n".repeat(8))).unwrap();
    // SAFETY: no other thread of this process runs yet that reads the environment.
    unsafe {
        std::env::set_var("TELLTALE_NVML_SIM", &script);
        std::env::set_var("TELLTALE_NVML_SIM_CALLS", folder.path().join("calls"));
    }
    let library = std::env::current_exe().unwrap().with_file_name("libnvml_sim.so");
    let roots = Roots { sys: folder.path().join("sys"), gpus: None, nvml: Some(library.into()), ..Roots::default() };
    let (looked, snapshot) = once(&roots).await.unwrap();
    drop(looked);
    let calls = nvml_sim::calls::read(&folder.path().join("calls")).unwrap();
    let read = (snapshot.metrics.gpu.len(), calls["nvmlDeviceGetUtilizationRates"]);
    assert_eq!(read, (8, 16), "one look waits for the second sample of each");

    let (collector, run) = Collector::start(&roots, INTERVAL).unwrap();
    tokio::spawn(run);
    let mut snapshots = collector.subscribe();
    let times = |snapshot: &Snapshot| snapshot.metrics.gpu.iter().map(|gpu| gpu.timestamp).collect::<BTreeSet<i64>>();
    let account = || collector.diagnostics().sources.into_iter().find(|source| source.source == "nvml").unwrap();
    let five_in_a_row = async {
        let (mut before, mut in_a_row, mut busy) = (collector.current(), 0, 0);
        while in_a_row < 5 {
            snapshots.changed().await.unwrap();
            let now = snapshots.borrow_and_update().clone();
            let all = now.metrics.gpu.len() == 8 && now.metrics.gpu.iter().all(|gpu| gpu.utilization == Some(42.0));
            let new = times(&now).is_disjoint(&times(&before)) && times(&now).last() <= Some(&now.metrics.timestamp);
            let once = now.metrics.tick == before.metrics.tick + 1 && now.awaited.is_empty();
            in_a_row = if all && new && once { in_a_row + 1 } else { 0 };
            if in_a_row == 0 {
                // A machine that stalls makes a source busy; those five ticks in a row had none of that.
                busy = account().busy;
            }
            before = now;
        }
        busy
    };
    let busy = tokio::time::timeout(SOON, five_in_a_row).await;
    let busy = busy.expect("five ticks in a row, each published once with all samples");
    let nvml = account();
    assert!(nvml.duration > Some(0.1), "longer than a tick waits: {nvml:?}");
    assert_eq!((nvml.busy, nvml.failures), (busy, 0), "{nvml:?}");
}

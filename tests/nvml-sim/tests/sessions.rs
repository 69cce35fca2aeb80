//! How NVML is opened, closed and opened anew. One test, since the environment and the library's state belong to the whole
//! process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod machine;

use telltale_core::feed::Snapshot;
use telltale_core::metrics::Reason;

use machine::{A, ADDRESSES, B, C, Machine, SOON, full, gpu};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_begins_and_ends() {
    let machine = Machine::start();
    machine.until("three GPUs", |snapshot| snapshot.metrics.gpu.len() == 3).await;
    one_that_takes_long_to_end_holds_up_no_tick(&machine).await;
    one_that_is_awake_beside_a_sleeping_one_is_not_said_to_sleep(&machine).await;
}

async fn one_that_takes_long_to_end_holds_up_no_tick(machine: &Machine) {
    machine.becomes(&format!("driver = mismatch\nshutdown = hang\n{}", full()));
    machine.until_called("nvmlShutdown").await;
    let ticks = tokio::time::timeout(SOON, machine.ticks(10)).await;
    machine.becomes(&full());
    assert!(ticks.is_ok(), "they wait for nobody");
    machine.until("figures again", |snapshot| snapshot.gpu_problem.is_none()).await;
}

async fn one_that_is_awake_beside_a_sleeping_one_is_not_said_to_sleep(machine: &Machine) {
    machine.power(ADDRESSES[0], "on", "active");
    machine.power(ADDRESSES[1], "auto", "suspended");
    machine.power(ADDRESSES[2], "auto", "active");
    machine.becomes(&format!("driver = mismatch\n{}", full()));
    machine.until("the session's end", |snapshot| snapshot.gpu_problem.is_some()).await;
    let why = |snapshot: &Snapshot| [A, B, C].map(|gpu_id| gpu(snapshot, gpu_id).missing.get("utilization").copied());
    let [waits, sleeps] = [Some(Reason::Starting), Some(Reason::Asleep)];
    machine.until("none is asked", |snapshot| why(snapshot) == [waits, sleeps, waits]).await;
    assert_eq!(machine.details(A).await.reason, waits);
    machine.becomes(&full());
    machine.power(ADDRESSES[1], "auto", "active");
    machine.until("all are asked", |snapshot| why(snapshot) == [None, Some(Reason::Unsupported), None]).await;
}

//! How NVML is opened, closed and opened anew. One test, since the environment and the library's state belong to the whole
//! process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]
#![allow(dead_code, reason = "the other tests over such a machine use what this one does not")]

mod machine;

use machine::{Machine, SOON, full};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_begins_and_ends() {
    let machine = Machine::start();
    machine.until("three GPUs", |snapshot| snapshot.metrics.gpu.len() == 3).await;
    one_that_takes_long_to_end_holds_up_no_tick(&machine).await;
}

async fn one_that_takes_long_to_end_holds_up_no_tick(machine: &Machine) {
    machine.becomes(&format!("driver = mismatch\nshutdown = hang\n{}", full()));
    machine.until_called("nvmlShutdown").await;
    let ticks = tokio::time::timeout(SOON, machine.ticks(10)).await;
    machine.becomes(&full());
    assert!(ticks.is_ok(), "they wait for nobody");
    machine.until("figures again", |snapshot| snapshot.gpu_problem.is_none()).await;
}

//! How NVML is opened, closed and opened anew. One test, since the environment and the library's state belong to the whole
//! process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod machine;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use telltale_core::feed::{Feed as _, Snapshot};
use telltale_core::gpu_details::GpuDetails;
use telltale_core::metrics::{ChannelStatus, Reason};

use machine::{A, ADDRESSES, B, C, Machine, SOON, full, gpu};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_begins_and_ends() {
    let machine = Machine::start();
    machine.until("three GPUs", |snapshot| snapshot.metrics.gpu.len() == 3).await;
    one_that_takes_long_to_end_holds_up_no_tick(&machine).await;
    one_that_comes_back_may_be_in_another_slot(&machine).await;
    one_that_cannot_count_is_tried_ever_more_rarely(&machine).await;
    one_that_is_awake_beside_a_sleeping_one_is_not_said_to_sleep(&machine).await;
    those_that_are_lent_are_not_lost(&machine).await;
    one_without_a_uuid_is_known_by_its_slot(&machine).await;
    one_that_joins_is_counted_by_a_session_of_its_own(&machine).await;
}

async fn one_that_joins_is_counted_by_a_session_of_its_own(machine: &Machine) {
    let first = "uuid = GPU-full-0";
    machine.take_out(ADDRESSES[0]);
    let without = full().replace(first, "uuid = GPU-full-0\nstate = gone");
    machine.becomes(&format!("driver = mismatch\n{without}"));
    machine.until("the session's end", |snapshot| snapshot.gpu_problem.is_some()).await;
    machine.becomes(&without);
    machine.until("a session without it", |snapshot| gpu(snapshot, B).temperature.is_some()).await;
    let sessions = machine.count("nvmlInit_v2");
    machine.becomes(&full().replace(first, "uuid = GPU-full-0\nstate = late"));
    machine.ticks(5).await;
    assert!(gpu(&machine.collector.current(), A).utilization.is_none(), "this session does not count it");
    let are = async |count: u64, why: &str| {
        let now = machine.collector.current().metrics.timestamp;
        machine.until("long after", |snapshot| snapshot.metrics.timestamp > now + 7_000).await;
        assert_eq!(machine.count("nvmlInit_v2"), count, "{why}");
    };
    machine.power(ADDRESSES[1], "auto", "suspended");
    machine.power(ADDRESSES[0], "on", "active");
    machine.bind(ADDRESSES[0], "nvidia");
    // One that is never counted, as those of the machine around a container are.
    machine.power("0000:65:00.0", "on", "active");
    machine.bind("0000:65:00.0", "nvidia");
    are(sessions, "it would wake the one that sleeps").await;
    let third = "uuid = GPU-full-2";
    let late = full().replace(first, "uuid = GPU-full-0\nstate = late");
    machine.becomes(&late.replace(third, "uuid = GPU-full-2\ncompute_mode = hang"));
    let details = tokio::spawn(machine.collector.gpu_details(C).unwrap());
    machine.until("they hang", |snapshot| gpu(snapshot, C).utilization.is_none()).await;
    machine.power(ADDRESSES[1], "on", "active");
    are(sessions, "somebody uses it").await;
    machine.becomes(&late);
    details.await.unwrap();
    machine.until("it is put in again", |snapshot| gpu(snapshot, A).utilization.is_some()).await;
    are(sessions + 1, "once for both").await;
}

async fn those_that_are_lent_are_not_lost(machine: &Machine) {
    for address in ADDRESSES {
        machine.power(address, "on", "active");
        machine.bind(address, "nvidia");
    }
    let ids = |snapshot: &Snapshot| snapshot.metrics.gpu.iter().map(|gpu| gpu.gpu_id.clone()).collect::<Vec<_>>();
    machine.becomes(&full().replace("uuid = GPU-full-0", "uuid = GPU-full-0\nstate = gone"));
    machine.until("one is lost", |snapshot| gpu(snapshot, A).missing.get("utilization") == Some(&Reason::Lost)).await;
    machine.bind(ADDRESSES[0], "vfio-pci");
    machine.until("it is lent", |snapshot| ids(snapshot) == [B, C]).await;

    for address in ADDRESSES {
        machine.bind(address, "vfio-pci");
    }
    machine.becomes("driver = not_loaded\n");
    let said = |snapshot: &Snapshot| snapshot.gpu_problem.as_ref().is_some_and(|why| why.detail.contains("lent"));
    machine.until("all are", |snapshot| ids(snapshot).is_empty() && said(snapshot)).await;
    let calls = machine.calls();
    machine.ticks(30).await;
    assert_eq!(machine.calls(), calls, "NVML is not opened, which would load its driver");

    for address in ADDRESSES {
        machine.bind(address, "nvidia");
    }
    machine.becomes(&full());
    machine.until("all are given back", |snapshot| ids(snapshot) == [A, B, C] && snapshot.gpu_problem.is_none()).await;
}

async fn one_without_a_uuid_is_known_by_its_slot(machine: &Machine) {
    let slot = "00000000:19:00_0";
    machine.becomes(&full().replace("uuid = GPU-full-1", "uuid ="));
    let event = format!("system/gpu/{slot}");
    let is_there = |snapshot: &Snapshot| {
        let current = |status: &ChannelStatus| status.channel == event && status.reason.is_none();
        snapshot.metrics.channels.iter().any(current) && snapshot.metrics.gpu.iter().any(|gpu| gpu.gpu_id == slot)
    };
    machine.until("an id that is the end of the event's name", is_there).await;
    let details = machine.details(slot).await;
    assert_eq!((details.reason, details.gpu_id.as_str()), (None, slot));
}

async fn one_that_takes_long_to_end_holds_up_no_tick(machine: &Machine) {
    machine.becomes(&format!("driver = mismatch\nshutdown = hang\n{}", full()));
    machine.until_called("nvmlShutdown").await;
    // The runtime itself, with its timers, may be what is held up: then nothing in it can say so.
    let (ticked, held_up) = mpsc::channel();
    let watch = thread::spawn(move || {
        if held_up.recv_timeout(SOON * 2) == Err(RecvTimeoutError::Timeout) {
            eprintln!("ticks wait for the driver");
            std::process::exit(1);
        }
    });
    let ticks = tokio::time::timeout(SOON, machine.ticks(10)).await;
    ticked.send(()).unwrap();
    watch.join().unwrap();
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

    machine.power(ADDRESSES[1], "auto", "suspended");
    machine.take_out(ADDRESSES[2]);
    let lost = Some(Reason::Lost);
    machine.until("one that is gone does not sleep", |snapshot| why(snapshot) == [None, sleeps, lost]).await;
    assert_eq!(machine.details(C).await.reason, lost);
    machine.power(ADDRESSES[1], "auto", "active");
    machine.power(ADDRESSES[2], "auto", "active");
    machine.until("it is back", |snapshot| why(snapshot) == [None, Some(Reason::Unsupported), None]).await;
}

async fn one_that_comes_back_may_be_in_another_slot(machine: &Machine) {
    let first = "uuid = GPU-full-0";
    machine.becomes(&full().replace(first, "uuid = GPU-full-0\nstate = gone"));
    let lost = |snapshot: &Snapshot| gpu(snapshot, A).missing.get("utilization") == Some(&Reason::Lost);
    machine.until("it is taken out", lost).await;
    let numbers = |details: &GpuDetails| (details.index, details.cuda_index_by_bus);
    assert_eq!(numbers(&machine.details(B).await), (Some(0), Some(0)), "nobody counts it");
    machine.becomes(&full().replace("pci = 00000000:18:00.0", "pci = 00000000:81:00.0"));
    machine.until("it is back", |snapshot| gpu(snapshot, A).utilization.is_some()).await;
    assert_eq!(machine.details(A).await.pci_address.as_deref(), Some("0000:81:00.0"));
    machine.becomes(&full().replace(first, "uuid = GPU-full-0\nstate = gone"));
    machine.until("it is taken out again", lost).await;
    machine.becomes(&full());
    machine.until("it is where it was", |snapshot| gpu(snapshot, A).utilization.is_some()).await;
}

async fn one_that_cannot_count_is_tried_ever_more_rarely(machine: &Machine) {
    let begun = Instant::now();
    let before = machine.count("nvmlInit_v2");
    machine.becomes(&format!("count = error UNKNOWN\n{}", full()));
    while machine.count("nvmlInit_v2") < before + 2 {
        assert!(begun.elapsed() < SOON, "it is tried again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() > Duration::from_secs(5), "two seconds, then four: {:?}", begun.elapsed());
    machine.becomes(&full());
    machine.until("figures", |snapshot| snapshot.gpu_problem.is_none()).await;
}

//! The collector over the simulated library: what is asked when, and what is not. One test, since the environment and
//! the library's state belong to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod machine;

use telltale_core::feed::{Feed as _, Snapshot};
use telltale_core::gpu_details::{AwakeHolder, Fan, GpuDetails};
use telltale_core::metrics::Reason;

use machine::{A, ADDRESSES, B, C, Machine, full, gpu};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_when() {
    let machine = Machine::start();
    let snapshot = machine.until("three GPUs", |snapshot| snapshot.metrics.gpu.len() == 3).await;
    assert_eq!(gpu(&snapshot, A).memory_bandwidth, Some(55.0));
    assert_eq!(gpu(&snapshot, A).missing["fan_speed"], Reason::Unsupported);
    nothing_slow_without_a_question(&machine).await;
    figures_in_the_units_of_the_contract(&machine).await;
    who_uses_it(&machine).await;
    every_fan(&machine).await;
    parts_of_a_device(&machine).await;
    a_device_without_memory_of_its_own(&machine).await;
    a_driver_before_510(&machine).await;
    a_driver_that_cannot_look_for_an_address(&machine).await;
    one_that_needs_a_reset(&machine).await;
    one_that_hangs_holds_up_no_tick_and_no_other(&machine).await;
    one_that_hangs_leaves_the_others(&machine).await;
    the_driver_is_replaced(&machine).await;
    one_of_three_sleeps(&machine).await;
    all_sleep(&machine).await;
}

async fn nothing_slow_without_a_question(machine: &Machine) {
    machine.ticks(5).await;
    for function in [
        "nvmlDeviceGetPcieThroughput",
        "nvmlGpmSampleGet",
        "nvmlDeviceGetProcessUtilization",
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetTotalEccErrors",
        "nvmlDeviceGetVbiosVersion",
        "nvmlDeviceGetEncoderUtilization",
        "nvmlDeviceGetDecoderUtilization",
        "nvmlDeviceGetFieldValues",
    ] {
        assert_eq!(machine.count(function), 0, "{function}: nobody asked for details");
    }
    assert_eq!(machine.count("nvmlDeviceGetMaxClockInfo"), 3, "what does not change is asked once of each");
    let error = machine.collector.gpu_details("GPU-none").err().unwrap();
    assert!(error.to_string().contains("gpu_id: no GPU \"GPU-none\"") && error.to_string().contains(A), "{error}");

    machine.details(A).await;
    machine.details(A).await;
    assert_eq!(machine.count("nvmlDeviceGetVbiosVersion"), 1, "what does not change: once");
    assert_eq!(machine.count("nvmlDeviceGetTotalEccErrors"), 4, "what changes slowly: not twice in ten seconds");
    assert_eq!(machine.count("nvmlDeviceGetPcieThroughput"), 4, "and what is of this moment: each time");
}

async fn figures_in_the_units_of_the_contract(machine: &Machine) {
    let details = machine.details(A).await;
    assert_eq!(details.reason, None);
    let numbers = [
        (details.memory_temperature, 74.0),
        (details.memory_max_temperature, 105.0),
        (details.slowdown_temperature, 87.0),
        (details.shutdown_temperature, 92.0),
        (details.max_temperature, 85.0),
        (details.power_limit_default, 700.0),
        (details.power_limit_min, 200.0),
        (details.power_limit_max, 700.0),
        (details.energy, 41.5 * 3.6e6),
        (details.energy_watched, 0.0),
        (details.sm_clock_max, 1980.0),
        (details.memory_clock_max, 2619.0),
        (details.video_clock, 1545.0),
        (details.video_clock_max, 1545.0),
        (details.pcie_generation_max, 5.0),
        (details.pcie_width_max, 16.0),
        (details.pcie_sent, f64::from(400 << 20)),
        (details.pcie_received, 9.0 * 1_073_741_824.0),
        (details.decoder, 12.0),
        (details.sm_activity, 88.0),
        (details.sm_occupancy, 41.0),
        (details.tensor_activity, 62.0),
        (details.dram_activity, 55.0),
        (details.fp64_activity, 0.0),
        (details.fp32_activity, 9.0),
        (details.fp16_activity, 2.0),
        (details.jpeg, 5.0),
        (details.ofa, 0.0),
        (details.nvlink_sent, 90.0 * 1_073_741_824.0),
        (details.nvlink_received, 88.0 * 1_073_741_824.0),
    ];
    for (at, (found, expected)) in numbers.into_iter().enumerate() {
        assert_eq!(found, Some(expected), "number {at} of {details:#?}");
    }
    let counts = [
        (details.ecc_corrected, 3),
        (details.ecc_uncorrected, 0),
        (details.ecc_corrected_lifetime, 17),
        (details.ecc_uncorrected_lifetime, 1),
        (details.remapped_rows, 2),
        (details.pcie_replays, 2),
        (details.bar1_total, 128 << 30),
        (details.bar1_used, 4 << 20),
        (details.memory_reserved, 551 << 20),
    ];
    for (at, (found, expected)) in counts.into_iter().enumerate() {
        assert_eq!(found, Some(expected), "count {at} of {details:#?}");
    }
    let flags = [details.ecc, details.persistence, details.mig, details.display, details.remapped_rows_failed];
    assert_eq!(flags, [Some(true), Some(true), Some(false), Some(false), Some(false)]);
    assert_eq!((details.driver_version.as_deref(), details.cuda_version.as_deref()), (Some("570.86.15"), Some("12.8")));
    assert_eq!((details.compute_capability.as_deref(), details.cores), (Some("9.0"), Some(16_896)));
    assert_eq!((details.pci_address.as_deref(), details.index), (Some(ADDRESSES[0]), Some(0)));
    assert_eq!((details.cuda_index, details.cuda_index_guessed, details.cuda_index_by_bus), (Some(0), true, Some(0)));
    let links: Vec<_> = details.nvlinks.iter().map(|link| (link.active, link.remote.as_deref(), link.errors)).collect();
    let up = |errors| (Some(true), Some(ADDRESSES[1]), Some(errors));
    assert_eq!(links, [up(0), up(3), (Some(false), None, None)]);
    let missing: Vec<_> = details.missing.iter().map(|(field, reason)| (field.as_str(), *reason)).collect();
    let unsupported = ["encoder", "hotspot_temperature", "retired_pages", "retired_pages_pending"];
    assert_eq!(missing, unsupported.map(|field| (field, Reason::Unsupported)));
}

async fn who_uses_it(machine: &Machine) {
    let details =
        machine.details_until(A, "a sample", |details| details.processes.as_ref().unwrap()[0].sm == Some(84.0)).await;
    let processes = details.processes.unwrap();
    let [trainer, gone] = processes.as_slice() else { panic!("two: {processes:#?}") };
    assert_eq!((trainer.pid, trainer.memory, trainer.compute, trainer.graphics), (1, Some(40 << 30), true, false));
    assert_eq!(trainer.user.as_deref(), Some("root"), "{trainer:#?}");
    assert!(trainer.name.is_some(), "it is the first process of this system: {trainer:#?}");
    assert_eq!((gone.name.as_ref(), gone.user.as_ref()), (None, None), "no such process here: {gone:#?}");
    assert_eq!((gone.sm, gone.encoder, gone.decoder), (Some(0.0), Some(3.0), Some(12.0)));
    assert_eq!(details.memory_by_processes, Some((40 << 30) + (412 << 20)));
    // Idle is an error of NVML's own, and no reason to show none.
    machine.becomes(&full().replace(" sm 84 %", "").replace(" enc 3 % dec 12 %", ""));
    let idle = |details: &GpuDetails| details.processes.as_ref().unwrap().iter().all(|process| process.sm == Some(0.0));
    let details = machine.details_until(A, "idle", idle).await;
    assert!(!details.missing.contains_key("processes/sm"), "{:?}", details.missing);
    // The clock is an hour ahead, and then set back.
    machine.becomes(&full().replace("junk_samples = 3", "samples_ahead = 3600"));
    machine.details(A).await;
    machine.becomes(&full());
    let busy = |details: &GpuDetails| details.processes.as_ref().unwrap()[0].sm == Some(84.0);
    machine.details_until(A, "samples after the clock was set", busy).await;
}

async fn every_fan(machine: &Machine) {
    assert_eq!(machine.details(A).await.fans, [], "it has none");
    machine.becomes(&full().replacen(
        "utilization = ",
        "fans = 3\nfan = 46 %\nfan_2 = 0 %\nfan_rpm = 1840\nutilization = ",
        1,
    ));
    let snapshot = machine.until("the first of them", |snapshot| gpu(snapshot, A).fan_speed.is_some()).await;
    assert_eq!(gpu(&snapshot, A).fan_speed, Some(46.0));
    let fan = |speed| Fan { speed: Some(speed), revolutions: Some(1840.0) };
    assert_eq!(machine.details(A).await.fans, [fan(46.0), fan(0.0), fan(46.0)]);
    machine.becomes(&full().replacen("utilization = ", "fans = 2\nfan = 46 %\nutilization = ", 1));
    let old = |details: &GpuDetails| details.fans == [Fan { speed: Some(46.0), revolutions: None }; 2];
    machine.details_until(A, "an older driver", old).await;
    machine.becomes(&full());
    machine.until("none again", |snapshot| gpu(snapshot, A).fan_speed.is_none()).await;
}

async fn parts_of_a_device(machine: &Machine) {
    let details = machine.details(B).await;
    let instances: Vec<_> = details
        .mig_instances
        .iter()
        .map(|it| (it.index, it.multiprocessors, it.memory_used, it.memory_total))
        .collect();
    let mib = |mib: u64| Some(mib << 20);
    let expected = [(0, Some(42), mib(10 << 10), mib(39 << 10)), (1, Some(14), mib(2 << 10), mib(9_728))];
    assert_eq!(instances, expected);
    assert_eq!(details.mig_instances[1].name.as_deref(), Some("NVIDIA A100-SXM4-80GB MIG 1g.10gb"));
    let processes = details.processes.unwrap();
    let on: Vec<_> = processes.iter().map(|process| (process.pid, process.mig_instance, process.sm)).collect();
    assert_eq!(on, [(1, Some(0), None), (4_194_304, Some(1), None)], "each once, by its instance");
    assert_eq!(details.missing["processes/sm"], Reason::Unsupported);
    assert_eq!((details.retired_pages, details.retired_pages_pending), (Some(4), Some(true)));
}

async fn a_device_without_memory_of_its_own(machine: &Machine) {
    let snapshot = machine.collector.current();
    let metrics = gpu(&snapshot, C);
    assert_eq!((metrics.memory_used, metrics.missing["memory_used"]), (None, Reason::Shared));
    assert_eq!(metrics.utilization, Some(42.0), "all else is there");
    assert_eq!((metrics.pcie_generation, metrics.pcie_width_max), (None, None), "its link is a placeholder");
    assert_eq!(metrics.missing["pcie_width"], Reason::Unsupported);
    let details = machine.details(C).await;
    assert_eq!((details.shared_memory, details.memory_by_processes), (Some(true), Some(62 << 30)));
    assert_eq!((details.pcie_generation_max, details.pcie_sent), (None, None), "its link is a placeholder");
}

/// It has the first version of memory, which counts the reserve as used, and the second of who uses a device.
async fn a_driver_before_510(machine: &Machine) {
    let pids = |details: GpuDetails| -> Vec<u32> { details.processes.unwrap().iter().map(|one| one.pid).collect() };
    let users = pids(machine.details(A).await);
    assert_eq!((users.len(), machine.count("nvmlDeviceGetComputeRunningProcesses_v2")), (2, 0));
    machine.becomes(&full().replace("memory_reserved", "memory_version = 1\nmemory_reserved"));
    let used = |snapshot: &Snapshot| gpu(snapshot, A).memory_used;
    let with_reserve = Some((68 << 30) + (551 << 20));
    let snapshot = machine.until("the first version", |snapshot| used(snapshot) == with_reserve).await;
    assert_eq!(gpu(&snapshot, A).memory_total, Some(80 << 30));
    assert_eq!(pids(machine.details(A).await), users);
    for function in ["nvmlDeviceGetComputeRunningProcesses_v2", "nvmlDeviceGetGraphicsRunningProcesses_v2"] {
        assert!(machine.count(function) > 0, "{function}");
    }
    machine.becomes(&full());
    machine.until("the second again", |snapshot| used(snapshot) == Some(68 << 30)).await;
}

async fn a_driver_that_cannot_look_for_an_address(machine: &Machine) {
    machine.becomes(&full().replace("[gpu]", "[gpu]\nlookup = error FUNCTION_NOT_FOUND"));
    let details = machine.details(B).await;
    assert_eq!((details.reason, details.gpu_id.as_str(), details.index), (None, B, Some(1)), "it is asked by index");
    machine.becomes(&full());
}

/// Each figure says so, or NVML does not even give the device.
async fn one_that_needs_a_reset(machine: &Machine) {
    const FIGURES: [&str; 14] = [
        "utilization",
        "memory_total",
        "memory_used",
        "temperature",
        "power_draw",
        "power_limit",
        "sm_clock",
        "memory_clock",
        "pcie_generation",
        "pcie_generation_max",
        "pcie_width",
        "pcie_width_max",
        "performance_state",
        "throttle_reasons",
    ];
    let line = |line: &str| match line.split_once(" = ") {
        Some((name, _)) if FIGURES.contains(&name) => format!("{name} = error RESET_REQUIRED\n"),
        _ => format!("{line}\n"),
    };
    machine.becomes(&full().lines().map(line).collect::<String>());
    let event = telltale_core::channel::gpu_event(A);
    let status = |snapshot: &Snapshot| {
        snapshot.metrics.channels.iter().find(|status| status.channel == event && status.reason.is_some()).cloned()
    };
    let snapshot = machine.until("no figure", |snapshot| status(snapshot).is_some()).await;
    let status = status(&snapshot).unwrap();
    assert_eq!(status.reason, Some(Reason::Lost));
    assert!(status.detail.as_ref().unwrap().contains("nvidia-smi --gpu-reset"), "{status:?}");
    machine.becomes(&full().replace("[gpu]", "[gpu]\nlookup = error RESET_REQUIRED"));
    let details = machine.details_until(B, "no device", |details| details.reason == Some(Reason::Lost)).await;
    assert!(details.detail.as_ref().unwrap().contains("nvidia-smi --gpu-reset"), "{details:?}");
    machine.becomes(&full());
    machine.until("it is back", |snapshot| gpu(snapshot, A).utilization.is_some()).await;
}

/// Of the channels of the three.
fn reasons(snapshot: &Snapshot) -> [Option<Reason>; 3] {
    [A, B, C].map(|gpu_id| {
        let event = telltale_core::channel::gpu_event(gpu_id);
        snapshot.metrics.channels.iter().find(|status| status.channel == event).unwrap().reason
    })
}

async fn one_that_hangs_holds_up_no_tick_and_no_other(machine: &Machine) {
    let watched = machine.details(A).await.energy_watched_since;
    machine.becomes(&full().replace("9 GiB/s", "hang"));
    let asked = machine.collector.gpu_details(A).unwrap();
    let before = machine.collector.current();
    let asked = tokio::spawn(asked);
    let silent = Some(Reason::NotAnswering);
    let later = machine.until("it is left alone", |snapshot| reasons(snapshot) == [silent, None, None]).await;
    assert!(gpu(&later, B).timestamp > gpu(&before, B).timestamp, "the others go on");
    let details = asked.await.unwrap();
    assert_eq!((details.reason, details.cores), (Some(Reason::NotAnswering), Some(16_896)), "what was known is kept");
    let calls = machine.count("nvmlDeviceGetPcieThroughput");
    for (gpu_id, reason) in [(B, None), (A, Some(Reason::NotAnswering)), (C, None), (B, None)] {
        assert_eq!(machine.details(gpu_id).await.reason, reason, "{gpu_id}: only the one that hangs");
    }
    assert_eq!(machine.count("nvmlDeviceGetPcieThroughput"), calls + 4, "twice two, and no second call in flight");
    assert_eq!(machine.count("beside_hung"), 0, "nor one of a tick");
    machine.becomes(&full());
    let back = machine.details_until(A, "an answer", |details| details.reason.is_none()).await;
    assert_eq!(back.energy_watched_since, watched, "another thread goes on with what is known");
}

async fn one_that_hangs_leaves_the_others(machine: &Machine) {
    machine.becomes(&full().replace("uuid = GPU-full-1", "uuid = GPU-full-1\nstate = hang"));
    let silent = Some(Reason::NotAnswering);
    let alone = |snapshot: &Snapshot| reasons(snapshot) == [None, silent, None];
    let hung = machine.until("it alone does not answer", alone).await;
    let handles = machine.count("nvmlDeviceGetHandleByIndex_v2");
    let goes_on = |snapshot: &Snapshot| snapshot.metrics.tick >= hung.metrics.tick + 10 && alone(snapshot);
    let later = machine.until("ten ticks on, the others are read as before", goes_on).await;
    assert!(gpu(&later, A).timestamp > gpu(&hung, A).timestamp);
    let looked_up = machine.count("nvmlDeviceGetHandleByIndex_v2") - handles;
    let ticks = machine.collector.current().metrics.tick - hung.metrics.tick;
    assert!(looked_up <= 2 * (ticks + 1), "it is not asked for again while it hangs: {looked_up} in {ticks} ticks");
    assert_eq!(machine.details(B).await.reason, silent);
    assert_eq!(machine.details(A).await.reason, None, "nor do their details wait for it");
    assert_eq!(machine.count("beside_hung"), 0, "there is never a second call in flight");
    machine.becomes(&full());
    machine.until("it is back", |snapshot| reasons(snapshot) == [None; 3]).await;
}

async fn the_driver_is_replaced(machine: &Machine) {
    let fixed = machine.count("nvmlDeviceGetVbiosVersion");
    machine.becomes(&format!("driver = mismatch\n{}", full()));
    let replaced = machine.details_until(A, "the mismatch", |details| details.reason == Some(Reason::Failed)).await;
    assert!(replaced.detail.unwrap().contains("was replaced"), "in words");
    machine.until("the tick sees it too", |snapshot| snapshot.gpu_problem.is_some()).await;
    machine.becomes(&full());
    machine.details_until(A, "the driver", |details| details.reason.is_none()).await;
    assert_eq!(
        machine.count("nvmlDeviceGetVbiosVersion"),
        fixed + 1,
        "what does not change is asked of the new driver"
    );
}

async fn one_of_three_sleeps(machine: &Machine) {
    machine.power(ADDRESSES[0], "on", "active");
    machine.power(ADDRESSES[1], "auto", "active");
    machine.power(ADDRESSES[2], "on", "active");
    let awake = machine.until("who keeps it awake", |snapshot| snapshot.gpu_awake.contains_key(B)).await;
    let holder = AwakeHolder::Process { pid: 4_194_304, name: None };
    assert!(awake.gpu_awake[B].contains(&holder) && awake.gpu_awake.len() == 1, "{:#?}", awake.gpu_awake);
    let details = machine.details(B).await;
    assert!(details.can_sleep == Some(true) && details.kept_awake_by.contains(&holder), "{details:#?}");

    machine.power(ADDRESSES[1], "auto", "suspended");
    let asleep = machine
        .until("one asleep", |snapshot| gpu(snapshot, B).missing.get("utilization") == Some(&Reason::Asleep))
        .await;
    assert_eq!(gpu(&asleep, A).utilization, Some(97.0), "the others are asked as before");
    machine.becomes(&full().replace("uuid = GPU-full-1", "uuid = GPU-full-1\nstate = suspended"));
    machine.ticks(5).await;
    let details = machine.details(B).await;
    assert_eq!((details.reason, details.can_sleep), (Some(Reason::Asleep), Some(true)));
    assert_eq!(details.pci_address.as_deref(), Some(ADDRESSES[1]), "what is known of it is shown");
    assert_eq!(machine.details(A).await.reason, None);
    machine.ticks(5).await;
    assert_eq!(machine.count("wakes"), 0, "nothing touched it");
    assert!(gpu(&machine.collector.current(), C).utilization.is_some());
}

async fn all_sleep(machine: &Machine) {
    for address in ADDRESSES {
        machine.power(address, "auto", "suspended");
    }
    let all = |snapshot: &Snapshot| {
        snapshot.metrics.gpu.iter().all(|gpu| gpu.missing.get("temperature") == Some(&Reason::Asleep))
    };
    let snapshot = machine.until("all asleep", all).await;
    assert!(snapshot.gpu_problem.as_ref().unwrap().detail.contains("does not wake it"));
    let calls = machine.calls();
    machine.ticks(10).await;
    for gpu_id in [A, B, C] {
        assert_eq!(machine.details(gpu_id).await.reason, Some(Reason::Asleep));
    }
    assert_eq!(machine.calls(), calls, "not one call, of ticks or of details");

    machine.collector.ask_sleeping_gpus(true);
    machine.until("figures", |snapshot| gpu(snapshot, B).temperature.is_some()).await;
    assert!(machine.count("wakes") > 0, "as the setting says");
    machine.collector.ask_sleeping_gpus(false);
    machine.until("all left alone again", all).await;
}

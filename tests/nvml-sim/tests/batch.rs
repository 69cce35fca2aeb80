//! The batch that a page is sent at every tick, of a machine with eight GPUs that report all that there is: under 8 KiB,
//! above which events have cost other monitors their memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what is wrong by failing")]

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use telltale_core::collector::{Collector, Roots};
use telltale_core::feed::Feed as _;
use telltale_core::metrics::{
    CpuMetrics, CurrentMetrics, DiskDevice, DiskMetrics, FileSystem, InterfaceKind, MemoryMetrics, Missing,
    NetworkInterface, NetworkMetrics, Reason,
};
use telltale_core::{rate, wire};

const MOST: usize = 8 * 1024;

/// Eight devices in a state, each with all that is read at every tick.
fn script(state: &str) -> String {
    (0..8).fold(String::new(), |mut text, index| {
        let _ = write!(
            text,
            "[gpu]\nstate = {state}\nname = NVIDIA H100 80GB HBM3\nuuid = GPU-9a7c03f{index}-51d2-8e44-b1f0-6c2d7e90a3b{index}\n\
             memory_total = 80 GiB\nmemory_reserved = 551 MiB\nmemory_used = 73{index}21 MiB\nutilization = 9{index} %\n\
             memory_bandwidth = 5{index} %\ntemperature = 6{index} C\n\
             power_draw = 64{index}.125 W\npower_limit = 700 W\nfan = 3{index} %\nsm_clock = 196{index} MHz\nsm_clock_max = 1980 MHz\n\
             memory_clock = 2619 MHz\npcie_generation = 5\npcie_width = 16\n\
             performance_state = 0\nthrottle_reasons = 36\n"
        );
        text
    })
}

/// Sixteen cores, two disks and two interfaces at work, with figures as long as the sources make them; one of each has
/// facts that it does not tell. Every field is named, so that one that is added is thought of here.
fn busy_machine(gpus: CurrentMetrics) -> CurrentMetrics {
    const T: i64 = 1_795_526_928_164;
    let figure = |scale: f64| Some(rate::six_digits(scale * std::f64::consts::PI));
    let percent = |scale: f64| figure(scale).map(rate::hundredths);
    let disk = |name: &str, model: Option<&str>, mount_point: &str| DiskDevice {
        name: name.into(),
        read_rate: figure(1e8),
        write_rate: figure(1e7),
        model: model.map(str::to_owned),
        size: Some(2_000_398_934_016),
        busy: percent(10.0),
        read_ops: figure(1e3),
        write_ops: figure(1e2),
        latency: figure(1e-4),
        file_systems: vec![FileSystem {
            mount_point: mount_point.into(),
            kind: "ext4".into(),
            total: 1_967_317_549_056,
            used: 1_293_458_206_720,
            available: 573_851_181_056,
            read_only: false,
        }],
    };
    let interface = |name: &str, link_speed: Option<u64>| NetworkInterface {
        name: name.into(),
        kind: InterfaceKind::Physical,
        upload_rate: figure(1e6),
        download_rate: figure(1e7),
        upload_packets: figure(1e3),
        download_packets: figure(1e4),
        errors: Some(0.0),
        drops: figure(0.1),
        link_speed,
        state: Some("up".into()),
        addresses: vec!["192.168.178.21/24".into(), "fe80::6d4c:8a1f:be30:77f2/64".into()],
    };
    CurrentMetrics {
        cpu: Some(CpuMetrics {
            utilization: percent(10.0),
            per_core: vec![percent(20.0); 16],
            core_ids: (0..16).collect(),
            core_clocks: vec![Some(3_141.0); 16],
            load_1: Some(12.34),
            load_5: Some(11.92),
            load_15: Some(10.07),
            temperature: Some(71.125),
            pressure_some: percent(1.0),
            missing: Missing::new(),
            timestamp: T,
        }),
        memory: Some(MemoryMetrics {
            ram_used: Some(81_234_567_168),
            ram_total: Some(134_998_675_456),
            swap_used: Some(1_234_567_168),
            swap_total: Some(8_589_930_496),
            ram_available: Some(53_764_108_288),
            ram_free: Some(2_345_678_848),
            buffers: Some(1_345_678_848),
            cached: Some(49_876_543_488),
            shared: Some(3_456_789_504),
            zram_used: Some(1_234_567_168),
            swap_in_rate: figure(1e4),
            swap_out_rate: figure(1e5),
            pressure_some: percent(1.0),
            pressure_full: percent(0.1),
            cgroup_limit: Some(68_719_476_736),
            cgroup_used: Some(34_567_890_944),
            missing: Missing::new(),
            timestamp: T,
        }),
        disk: Some(DiskMetrics {
            read_rate: figure(2e8),
            write_rate: figure(2e7),
            pressure_some: percent(10.0),
            pressure_full: percent(1.0),
            devices: vec![disk("nvme0n1", Some("Samsung SSD 990 PRO 2TB"), "/"), disk("vda", None, "/home")],
            missing: Missing::from([("devices/vda/model".into(), Reason::Unsupported)]),
            timestamp: T,
        }),
        network: Some(NetworkMetrics {
            upload_rate: figure(2e6),
            download_rate: figure(2e7),
            interfaces: vec![interface("enp5s0", Some(10_000_000_000)), interface("wlp4s0", None)],
            missing: Missing::from([("interfaces/wlp4s0/link_speed".into(), Reason::Unsupported)]),
            timestamp: T,
        }),
        ..gpus
    }
}

#[tokio::test]
async fn the_batch_of_a_tick_is_under_eight_kib_with_eight_gpus() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("gpu.sim"), script("ok")).unwrap();
    // SAFETY: no other thread of this process runs yet that reads the environment.
    unsafe { std::env::set_var("TELLTALE_NVML_SIM", at("gpu.sim")) };
    let library = std::env::current_exe().unwrap().with_file_name("libnvml_sim.so");
    let roots = Roots { sys: at("sys"), gpus: None, nvml: Some(library.into()), ..Roots::default() };
    let (collector, run) = Collector::start(&roots, Duration::from_millis(50)).unwrap();
    tokio::spawn(run);
    let mut snapshots = collector.subscribe();
    let mut size = async |script: String, missing: usize| {
        fs::write(at("new"), script).unwrap();
        fs::rename(at("new"), at("gpu.sim")).unwrap();
        let now = snapshots.wait_for(|snapshot| {
            let CurrentMetrics { gpu, channels, .. } = &snapshot.metrics;
            let starting = channels.iter().any(|channel| channel.reason == Some(Reason::Starting));
            !starting && gpu.len() == 8 && gpu.iter().all(|gpu| gpu.missing.len() == missing)
        });
        let text = wire::json(&busy_machine(now.await.unwrap().metrics.clone())).unwrap();
        println!("a batch of eight GPUs, each without {missing} of its figures: {} bytes", text.len());
        text.len()
    };
    assert!(size(script("ok"), 0).await < MOST);
    let refuse = |text: String, figure: &str| {
        text.replace(&format!("\n{figure} = "), &format!("\n{figure} = error NOT_SUPPORTED # "))
    };
    assert!(size(refuse(refuse(script("ok"), "fan"), "performance_state"), 2).await < MOST);
    // The driver is gone, every figure has its reason: a quarter more, for as long as that lasts.
    assert!(size(script("lost"), 15).await < MOST * 3 / 2);
}

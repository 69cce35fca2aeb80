//! What simulated GPUs cost: how long a sample of all of them takes, and how long after its time a tick is published.
//! `make bench` runs it, and names the simulated library and its script by their variables. Where calls are slow a sample
//! takes longer than a tick waits for its sources (80 ms): the tick is published without it, and it comes after.
#![allow(clippy::unwrap_used, reason = "a bench says what is wrong by failing")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use telltale_core::clock;
use telltale_core::collector::{Collector, Roots};
use telltale_core::feed::Feed as _;
use telltale_core::source::Source as _;
use telltale_core::source::gpu::{Access, Gpu, library_from_environment};

/// Devices, and how long each call takes.
const CASES: [(usize, &str); 4] = [(1, "0ms"), (8, "0ms"), (1, "1ms"), (8, "1ms")];

const INTERVAL: Duration = Duration::from_millis(250);
const TIMES: u32 = 20;

fn main() {
    let Some(script) = std::env::var_os("TELLTALE_NVML_SIM").map(PathBuf::from) else {
        println!("TELLTALE_NVML_SIM names no script for a simulated NVML: `make bench` does.");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for (devices, latency) in CASES {
        write(&script, devices, latency);
        let sample = sample();
        let (mean, most) = runtime.block_on(published(devices));
        println!(
            "{devices} × GPU, {latency} a call: a sample of all takes {:.2} ms; a tick is published {mean:.1} ms after its time, \
             {most} ms at the most of {TIMES}",
            sample.as_secs_f64() * 1e3
        );
    }
}

/// Puts so many devices that report all that a tick reads into the script.
fn write(script: &Path, devices: usize, latency: &str) {
    let mut text = format!("latency = {latency}\n");
    for index in 0..devices {
        let _ = writeln!(
            text,
            "[gpu]\nname = GPU {index}\nmemory_total = 24 GiB\nmemory_used = 6 GiB\nutilization = 42 %\nmemory_bandwidth = 7 %\n\
             temperature = 61 C\npower_draw = 123 W\npower_limit = 450 W\nfan = 30 %\nsm_clock = 2310 MHz\nsm_clock_max = 2745 MHz\n\
             memory_clock = 10501 MHz\npcie_generation = 4\npcie_generation_max = 4\npcie_width = 16\npcie_width_max = 16\n\
             performance_state = 2\nthrottle_reasons = 4"
        );
    }
    std::fs::write(script.with_extension("new"), text).unwrap();
    std::fs::rename(script.with_extension("new"), script).unwrap();
}

/// How long one sample of all devices takes, NVML being open.
fn sample() -> Duration {
    let mut gpus = Gpu::new(Arc::new(Access::new(library_from_environment(), "/proc".into(), "/nonexistent".into())));
    gpus.read().unwrap();
    let begun = Instant::now();
    for _ in 0..TIMES {
        black_box(gpus.read().unwrap());
    }
    begun.elapsed() / TIMES
}

/// Milliseconds from a tick's time to its first publication: the mean and the most.
async fn published(devices: usize) -> (f64, i64) {
    let roots = Roots { sys: "/nonexistent".into(), ..Roots::default() };
    let (collector, run) = Collector::start(&roots, INTERVAL).unwrap();
    let measure = async {
        let mut snapshots = collector.subscribe();
        let mut last = snapshots.wait_for(|now| now.metrics.gpu.len() == devices).await.unwrap().metrics.tick;
        let mut late = Vec::new();
        for _ in 0..TIMES {
            let now = snapshots.wait_for(|now| now.metrics.tick > last).await.unwrap();
            last = now.metrics.tick;
            late.push(clock::now().wall - now.metrics.timestamp);
        }
        (late.iter().sum::<i64>() as f64 / f64::from(TIMES), late.into_iter().max().unwrap_or_default())
    };
    tokio::select! {
        () = run => unreachable!("the collector runs until it is dropped"),
        late = measure => late,
    }
}

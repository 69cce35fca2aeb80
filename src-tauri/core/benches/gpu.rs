//! What a tick costs with simulated GPUs, and whether it waits for them. `make bench` runs it, and names the simulated
//! library and its script by their variables. The row without a GPU is what all other sources take: what a row has more is
//! the GPUs', the simulated library's own part included. Where calls are slow the GPUs are asked ahead of the tick, so that
//! it is published at once and has their sample.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench says what is wrong by failing")]

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt::Write as _;
    use std::hint::black_box;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use rustix::time::{ClockId, clock_gettime};
    use telltale_core::clock;
    use telltale_core::collector::{Collector, Roots};
    use telltale_core::feed::{Feed as _, Snapshot};
    use telltale_core::source::Source as _;
    use telltale_core::source::gpu::{Nvml, NvmlAccess, library_from_environment};

    /// Devices, and how long each call takes.
    const CASES: [(usize, &str); 5] = [(0, "0ms"), (1, "0ms"), (8, "0ms"), (1, "1ms"), (8, "1ms")];

    const INTERVAL: Duration = Duration::from_millis(500);
    const TIMES: u32 = 20;

    pub(super) fn main() {
        let Some(script) = std::env::var_os("TELLTALE_NVML_SIM").map(PathBuf::from) else {
            println!("TELLTALE_NVML_SIM names no script for a simulated NVML: `make bench` does.");
            return;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        println!(
            "of a tick:             GPU sample takes   processor time   published after   whole after   whole at once"
        );
        for (devices, latency) in CASES {
            write(&script, devices, latency);
            let sample = sample().as_secs_f64() * 1e3;
            let Tick { cpu, published, whole, at_once } = runtime.block_on(tick(devices));
            let what = format!("{devices} × GPU, {latency} a call");
            println!(
                "{what:<23}{sample:>13.2} ms{cpu:>14.2} ms{published:>15.1} ms{whole:>11.1} ms{at_once:>10} of {TIMES}"
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
        let access = NvmlAccess::new(library_from_environment(), "/proc".into(), "/nonexistent".into());
        let mut gpus = Nvml::new(Arc::new(access));
        gpus.read().unwrap();
        let begun = Instant::now();
        for _ in 0..TIMES {
            black_box(gpus.read().unwrap());
        }
        begun.elapsed() / TIMES
    }

    /// What all threads of this process took so far.
    fn spent() -> Duration {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    }

    /// Means of many, in milliseconds.
    struct Tick {
        /// Processor time of all threads.
        cpu: f64,
        /// From its time to its first publication.
        published: f64,
        /// From its time to the publication that has all its samples.
        whole: f64,
        /// How many of them had all samples in their first publication.
        at_once: u32,
    }

    async fn tick(devices: usize) -> Tick {
        let roots = Roots { sys: "/nonexistent".into(), gpus: None, ..Roots::default() };
        let (collector, run) = Collector::start(&roots, INTERVAL).unwrap();
        let late = |now: &Snapshot| clock::now().wall - now.metrics.timestamp;
        let measure = async {
            let mut snapshots = collector.subscribe();
            // The first ticks open files and NVML, and learn how long a sample takes.
            let settled = |now: &Snapshot| now.metrics.tick > 4 && now.metrics.gpu.len() == devices;
            let mut tick = snapshots.wait_for(|now| settled(now)).await.unwrap().metrics.tick;
            let (mut published, mut whole, mut at_once) = (0, 0, 0);
            let before = spent();
            for _ in 0..TIMES {
                let now = snapshots.wait_for(|now| now.metrics.tick > tick).await.unwrap().clone();
                published += late(&now);
                tick = now.metrics.tick;
                at_once += u32::from(now.awaited.is_empty());
                drop(snapshots.wait_for(|now| now.metrics.tick > tick || now.awaited.is_empty()).await.unwrap());
                whole += late(&now);
            }
            let cpu = spent().saturating_sub(before).as_secs_f64() * 1e3 / f64::from(TIMES);
            let mean = |sum: i64| sum as f64 / f64::from(TIMES);
            Tick { cpu, published: mean(published), whole: mean(whole), at_once }
        };
        tokio::select! {
            () = run => unreachable!("the collector runs until it is dropped"),
            tick = measure => tick,
        }
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}

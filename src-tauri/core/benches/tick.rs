//! What a tick costs beside the least that it could: a floor that reads the same files and adds up their numbers.
//! Processor time, not time by the wall, so that a busy machine disturbs it less. `make bench` prints the ratios.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench")]

#[cfg(target_os = "linux")]
mod tree;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::hint::black_box;
    use std::os::unix::fs::FileExt as _;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use criterion::{Criterion, Throughput};
    use rustix::time::{ClockId, clock_gettime};
    use telltale_core::collector::{Collector, Roots};
    use telltale_core::feed::Feed as _;
    use telltale_core::fields;
    use telltale_core::history::History;
    use telltale_core::source::{Reading, Source, Stamped, cpu, disk, memory, network};
    use telltale_core::{clock, metrics::Reason};

    use super::tree::{self, Tree};

    /// Rows of a full history, which lets go of one for each that it keeps: the state in which Telltale spends the day.
    const HOUR: u64 = 7_200;

    /// What all threads of this process took so far.
    fn spent() -> Duration {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    }

    /// Reads each file to its end and adds up the numbers in it.
    struct Floor {
        files: Vec<File>,
        buffer: Vec<u8>,
    }

    impl Floor {
        fn new(files: &[PathBuf]) -> Self {
            Self { files: files.iter().map(|path| File::open(path).unwrap()).collect(), buffer: vec![0; 1 << 16] }
        }

        fn tick(&mut self) -> u64 {
            let mut sum = 0u64;
            for file in &self.files {
                let mut length = 0;
                loop {
                    match file.read_at(&mut self.buffer[length..], length as u64).unwrap() {
                        0 => break,
                        read => length += read,
                    }
                }
                let mut number = 0u64;
                for byte in &self.buffer[..length] {
                    if byte.is_ascii_digit() {
                        number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                    } else {
                        sum = sum.wrapping_add(std::mem::take(&mut number));
                    }
                }
            }
            sum
        }
    }

    /// A source and its sample before, asked as a worker asks it.
    struct Asked<S: Source> {
        source: S,
        before: Option<Stamped<S::Sample>>,
    }

    impl<S: Source> Asked<S> {
        fn new(source: S) -> Self {
            Self { source, before: None }
        }

        fn tick(&mut self) -> Reading {
            let sample = self.source.read().unwrap();
            let now = Stamped { stamp: clock::now(), sample };
            let reading = S::derive(self.before.as_ref().ok_or(Reason::Starting), &now);
            if let Some(before) = self.before.replace(now) {
                self.source.recycle(before.sample);
            }
            reading
        }
    }

    /// The sources one after the other: reading and deriving.
    struct Sources {
        cpu: Asked<cpu::Cpu>,
        memory: Asked<memory::Memory>,
        disk: Asked<disk::Disk>,
        network: Asked<network::Network>,
    }

    impl Sources {
        fn new(proc: &Path, sys: &Path) -> Self {
            Self {
                cpu: Asked::new(cpu::Cpu::new(proc, sys)),
                memory: Asked::new(memory::Memory::new(proc, sys)),
                disk: Asked::new(disk::Disk::new(proc, sys)),
                network: Asked::new(network::Network::new(proc, sys)),
            }
        }

        fn tick(&mut self) -> [Reading; 4] {
            [self.cpu.tick(), self.memory.tick(), self.disk.tick(), self.network.tick()]
        }
    }

    fn store(history: &mut History, tick: u64, readings: &[Reading]) {
        history.begin(tick, &clock::now());
        let mut row = history.fill(tick);
        for reading in readings {
            match reading {
                Reading::Gpu(reading) => reading.devices.iter().for_each(|gpu| fields::of_gpu(gpu, &mut row)),
                Reading::Cpu(metrics) => fields::of_cpu(metrics, &mut row),
                Reading::Memory(metrics) => fields::of_memory(metrics, &mut row),
                Reading::Disk(metrics) => fields::of_disk(metrics, &mut row),
                Reading::Network(metrics) => fields::of_network(metrics, &mut row),
            }
        }
    }

    /// Processor time of so many ticks of the whole collector, with its threads, its history and its snapshots.
    fn collected(roots: &Roots, ticks: u64) -> Duration {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (collector, run) = Collector::start(roots, Duration::from_millis(4)).unwrap();
            let run = tokio::spawn(run);
            let mut snapshots = collector.subscribe();
            let first = snapshots.wait_for(|snapshot| snapshot.metrics.tick > 20).await.unwrap().metrics.tick;
            let before = spent();
            let last =
                snapshots.wait_for(|snapshot| snapshot.metrics.tick >= first + ticks).await.unwrap().metrics.tick;
            let spent = spent().saturating_sub(before).mul_f64(ticks as f64 / (last - first) as f64);
            drop(collector);
            run.await.unwrap();
            spent
        })
    }

    /// Processor time of a routine called so many times, each at a tick of its own.
    fn timed<T>(times: u64, tree: Option<&Tree>, mut routine: impl FnMut() -> T) -> Duration {
        let mut sum = Duration::ZERO;
        for time in 0..times {
            if let Some(tree) = tree {
                tree.at(time.try_into().unwrap());
            }
            let before = spent();
            black_box(routine());
            sum += spent().saturating_sub(before);
        }
        sum
    }

    pub(super) fn tick(criterion: &mut Criterion) {
        let (small, large) = (Tree::of(2, 1, 1), Tree::of(256, 64, 64));
        let machines = [
            ("this machine", None),
            ("2 cores, 1 disk, 1 interface", Some(&small)),
            ("256 cores, 64 disks, 64 interfaces", Some(&large)),
        ];
        let mut group = criterion.benchmark_group("tick");
        for (name, tree) in machines {
            let (proc, sys, files) = match tree {
                None => ("/proc".into(), "/sys".into(), &tree::files_of_this_machine()),
                Some(tree) => (tree.proc(), tree.sys(), &tree.files().to_vec()),
            };
            let bytes: usize = files.iter().map(|path| std::fs::read(path).unwrap().len()).sum();
            println!("{name}: {} files, {bytes} bytes a tick", files.len());
            group.throughput(Throughput::Bytes(bytes as u64));
            let mut floor = Floor::new(files);
            group.bench_function(format!("floor/{name}"), |bench| {
                bench.iter_custom(|times| timed(times, tree, || floor.tick()));
            });
            let mut sources = Sources::new(&proc, &sys);
            group.bench_function(format!("sources/{name}"), |bench| {
                bench.iter_custom(|times| timed(times, tree, || sources.tick()));
            });
            let (mut history, mut tick) = (History::default(), 0);
            let mut kept = || {
                tick += 1;
                store(&mut history, tick, &sources.tick());
            };
            timed(HOUR, tree, &mut kept);
            group.bench_function(format!("sources and history/{name}"), |bench| {
                bench.iter_custom(|times| timed(times, tree, &mut kept));
            });
            let roots = Roots {
                proc: proc.clone(),
                sys: sys.clone(),
                gpus: None,
                nvml: Some("/nonexistent/libnvidia-ml.so.1".into()),
            };
            group.sample_size(10);
            group.bench_function(format!("collector/{name}"), |bench| {
                bench.iter_custom(|times| collected(&roots, times));
            });
            group.sample_size(100);
        }
    }
}

#[cfg(target_os = "linux")]
criterion::criterion_group!(benches, linux::tick);
#[cfg(target_os = "linux")]
criterion::criterion_main!(benches);

#[cfg(not(target_os = "linux"))]
fn main() {}

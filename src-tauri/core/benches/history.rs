//! What an hour of history costs to ask for: 8 GPUs and 64 cores, as the page does when it opens, and what is sent to it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use telltale_core::clock::Stamp;
use telltale_core::export::json_text;
use telltale_core::fields;
use telltale_core::history::packed::pack;
use telltale_core::history::{History, HistoryQuery};
use telltale_core::metrics::{
    CpuMetrics, CurrentMetrics, DiskDevice, DiskMetrics, GpuMetrics, MemoryMetrics, NetworkMetrics,
};
use telltale_core::rate;

/// An hour at two seconds.
const ROWS: u64 = 1_800;

/// A machine that is busy, so that every figure has as many digits as its source gives it.
fn metrics(row: u64) -> CurrentMetrics {
    let wave = |phase: f64| Some(rate::hundredths(50.0 + 49.0 * (row as f64 / 7.0 + phase).sin()));
    let per_second = |phase: f64| wave(phase).map(|percent| rate::six_digits(percent * 1.234_567_8e5));
    let gpus = (0..8u32).map(|index| GpuMetrics {
        gpu_id: format!("GPU-5f1e0000-0000-0000-0000-00000000000{index}"),
        index,
        utilization: wave(index.into()).map(f64::round),
        memory_used: Some(1 << 34),
        memory_total: Some(80 << 30),
        temperature: wave(2.0).map(f64::round),
        power_draw: wave(3.0).map(|watts| rate::six_digits(watts * 1.234_567_8)),
        power_limit: Some(700.0),
        memory_bandwidth: wave(4.0).map(f64::round),
        sm_clock: Some(1_980.0),
        sm_clock_max: Some(1_980.0),
        memory_clock: Some(2_619.0),
        pcie_generation: Some(5.0),
        pcie_width: Some(16.0),
        performance_state: Some(0.0),
        ..GpuMetrics::default()
    });
    let cpu = CpuMetrics {
        utilization: wave(0.5),
        per_core: (0..64).map(|core| wave(f64::from(core))).collect(),
        core_ids: (0..64).collect(),
        core_clocks: (0..64).map(|core| wave(f64::from(core)).map(|share| (800.0 + share).round())).collect(),
        load_1: wave(1.0),
        load_5: wave(1.5),
        load_15: wave(2.0),
        temperature: wave(2.5).map(f64::round),
        pressure_some: wave(3.0),
        ..CpuMetrics::default()
    };
    let bytes = (1 << 34) + row * 4_096;
    let memory = MemoryMetrics {
        ram_used: Some(bytes),
        ram_total: Some(1 << 38),
        ram_available: Some(bytes),
        ram_free: Some(bytes),
        cached: Some(bytes),
        ..MemoryMetrics::default()
    };
    let disk = DiskDevice {
        name: "nvme0n1".into(),
        read_rate: per_second(5.0),
        write_rate: per_second(6.0),
        ..DiskDevice::default()
    };
    CurrentMetrics {
        gpu: gpus.collect(),
        cpu: Some(cpu),
        memory: Some(memory),
        disk: Some(DiskMetrics { devices: vec![disk], ..DiskMetrics::default() }),
        network: Some(NetworkMetrics {
            upload_rate: per_second(7.0),
            download_rate: per_second(8.0),
            ..NetworkMetrics::default()
        }),
        ..CurrentMetrics::default()
    }
}

fn an_hour() -> History {
    let mut history = History::default();
    for row in 0..ROWS {
        let mono = Duration::from_secs(2 * row);
        history.begin(row, &Stamp { mono, boot: mono, wall: 1_790_000_000_000 + 2_000 * i64::try_from(row).unwrap() });
        fields::of_all(&metrics(row), &mut history.fill(row));
    }
    history
}

fn history(criterion: &mut Criterion) {
    let history = an_hour();
    let mut group = criterion.benchmark_group("history");
    let all = HistoryQuery::default();
    let queries = [("all rows", all.clone()), ("900 points", HistoryQuery { max_points: Some(900), ..all })];
    for (name, query) in queries {
        let answer = history.query(&query).unwrap();
        let json = json_text(&answer).unwrap();
        println!(
            "{name}: {} series, {} points, {} bytes of JSON, {} packed",
            answer.series.len(),
            answer.timestamps.len(),
            json.len(),
            pack(&answer).unwrap().len()
        );
        group.bench_function(format!("query/{name}"), |bench| bench.iter(|| history.query(black_box(&query)).unwrap()));
        group.bench_function(format!("as JSON/{name}"), |bench| bench.iter(|| json_text(black_box(&answer)).unwrap()));
        group.bench_function(format!("packed/{name}"), |bench| bench.iter(|| pack(black_box(&answer)).unwrap()));
    }
    let mut history = history;
    let newest = metrics(ROWS);
    let mut row = ROWS;
    group.bench_function("append a tick", |bench| {
        bench.iter(|| {
            let mono = Duration::from_secs(2 * row);
            history
                .begin(row, &Stamp { mono, boot: mono, wall: 1_790_000_000_000 + 2_000 * i64::try_from(row).unwrap() });
            fields::of_all(&newest, &mut history.fill(row));
            row += 1;
        });
    });
}

criterion_group!(benches, history);
criterion_main!(benches);

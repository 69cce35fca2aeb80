//! Fixture texts of /proc/stat and property tests of the arithmetic over them.

use proptest::prelude::*;

use super::*;
use crate::clock::Stamp;

fn parse(text: &str) -> Result<Stat, Malformed> {
    let mut stat = Stat { all: Times { busy: 9, idle: 9 }, cores: vec![(9, Times::default())] };
    super::parse(text, &mut stat).map(|()| stat)
}

fn at(seconds: u64, stat: Stat) -> Stamped<Sample> {
    let sample = Sample {
        stat,
        clocks: Vec::new(),
        load: Ok([0.5, 0.25, 0.125]),
        temperature: Ok(50.0),
        pressure: Ok(pressure::Stalled { some: seconds * 100_000, full: 0 }),
    };
    let mono = Duration::from_secs(seconds);
    Stamped { stamp: Stamp { mono, boot: mono, wall: 1_000 * i64::try_from(seconds).unwrap() }, sample }
}

fn metrics(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> CpuMetrics {
    let Reading::Cpu(metrics) = Cpu::derive(previous, now) else { panic!("not a CPU reading") };
    metrics
}

const TWO_CORES: &str = "cpu  100 10 50 1000 40 5 5 20 7 3 \ncpu0 60 5 25 500 20 5 0 10 7 3\ncpu1 40 5 25 500 20 0 5 10 0 0\nintr 123 0 9\nctxt 5\n";

#[test]
fn iowait_is_idle_steal_is_busy_and_guests_are_counted_once() {
    let sample = parse(TWO_CORES).unwrap();
    assert_eq!(sample.all, Times { busy: 190, idle: 1040 });
    assert_eq!(sample.cores, [(0, Times { busy: 105, idle: 520 }), (1, Times { busy: 85, idle: 520 })]);
}

#[test]
fn a_kernel_with_four_fields_is_enough() {
    assert_eq!(parse("cpu 1 2 3 4\n").unwrap().all, Times { busy: 6, idle: 4 });
}

#[test]
fn what_is_not_proc_stat_is_refused_with_what_was_expected() {
    for (text, expected) in [
        ("", "a first line"),
        ("intr 5\n", "a first line"),
        ("cpu 1 2 3\n", "at least 4 times"),
        ("cpu 1 2 3 x\n", "at least 4 times"),
        ("cpu 1 2 3 4\ncpuX 1 2 3 4\n", "a core's number"),
        ("cpu", "cpuN"),
    ] {
        assert!(parse(text).unwrap_err().expected.contains(expected), "{text:?}");
    }
}

#[test]
fn the_first_sample_has_no_utilization_and_says_why() {
    let first = metrics(Err(Reason::Starting), &at(1, parse(TWO_CORES).unwrap()));
    assert_eq!((first.utilization, first.per_core), (None, vec![None, None]));
    assert_eq!(first.core_ids, [0, 1]);
    assert_eq!(first.missing["utilization"], Reason::Starting);
    assert_eq!(first.missing["per_core/1"], Reason::Starting);
    assert_eq!(first.timestamp, 1_000);
}

#[test]
fn busy_over_all_since_the_sample_before() {
    let before = at(1, parse(TWO_CORES).unwrap());
    let now = parse("cpu 150 10 50 1050 40 5 5 20\ncpu0 110 5 25 500 20 5 0 10\ncpu1 40 5 25 550 20 0 5 10\n").unwrap();
    let metrics = metrics(Ok(&before), &at(3, now));
    assert_eq!(metrics.utilization, Some(50.0));
    assert_eq!(metrics.per_core, [Some(100.0), Some(0.0)]);
    assert_eq!((metrics.load_5, metrics.temperature, metrics.pressure_some), (Some(0.25), Some(50.0), Some(10.0)));
    assert_eq!(metrics.missing.into_iter().collect::<Vec<_>>(), [("core_clocks".to_owned(), Reason::Unsupported)]);
}

#[test]
fn cores_go_come_back_and_reset_one_by_one() {
    let core = |id, busy, idle| (id, Times { busy, idle });
    let all = Times { busy: 1, idle: 9 };
    let before = at(1, Stat { all, cores: vec![core(0, 10, 10), core(2, 10, 10), core(3, 50, 10)] });
    let after = Stat {
        all: Times { busy: 2, idle: 18 },
        cores: vec![core(0, 20, 20), core(1, 1, 1), core(2, 10, 20), core(3, 5, 20)],
    };
    let metrics = metrics(Ok(&before), &at(2, after));
    assert_eq!(metrics.core_ids, [0, 1, 2, 3]);
    assert_eq!(metrics.per_core, [Some(50.0), None, Some(0.0), None]);
    assert_eq!(metrics.missing["per_core/1"], Reason::Starting);
    assert_eq!(metrics.missing["per_core/3"], Reason::CounterReset);
    assert_eq!(metrics.utilization, Some(33.33), "of cores 0 and 2, which were there all the time");
}

#[test]
fn a_core_that_goes_offline_or_online_is_neither_load_nor_rest() {
    let core = |id, idle| (id, Times { busy: 10 + idle / 100, idle });
    let stat = |all: u64, cores: &[(u32, Times)]| Stat {
        all: Times { busy: 1_000 + all / 100, idle: all },
        cores: cores.to_vec(),
    };
    let two = at(1, stat(200_000, &[core(0, 100_000), core(1, 100_000)]));
    // Its idle time is 60 s less, as the kernel counts it for offline cores.
    let one = at(3, stat(194_200, &[core(0, 100_200)]));
    let again = at(5, stat(200_600, &[core(0, 100_400), core(1, 100_200)]));
    for (before, now) in [(&two, &one), (&one, &again)] {
        assert_eq!(metrics(Ok(before), now).utilization, Some(0.99), "2 of 202 ticks");
    }
    let far_back = Times { busy: 1_010, idle: 194_200 };
    assert_eq!(busy_percent(Times { busy: 1_000, idle: 200_000 }, far_back), Err(Reason::CounterReset));
}

#[test]
fn iowait_running_backwards_is_no_reset() {
    let before = Times { busy: 100, idle: 1_000 };
    assert_eq!(busy_percent(before, Times { busy: 300, idle: 999 }), Ok(100.0));
    assert_eq!(
        busy_percent(before, Times { busy: 110, idle: 998 }),
        Err(Reason::CounterReset),
        "that would be a spike"
    );
    assert_eq!(busy_percent(before, Times { busy: 99, idle: 1_005 }), Err(Reason::CounterReset));
    assert_eq!(busy_percent(before, before), Err(Reason::Starting));
}

#[test]
fn reads_fixture_trees_of_2_and_256_cores() {
    for cores in [2, 256] {
        let folder = tempfile::tempdir().unwrap();
        let line = |name: String| format!("{name} 10 0 10 80 0 0 0 0 0 0\n");
        let text: String =
            std::iter::once(line("cpu ".into())).chain((0..cores).map(|core| line(format!("cpu{core}")))).collect();
        std::fs::write(folder.path().join("stat"), text + "intr 1\n").unwrap();
        let sample = Cpu::new(folder.path(), folder.path()).read().unwrap().stat;
        assert_eq!(sample.cores.len(), cores);
        assert_eq!(sample.cores[cores - 1], (u32::try_from(cores).unwrap() - 1, Times { busy: 20, idle: 80 }));
    }
}

#[test]
fn this_machine_agrees_with_what_the_standard_library_says() {
    let sample = Cpu::new(Path::new("/proc"), Path::new("/sys")).read().unwrap().stat;
    assert!(sample.cores.len() >= std::thread::available_parallelism().unwrap().get());
}

#[test]
fn percent_has_two_decimals_as_mpstat_prints_them() {
    assert_eq!(busy_percent(Times { busy: 0, idle: 0 }, Times { busy: 2, idle: 1 }), Ok(66.67));
}

proptest! {
    #[test]
    fn percent_is_between_0_and_100(earlier: (u64, u64), later: (u64, u64)) {
        let times = |(busy, idle)| Times { busy, idle };
        if let Ok(percent) = busy_percent(times(earlier), times(later)) {
            prop_assert!((0.0..=100.0).contains(&percent));
        }
    }

    #[test]
    fn no_text_panics(text in "(cpu[0-9]{0,3}( [0-9]{1,22}| -|x){0,12}\n|.{0,40}\n){0,8}") {
        let _ = parse(&text);
    }
}

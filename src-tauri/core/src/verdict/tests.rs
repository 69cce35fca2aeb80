//! Each rule at its thresholds and just below them, and shares that add up whatever happened.
#![allow(clippy::large_types_passed_by_value, reason = "a moment is made for the one case that it is given to")]
mod hung;
mod slow_link;

use std::time::Duration;

use proptest::prelude::*;

use super::rules::LEAST_SECONDS;
use super::*;
use crate::clock::Stamp;
use crate::fields::{Unit, Visit as _};

/// A GPU at work, nothing in its way.
const AT_WORK: Moment = Moment {
    timestamp: 0,
    seconds: 2.0,
    state: Some(GpuState::RunningFree),
    utilization: Some(80.0),
    memory_bandwidth: Some(40.0),
    power_draw: Some(300.0),
    power_limit: Some(450.0),
    temperature: Some(65.0),
    sm_clock: Some(2_500.0),
    sm_clock_max: Some(2_745.0),
    pcie_generation: Some(4.0),
    pcie_generation_max: Some(4.0),
    pcie_width: Some(16.0),
    pcie_width_max: Some(16.0),
    memory_used: Some(6e9),
    memory_total: Some(24e9),
    busiest_core: Some(40.0),
    cpu_utilization: Some(20.0),
    cpu_pressure: Some(0.0),
    disk_busy: Some(5.0),
    io_pressure: Some(0.0),
};

/// Moments two seconds apart, each made from its number.
fn moments(count: i64, make: impl Fn(i64) -> Moment) -> Vec<Moment> {
    (0..count).map(|at| Moment { timestamp: at * 2_000, ..make(at) }).collect()
}

fn verdict(moments: &[Moment]) -> GpuVerdict {
    rules::judge("GPU-1", moments, i64::MIN, Vec::new())
}

/// A hundred moments, so that one is a percent, the first `percent` of which are as said.
fn first(percent: i64, then: Moment) -> GpuVerdict {
    verdict(&moments(100, |at| if at < percent { then } else { AT_WORK }))
}

fn in_state(state: GpuState) -> Moment {
    Moment { state: Some(state), ..AT_WORK }
}

fn runs_free(verdict: &GpuVerdict) -> bool {
    matches!(verdict.headline, Finding::RunningFree { .. }) && verdict.also.is_empty()
}

#[test]
fn what_holds_it_back_is_found_at_its_share_and_not_below() {
    for (state, least) in [
        (GpuState::HardwareThermal, 1),
        (GpuState::PowerBrake, 1),
        (GpuState::HardwareSlowdown, 5),
        (GpuState::SoftwareThermal, 5),
        (GpuState::PowerCap, 10),
        (GpuState::SyncBoost, 10),
        (GpuState::ApplicationClocks, 10),
        (GpuState::DisplayClocks, 10),
    ] {
        let found = first(least, in_state(state));
        let is_it = matches!(found.headline, Finding::HeldBack { by, percent, .. } if by == state && (percent - least as f64).abs() < 1e-9);
        assert!(is_it, "{state:?} at {least} %: {found:#?}");
        assert!(runs_free(&first(least - 1, in_state(state))), "{state:?} below {least} %");
    }
}

#[test]
fn the_evidence_is_of_the_time_in_which_it_held() {
    let capped = Moment {
        power_draw: Some(445.0),
        sm_clock: Some(2_310.0),
        temperature: Some(74.0),
        ..in_state(GpuState::PowerCap)
    };
    let expected = Finding::HeldBack {
        by: GpuState::PowerCap,
        percent: 83.0,
        power_draw: Some(445.0),
        power_limit: Some(450.0),
        temperature: Some(74.0),
        sm_clock: Some(2_310.0),
        sm_clock_max: Some(2_745.0),
    };
    let found = first(83, capped);
    assert_eq!((found.headline, found.also), (expected, vec![]));
    assert!((found.sampled - 200.0).abs() < 1e-9, "{}", found.sampled);
    let shares: Vec<_> = found.shares.iter().map(|one| (one.state, one.percent)).collect();
    assert_eq!(shares, [(Some(GpuState::PowerCap), 83.0), (Some(GpuState::RunningFree), 17.0)]);
}

#[test]
fn the_largest_share_is_the_headline_and_the_rest_stands_beside_it() {
    let found = verdict(&moments(100, |at| match at {
        0..20 => in_state(GpuState::HardwareThermal),
        20..50 => in_state(GpuState::PowerCap),
        _ => AT_WORK,
    }));
    assert!(matches!(found.headline, Finding::HeldBack { by: GpuState::PowerCap, .. }), "{found:#?}");
    assert!(matches!(found.also[..], [Finding::HeldBack { by: GpuState::HardwareThermal, .. }]), "{found:#?}");
    let tie =
        verdict(&moments(100, |at| in_state(if at % 2 == 0 { GpuState::PowerCap } else { GpuState::SoftwareThermal })));
    assert!(matches!(tie.headline, Finding::HeldBack { by: GpuState::SoftwareThermal, .. }), "{tie:#?}");
}

/// 12 % busy while the disk works and is waited for.
const STARVED: Moment = Moment { utilization: Some(12.0), disk_busy: Some(97.0), io_pressure: Some(40.0), ..AT_WORK };

#[test]
fn waiting_for_data_takes_a_gpu_with_little_to_do_and_somebody_who_waits() {
    let expected =
        Finding::WaitingForData { percent: 30.0, utilization: 12.0, disk_busy: Some(97.0), io_pressure: Some(40.0) };
    assert_eq!(first(30, STARVED).headline, expected);
    let holds = |then: Moment| matches!(first(60, then).headline, Finding::WaitingForData { .. });
    let no_psi = |busy| Moment { io_pressure: None, disk_busy: Some(busy), ..STARVED };
    for (case, then, expected) in [
        ("at every threshold", Moment { utilization: Some(49.9), io_pressure: Some(20.0), ..STARVED }, true),
        ("busy enough", Moment { utilization: Some(50.0), ..STARVED }, false),
        ("a little pressure", Moment { io_pressure: Some(19.9), ..STARVED }, false),
        ("a busy disk that nobody waits for", Moment { io_pressure: Some(0.0), ..STARVED }, false),
        ("a network file system: pressure without a disk", Moment { disk_busy: None, ..STARVED }, true),
        ("no pressure known, a busy disk", no_psi(80.0), true),
        ("no pressure known, a less busy disk", no_psi(79.9), false),
        ("neither known", Moment { disk_busy: None, io_pressure: None, ..STARVED }, false),
        ("utilization unknown", Moment { utilization: None, ..STARVED }, false),
        ("an idle GPU beside a backup", Moment { utilization: Some(0.0), ..STARVED }, false),
        ("hardly used", Moment { utilization: Some(4.9), ..STARVED }, false),
    ] {
        assert_eq!(holds(then), expected, "{case}");
    }
    assert!(runs_free(&first(29, STARVED)));
}

#[test]
fn a_gpu_that_worked_in_a_fifth_of_the_time_was_in_use() {
    let bursts = |every| {
        verdict(&moments(100, |at| Moment { utilization: Some(if at % every == 0 { 40.0 } else { 0.0 }), ..STARVED }))
    };
    assert!(matches!(bursts(5).headline, Finding::WaitingForData { .. }));
    assert!(!matches!(bursts(6).headline, Finding::WaitingForData { .. }));
}

#[test]
fn waiting_for_the_cpu_takes_a_core_at_its_end_or_threads_that_queue() {
    let pinned = Moment { utilization: Some(30.0), busiest_core: Some(100.0), ..AT_WORK };
    let expected = Finding::WaitingForCpu {
        percent: 30.0,
        utilization: 30.0,
        busiest_core: Some(100.0),
        cpu_utilization: Some(20.0),
        cpu_pressure: Some(0.0),
    };
    assert_eq!(first(30, pinned).headline, expected);
    assert!(runs_free(&first(29, pinned)));
    let queue = Moment { busiest_core: Some(94.9), cpu_pressure: Some(40.0), ..pinned };
    for (case, then, expected) in [
        ("a core at the threshold", Moment { busiest_core: Some(95.0), ..pinned }, true),
        ("a core below it", Moment { busiest_core: Some(94.9), ..pinned }, false),
        ("threads that queue", queue, true),
        ("fewer of them", Moment { cpu_pressure: Some(39.9), ..queue }, false),
        ("nothing known", Moment { busiest_core: None, cpu_pressure: None, ..pinned }, false),
        ("a GPU that is busy", Moment { utilization: Some(50.0), ..pinned }, false),
        ("one that nobody uses", Moment { utilization: Some(0.0), ..pinned }, false),
        ("it is data that it waits for", Moment { busiest_core: Some(100.0), ..STARVED }, false),
    ] {
        assert_eq!(matches!(first(60, then).headline, Finding::WaitingForCpu { .. }), expected, "{case}");
    }
}

#[test]
fn memory_that_is_nearly_full_stands_beside_the_headline() {
    let full = Moment { memory_used: Some(22.8e9), ..AT_WORK };
    let found = first(5, full);
    let expected = Finding::MemoryNearlyFull { percent: 5.0, memory_used: 22.8e9, memory_total: 24e9 };
    assert!(matches!(found.headline, Finding::RunningFree { .. }), "{found:#?}");
    assert_eq!(found.also, [expected]);
    assert!(runs_free(&first(4, full)));
    assert!(runs_free(&first(100, Moment { memory_used: Some(22.7e9), ..AT_WORK })));
    assert!(runs_free(&first(100, Moment { memory_used: None, ..AT_WORK })));
}

#[test]
fn where_nothing_holds_it_back_the_larger_part_is_told() {
    let idle = Moment { state: Some(GpuState::Idle), utilization: Some(0.0), ..AT_WORK };
    assert_eq!(first(51, idle).headline, Finding::Idle { percent: 51.0 });
    let free = Finding::RunningFree {
        percent: 51.0,
        utilization: Some(80.0),
        power_draw: Some(300.0),
        sm_clock: Some(2_500.0),
        sm_clock_max: Some(2_745.0),
    };
    assert_eq!(first(49, idle).headline, free);
    let untold = Moment { state: None, ..AT_WORK };
    assert_eq!(first(100, untold).headline, Finding::Untold { percent: 100.0, utilization: Some(80.0) });
    assert_eq!(first(100, untold).shares, [StateShare { state: None, percent: 100.0 }]);
}

#[test]
fn a_verdict_takes_samples_enough() {
    let of = |count: i64, seconds: f64| {
        verdict(&moments(count, |_| Moment { seconds, ..in_state(GpuState::PowerCap) })).headline
    };
    assert!(matches!(of(5, 2.0), Finding::HeldBack { .. }));
    assert!(matches!(of(20, 0.5), Finding::HeldBack { .. }));
    assert_eq!(of(19, 0.5), Finding::NotEnoughData { seconds: 9.5, needed: 10.0 });
    assert_eq!(of(4, 60.0), Finding::NotEnoughData { seconds: 240.0, needed: 10.0 });
    assert_eq!(verdict(&[]).headline, Finding::NotEnoughData { seconds: 0.0, needed: 10.0 });
    // a device that says nothing was not sampled, whatever the machine around it did
    let silent = Moment { busiest_core: Some(100.0), cpu_pressure: Some(90.0), ..Moment::default() };
    let asleep = Unsampled { reason: Reason::Asleep, seconds: 60.0 };
    let found = rules::judge("GPU-1", &moments(30, |_| silent), i64::MIN, vec![asleep]);
    assert_eq!((found.headline, found.sampled), (Finding::Unavailable { reason: Reason::Asleep }, 0.0));
    assert_eq!((found.shares, found.machine), (vec![], Machine::default()));
}

const GPU: &str = "system/gpu/GPU-1";

/// A history at two seconds: a GPU at its power limit beside a pinned core and two disks, then asleep.
fn history() -> History {
    let mut history = History::default();
    for tick in 0u32..40 {
        let mono = Duration::from_secs(2 * u64::from(tick));
        history.begin(tick.into(), &Stamp { mono, boot: mono, wall: 2_000 * i64::from(tick) });
        let asleep = tick >= 30;
        let mut row = history.fill(tick.into());
        if !asleep {
            row.field(GPU, "state", Unit::GpuState, Some(GpuState::PowerCap.code()));
            row.field(GPU, "utilization", Unit::Percent, Some(99.0));
        }
        for (channel, field, value) in [
            ("system/cpu", "per_core/0", 100.0),
            ("system/cpu", "per_core/1", 20.0),
            ("system/cpu", "pressure_some", 3.0),
            ("system/disk", "devices/sda/busy", 31.0),
            ("system/disk", "devices/sdb/busy", 7.0),
            ("system/disk", "devices/sdb/read_rate", 1e9),
            ("system/disk", "pressure_some", 1.0),
        ] {
            row.field(channel, field, Unit::Percent, Some(value));
        }
        drop(row);
        history.note(GPU, asleep.then_some(Reason::Asleep));
    }
    history
}

#[test]
fn history_is_read_with_what_the_machine_did_and_when_the_device_slept() {
    let devices = || ["GPU-1", "GPU-2"].map(String::from);
    let history = history();
    let ask =
        |gpu_id: &str, since, until| of(&history, &VerdictQuery { gpu_id: gpu_id.into(), since, until }, devices());
    let found = ask("GPU-1", None, None).unwrap();
    assert!(matches!(found.headline, Finding::HeldBack { by: GpuState::PowerCap, percent: 100.0, .. }), "{found:#?}");
    assert!((found.sampled - 60.0).abs() < 1e-9, "{}", found.sampled);
    let machine =
        Machine { busiest_core: Some(100.0), cpu_pressure: Some(3.0), disk_busy: Some(31.0), io_pressure: Some(1.0) };
    assert_eq!(found.machine, machine);
    assert_eq!(found.unsampled, [Unsampled { reason: Reason::Asleep, seconds: 18.0 }]);

    let part = ask("GPU-1", Some(20_000), Some(38_000)).unwrap();
    assert_eq!((part.sampled, part.unsampled), (20.0, vec![]));
    let slept = ask("GPU-1", Some(62_000), None).unwrap();
    assert_eq!((slept.headline, slept.sampled), (Finding::Unavailable { reason: Reason::Asleep }, 0.0));
    let other = ask("GPU-2", None, None).unwrap();
    assert!(matches!(other.headline, Finding::NotEnoughData { .. }), "known and not sampled yet: {other:#?}");

    let error = ask("GPU-1", Some(2), Some(1)).unwrap_err();
    assert_eq!(error, ReversedRange { since: 2, until: 1 }.into());
    let error = ask("GPU-3", None, None).unwrap_err();
    assert_eq!(error.to_string(), "gpu_id: no GPU \"GPU-3\"; there are GPU-1, GPU-2");
}

#[test]
fn a_verdict_is_kinds_and_numbers() {
    let found = first(83, in_state(GpuState::PowerCap));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!((&json["headline"]["kind"], &json["headline"]["by"]), (&"held_back".into(), &"power_cap".into()));
    assert_eq!(serde_json::from_value::<GpuVerdict>(json).unwrap(), found);
}

/// Any moment at all, with and without each figure.
fn any_moment() -> impl Strategy<Value = Moment> {
    let percent = || prop::option::weighted(0.8, 0.0..=100.0f64);
    let state = prop::option::weighted(0.8, prop::sample::select(GpuState::ALL.to_vec()));
    let gpu = (state, percent(), percent(), prop::option::weighted(0.8, 0.0..700.0f64), percent());
    let machine = (percent(), percent(), percent(), percent());
    let width = prop::option::weighted(0.8, prop::sample::select(vec![4.0, 16.0]));
    (gpu, machine, width, 0.1..5.0f64).prop_map(
        |((state, utilization, memory_bandwidth, power_draw, memory), machine, pcie_width, seconds)| {
            let (busiest_core, cpu_pressure, disk_busy, io_pressure) = machine;
            Moment {
                seconds,
                state,
                utilization,
                memory_bandwidth,
                power_draw,
                power_limit: Some(450.0),
                pcie_width,
                pcie_width_max: Some(16.0),
                memory_used: memory,
                memory_total: Some(100.0),
                busiest_core,
                cpu_pressure,
                disk_busy,
                io_pressure,
                ..Moment::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn shares_add_up_and_every_finding_keeps_to_its_own(
        made in prop::collection::vec((any_moment(), 1usize..40), 0..12),
        since in 0i64..200_000,
    ) {
        let all: Vec<_> = made.into_iter().flat_map(|(moment, times)| std::iter::repeat_n(moment, times)).collect();
        let all = moments(i64::try_from(all.len()).unwrap(), |at| all[usize::try_from(at).unwrap()]);
        let found = rules::judge("GPU-1", &all, since, Vec::new());
        let sum: f64 = found.shares.iter().map(|one| one.percent).sum();
        prop_assert!(found.shares.is_empty() == (found.sampled == 0.0));
        prop_assert!(found.shares.is_empty() || (sum - 100.0).abs() < 1e-6, "{}", sum);
        prop_assert!(found.shares.iter().all(|one| one.percent > 0.0 && one.percent <= 100.0));
        let share_of = |state| found.shares.iter().find(|one| one.state == state).map_or(0.0, |one| one.percent);
        let enough = found.sampled >= LEAST_SECONDS;
        for finding in std::iter::once(found.headline).chain(found.also.iter().copied()) {
            let percent = match finding {
                Finding::HeldBack { by, percent, .. } => {
                    prop_assert!(by.holds_back() && (percent - share_of(Some(by))).abs() < 1e-6);
                    percent
                }
                Finding::Idle { percent } => {
                    prop_assert!((percent - share_of(Some(GpuState::Idle))).abs() < 1e-6);
                    percent
                }
                Finding::RunningFree { percent, .. } => {
                    prop_assert!((percent - share_of(Some(GpuState::RunningFree))).abs() < 1e-6);
                    percent
                }
                Finding::Untold { percent, .. } => {
                    prop_assert!((percent - share_of(None)).abs() < 1e-6);
                    percent
                }
                Finding::WaitingForData { percent, utilization, .. } | Finding::WaitingForCpu { percent, utilization, .. } => {
                    prop_assert!(percent >= 30.0 && utilization < 50.0);
                    percent
                }
                Finding::SlowLink { percent, utilization, .. } => {
                    prop_assert!(percent >= 10.0 && utilization >= 50.0);
                    percent
                }
                Finding::MemoryNearlyFull { percent, memory_used, memory_total } => {
                    prop_assert!(memory_used >= memory_total * 0.95);
                    percent
                }
                Finding::PossiblyHung { seconds, utilization, power_draw, power_limit } => {
                    prop_assert!(seconds >= 60.0 && utilization >= 95.0 && power_draw <= power_limit * 0.3 + 1e-6);
                    100.0
                }
                Finding::NotEnoughData { seconds, needed } => {
                    prop_assert!(!enough || seconds >= needed, "too few samples, however long");
                    continue;
                }
                Finding::Unavailable { .. } => {
                    prop_assert!(found.sampled == 0.0);
                    continue;
                }
            };
            prop_assert!(enough && (0.0..=100.0).contains(&percent) && percent > 0.0, "{:?}", finding);
        }
        if let Finding::HeldBack { percent: most, .. } = found.headline {
            let shares = found.also.iter().filter_map(|finding| match finding {
                Finding::HeldBack { percent, .. } => Some(*percent),
                Finding::PossiblyHung { .. }
                | Finding::NotEnoughData { .. }
                | Finding::Unavailable { .. }
                | Finding::WaitingForData { .. }
                | Finding::WaitingForCpu { .. }
                | Finding::SlowLink { .. }
                | Finding::MemoryNearlyFull { .. }
                | Finding::Idle { .. }
                | Finding::RunningFree { .. }
                | Finding::Untold { .. } => None,
            });
            prop_assert!(shares.into_iter().all(|percent| percent <= most), "the headline is the largest");
        }
    }
}

//! The ring, its bounds, its gaps and its downsampling, by example and by property.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::gpu_state::GpuState;

const CPU: &str = "system/cpu";

fn stamp(seconds: f64) -> Stamp {
    let mono = Duration::from_secs_f64(seconds);
    Stamp { mono, boot: mono, wall: 1_000_000 + i64::try_from(mono.as_millis()).unwrap() }
}

/// A history of `values` at `interval` seconds, `None` where the tick had none.
fn history(interval: f64, values: &[Option<f64>]) -> History {
    let mut history = History::default();
    for (tick, value) in (0u32..).zip(values) {
        history.begin(tick.into(), &stamp(f64::from(tick) * interval));
        history.fill(tick.into()).field(CPU, "utilization", Unit::Percent, *value);
    }
    history
}

fn all(history: &History) -> MetricsHistory {
    history.query(&HistoryQuery::default()).unwrap()
}

fn points(history: &History, max_points: u32) -> MetricsHistory {
    history.query(&HistoryQuery { max_points: Some(max_points.into()), ..HistoryQuery::default() }).unwrap()
}

#[test]
fn an_hour_at_two_seconds_is_1800_points() {
    let history = history(2.0, &vec![Some(1.0); 5_000]);
    let all = all(&history);
    assert_eq!((history.len(), all.timestamps.len(), all.series[0].values.len()), (1_800, 1_800, 1_800));
    assert_eq!(all.timestamps[1_799] - all.timestamps[0], 1_799 * 2_000);
    assert!(all.series[0].min.is_none());
}

#[test]
fn bounded_in_rows_whatever_the_interval() {
    assert_eq!(history(0.1, &vec![Some(1.0); 20_000]).len(), MAX_ROWS);
}

#[test]
fn a_late_sample_goes_into_its_own_row() {
    let mut history = history(2.0, &[Some(1.0), Some(2.0), Some(3.0)]);
    history.fill(1).field("system/gpu/a", "temperature", Unit::Celsius, Some(70.0));
    history.fill(99).field("system/gpu/a", "temperature", Unit::Celsius, Some(99.0));
    history.fill(0).field("system/gpu/a", "temperature", Unit::Celsius, Some(60.0));
    let all = all(&history);
    assert_eq!(all.series[1].values, [Some(60.0), Some(70.0), None]);
    assert_eq!(all.series[1].unit, Unit::Celsius);
}

#[test]
fn a_missing_value_is_null_and_a_column_that_is_all_gone_is_dropped() {
    let mut values = vec![Some(1.0), None, Some(3.0)];
    assert_eq!(all(&history(2.0, &values)).series[0].values, values);
    values.extend(vec![None; 2_000]);
    let history = history(2.0, &values);
    assert!(all(&history).series.is_empty());
    assert_eq!(history.columns(), 0);
}

#[test]
fn so_it_is_where_two_rows_go_at_once_after_the_interval_was_lengthened() {
    let mut history = history(0.5, &[Some(1.0); 50]);
    let seconds = |tick: u32| if tick < 7_201 { f64::from(tick) * 0.5 } else { 3_600.0 + f64::from(tick - 7_200) };
    for tick in 50..7_201 + 200 {
        history.begin(tick.into(), &stamp(seconds(tick)));
    }
    assert!(history.len() < 7_200 && history.columns() == 0, "{} rows", history.len());
}

#[test]
fn names_that_come_and_go_stay_bounded() {
    let mut history = History::default();
    for tick in 0u32..6_000 {
        history.begin(tick.into(), &stamp(f64::from(tick) * 0.5));
        history.fill(tick.into()).field(
            "system/network",
            &format!("interfaces/veth{tick}/upload_rate"),
            Unit::BytesPerSecond,
            Some(1.0),
        );
    }
    assert_eq!(history.columns(), COLUMNS_BEFORE_INTERFACES);
    let last = all(&history).series.iter().any(|series| series.field == "interfaces/veth5999/upload_rate");
    assert!(last, "the newest is kept");
}

#[test]
fn a_name_too_many_takes_no_place_from_what_is_in_use() {
    let mut history = History::default();
    let names: Vec<String> = (0..MAX_COLUMNS).map(|name| format!("devices/v{name}/read_rate")).collect();
    for tick in 0u32..20 {
        history.begin(tick.into(), &stamp(f64::from(tick)));
        let mut row = history.fill(tick.into());
        for name in &names {
            row.field("system/disk", name, Unit::BytesPerSecond, Some(1.0));
        }
        row.field(CPU, "utilization", Unit::Percent, Some(1.0));
    }
    let full = all(&history).series;
    assert!(full.len() == MAX_COLUMNS && full.iter().all(|series| series.values.rows().all(|value| value.is_some())));
    for tick in 20u32..20 + 10 {
        history.begin(tick.into(), &stamp(f64::from(tick)));
        history.fill(tick.into()).field(CPU, "utilization", Unit::Percent, Some(1.0));
    }
    let cpu = all(&history).series.into_iter().find(|series| series.channel == CPU).unwrap();
    assert!(cpu.values.rows().flatten().count() >= 2, "{:?}", cpu.values);
}

#[test]
fn hundreds_of_interfaces_leave_room_for_what_comes_after_them() {
    let mut history = History::default();
    let names: Vec<String> = (0..MAX_COLUMNS).map(|name| format!("interfaces/v{name}/upload_rate")).collect();
    for tick in 0u32..20 {
        history.begin(tick.into(), &stamp(f64::from(tick)));
        let mut row = history.fill(tick.into());
        for name in &names {
            row.field("system/network", name, Unit::BytesPerSecond, Some(1.0));
        }
        // Rates come at the second tick.
        row.field(CPU, "utilization", Unit::Percent, (tick > 0).then_some(1.0));
        // Nor does one that sleeps make room.
        row.field("system/gpu/0", "utilization", Unit::Percent, (tick == 1).then_some(1.0));
    }
    let all = all(&history).series;
    let count =
        |channel: &str| all.iter().find(|series| series.channel == channel).unwrap().values.rows().flatten().count();
    assert_eq!((all.len(), count(CPU), count("system/gpu/0")), (COLUMNS_BEFORE_INTERFACES + 2, 19, 1));
}

#[test]
fn gaps_that_are_over_go_with_their_hour_and_make_room_for_those_that_last() {
    let mut history = History::default();
    history.begin(0, &stamp(0.0));
    history.note("system/gpu", Some(Reason::Absent));
    for tick in 1u32..=2_000 {
        history.begin(tick.into(), &stamp(f64::from(tick) * 2.0));
        history.note(CPU, (tick % 2 == 0).then_some(Reason::NotAnswering));
    }
    let found = all(&history);
    assert_eq!((&*found.gaps[0].channel, found.gaps[0].from, found.gaps[0].to), ("system/gpu", 1_000_000, None));
    let first = found.timestamps[0];
    assert!(found.gaps.iter().all(|gap| gap.to.is_none_or(|to| to >= first)), "{:?}", found.gaps.get(1));
    for tick in 2_001u32..8_000 {
        history.begin(tick.into(), &stamp(4_000.0 + f64::from(tick) * 0.5));
        history.note(CPU, (tick % 2 == 0).then_some(Reason::NotAnswering));
    }
    let found = all(&history).gaps;
    assert!(found.len() <= MAX_GAPS && found[0].channel == "system/gpu" && found[0].to.is_none());
}

#[test]
fn what_is_owed_goes_on_behind_a_suspend_and_not_once_more_before_it() {
    let mut history = History::default();
    for second in 1..4u32 {
        history.begin(second.into(), &stamp(f64::from(second)));
        history.fill(second.into()).field(CPU, "utilization", Unit::Percent, Some(1.0));
        if second > 1 {
            history.owes("system/disk", 1);
        }
    }
    history.interrupt(&stamp(9.0), Reason::Suspended, [CPU.to_owned(), "system/disk".to_owned()]);
    history.begin(4, &stamp(9.0));
    history.owes("system/disk", 1);
    let of_disk = |history: &History| {
        let mut gaps = all(history).gaps;
        gaps.retain(|gap| gap.channel == "system/disk");
        gaps.into_iter().map(|gap| (gap.from, gap.to, gap.reason)).collect::<Vec<_>>()
    };
    let [first, second, third, fourth] = [1, 2, 3, 9].map(|second| stamp(f64::from(second)).wall);
    let since = [(third, Some(fourth), Reason::Suspended), (fourth, None, Reason::NotAnswering)];
    assert_eq!(of_disk(&history), [&[(first, Some(third), Reason::NotAnswering)], &since[..]].concat());
    history.came("system/disk", 1);
    assert_eq!(of_disk(&history), [&[(second, Some(third), Reason::NotAnswering)], &since[..]].concat());
    history.came("system/disk", 2);
    assert_eq!(of_disk(&history), since, "there is nothing left of it");
}

#[test]
fn a_mean_of_large_numbers_is_exact_to_one() {
    let mut history = History::default();
    for (tick, bytes) in (0u32..).zip([34_359_739_392.0, 34_359_739_392.0, 34_359_740_416.0]) {
        history.begin(tick.into(), &stamp(f64::from(tick)));
        history.fill(tick.into()).field("system/memory", "cached", Unit::Bytes, Some(bytes));
    }
    let found = points(&history, 1);
    assert_eq!(found.series[0].values, [Some(34_359_739_733.0)], "{:?}", found.series[0]);
    assert_eq!(found.series[0].min, Some(Values::from(vec![Some(34_359_739_392.0)])));
}

#[test]
fn a_channel_that_stops_is_a_gap_with_its_reason() {
    let mut history = History::default();
    let reasons = [None, Some(Reason::NotAnswering), Some(Reason::NotAnswering), Some(Reason::Lost), None];
    for (tick, reason) in (0u32..).zip(reasons) {
        history.begin(tick.into(), &stamp(f64::from(tick)));
        history.note(CPU, reason);
    }
    let gap = |from, to, reason| HistoryGap { channel: CPU.into(), from, to, reason };
    let expected =
        [gap(1_001_000, Some(1_003_000), Reason::NotAnswering), gap(1_003_000, Some(1_004_000), Reason::Lost)];
    assert_eq!(all(&history).gaps, expected);
    let later = history.query(&HistoryQuery { since: Some(1_003_500), ..HistoryQuery::default() }).unwrap();
    assert_eq!(later.gaps, expected[1..]);
}

#[test]
fn a_suspend_has_a_null_inside_and_its_reason() {
    let mut history = history(2.0, &[Some(1.0), Some(1.0)]);
    history.interrupt(&stamp(900.0), Reason::Suspended, [CPU.into()]);
    history.begin(2, &stamp(900.0));
    history.fill(2).field(CPU, "utilization", Unit::Percent, Some(5.0));
    let all = all(&history);
    assert_eq!(all.series[0].values, [Some(1.0), Some(1.0), None, Some(5.0)]);
    assert_eq!(
        all.gaps,
        [HistoryGap { channel: CPU.into(), from: 1_002_000, to: Some(1_900_000), reason: Reason::Suspended }]
    );
}

#[test]
fn a_suspend_has_a_null_inside_in_buckets_too() {
    let mut history = history(2.0, &[Some(1.0), Some(2.0)]);
    history.interrupt(&stamp(900.0), Reason::Suspended, [CPU.into()]);
    for (tick, seconds) in [(2, 900.0), (3, 902.0)] {
        history.begin(tick, &stamp(seconds));
        history.fill(tick).field(CPU, "utilization", Unit::Percent, Some(3.0));
    }
    for max_points in 3..=4 {
        let points = points(&history, max_points);
        assert_eq!(points.series[0].values, [Some(1.5), None, Some(3.0)], "{max_points}");
        assert_eq!(points.timestamps, [1_001_000, 1_002_001, 1_901_000]);
    }
    assert_eq!(points(&history, 2).series[0].values, [Some(1.5), Some(3.0)], "no room for it");
}

#[test]
fn a_clock_that_was_set_back_during_a_suspend_moves_its_gap_along() {
    let mut history = history(2.0, &[Some(1.0), Some(1.0)]);
    let hour_back = Stamp { wall: stamp(900.0).wall - 3_600_000, ..stamp(900.0) };
    history.interrupt(&hour_back, Reason::Suspended, [CPU.into()]);
    history.begin(2, &hour_back);
    let gap = all(&history).gaps[0].clone();
    assert_eq!((gap.from, gap.to), (stamp(2.0).wall - 3_600_000, Some(hour_back.wall)));
}

#[test]
fn when_the_wall_clock_is_set_labels_follow_and_stay_in_order() {
    let mut history = history(2.0, &[Some(1.0), Some(2.0)]);
    let hour_back = Stamp { wall: stamp(4.0).wall - 3_600_000, ..stamp(4.0) };
    history.begin(2, &hour_back);
    let timestamps = all(&history).timestamps;
    assert_eq!(timestamps, [hour_back.wall - 4_000, hour_back.wall - 2_000, hour_back.wall]);
}

#[test]
fn ranges_and_channels_select() {
    let mut history = history(1.0, &[Some(1.0); 10]);
    history.fill(9).field("system/gpu/GPU-1", "power_draw", Unit::Watts, Some(200.0));
    let query = |since, until, channels: Option<&[&str]>| {
        let channels = channels.map(|names| names.iter().map(ToString::to_string).collect());
        history.query(&HistoryQuery { since, until, channels, max_points: None }).unwrap()
    };
    assert_eq!(query(Some(1_003_000), Some(1_005_000), None).timestamps.len(), 3);
    assert_eq!(query(Some(9_000_000), None, None), MetricsHistory::default());
    assert_eq!(query(None, None, Some(&["gpu"])).series[0].field, "power_draw");
    assert_eq!(query(None, None, Some(&["system/gpu/GPU-1"])).series.len(), 1);
    assert_eq!(query(None, None, Some(&["gpu/GPU-2"])).series.len(), 0);
    assert_eq!(query(None, None, Some(&["system/cpu"])).series[0].channel, CPU);
}

#[test]
fn what_cannot_be_asked_names_the_field_and_what_is_allowed() {
    let history = history(1.0, &[Some(1.0)]);
    let refused = |query: HistoryQuery| history.query(&query).unwrap_err();
    let range = refused(HistoryQuery { since: Some(2), until: Some(1), ..HistoryQuery::default() });
    assert_eq!((range.field(), range), ("since", ReversedRange { since: 2, until: 1 }.into()));
    for points in [0, 10_001, 1_000_000] {
        let error = refused(HistoryQuery { max_points: Some(points), ..HistoryQuery::default() });
        assert!(error.to_string().contains("1 to 10000"), "{error}");
    }
    let error = refused(HistoryQuery { channels: Some(vec!["cpu".into(), "warp".into()]), ..HistoryQuery::default() });
    assert!(error.to_string().contains("\"warp\"") && error.to_string().contains("network"), "{error}");
}

#[test]
fn a_bucket_of_states_is_the_one_that_lasted_longest_and_never_one_between_them() {
    let mut history = History::default();
    let states = [GpuState::Idle, GpuState::PowerCap, GpuState::Idle, GpuState::PowerCap, GpuState::SyncBoost];
    for (tick, state) in (0u32..).zip(states) {
        history.begin(tick.into(), &stamp(f64::from(tick)));
        history.fill(tick.into()).field("system/gpu/a", "state", Unit::GpuState, Some(state.code()));
    }
    let series = &points(&history, 1).series[0];
    let codes = |values: &Values| values.rows().map(|code| GpuState::from_code(code.unwrap())).collect::<Vec<_>>();
    assert_eq!(codes(&series.values), [Some(GpuState::PowerCap)], "as often as idle, and the larger code");
    assert_eq!(codes(series.min.as_ref().unwrap()), [Some(GpuState::Idle)]);
    assert_eq!(codes(series.max.as_ref().unwrap()), [Some(GpuState::PowerCap)]);
}

proptest! {
    #[test]
    fn buckets_of_states_hold_only_states_that_there_were(
        codes in prop::collection::vec(prop::option::weighted(0.9, 0usize..GpuState::ALL.len()), 1..300),
        max_points in 1u32..50,
    ) {
        let mut history = History::default();
        let states: Vec<_> = codes.iter().map(|code| code.map(|code| GpuState::ALL[code])).collect();
        for (tick, state) in (0u32..).zip(&states) {
            history.begin(tick.into(), &stamp(f64::from(tick)));
            history.fill(tick.into()).field("system/gpu/a", "state", Unit::GpuState, state.map(GpuState::code));
        }
        for series in points(&history, max_points).series {
            for code in series.values.rows().flatten() {
                prop_assert!(states.contains(&GpuState::from_code(code)), "{} is a state of none", code);
            }
        }
    }

    #[test]
    fn no_peak_is_lost_and_the_mean_lies_between(
        values in prop_oneof![
            prop::collection::vec(prop::option::weighted(0.9, 0.0..100.0f64), 1..600),
            prop::collection::vec(prop::option::weighted(0.9, (1u64 << 30..1 << 40).prop_map(|bytes| bytes as f64)), 1..600),
        ],
        max_points in 1u32..200,
        interval in 0.5..5.0f64,
    ) {
        let history = history(interval, &values);
        let found = points(&history, max_points);
        prop_assert!(found.timestamps.len() <= max_points as usize);
        prop_assert!(found.timestamps.is_sorted_by(|one, other| one < other));
        let Some(series) = found.series.first() else {
            prop_assert!(values.iter().all(Option::is_none));
            return Ok(());
        };
        let (min, max) = (series.min.as_ref().unwrap(), series.max.as_ref().unwrap());
        prop_assert_eq!((series.values.len(), min.len(), max.len()), (found.timestamps.len(), found.timestamps.len(), found.timestamps.len()));
        for ((mean, min), max) in series.values.rows().zip(min.rows()).zip(max.rows()) {
            prop_assert!(min <= mean && mean <= max);
            prop_assert!(mean.is_some() == min.is_some());
        }
        let values = Values::from(values);
        let largest = |values: &Values| values.rows().flatten().fold(f64::MIN, f64::max);
        let smallest = |values: &Values| values.rows().flatten().fold(f64::MAX, f64::min);
        prop_assert!(largest(max) >= largest(&values));
        prop_assert!(smallest(min) <= smallest(&values));
    }

    #[test]
    fn with_points_enough_nothing_changes(values in prop::collection::vec(prop::option::of(0.0..100.0f64), 1..100)) {
        let history = history(2.0, &values);
        let (raw, bucketed) = (all(&history), points(&history, 100));
        prop_assert_eq!(&raw.timestamps, &bucketed.timestamps);
        for (raw, bucketed) in raw.series.iter().zip(&bucketed.series) {
            prop_assert_eq!(&raw.values, &bucketed.values);
            prop_assert_eq!(Some(&raw.values), bucketed.max.as_ref());
        }
    }

    #[test]
    fn the_ring_keeps_exactly_the_newest(count in 1usize..4_000, interval in prop::sample::select(vec![0.5, 1.0, 2.0, 60.0])) {
        let values: Vec<_> = (0..count).map(|tick| Some(tick as f64)).collect();
        let all = all(&history(interval, &values));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an hour over one of the intervals above")]
        let kept = count.min((3_600.0 / interval) as usize);
        prop_assert_eq!(&all.series[0].values, &values[count - kept..]);
    }
}

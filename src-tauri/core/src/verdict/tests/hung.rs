//! One that says it is busy and does nothing: told only after a minute without a change.

use super::*;

/// Says that it is busy, and draws hardly more than at rest.
const STUCK: Moment =
    Moment { utilization: Some(98.0), power_draw: Some(90.0), memory_bandwidth: Some(0.0), ..AT_WORK };

#[test]
fn possibly_hung_takes_a_minute_without_a_change_up_to_now() {
    let expected = Finding::PossiblyHung { seconds: 60.0, utilization: 98.0, power_draw: 90.0, power_limit: 450.0 };
    assert_eq!(verdict(&moments(40, |at| if at < 10 { AT_WORK } else { STUCK })).headline, expected);
    assert!(runs_free(&verdict(&moments(40, |at| if at < 11 { AT_WORK } else { STUCK }))), "58 s are too short");
    assert!(runs_free(&verdict(&moments(80, |at| if at == 79 { AT_WORK } else { STUCK }))), "it is over: it was none");
    assert!(runs_free(&verdict(&moments(80, |at| if at == 55 { AT_WORK } else { STUCK }))), "interrupted");
    let hung = |then: fn(i64) -> Moment| matches!(verdict(&moments(60, then)).headline, Finding::PossiblyHung { .. });
    for (case, then, expected) in [
        (
            "at every threshold",
            (|_| Moment { utilization: Some(95.0), power_draw: Some(135.0), memory_bandwidth: Some(5.0), ..STUCK })
                as fn(i64) -> _,
            true,
        ),
        ("less busy", |_| Moment { utilization: Some(94.9), ..STUCK }, false),
        ("more power", |_| Moment { power_draw: Some(135.1), ..STUCK }, false),
        ("memory traffic", |_| Moment { memory_bandwidth: Some(5.1), ..STUCK }, false),
        ("no figure of memory traffic", |_| Moment { memory_bandwidth: None, ..STUCK }, false),
        ("no figure of power", |_| Moment { power_draw: None, ..STUCK }, false),
        ("no limit to compare with", |_| Moment { power_limit: None, ..STUCK }, false),
        (
            "power that changes a little",
            |at| Moment { power_draw: Some(if at % 2 == 0 { 80.0 } else { 102.5 }), ..STUCK },
            true,
        ),
        (
            "power that changes as work does",
            |at| Moment { power_draw: Some(if at % 2 == 0 { 80.0 } else { 102.6 }), ..STUCK },
            false,
        ),
    ] {
        assert_eq!(hung(then), expected, "{case}");
    }
    // What came before it does not hide it: work that took as little power, or a sample on the way down.
    for before in [120.0, 20.0] {
        let since = |at| Moment { power_draw: Some(if at < 10 { before } else { 90.0 }), ..STUCK };
        assert_eq!(verdict(&moments(40, since)).headline, expected);
        assert!(!matches!(verdict(&moments(39, since)).headline, Finding::PossiblyHung { .. }), "58 s");
    }
    // Few samples show no steady figure, however long they last.
    let rare = |stuck: i64| {
        let then = |at| Moment { seconds: 60.0, ..if at < 10 - stuck { AT_WORK } else { STUCK } };
        matches!(verdict(&moments(10, then)).headline, Finding::PossiblyHung { .. })
    };
    assert_eq!([1, 4, 5].map(rare), [false, false, true]);
    // The newest rows may still lack their samples, and those in between have none where it answers more slowly than a tick.
    let is_hung = |count, then: &dyn Fn(i64) -> Moment| {
        matches!(verdict(&moments(count, then)).headline, Finding::PossiblyHung { .. })
    };
    let late =
        |rows: i64| move |at: i64| Moment { seconds: 2.0, ..if at >= 60 - rows { Moment::default() } else { STUCK } };
    assert_eq!([1, 3, 4].map(|rows| is_hung(60, &late(rows))), [true, true, false]);
    let late_by = |seconds: f64| move |at: i64| if at == 59 { Moment { seconds, ..Moment::default() } } else { STUCK };
    assert_eq!([10.0, 10.5].map(|seconds| is_hung(60, &late_by(seconds))), [true, false], "at long intervals");
    let slow = |at: i64| if at % 2 == 0 { STUCK } else { Moment::default() };
    assert_eq!([58, 60].map(|count| is_hung(count, &slow)), [false, true], "only what was sampled counts");
    // A range of a minute still tells how long.
    let long = moments(180, |_| STUCK);
    let found = rules::judge("GPU-1", &long, long[150].timestamp, Vec::new());
    assert!(matches!(found.headline, Finding::PossiblyHung { seconds: 360.0, .. }), "{found:#?}");
    assert!((found.sampled - 60.0).abs() < 1e-9, "{}", found.sampled);
}

//! A history of any ticks, and a query of any shape: what is answered is in order and of one length.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use telltale_core::clock::Stamp;
use telltale_core::fields::{Unit, Visit as _};
use telltale_core::history::{History, HistoryQuery, MAX_POINTS};
use telltale_core::metrics::Reason;

// Two bytes a tick: how far the monotonic and the wall clock went, and which columns have a value. The query is JSON
// after a zero byte.
fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (ticks, query) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let mut history = History::default();
    let (mut mono, mut wall) = (0u64, 1_000_000i64);
    for (tick, pair) in (1u64..).zip(ticks.chunks(2)) {
        let (step, columns) = (pair[0], pair.get(1).copied().unwrap_or(0));
        mono += u64::from(step & 0x1f) * 250;
        wall += i64::from(step.cast_signed()) * 1_000;
        let stamp = Stamp { mono: Duration::from_millis(mono), boot: Duration::from_millis(mono), wall };
        if step & 0x40 != 0 {
            history.interrupt(&stamp, Reason::Suspended, ["system/cpu".to_owned()]);
        }
        history.begin(tick, &stamp);
        // Some come late, for a tick before.
        let mut row = history.fill(tick.saturating_sub(u64::from(columns >> 6)));
        for column in 0..6 {
            if columns & (1 << column) != 0 {
                row.field("system/cpu", &format!("per_core/{column}"), Unit::Percent, Some(f64::from(step)));
            }
        }
        drop(row);
        history.note("system/cpu", (columns & 1 == 0).then_some(Reason::NotAnswering));
    }
    let query: HistoryQuery = serde_json::from_slice(query).unwrap_or_default();
    let Ok(answer) = history.query(&query) else { return };
    let rows = answer.timestamps.len();
    assert!(answer.timestamps.is_sorted_by(|one, next| one < next), "{:?}", answer.timestamps);
    assert!(rows <= query.max_points.unwrap_or(i64::MAX).max(MAX_POINTS.into()) as usize);
    for series in &answer.series {
        assert_eq!(series.values.len(), rows, "{}", series.field);
        for bound in [&series.min, &series.max].into_iter().flatten() {
            assert_eq!(bound.len(), rows);
        }
    }
    assert!(answer.gaps.iter().all(|gap| gap.to.is_none_or(|to| to >= gap.from)), "{:?}", answer.gaps);
});

//! One field over time. It begins at the row of its first value and reaches as far as its last, so that a device
//! that was there for a minute costs a minute.

use std::ops::Range;

use super::numbers::Numbers;
use crate::fields::Unit;

/// Values that wait in the column itself until there are so many. Put with the others one at a time, each would wait for memory
/// that no cache holds: with 1,400 columns that took half of what keeping a tick did.
const NEWEST: usize = 16;

#[derive(Debug)]
pub(super) struct Column {
    pub(super) unit: Unit,
    /// Number of the row of the first value.
    start: u64,
    values: Numbers,
    /// What comes after them, NaN where there is none.
    newest: [f64; NEWEST],
    /// How many of those there are.
    waiting: usize,
}

impl Column {
    pub(super) fn new(unit: Unit, start: u64) -> Self {
        Self { unit, start, values: Numbers::default(), newest: [f64::NAN; NEWEST], waiting: 0 }
    }

    fn len(&self) -> usize {
        self.values.len() + self.waiting
    }

    /// Number of the row after the last value.
    pub(super) fn end(&self) -> u64 {
        self.start + self.len() as u64
    }

    /// Bytes that its values are allocated in.
    pub(super) fn bytes(&self) -> usize {
        self.values.bytes()
    }

    /// Sets the value at a row and lets go of what lies before `first`, the oldest row kept.
    pub(super) fn set(&mut self, first: u64, row: u64, value: f64) {
        while self.start < first && self.len() > 0 {
            if self.values.len() == 0 {
                self.settle();
            }
            self.values.pop_front();
            self.start += 1;
        }
        if self.len() == 0 {
            self.start = row;
        }
        // A late sample may belong to a row before the column's first.
        while self.start > row {
            self.values.push_front_none();
            self.start -= 1;
        }
        let Ok(place) = usize::try_from(row - self.start) else { return };
        if place < self.values.len() {
            self.values.set(place, value);
            return;
        }
        if place - self.values.len() >= NEWEST {
            self.settle();
        }
        if place - self.values.len() >= NEWEST {
            self.values.resize(place);
        }
        let at = place - self.values.len();
        self.newest[at] = value;
        self.waiting = self.waiting.max(at + 1);
    }

    /// Puts those that wait with the others.
    fn settle(&mut self) {
        self.values.append(&self.newest[..self.waiting]);
        self.newest = [f64::NAN; NEWEST];
        self.waiting = 0;
    }

    /// Of these rows: how many are before the column's first, the places of what is known, and how many are after its last.
    fn part(&self, rows: Range<u64>) -> (usize, Range<usize>, usize) {
        let place = |row: u64| {
            let place = usize::try_from(row.saturating_sub(self.start)).unwrap_or(usize::MAX);
            place.min(self.len())
        };
        let known = place(rows.start)..place(rows.end);
        let wanted = usize::try_from(rows.end.saturating_sub(rows.start)).unwrap_or(0);
        let before = usize::try_from(self.start.saturating_sub(rows.start)).unwrap_or(usize::MAX).min(wanted);
        let after = wanted - before - known.len();
        (before, known, after)
    }

    /// A copy of the values at these rows.
    pub(super) fn copy(&self, rows: Range<u64>) -> Numbers {
        let (before, known, after) = self.part(rows);
        let settled = self.values.len();
        let waiting = known.start.max(settled)..known.end.max(settled);
        let known = known.start.min(settled)..known.end.min(settled);
        let place = before + known.len();
        let mut copy = self.values.copy(before, known, waiting.len() + after);
        for (place, at) in (place..).zip(waiting) {
            copy.set(place, self.values.as_held(self.newest[at - settled]));
        }
        copy
    }

    /// The value at a row; `None` where there is none.
    pub(super) fn get(&self, row: u64) -> Option<f64> {
        let place = usize::try_from(row.checked_sub(self.start)?).ok()?;
        match place.checked_sub(self.values.len()) {
            None => self.values.at(place),
            Some(at) => self.newest.get(at).filter(|value| !value.is_nan()).map(|value| self.values.as_held(*value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_the_same_by_itself_and_in_a_copy_beside_one_that_needs_more_room() {
        let mut column = Column::new(Unit::Bytes, 0);
        for (row, value) in (0u64..).zip([16_777_217.0, 37.123_456_789_012_3]) {
            column.set(0, row, value);
        }
        assert_eq!(column.copy(0..2).at(1), column.get(1));
    }

    proptest! {
        #[test]
        fn whatever_comes_late_or_after_a_gap_stands_in_its_row_until_it_is_let_go(
            steps in prop::collection::vec((0u64..40, 0u64..60, 0u64..20, prop_oneof![0.0..100.0f64, Just(16_777_217.0)]), 1..80),
        ) {
            // The same in a map. A column lets go of rows when a value comes.
            let mut expected = BTreeMap::new();
            let (mut first, mut newest) = (0, 0);
            let mut column = Column::new(Unit::Percent, 0);
            for (ahead, late, gone, value) in steps {
                newest += ahead;
                first = (first + gone).min(newest);
                let row = newest.saturating_sub(late).max(first);
                column.set(first, row, value);
                expected.insert(row, value);
                expected = expected.split_off(&first);
                prop_assert_eq!(Some(column.end()), expected.last_key_value().map(|(row, _)| row + 1));
            }
            let (from, to) = (first.saturating_sub(3), newest + 3);
            let copy = column.copy(from..to);
            prop_assert_eq!(copy.len() as u64, to - from);
            for (place, row) in (from..to).enumerate() {
                let value = column.get(row);
                prop_assert_eq!(copy.at(place), value, "row {}", row);
                let same = match (value, expected.get(&row)) {
                    (Some(value), Some(expected)) => (value - expected).abs() <= expected * 1e-7,
                    (value, expected) => value.is_none() && expected.is_none(),
                };
                prop_assert!(same, "row {}: {:?} for {:?}", row, value, expected.get(&row));
            }
        }
    }
}

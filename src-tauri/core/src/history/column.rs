//! One field over time. It begins at the row of its first value and reaches as far as its last, so that a device
//! that was there for a minute costs a minute.

use std::ops::Range;

use super::numbers::Numbers;
use crate::fields::Unit;

#[derive(Debug)]
pub(super) struct Column {
    pub(super) unit: Unit,
    /// Number of the row of the first value.
    start: u64,
    values: Numbers,
}

impl Column {
    pub(super) fn new(unit: Unit, start: u64) -> Self {
        Self { unit, start, values: Numbers::default() }
    }

    /// Number of the row after the last value.
    pub(super) fn end(&self) -> u64 {
        self.start + self.values.len() as u64
    }

    /// Bytes that its values are allocated in.
    pub(super) fn bytes(&self) -> usize {
        self.values.bytes()
    }

    /// Sets the value at a row and lets go of what lies before `first`, the oldest row kept.
    pub(super) fn set(&mut self, first: u64, row: u64, value: f64) {
        while self.start < first && self.values.len() > 0 {
            self.values.pop_front();
            self.start += 1;
        }
        if self.values.len() == 0 {
            self.start = row;
        }
        // A late sample may belong to a row before the column's first.
        while self.start > row {
            self.values.push_front_none();
            self.start -= 1;
        }
        let Ok(place) = usize::try_from(row - self.start) else { return };
        if self.values.len() <= place {
            self.values.resize(place + 1);
        }
        self.values.set(place, value);
    }

    /// Of these rows: how many are before the column's first, the places of what is known, and how many are after its last.
    fn part(&self, rows: Range<u64>) -> (usize, Range<usize>, usize) {
        let place = |row: u64| {
            let place = usize::try_from(row.saturating_sub(self.start)).unwrap_or(usize::MAX);
            place.min(self.values.len())
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
        self.values.copy(before, known, after)
    }

    /// The value at a row; `None` where there is none.
    pub(super) fn get(&self, row: u64) -> Option<f64> {
        self.values.at(usize::try_from(row.checked_sub(self.start)?).ok()?)
    }
}

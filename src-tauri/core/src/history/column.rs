//! One field over time. It begins at the row of its first value and reaches as far as its last, so that a device
//! that was there for a minute costs a minute.

use std::collections::VecDeque;
use std::collections::vec_deque::Iter;
use std::iter::repeat_n;
use std::ops::Range;

use crate::fields::Unit;

#[derive(Debug)]
pub(super) struct Column {
    pub(super) unit: Unit,
    /// Number of the row of `values[0]`.
    start: u64,
    /// NaN where there is no value: half the size of an `Option`.
    values: VecDeque<f64>,
}

impl Column {
    pub(super) fn new(unit: Unit, start: u64) -> Self {
        Self { unit, start, values: VecDeque::new() }
    }

    /// Number of the row after the last value.
    pub(super) fn end(&self) -> u64 {
        self.start + self.values.len() as u64
    }

    /// Bytes that its values are allocated in.
    pub(super) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<f64>()
    }

    /// Sets the value at a row and lets go of what lies before `first`, the oldest row kept.
    pub(super) fn set(&mut self, first: u64, row: u64, value: f64) {
        while self.start < first && self.values.pop_front().is_some() {
            self.start += 1;
        }
        if self.values.is_empty() {
            self.start = row;
        }
        let Some(index) = row.checked_sub(self.start).and_then(|index| usize::try_from(index).ok()) else {
            return self.prepend(row, value);
        };
        while self.values.len() <= index {
            self.values.push_back(f64::NAN);
        }
        self.values[index] = value;
    }

    /// A late sample may belong to a row before the column's first.
    fn prepend(&mut self, row: u64, value: f64) {
        while self.start > row {
            self.values.push_front(f64::NAN);
            self.start -= 1;
        }
        self.values[0] = value;
    }

    /// The values at these rows, in order; `None` where there is none.
    pub(super) fn range(&self, rows: Range<u64>) -> impl Iterator<Item = Option<f64>> + Clone + '_ {
        let (before, known, after) = self.part(rows);
        let known = known.map(|value| (!value.is_nan()).then_some(*value));
        repeat_n(None, before).chain(known).chain(repeat_n(None, after))
    }

    /// Of these rows: how many are before the column's first, what is known, and how many are after its last.
    fn part(&self, rows: Range<u64>) -> (usize, Iter<'_, f64>, usize) {
        let place = |row: u64| {
            let place = usize::try_from(row.saturating_sub(self.start)).unwrap_or(usize::MAX);
            place.min(self.values.len())
        };
        let known = self.values.range(place(rows.start)..place(rows.end));
        let wanted = usize::try_from(rows.end.saturating_sub(rows.start)).unwrap_or(0);
        let before = usize::try_from(self.start.saturating_sub(rows.start)).unwrap_or(usize::MAX).min(wanted);
        let after = wanted - before - known.len();
        (before, known, after)
    }

    /// A copy of the values at these rows; NaN where there is none.
    pub(super) fn copy(&self, rows: Range<u64>) -> Vec<f64> {
        let (before, known, after) = self.part(rows);
        let mut copy = Vec::with_capacity(before + known.len() + after);
        copy.resize(before, f64::NAN);
        copy.extend(known);
        copy.resize(copy.len() + after, f64::NAN);
        copy
    }

    /// The value at a row; `None` where there is none.
    pub(super) fn get(&self, row: u64) -> Option<f64> {
        let index = usize::try_from(row.checked_sub(self.start)?).ok()?;
        self.values.get(index).copied().filter(|value| !value.is_nan())
    }
}

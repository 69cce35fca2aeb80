//! A range of rows, read in place: for what is computed in the core, where a copy of every column would cost more.

use std::ops::Range;

use super::column::Column;
use super::{History, HistoryGap};

/// The rows of a range of time.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    history: &'a History,
    rows: Range<usize>,
}

/// One field over the rows of a [`Part`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series<'a> {
    column: &'a Column,
    first: u64,
}

impl Series<'_> {
    /// The value in a row of the part, counted from 0; `None` where there is none.
    pub(crate) fn at(&self, row: usize) -> Option<f64> {
        self.column.get(self.first + row as u64)
    }
}

impl History {
    /// The rows from `since` to `until`, Unix milliseconds, both inclusive.
    pub(crate) fn part(&self, since: i64, until: i64) -> Part<'_> {
        Part { history: self, rows: self.rows_between(since, until) }
    }

    /// Where they are.
    pub(super) fn rows_between(&self, since: i64, until: i64) -> Range<usize> {
        let begin = self.rows.partition_point(|row| row.timestamp < since);
        begin..self.rows.partition_point(|row| row.timestamp <= until).max(begin)
    }
}

impl<'a> Part<'a> {
    /// When each row was, Unix milliseconds, rising, and whether it is a tick's: one that is not stands for an interruption.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (i64, bool)> + use<'a> {
        self.history.rows.range(self.rows.clone()).map(|row| (row.timestamp, row.tick.is_some()))
    }

    /// A field of a channel, by its event and path.
    pub(crate) fn series(&self, channel: &str, field: &str) -> Option<Series<'a>> {
        self.history.columns.get(channel)?.get(field).map(|column| self.over(column))
    }

    /// Every field of a channel whose path is wanted.
    pub(crate) fn fields(&self, channel: &str, wanted: impl Fn(&str) -> bool) -> Vec<Series<'a>> {
        let columns = self.history.columns.get(channel).into_iter().flatten();
        columns.filter(|(field, _)| wanted(field)).map(|(_, column)| self.over(column)).collect()
    }

    /// Stretches in which a channel was not sampled, oldest first, whenever they were.
    pub(crate) fn gaps(&self, channel: &str) -> impl Iterator<Item = &'a HistoryGap> {
        self.history.gaps.iter().filter(move |gap| gap.channel == channel)
    }

    fn over(&self, column: &'a Column) -> Series<'a> {
        Series { column, first: self.history.first + self.rows.start as u64 }
    }
}

//! The last hour of every field, in columns over one time axis, bounded by time and by size.

mod column;
pub(crate) mod digits;
mod numbers;
pub mod packed;
mod part;
mod query;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use part::{Part, Series};
pub(crate) use query::ends;
pub use query::{HistoryGap, HistoryQuery, HistorySeries, MAX_POINTS, MetricsHistory, QueryError, ReversedRange};
pub use values::Values;

use std::collections::VecDeque;

use indexmap::IndexMap;

use crate::channel::Channel;
use crate::clock::{Jumps, Stamp};
use crate::diagnostics::HistorySize;
use crate::fields::{Unit, Visit};
use crate::metrics::Reason;
use column::Column;

/// How far back it reaches, in milliseconds: an hour.
const SPAN: i64 = 3_600_000;
/// Rows kept at the most: an hour at the shortest interval.
const MAX_ROWS: usize = 7_200;
/// Columns kept at the most. Interfaces of containers come and go under new names; the ones longest without a value go first.
const MAX_COLUMNS: usize = 4_096;
/// How many there may be before interfaces get no further ones: a host of hundreds of containers keeps room for all else.
const COLUMNS_BEFORE_INTERFACES: usize = 3_072;
/// A column with a value in so many newest rows is in use, and no new name takes its place.
const IN_USE: u64 = 8;
/// Gaps kept at the most; the oldest that are over go first.
const MAX_GAPS: usize = 1_024;

/// An hour of samples. Rows are ticks; a value that a tick lacks is a gap in its column.
#[derive(Debug, Default)]
pub struct History {
    rows: VecDeque<Row>,
    /// Number of the oldest row since the start: columns are placed by it.
    first: u64,
    /// By channel and path, in the order in which they came.
    columns: IndexMap<String, IndexMap<String, Column>>,
    gaps: VecDeque<HistoryGap>,
    jumps: Jumps,
    /// The row for which so many columns were found in use: it gets no further ones.
    full: Option<(u64, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    timestamp: i64,
    /// `None` for a row that stands inside a gap.
    tick: Option<u64>,
}

/// Where a column is. Every tick fills them in the same order, so that one is found at the place behind the one before
/// without being looked up.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    channel: usize,
    field: usize,
}

impl History {
    /// Begins the row of a tick. Its label is the tick's wall time; if the wall clock was set since the row before,
    /// all labels move along, so that they stay in order and as far apart as they were.
    pub fn begin(&mut self, tick: u64, stamp: &Stamp) {
        self.follow(stamp);
        self.push(Row { timestamp: stamp.wall, tick: Some(tick) });
    }

    /// Ends a stretch in which nothing was sampled (a suspend, say) with a row of nulls inside it, before the row of
    /// the tick that ends it is begun. Like it, this follows a wall clock that was set meanwhile.
    pub fn interrupt(&mut self, until: &Stamp, reason: Reason, channels: impl IntoIterator<Item = String>) {
        self.follow(until);
        let Some(from) = self.rows.back().map(|row| row.timestamp) else { return };
        self.push(Row { timestamp: from + 1, tick: None });
        for channel in channels {
            self.close_gap(&channel, from);
            self.push_gap(HistoryGap { channel, from, to: Some(until.wall.max(from)), reason });
        }
    }

    /// Fills in the row of `tick`, which may be an earlier one if the sample came late. A tick that is no longer
    /// kept is ignored.
    pub fn fill(&mut self, tick: u64) -> impl Visit + '_ {
        let row = self.row_of(tick).map(|index| self.first + index as u64);
        let mut next = Place::default();
        move |channel: &str, path: &str, unit: Unit, value: Option<f64>| {
            if let (Some(row), Some(value)) = (row, value) {
                let Place { channel, field } = self.set(row, next, channel, path, unit, value);
                next = Place { channel, field: field + 1 };
            }
        }
    }

    /// Notes whether a channel is current at the newest row: `reason` says why it isn't. A gap lasts until the
    /// channel is current again; a new reason begins a new gap.
    pub fn note(&mut self, channel: &str, reason: Option<Reason>) {
        if let Some(now) = self.rows.back().map(|row| row.timestamp) {
            self.note_at(channel, reason, now);
        }
    }

    /// Notes that a channel still lacks its sample of an earlier tick.
    pub fn owes(&mut self, channel: &str, tick: u64) {
        let Some(index) = self.row_of(tick) else { return };
        // A suspend since has ended the gap that began there: it goes on behind it.
        let over = self.gaps.iter().filter(|gap| gap.channel == channel).filter_map(|gap| gap.to).max();
        let at = self.rows[index].timestamp.max(over.unwrap_or(i64::MIN));
        self.note_at(channel, Some(Reason::NotAnswering), at);
    }

    fn note_at(&mut self, channel: &str, reason: Option<Reason>, at: i64) {
        if self.open_gap(channel).map(|gap| gap.reason) == reason {
            return;
        }
        self.close_gap(channel, at);
        if let Some(reason) = reason {
            self.push_gap(HistoryGap { channel: channel.into(), from: at, to: None, reason });
        }
    }

    /// Notes that the sample of an earlier tick came: the gap that began with its row begins with the next.
    pub fn came(&mut self, channel: &str, tick: u64) {
        let Some(index) = self.row_of(tick) else { return };
        let Some(next) = self.rows.get(index + 1).map(|row| row.timestamp) else { return };
        let row = self.rows[index].timestamp;
        let begins = |gap: &HistoryGap| gap.channel == channel && gap.from == row;
        let Some(place) = self.gaps.iter().rposition(begins) else { return };
        if self.gaps[place].to.is_some_and(|to| to <= next) {
            self.gaps.remove(place);
        } else {
            self.gaps[place].from = next;
        }
    }

    /// Ends the gaps of channels that are gone: there is no word for GPUs as a whole once one of them has its own, and none for
    /// one that was known by another name while it could not tell its own.
    pub fn end_gaps_except(&mut self, is_there: impl Fn(&str) -> bool) {
        let Some(now) = self.rows.back().map(|row| row.timestamp) else { return };
        for gap in self.gaps.iter_mut().filter(|gap| gap.to.is_none() && !is_there(&gap.channel)) {
            gap.to = Some(now);
        }
    }

    /// Answers a query.
    ///
    /// # Errors
    /// [`QueryError`] names the field that can't be and what is allowed.
    pub fn query(&self, query: &HistoryQuery) -> Result<MetricsHistory, QueryError> {
        query::answer(self, query)
    }

    /// Rows kept now.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no tick has been recorded.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How much is kept, and the bytes that it is allocated in.
    pub fn size(&self) -> HistorySize {
        let by_channel = map_bytes::<IndexMap<String, Column>>(self.columns.capacity());
        let columns: usize = self
            .columns
            .iter()
            .map(|(channel, columns)| {
                let held = |(path, column): (&String, &Column)| path.capacity() + column.bytes();
                channel.capacity() + map_bytes::<Column>(columns.capacity()) + columns.iter().map(held).sum::<usize>()
            })
            .sum();
        let gaps = self.gaps.capacity() * size_of::<HistoryGap>();
        let names: usize = self.gaps.iter().map(|gap| gap.channel.capacity()).sum();
        let bytes = self.rows.capacity() * size_of::<Row>() + by_channel + columns + gaps + names;
        HistorySize { rows: self.len() as u64, columns: self.columns() as u64, bytes: bytes as u64 }
    }

    /// Columns kept now.
    pub fn columns(&self) -> usize {
        self.columns.values().map(IndexMap::len).sum()
    }

    fn push(&mut self, row: Row) {
        // Two ticks never share a label, however coarse the clock.
        let after = self.rows.back().map_or(i64::MIN, |last| last.timestamp + 1);
        self.rows.push_back(Row { timestamp: row.timestamp.max(after), ..row });
        let oldest = self.rows.back().map_or(i64::MIN, |newest| newest.timestamp - SPAN);
        let before = self.first;
        while self.rows.len() > MAX_ROWS || self.rows.front().is_some_and(|row| row.timestamp <= oldest) {
            self.rows.pop_front();
            self.first += 1;
        }
        // They are in the order in which they began: one that lasts may stand before one that is long over.
        self.gaps.retain(|gap| gap.to.is_none_or(|to| to > oldest));
        // Now and then: several rows may go at once.
        if before / 128 != self.first / 128 {
            self.forget_empty_columns();
        }
    }

    fn forget_empty_columns(&mut self) {
        let first = self.first;
        self.columns.retain(|_, columns| {
            columns.retain(|_, column| column.end() > first);
            !columns.is_empty()
        });
    }

    /// Sets a value, which may be at that place; returns where it is.
    fn set(&mut self, row: u64, place: Place, channel: &str, path: &str, unit: Unit, value: f64) -> Place {
        let first = self.first;
        if let Some((place, column)) = self.find(place, channel, path) {
            column.set(first, row, value);
            return place;
        }
        let is_network = channel == Channel::Network.event();
        let most = if is_network { COLUMNS_BEFORE_INTERFACES } else { MAX_COLUMNS };
        let is_full = self.full.is_some_and(|(full, found)| full == row && most <= found);
        if is_full {
            return place;
        }
        if self.columns() >= most && !self.forget_oldest_column(row, is_network.then_some(channel)) {
            self.full = Some((row, most));
            return place;
        }
        let mut column = Column::new(unit, row);
        column.set(first, row, value);
        let entry = self.columns.entry(channel.into());
        let channel = entry.index();
        let (field, _) = entry.or_default().insert_full(path.into(), column);
        Place { channel, field }
    }

    fn find(&mut self, place: Place, channel: &str, path: &str) -> Option<(Place, &mut Column)> {
        let channel = match self.columns.get_index(place.channel) {
            Some((name, _)) if name == channel => place.channel,
            _ => self.columns.get_index_of(channel)?,
        };
        let (_, columns) = self.columns.get_index_mut(channel)?;
        let field = match columns.get_index(place.field) {
            Some((name, _)) if name == path => place.field,
            _ => columns.get_index_of(path)?,
        };
        let (_, column) = columns.get_index_mut(field)?;
        Some((Place { channel, field }, column))
    }

    /// Makes room for another column at a row, among all or those of one channel; false where they are in use.
    fn forget_oldest_column(&mut self, row: u64, of: Option<&str>) -> bool {
        let all = self
            .columns
            .iter()
            .filter(|(channel, _)| of.is_none_or(|of| of == *channel))
            .flat_map(|(channel, columns)| columns.iter().map(move |(path, column)| (column.end(), channel, path)));
        let Some((_, channel, path)) = all.min().filter(|(end, ..)| end + IN_USE <= row) else { return false };
        let (channel, path) = (channel.clone(), path.clone());
        self.columns.get_mut(&channel).is_some_and(|columns| columns.shift_remove(&path).is_some())
    }

    fn row_of(&self, tick: u64) -> Option<usize> {
        self.rows.iter().rposition(|row| row.tick == Some(tick))
    }

    fn open_gap(&mut self, channel: &str) -> Option<&mut HistoryGap> {
        self.gaps.iter_mut().rev().find(|gap| gap.channel == channel && gap.to.is_none())
    }

    fn close_gap(&mut self, channel: &str, at: i64) {
        if let Some(gap) = self.open_gap(channel) {
            gap.to = Some(at.max(gap.from));
        }
    }

    fn push_gap(&mut self, gap: HistoryGap) {
        if self.gaps.len() >= MAX_GAPS {
            let over = self.gaps.iter().position(|gap| gap.to.is_some());
            self.gaps.remove(over.unwrap_or(0));
        }
        self.gaps.push_back(gap);
    }

    /// Moves all labels along if the wall clock was set since the stamp before.
    fn follow(&mut self, stamp: &Stamp) {
        if let Some(jump) = self.jumps.at(stamp) {
            self.relabel(jump);
        }
    }

    fn relabel(&mut self, jump: i64) {
        for row in &mut self.rows {
            row.timestamp += jump;
        }
        for gap in &mut self.gaps {
            gap.from += jump;
            gap.to = gap.to.map(|to| to + jump);
        }
    }
}

/// Bytes of a map: its entries with their hashes, and a table of their places that is at most seven eighths full, with a
/// byte more for each.
fn map_bytes<T>(capacity: usize) -> usize {
    capacity * size_of::<(usize, String, T)>() + capacity.saturating_mul(8) / 7 * (size_of::<usize>() + 1)
}

//! Queries over the history: a range, some channels, at most so many points with no peak lost.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use specta::Type;

use super::History;
use super::Values;
use super::column::Column;
use super::numbers;
use crate::channel::{Selector, UnknownChannel};
use crate::fields::Unit;
use crate::metrics::Reason;

/// Up to here single precision has room for every whole number.
const WHOLE_IN_SINGLE: f64 = (1u32 << 24) as f64;

/// The most that `max_points` may be.
pub const MAX_POINTS: u32 = 10_000;

/// What part of the history is wanted. Everything is optional; the default is all of it, point by point.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryQuery {
    /// Unix milliseconds of the oldest row wanted, inclusive.
    #[specta(optional)]
    pub since: Option<i64>,
    /// Unix milliseconds of the newest row wanted, inclusive.
    #[specta(optional)]
    pub until: Option<i64>,
    /// `cpu`, `system/cpu`, `gpu` (all), `system/gpu/{gpu_id}` …; all channels if absent.
    #[specta(optional)]
    pub channels: Option<Vec<String>>,
    /// 1–10,000: if there are more rows, they are put into so many buckets of equal time.
    #[specta(optional)]
    pub max_points: Option<i64>,
}

/// Columns over one time axis. As JSON by [`crate::export::json`].
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Type)]
pub struct MetricsHistory {
    /// Unix milliseconds, strictly ascending; of a bucket, the mean of its rows.
    pub timestamps: Vec<i64>,
    /// Sorted by channel and field; each as long as `timestamps`.
    pub series: Vec<HistorySeries>,
    /// Stretches in which a channel was not sampled, oldest first. Inside each that is wholly in the range stands at least one
    /// null; of buckets, inside each that is as long as two.
    pub gaps: Vec<HistoryGap>,
}

/// One field over time.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
pub struct HistorySeries {
    /// The channel's event name.
    pub channel: String,
    /// The field's path in the payload: `utilization`, `per_core/3`, `devices/nvme0n1/read_rate`.
    pub field: String,
    /// What the values are measured in.
    pub unit: Unit,
    /// The values, or each bucket's mean (of states the most frequent one); `null` where there is no sample.
    #[specta(type = Vec<Option<f64>>)]
    pub values: Values,
    /// Each bucket's smallest value; `null` as a whole without `max_points`.
    #[specta(type = Option<Vec<Option<f64>>>)]
    pub min: Option<Values>,
    /// Each bucket's largest value; `null` as a whole without `max_points`.
    #[specta(type = Option<Vec<Option<f64>>>)]
    pub max: Option<Values>,
}

/// A stretch in which a channel was not sampled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct HistoryGap {
    /// The channel's event name.
    pub channel: String,
    /// Unix milliseconds of the first row without a sample, or of the last with one before a suspend.
    pub from: i64,
    /// Unix milliseconds of the first row with a sample again; `null` while the gap lasts.
    pub to: Option<i64>,
    /// Why.
    pub reason: Reason,
}

/// A query that can't be answered: which field, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// `since` is after `until`.
    #[error(transparent)]
    Range(#[from] ReversedRange),
    /// `max_points` is none, or too many.
    #[error("max_points is {0}: allowed are 1 to {MAX_POINTS}")]
    MaxPoints(i64),
    /// `channels` names one that there is not.
    #[error("channels: {0}")]
    Channel(#[from] UnknownChannel),
}

impl QueryError {
    /// The query's field that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Range(_) => "since",
            Self::MaxPoints(_) => "max_points",
            Self::Channel(_) => "channels",
        }
    }
}

/// A range of time that ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("since ({since}) is after until ({until}): it must be at or before it")]
pub struct ReversedRange {
    /// As asked.
    pub since: i64,
    /// As asked.
    pub until: i64,
}

/// The ends of a range in Unix milliseconds, both inclusive, with those that are not given as far away as can be.
pub(crate) fn ends(since: Option<i64>, until: Option<i64>) -> Result<(i64, i64), ReversedRange> {
    let (since, until) = (since.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX));
    if since > until { Err(ReversedRange { since, until }) } else { Ok((since, until)) }
}

pub(super) fn answer(history: &History, query: &HistoryQuery) -> Result<MetricsHistory, QueryError> {
    let (since, until) = ends(query.since, query.until)?;
    let points = query.max_points.map(|points| match u32::try_from(points) {
        Ok(fit @ 1..=MAX_POINTS) => Ok(fit as usize),
        Ok(_) | Err(_) => Err(QueryError::MaxPoints(points)),
    });
    let points = points.transpose()?;
    let selectors = query
        .channels
        .as_ref()
        .map(|names| names.iter().map(|name| Selector::parse(name)).collect::<Result<Vec<_>, _>>());
    let selectors = selectors.transpose()?;
    let wanted = |channel: &str| selectors.as_ref().is_none_or(|all| all.iter().any(|one| one.selects(channel)));

    let range = history.rows_between(since, until);
    let points = points.map(|points| buckets(history, range.clone(), points));
    let mut series = Vec::with_capacity(history.columns());
    for (channel, columns) in history.columns.iter().filter(|(channel, _)| wanted(channel)) {
        for (field, column) in columns.iter().filter(|(_, column)| column.end() > history.first + range.start as u64) {
            series.push(one_series(history.first, channel, field, column, range.clone(), points.as_deref()));
        }
    }
    series.sort_unstable_by(|one, other| (&one.channel, &one.field).cmp(&(&other.channel, &other.field)));
    let rows = |range: Range<usize>| history.rows.range(range).map(|row| row.timestamp);
    let timestamps = match &points {
        None => rows(range).collect(),
        Some(points) => points.iter().map(|range| mean_time(rows(range.clone()))).collect(),
    };
    let in_range = |gap: &&HistoryGap| wanted(&gap.channel) && gap.from <= until && gap.to.is_none_or(|to| to >= since);
    let gaps = history.gaps.iter().filter(in_range).cloned().collect();
    Ok(MetricsHistory { timestamps, series, gaps })
}

fn one_series(
    first: u64,
    channel: &str,
    field: &str,
    column: &Column,
    range: Range<usize>,
    points: Option<&[Range<usize>]>,
) -> HistorySeries {
    let numbers = column.copy(first + range.start as u64..first + range.end as u64);
    let (values, min, max) = match points {
        None => (Values(numbers), None, None),
        Some(points) => {
            let numbers = numbers.into_doubles();
            let place = |row: usize| row - range.start;
            let summary =
                |bucket: &Range<usize>| Summary::of(column.unit, &numbers[place(bucket.start)..place(bucket.end)]);
            let summaries: Vec<Option<Summary>> = points.iter().map(summary).collect();
            let each = |figure: fn(Summary) -> f64| summaries.iter().map(|summary| summary.map(figure)).collect();
            (each(|summary| summary.mean), Some(each(|summary| summary.min)), Some(each(|summary| summary.max)))
        }
    };
    HistorySeries { channel: channel.into(), field: field.into(), unit: column.unit, values, min, max }
}

#[derive(Debug, Clone, Copy)]
struct Summary {
    /// Of codes the most frequent one: the mean of two states is not a state between them.
    mean: f64,
    min: f64,
    max: f64,
}

impl Summary {
    /// Of the values of a bucket, NaN where there is none.
    fn of(unit: Unit, values: &[f64]) -> Option<Self> {
        let values = values.iter().copied().filter(|value| !value.is_nan());
        let summary = Self::of_numbers(values.clone())?;
        Some(match unit {
            Unit::GpuState => Self { mean: most_frequent(values), ..summary },
            Unit::Percent
            | Unit::Bytes
            | Unit::BytesPerSecond
            | Unit::Celsius
            | Unit::Watts
            | Unit::Megahertz
            | Unit::Seconds
            | Unit::Count
            | Unit::PerSecond
            | Unit::BitsPerSecond => summary,
        })
    }

    fn of_numbers(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (mut count, mut sum, mut min, mut max) = (0u32, 0.0, f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            count += 1;
            sum += value;
            min = f64::min(min, value);
            max = f64::max(max, value);
        }
        let mut mean = sum / f64::from(count);
        // Where single precision has no room for the whole part, that is what counts: bytes are exact to one.
        if mean.abs() >= WHOLE_IN_SINGLE {
            mean = mean.round();
        }
        // The mean of equal values may round past them, and once more as it is kept.
        (count > 0).then(|| Self { mean: numbers::kept(mean).clamp(min, max), min, max })
    }
}

/// The value that comes most often; of several the largest.
fn most_frequent(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let runs = sorted.chunk_by(|one, next| one.total_cmp(next).is_eq());
    runs.max_by_key(|run| run.len()).and_then(|run| run.first().copied()).unwrap_or(f64::NAN)
}

/// Ranges of rows that fall into each of at most `points` stretches of equal time; one row each if there are no
/// more rows than points. Stretches without a row are left out; the row of nulls before them (a suspend) has then room for itself,
/// or else a line would be drawn across them.
fn buckets(history: &History, range: Range<usize>, points: usize) -> Vec<Range<usize>> {
    if range.len() <= points {
        return range.map(|index| index..index + 1).collect();
    }
    let time = |index: usize| history.rows[index].timestamp;
    let (from, to) = (time(range.start), time(range.end - 1));
    let width = i128::from(to - from) + 1;
    let bucket_of = |index: usize| (i128::from(time(index) - from) * points as i128) / width;
    let mut buckets = Vec::with_capacity(points);
    let mut begin = range.start;
    for index in range.clone() {
        if bucket_of(index) != bucket_of(begin) {
            let is_gap = history.rows[index - 1].tick.is_none() && bucket_of(index) > bucket_of(begin) + 1;
            if is_gap && begin < index - 1 {
                buckets.push(begin..index - 1);
                begin = index - 1;
            }
            buckets.push(begin..index);
            begin = index;
        }
    }
    buckets.push(begin..range.end);
    buckets
}

fn mean_time(times: impl Iterator<Item = i64>) -> i64 {
    let (mut count, mut sum) = (0i128, 0i128);
    for time in times {
        count += 1;
        sum += i128::from(time);
    }
    i64::try_from(sum / count.max(1)).unwrap_or(0)
}

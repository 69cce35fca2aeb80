//! A history as bytes, for a page that takes in all of it: a third of what it is as JSON, and nothing to read number by number.
//!
//! First the length of the head in bytes (u32), then the head, a [`PackedHistory`] as JSON. After it stand the numbers of each
//! series, of its values, then of its smallest and largest where there are such, in the [`Form`] that the head names, and each
//! list begins at a multiple of eight bytes. All is little-endian.

use serde::Serialize;
use specta::Type;

use super::numbers::{Numbers, double};
use super::{HistoryGap, HistorySeries, MetricsHistory};
use crate::fields::Unit;

const ALIGN: usize = 8;

/// What is packed: a [`MetricsHistory`] without its numbers.
#[derive(Debug, Serialize, Type)]
pub struct PackedHistory<'a> {
    /// Unix milliseconds of each row.
    timestamps: &'a [i64],
    /// In the order of what stands behind the head.
    series: Vec<PackedSeries<'a>>,
    /// Stretches in which a channel was not sampled.
    gaps: &'a [HistoryGap],
}

/// A series without its numbers.
#[derive(Debug, Serialize, Type)]
struct PackedSeries<'a> {
    /// The channel's event name.
    channel: &'a str,
    /// The field's path in the payload.
    field: &'a str,
    /// What the values are measured in.
    unit: Unit,
    /// How its values are packed.
    values: Form,
    /// How each bucket's smallest value is.
    min: Option<Form>,
    /// How each bucket's largest value is.
    max: Option<Form>,
}

/// How the numbers of a list are packed, one for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One double-precision number, NaN where there is none: all rows have it.
    Same,
    /// 8-bit whole numbers; 255 where there is none.
    Small,
    /// 16-bit whole numbers; 65535 where there is none.
    Whole,
    /// 16-bit hundredths; 65535 where there is none.
    Hundredths,
    /// Single precision; NaN where there is none.
    Single,
    /// Double precision; NaN where there is none.
    Double,
}

/// Packs a history.
///
/// # Errors
/// What writing the head gives: none that is known.
pub fn pack(history: &MetricsHistory) -> serde_json::Result<Vec<u8>> {
    let MetricsHistory { timestamps, series, gaps } = history;
    let mut numbers = Vec::new();
    let mut packed = |values: &super::Values| list(&values.0, &mut numbers);
    let series = series.iter().map(|HistorySeries { channel, field, unit, values, min, max }| PackedSeries {
        channel,
        field,
        unit: *unit,
        values: packed(values),
        min: min.as_ref().map(&mut packed),
        max: max.as_ref().map(&mut packed),
    });
    let head = serde_json::to_vec(&PackedHistory { timestamps, series: series.collect(), gaps })?;
    let spaces = (size_of::<u32>() + head.len()).next_multiple_of(ALIGN) - size_of::<u32>() - head.len();
    let length = u32::try_from(head.len() + spaces).map_err(serde::ser::Error::custom)?;
    let mut out = Vec::with_capacity(size_of::<u32>() + head.len() + spaces + numbers.len());
    out.extend(length.to_le_bytes());
    out.extend(head);
    out.resize(out.len() + spaces, b' ');
    out.append(&mut numbers);
    Ok(out)
}

/// Packs one list as shortly as it can be.
fn list(numbers: &Numbers, out: &mut Vec<u8>) -> Form {
    let begin = out.len();
    let form = match numbers {
        Numbers::Single(held) => {
            let all = || held.iter().copied();
            if all_same(all().map(f32::to_bits)) {
                out.extend(double(held.front().copied().unwrap_or(f32::NAN)).to_le_bytes());
                Form::Same
            } else if whole::<1>(all(), 1.0, out) {
                Form::Small
            } else if whole::<2>(all(), 1.0, out) {
                Form::Whole
            } else if whole::<2>(all(), 100.0, out) {
                Form::Hundredths
            } else {
                out.extend(all().flat_map(f32::to_le_bytes));
                Form::Single
            }
        }
        Numbers::Double(held) if all_same(held.iter().copied().map(f64::to_bits)) => {
            out.extend(held.front().copied().unwrap_or(f64::NAN).to_le_bytes());
            Form::Same
        }
        Numbers::Double(held) => {
            out.extend(held.iter().copied().flat_map(f64::to_le_bytes));
            Form::Double
        }
    };
    out.resize(begin + (out.len() - begin).next_multiple_of(ALIGN), 0);
    form
}

fn all_same(mut numbers: impl Iterator<Item = impl PartialEq>) -> bool {
    let first = numbers.next();
    numbers.all(|number| Some(number) == first)
}

/// Whether all of them, so many times as large, are whole numbers of so many bytes. If not, nothing is written.
fn whole<const BYTES: usize>(numbers: impl Iterator<Item = f32>, scale: f64, out: &mut Vec<u8>) -> bool {
    let none = if BYTES == 1 { u8::MAX.into() } else { u16::MAX };
    let begin = out.len();
    for number in numbers {
        let Some(short) = short(number, scale, none) else {
            out.truncate(begin);
            return false;
        };
        out.extend_from_slice(&short.to_le_bytes()[..BYTES]);
    }
    true
}

/// A number as a whole one below `none`, which stands for NaN.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what does not fit is not the same any more"
)]
#[expect(clippy::float_cmp, reason = "the very same is meant")]
fn short(number: f32, scale: f64, none: u16) -> Option<u16> {
    if number.is_nan() {
        return Some(none);
    }
    let short = (f64::from(number) * scale + 0.5) as u16;
    (short < none && (f64::from(short) / scale) as f32 == number).then_some(short)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::Values;
    use super::*;

    /// The head and what stands behind it.
    fn parts(bytes: &[u8]) -> (Value, &[u8]) {
        let (length, rest) = bytes.split_first_chunk().unwrap();
        let (head, numbers) = rest.split_at(u32::from_le_bytes(*length) as usize);
        assert_eq!((numbers.len() % ALIGN, bytes.len() % ALIGN), (0, 0));
        (serde_json::from_slice(head).unwrap(), numbers)
    }

    fn packed(values: impl IntoIterator<Item = Option<f64>>) -> (Form, Vec<u8>) {
        let (values, mut out): (Values, _) = (values.into_iter().collect(), Vec::new());
        (list(&values.0, &mut out), out)
    }

    #[test]
    fn each_list_is_as_short_as_it_can_be() {
        let none = [0xff, 0xff];
        let wide = |whole: u16| [&whole.to_le_bytes(), &none[..], &[0; 4]].concat();
        assert_eq!(packed([Some(57.14); 500]), (Form::Same, 57.14f64.to_le_bytes().to_vec()));
        assert_eq!(packed([Some(1e12); 500]), (Form::Same, 1e12f64.to_le_bytes().to_vec()));
        assert_eq!(packed([Some(254.0), None]), (Form::Small, [&[254, 0xff][..], &[0; 6]].concat()));
        assert_eq!(packed([Some(255.0), None]), (Form::Whole, wide(255)));
        assert_eq!(packed([Some(1980.0), None]), (Form::Whole, wide(1980)));
        assert_eq!(packed([Some(2.57), None]), (Form::Hundredths, wide(257)));
        assert_eq!(packed([Some(0.125), Some(655.35)]).0, Form::Single);
        assert_eq!(packed([Some(65_535.0), Some(0.5)]).0, Form::Single);
        assert_eq!(packed([Some(-1.0), None]).0, Form::Single);
        assert_eq!(packed([Some(9_007_199_254_740_991.0), None]).0, Form::Double);
        assert_eq!(packed([None, None]).0, Form::Same);
    }

    #[test]
    fn a_head_says_what_stands_behind_it() {
        let series = HistorySeries {
            channel: "system/cpu".into(),
            field: "utilization".into(),
            unit: Unit::Percent,
            values: [Some(1.5), Some(2.0)].into_iter().collect(),
            min: Some([Some(1.0), Some(2.0)].into_iter().collect()),
            max: None,
        };
        let history = MetricsHistory { timestamps: vec![1, 2], series: vec![series], gaps: Vec::new() };
        let bytes = pack(&history).unwrap();
        let (head, numbers) = parts(&bytes);
        assert_eq!(head["timestamps"], serde_json::json!([1, 2]));
        let series = &head["series"][0];
        assert_eq!(
            (&series["values"], &series["min"], &series["max"]),
            (&"hundredths".into(), &"small".into(), &Value::Null)
        );
        assert_eq!(numbers, [150, 0, 200, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0]);
        let empty = pack(&MetricsHistory::default()).unwrap();
        assert_eq!(parts(&empty).1, b"");
    }

    proptest! {
        #[test]
        fn what_is_packed_whole_is_what_it_was(hundredths in 0u16..u16::MAX, whole in 0u16..u16::MAX, small in 0..u8::MAX) {
            let percent = f64::from(hundredths) / 100.0;
            let single: f32 = percent.to_string().parse().unwrap();
            prop_assert_eq!(short(single, 100.0, u16::MAX), Some(hundredths));
            prop_assert_eq!(short(whole.into(), 1.0, u16::MAX), Some(whole));
            prop_assert_eq!(short(small.into(), 1.0, u8::MAX.into()), Some(small.into()));
        }
    }
}

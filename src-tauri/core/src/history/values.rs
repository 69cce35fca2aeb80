//! The values of a series: what is asked for by the hundred thousand, and sent.

use std::iter::{Copied, Map};
use std::slice;

use serde::{Deserialize, Serialize, Serializer};

/// Values in the order of their rows, each of which may be missing. In JSON numbers and `null`: whole numbers in full,
/// others with the seven digits that a single-precision number has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Option<f64>>")]
pub struct Values(
    /// NaN where there is none: half the size of an `Option`.
    Vec<f64>,
);

impl Values {
    /// NaN stands for a missing one.
    pub(super) fn of_numbers(numbers: Vec<f64>) -> Self {
        Self(numbers)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value in a row; `None` where there is none.
    pub fn at(&self, row: usize) -> Option<f64> {
        self.0.get(row).copied().and_then(known)
    }

    /// One after the other.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().copied().map(known)
    }
}

/// Values one after the other.
pub type Iter<'a> = Map<Copied<slice::Iter<'a, f64>>, fn(f64) -> Option<f64>>;

impl<'a> IntoIterator for &'a Values {
    type Item = Option<f64>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

fn known(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number)
}

impl FromIterator<Option<f64>> for Values {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(values: I) -> Self {
        Self(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }
}

impl From<Vec<Option<f64>>> for Values {
    fn from(values: Vec<Option<f64>>) -> Self {
        values.into_iter().collect()
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: AsRef<[Option<f64>]> + ?Sized> PartialEq<T> for Values {
    fn eq(&self, other: &T) -> bool {
        self.iter().eq(other.as_ref().iter().copied())
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().copied().map(Written))
    }
}

/// One value as it is written.
struct Written(f64);

impl Serialize for Written {
    #[expect(clippy::cast_possible_truncation, reason = "what does not fit is not the same any more, or not finite")]
    #[expect(clippy::float_cmp, reason = "the very same is meant")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value) = *self;
        let (whole, single) = (value as i64, value as f32);
        if value.is_nan() {
            serializer.serialize_none()
        } else if whole as f64 == value {
            serializer.serialize_i64(whole)
        } else if single.is_finite() {
            serializer.serialize_f32(single)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_in_full_and_others_with_seven_digits() {
        let values = [Some(0.0), None, Some(9_007_199_254_740_991.0), Some(400.0 / 7.0), Some(-1.5), Some(1e-5 / 3.0)];
        let text = serde_json::to_string(&Values::from_iter(values)).unwrap();
        assert_eq!(text, "[0,null,9007199254740991,57.142857,-1.5,0.0000033333333]");
        let read: Values = serde_json::from_str(&text).unwrap();
        for (read, value) in read.iter().zip(values) {
            let off = read.zip(value).map_or(0.0, |(read, value)| (read - value).abs() / value.abs().max(1e-9));
            assert!(read.is_some() == value.is_some() && off < 1e-7, "{read:?} of {value:?}");
        }
        let huge = serde_json::to_string(&Values::from_iter([Some(1e300), Some(f64::from(1 << 30) * 8_589_934_592.0)]));
        assert_eq!(huge.unwrap(), "[1e+300,9223372036854775807]");
    }
}

//! The values of a series: what is asked for by the hundred thousand, and sent.

use serde::Deserialize;

use super::numbers::Numbers;

/// Values in the order of their rows, each of which may be missing: whole numbers in full, others to the seven digits that a
/// single-precision number has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Option<f64>>")]
pub struct Values(pub(super) Numbers);

impl Values {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// The value in a row; `None` where there is none.
    pub fn at(&self, row: usize) -> Option<f64> {
        self.0.at(row)
    }

    /// As a JSON array, with `null` where there is none.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        self.0.write(out);
        out.push(b']');
    }

    /// One after the other.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Option<f64>> + Clone + '_ {
        (0..self.len()).map(|row| self.at(row))
    }
}

impl FromIterator<Option<f64>> for Values {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl From<Vec<Option<f64>>> for Values {
    fn from(values: Vec<Option<f64>>) -> Self {
        values.into_iter().collect()
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.rows().eq(other.rows())
    }
}

impl<T: AsRef<[Option<f64>]> + ?Sized> PartialEq<T> for Values {
    fn eq(&self, other: &T) -> bool {
        *self == other.as_ref().iter().copied().collect::<Self>()
    }
}

//! Numbers one after the other, in half the room as long as that is enough for each of them.

use std::collections::VecDeque;
use std::ops::Range;

use super::digits;

/// NaN where there is none: half the size of an `Option`.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    /// Of whole numbers every digit, of others seven: rates are measured to six, percentages to a hundredth.
    Single(VecDeque<f32>),
    /// What has more digits: bytes, mostly.
    Double(VecDeque<f64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Single(VecDeque::new())
    }
}

impl Numbers {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Single(held) => held.len(),
            Self::Double(held) => held.len(),
        }
    }

    /// Bytes that they are allocated in.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Single(held) => held.capacity() * size_of::<f32>(),
            Self::Double(held) => held.capacity() * size_of::<f64>(),
        }
    }

    /// The number in a place; `None` where there is none.
    pub(super) fn at(&self, place: usize) -> Option<f64> {
        let number = match self {
            Self::Single(held) => held.get(place).copied().map(double),
            Self::Double(held) => held.get(place).copied(),
        };
        number.filter(|number| !number.is_nan())
    }

    /// A number as it would come back from here.
    pub(super) fn as_held(&self, number: f64) -> f64 {
        match self {
            Self::Single(_) => single(number).map_or(number, double),
            Self::Double(_) => number,
        }
    }

    /// Sets the number in a place that there is.
    pub(super) fn set(&mut self, place: usize, number: f64) {
        if let Self::Single(held) = self {
            match single(number) {
                Some(single) => held[place] = single,
                None => *self = Self::Double(held.iter().copied().map(double).collect()),
            }
        }
        if let Self::Double(held) = self {
            held[place] = number;
        }
    }

    /// Adds numbers behind the others, NaN for a place without one.
    pub(super) fn append(&mut self, numbers: &[f64]) {
        if let Self::Single(held) = self {
            if numbers.iter().all(|number| single(*number).is_some()) {
                held.extend(numbers.iter().copied().filter_map(single));
                return;
            }
            *self = Self::Double(held.iter().copied().map(double).collect());
        }
        if let Self::Double(held) = self {
            held.extend(numbers);
        }
    }

    pub(super) fn pop_front(&mut self) {
        match self {
            Self::Single(held) => {
                held.pop_front();
            }
            Self::Double(held) => {
                held.pop_front();
            }
        }
    }

    /// Adds a place without a number before all others.
    pub(super) fn push_front_none(&mut self) {
        match self {
            Self::Single(held) => held.push_front(f32::NAN),
            Self::Double(held) => held.push_front(f64::NAN),
        }
    }

    /// As many places as that, the further ones without a number.
    pub(super) fn resize(&mut self, len: usize) {
        match self {
            Self::Single(held) => held.resize(len, f32::NAN),
            Self::Double(held) => held.resize(len, f64::NAN),
        }
    }

    /// As JSON, with commas between them.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.len() * digits::USUAL);
        match self {
            Self::Single(held) => digits::write_singles(held.iter(), out),
            Self::Double(held) => {
                for (place, number) in held.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    digits::write(*number, out);
                }
            }
        }
    }

    /// All of them as they are kept, NaN where there is none: for what is worked out from many, where to find each one's decimals
    /// ([`double`]) would take longer than the rest.
    pub(super) fn into_doubles(self) -> Vec<f64> {
        match self {
            Self::Single(held) => held.into_iter().map(f64::from).collect(),
            Self::Double(held) => held.into(),
        }
    }

    /// A copy of some, with so many places without a number before and after them.
    pub(super) fn copy(&self, before: usize, places: Range<usize>, after: usize) -> Self {
        match self {
            Self::Single(held) => Self::Single(padded(held, f32::NAN, before, places, after)),
            Self::Double(held) => Self::Double(padded(held, f64::NAN, before, places, after)),
        }
    }
}

fn padded<N: Copy>(held: &VecDeque<N>, none: N, before: usize, places: Range<usize>, after: usize) -> VecDeque<N> {
    let mut copy = Vec::with_capacity(before + places.len() + after);
    copy.resize(before, none);
    copy.extend(held.range(places));
    copy.resize(copy.len() + after, none);
    copy.into()
}

/// The number in single precision, if that is enough.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is not the same any more, or not finite")]
#[expect(clippy::float_cmp, reason = "the very same is meant")]
fn single(number: f64) -> Option<f32> {
    // From here on every double-precision number is whole.
    const WHOLE: f64 = (1u64 << 52) as f64;
    let (single, whole) = (number as f32, number as i64);
    let enough = f64::from(single) == number || number.is_nan() || (number.abs() < WHOLE && whole as f64 != number);
    enough.then_some(single)
}

/// The number as it will be kept.
pub(super) fn kept(number: f64) -> f64 {
    single(number).map_or(number, f64::from)
}

/// The number of up to six digits that was put in, where it was one of a thousandth and more: 57.14 in single precision is 57.139999 to double.
#[expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "the very same is meant")]
pub(super) fn double(number: f32) -> f64 {
    const SCALES: [f64; 5] = [1.0, 1e2, 1e4, 1e6, 1e8];
    let wide = f64::from(number);
    let mut short = SCALES.iter().map(|scale| (wide * scale).round() / scale);
    short.find(|short| *short as f32 == number).unwrap_or(wide)
}

impl FromIterator<Option<f64>> for Numbers {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(numbers: I) -> Self {
        let held: Vec<f64> = numbers.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect();
        let mut singles = Vec::with_capacity(held.len());
        singles.extend(held.iter().copied().map_while(single));
        if singles.len() == held.len() { Self::Single(singles.into()) } else { Self::Double(held.into()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rate::six_digits;

    #[test]
    fn half_the_room_until_one_needs_all_of_it() {
        let mut numbers: Numbers = [Some(57.14), None, Some(16_777_216.0)].into_iter().collect();
        assert!(matches!(numbers, Numbers::Single(_)));
        numbers.set(1, 16_777_217.0);
        assert!(matches!(numbers, Numbers::Double(_)));
        assert_eq!((numbers.at(1), numbers.at(2)), (Some(16_777_217.0), Some(16_777_216.0)));
        assert_eq!(numbers.bytes() % size_of::<f64>(), 0);
    }

    proptest! {
        #[test]
        fn what_has_six_digits_comes_out_as_it_went_in(first in prop_oneof![1.0..10.0f64, -10.0..-1.0f64], power in -3i32..9) {
            let number = six_digits(first * 10f64.powi(power));
            let mut numbers: Numbers = [Some(number), None].into_iter().collect();
            prop_assert_eq!(numbers.at(0).map(f64::to_bits), Some(number.to_bits()));
            numbers.set(1, 16_777_217.0);
            prop_assert_eq!(numbers.at(0).map(f64::to_bits), Some(number.to_bits()));
        }

        #[test]
        fn whole_numbers_stay_what_they_are_and_others_keep_seven_digits(
            numbers in prop::collection::vec(
                prop_oneof![(0u64..1 << 53).prop_map(|whole| whole as f64), -1e9..1e9f64, Just(f64::NAN)],
                1..50,
            ),
        ) {
            let mut kept = Numbers::default();
            kept.resize(numbers.len());
            for (place, number) in numbers.iter().enumerate() {
                kept.set(place, *number);
            }
            let copy = kept.copy(2, 0..numbers.len(), 1);
            prop_assert_eq!((copy.len(), copy.at(1), copy.at(numbers.len() + 2)), (numbers.len() + 3, None, None));
            for (place, number) in numbers.iter().enumerate() {
                let bound = if number.fract() == 0.0 { 0.0 } else { number.abs() * 1e-7 };
                let same = kept.at(place).map_or(number.is_nan(), |kept| (kept - number).abs() <= bound);
                prop_assert!(same && copy.at(place + 2) == kept.at(place), "{:?} for {}", kept.at(place), number);
            }
        }
    }
}

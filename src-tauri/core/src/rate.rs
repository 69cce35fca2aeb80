//! Counters become rates here, so that resets and wraps are handled once (but for times of processors and of GPUs' engines); and how
//! many digits figures have.

use std::time::Duration;

use crate::metrics::Reason;

/// Increase per second of a counter that only grows, in the counter's unit per second.
///
/// # Errors
/// `CounterReset` if it went backwards (reset or wrapped: how far it really went is not known),
/// `Starting` if no time passed.
pub fn per_second(earlier: u64, later: u64, elapsed: Duration) -> Result<f64, Reason> {
    let increase = later.checked_sub(earlier).ok_or(Reason::CounterReset)?;
    if elapsed.is_zero() {
        return Err(Reason::Starting);
    }
    Ok(increase as f64 / elapsed.as_secs_f64())
}

/// A figure to six significant digits. More is noise, and a third of what is sent at each tick would be made of it.
pub fn six_digits(value: f64) -> f64 {
    let magnitude = value.abs().log10().floor();
    if !magnitude.is_finite() {
        return value; // 0
    }
    let scale = 10f64.powf((magnitude - 5.0).abs());
    if magnitude < 5.0 { (value * scale).round() / scale } else { (value / scale).round() * scale }
}

/// A percentage to a hundredth, as `mpstat`, `iostat` and the kernel's pressure files print it.
pub fn hundredths(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

/// The sum of what devices contribute to a total. A device without a rate because it is new adds nothing (it
/// was not there before), one whose counter went backwards makes the total unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    sum: Option<f64>,
    starting: bool,
    /// The first reason that makes it unknown.
    unknown: Option<Reason>,
}

impl Total {
    /// Adds one device's rate, or why it has none.
    pub fn add(&mut self, rate: Result<f64, Reason>) {
        match rate {
            Ok(rate) => self.sum = Some(self.sum.unwrap_or(0.0) + rate),
            Err(Reason::Starting) => self.starting = true,
            Err(reason) => {
                self.unknown.get_or_insert(reason);
            }
        }
    }

    /// The total of all devices added.
    ///
    /// # Errors
    /// The reason of the rate that is missing; `Absent` if there is no device at all.
    pub fn sum(self) -> Result<f64, Reason> {
        match (self.unknown, self.sum) {
            (Some(reason), _) => Err(reason),
            (None, Some(sum)) => Ok(sum),
            (None, None) => Err(if self.starting { Reason::Starting } else { Reason::Absent }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(rates: impl IntoIterator<Item = Result<f64, Reason>>) -> Result<f64, Reason> {
        let mut total = Total::default();
        rates.into_iter().for_each(|rate| total.add(rate));
        total.sum()
    }

    proptest! {
        #[test]
        fn never_negative_never_infinite(earlier: u64, later: u64, nanos in 0u64..u64::MAX / 2) {
            match per_second(earlier, later, Duration::from_nanos(nanos)) {
                Ok(rate) => prop_assert!(rate >= 0.0 && rate.is_finite() && later >= earlier && nanos > 0),
                Err(Reason::CounterReset) => prop_assert!(later < earlier),
                Err(reason) => prop_assert!(reason == Reason::Starting && nanos == 0),
            }
        }

        #[test]
        fn a_steady_counter_gives_its_speed(start in 0u64..1 << 60, speed in 0u32..1 << 30, seconds in 1u32..3_600) {
            let later = start + u64::from(speed) * u64::from(seconds);
            let rate = per_second(start, later, Duration::from_secs(seconds.into())).unwrap();
            prop_assert!((rate - f64::from(speed)).abs() <= f64::from(speed) * 1e-12);
        }

        #[test]
        fn six_digits_are_as_near_as_they_can_be_and_short(first in -9.999_999..10.0f64, power in -9i32..15) {
            let value = first * 10f64.powi(power);
            let six = six_digits(value);
            prop_assert!((six - value).abs() <= value.abs() * 5.000_001e-6, "{} for {}", six, value);
            let digits = format!("{six:e}").split('e').next().unwrap().chars().filter(char::is_ascii_digit).count();
            prop_assert!(digits <= 6, "{} for {}", six, value);
            prop_assert!(six_digits(six).to_bits() == six.to_bits());
        }

        #[test]
        fn hundredths_are_as_near_as_they_can_be_and_short(percent in 0.0..=100.0f64) {
            let short = hundredths(percent);
            prop_assert!((short - percent).abs() <= 0.005 + 1e-12 && (0.0..=100.0).contains(&short), "{} for {}", short, percent);
            prop_assert!(short.to_string().split('.').nth(1).is_none_or(|decimals| decimals.len() <= 2), "{}", short);
        }

        #[test]
        fn a_total_is_at_least_each_part(rates in prop::collection::vec(0.0..1e12f64, 1..20)) {
            let sum = total(rates.iter().copied().map(Ok)).unwrap();
            prop_assert!(rates.iter().all(|rate| sum >= *rate));
        }
    }

    #[test]
    fn a_total_knows_new_reset_and_no_devices() {
        assert_eq!(total([Ok(3.0), Err(Reason::Starting)]), Ok(3.0));
        assert_eq!(total([Ok(3.0), Err(Reason::CounterReset)]), Err(Reason::CounterReset));
        assert_eq!(total([Err(Reason::Starting)]), Err(Reason::Starting));
        assert_eq!(total([]), Err(Reason::Absent));
    }
}

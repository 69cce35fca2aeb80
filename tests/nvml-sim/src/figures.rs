//! One figure of a device: how a script writes it, and what it is at a moment.

use std::f64::consts::TAU;
use std::time::Duration;

use crate::tables::{ERRORS, Units};

/// What a figure's call does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// Answers this.
    Constant(f64),
    /// Answers something between `low` and `high` that repeats every `period`.
    Wave {
        /// Least value.
        low: f64,
        /// Largest value.
        high: f64,
        /// Of one repetition.
        period: Duration,
        /// Of its start.
        phase: Duration,
        /// Only the two ends, half the time each.
        square: bool,
    },
    /// Fails with this code.
    Error(u32),
    /// Does not return until the script says otherwise.
    Hang,
}

impl Figure {
    /// Reads what stands behind the `=`.
    pub(crate) fn parse(text: &str, units: Units) -> Result<Self, String> {
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        match first {
            "hang" if rest.is_empty() => Ok(Self::Hang),
            "error" => {
                let code = ERRORS.iter().find(|(name, ..)| *name == rest.trim());
                code.map(|(_, code, _)| Self::Error(*code))
                    .ok_or_else(|| "error takes a name such as NOT_SUPPORTED".into())
            }
            "wave" | "square" => Self::wave(rest.trim(), units, first == "square"),
            _ => quantity(text, units).map(Self::Constant),
        }
    }

    /// `LOW..HIGH UNIT period 60s [phase 10s]`
    fn wave(text: &str, units: Units, square: bool) -> Result<Self, String> {
        const SHAPE: &str = "a wave is LOW..HIGH UNIT period 60s, and may end in phase 10s";
        let (range, times) = text.split_once("period").ok_or(SHAPE)?;
        let (low, high) = range.trim().split_once("..").ok_or(SHAPE)?;
        let unit = high.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim();
        let (period, phase) = times.split_once("phase").unwrap_or((times, "0s"));
        let period = duration(period.trim())?;
        if period.is_zero() {
            return Err("a period is longer than nothing".into());
        }
        let [low, high] = [quantity(&format!("{low} {unit}"), units)?, quantity(high, units)?];
        if low > high {
            return Err(SHAPE.into());
        }
        Ok(Self::Wave { low, high, period, phase: duration(phase.trim())?, square })
    }

    /// The value at a time since the library was initialized; `None` where it has none.
    pub(crate) fn value(self, at: Duration) -> Option<f64> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Wave { low, high, period, phase, square } => {
                // In floating point, where no script can overflow it.
                let turn = ((at.as_secs_f64() + phase.as_secs_f64()) / period.as_secs_f64()).fract();
                let share = match square {
                    true if turn < 0.5 => 1.0,
                    true => 0.0,
                    // A second, faster wave on the first: a plain sine looks like no work that there is.
                    false => 0.5 + 0.38 * (turn * TAU).sin() + 0.12 * (turn * TAU * 7.0).sin(),
                };
                Some(low + (high - low) * share)
            }
            Self::Error(_) | Self::Hang => None,
        }
    }
}

/// A number with one of these units, in the first of them.
pub(crate) fn quantity(text: &str, units: Units) -> Result<f64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim();
    let factor = match units {
        [] if unit.is_empty() => Some(1.0),
        _ => units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor),
    };
    let number = number.parse::<f64>().ok().filter(|number| number.is_finite());
    number.zip(factor).map(|(number, factor)| number * factor).ok_or_else(|| {
        let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
        format!("{text:?}: expected a number in {}", if names.is_empty() { "no unit".into() } else { names.join(", ") })
    })
}

/// `5ms`, `1.5s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = quantity(text, &[("s", 1.0), ("ms", 1e-3)])?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text:?} is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_stay_in_their_range_and_repeat() {
        let period = Duration::from_mins(1);
        for square in [false, true] {
            let wave = Figure::Wave { low: 20.0, high: 90.0, period, phase: Duration::from_secs(7), square };
            let at = |second| wave.value(Duration::from_secs(second)).unwrap();
            let all: Vec<f64> = (0..60).map(at).collect();
            assert!(all.iter().all(|value| (20.0..=90.0).contains(value)), "{all:?}");
            assert!(all.iter().any(|value| *value > 80.0) && all.iter().any(|value| *value < 30.0), "{all:?}");
            assert!((at(3) - at(63)).abs() < 1e-6);
        }
        assert_eq!(Figure::Constant(5.0).value(period), Some(5.0));
        assert_eq!(Figure::Error(3).value(period), None);
    }

    #[test]
    fn the_longest_phase_overflows_nothing() {
        let longest = Duration::MAX;
        let wave = Figure::Wave { low: 1.0, high: 2.0, period: longest, phase: longest, square: false };
        assert!((1.0..=2.0).contains(&wave.value(longest).unwrap()));
    }
}

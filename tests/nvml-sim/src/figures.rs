//! What a figure is at a moment: constants, and waves for demonstrations.

use std::f64::consts::TAU;
use std::time::Duration;

use crate::script::Figure;

/// The value at a time since the library was loaded; `None` where the figure has none.
pub(crate) fn value(figure: Figure, at: Duration) -> Option<f64> {
    match figure {
        Figure::Constant(value) => Some(value),
        Figure::Wave { low, high, period, phase, square } => {
            let turn = ((at + phase).as_secs_f64() / period.as_secs_f64()).fract();
            let share = match square {
                true if turn < 0.5 => 1.0,
                true => 0.0,
                // A second, faster wave on the first: a plain sine looks like no work that there is.
                false => 0.5 + 0.38 * (turn * TAU).sin() + 0.12 * (turn * TAU * 7.0).sin(),
            };
            Some(low + (high - low) * share)
        }
        Figure::Error(_) | Figure::Hang => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_stay_in_their_range_and_repeat() {
        let period = Duration::from_mins(1);
        for square in [false, true] {
            let wave = Figure::Wave { low: 20.0, high: 90.0, period, phase: Duration::from_secs(7), square };
            let at = |second| value(wave, Duration::from_secs(second)).unwrap();
            let all: Vec<f64> = (0..60).map(at).collect();
            assert!(all.iter().all(|value| (20.0..=90.0).contains(value)), "{all:?}");
            assert!(all.iter().any(|value| *value > 80.0) && all.iter().any(|value| *value < 30.0), "{all:?}");
            assert!((at(3) - at(63)).abs() < 1e-6);
        }
        assert_eq!(value(Figure::Constant(5.0), period), Some(5.0));
        assert_eq!(value(Figure::Error(3), period), None);
    }
}

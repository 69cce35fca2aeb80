//! Whether a figure rises: a straight line through its samples, and how sure its slope is.

/// The line of least squares.
pub(super) struct Trend {
    pub(super) mean: f64,
    /// Per unit of the first coordinate.
    pub(super) slope: f64,
    /// Half of the slope's 95 % confidence interval.
    pub(super) error: f64,
}

/// Samples are averaged in so many blocks: neighbours are alike, and would make the slope look surer than it is.
const BLOCKS: usize = 30;

impl Trend {
    pub(super) fn of(samples: impl Iterator<Item = (f64, f64)>) -> Self {
        let all: Vec<_> = samples.collect();
        let points: Vec<_> = all.chunks(all.len().div_ceil(BLOCKS).max(1)).map(mean).collect();
        let (x, y) = mean(&points);
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
        let rest: f64 = points.iter().map(|point| (point.1 - y - slope * (point.0 - x)).powi(2)).sum();
        let freedom = points.len() as f64 - 2.0;
        // Student's t at 97.5 %, close enough from eight points on.
        let quantile = 1.96 + 2.4 / freedom;
        Self { mean: y, slope, error: quantile * (rest / freedom / spread).sqrt() }
    }
}

fn mean(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    (points.iter().map(|point| point.0).sum::<f64>() / count, points.iter().map(|point| point.1).sum::<f64>() / count)
}

#[test]
fn a_rise_is_told_from_noise() {
    let noise = |i: u32| f64::from((i * 7919) % 101) - 50.0;
    let flat = Trend::of((0..300).map(|i| (f64::from(i), 500.0 + noise(i))));
    assert!(flat.slope.abs() < flat.error, "{} ± {}", flat.slope, flat.error);
    let rising = Trend::of((0..300).map(|i| (f64::from(i), 500.0 + 0.5 * f64::from(i) + noise(i))));
    assert!(
        (rising.slope - 0.5).abs() < rising.error && rising.slope > rising.error,
        "{} ± {}",
        rising.slope,
        rising.error
    );
    assert!((rising.mean - 574.75).abs() < 5.0);
}

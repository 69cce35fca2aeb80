//! When something is looked at again: by the clock, since samples may be half a second or a minute apart.

use std::time::Duration;

/// A rhythm by the monotonic clock.
#[derive(Debug)]
pub(crate) struct Every {
    period: Duration,
    /// When it is time again.
    next: Duration,
}

impl Every {
    /// The first time is at once.
    pub(crate) const fn new(period: Duration) -> Self {
        Self { period, next: Duration::ZERO }
    }

    /// How often what may be added to a machine is looked for: drivers, devices, limits.
    pub(crate) const fn minute() -> Self {
        Self::new(Duration::from_mins(1))
    }

    /// Whether it is time at `now`; the next time is a period later.
    pub(crate) fn is_due(&mut self, now: Duration) -> bool {
        let due = now >= self.next;
        if due {
            self.begin(now);
        }
        due
    }

    /// Lets a period pass from `now` on, as after a look for another reason.
    pub(crate) fn begin(&mut self, now: Duration) {
        self.next = now + self.period;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_passes_by_the_clock_however_often_is_asked() {
        let seconds = Duration::from_secs;
        let mut every = Every::minute();
        assert!(every.is_due(seconds(7)), "at once");
        assert!((7..67).all(|second| !every.is_due(seconds(second))));
        assert!(every.is_due(seconds(67)) && !every.is_due(seconds(126)));
        every.begin(seconds(126));
        assert!(!every.is_due(seconds(185)) && every.is_due(seconds(186)));
    }
}

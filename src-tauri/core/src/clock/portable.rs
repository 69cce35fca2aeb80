//! Windows and macOS: one monotonic clock, from the process's first reading. A suspend shows as a late tick.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The same instant twice.
pub(super) fn monotonic() -> (Duration, Duration) {
    let elapsed = START.elapsed();
    (elapsed, elapsed)
}

/// Waits for a moment, by tokio's timer.
#[derive(Debug)]
pub(crate) struct Alarm;

impl Alarm {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Waits for a moment. It may be dropped and asked again.
    pub(crate) async fn until(&mut self, moment: tokio::time::Instant) {
        tokio::time::sleep_until(moment).await;
    }
}

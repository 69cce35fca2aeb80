//! Windows and macOS: one monotonic clock, from the process's first reading. A suspend shows as a late tick.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The same instant twice.
pub(super) fn monotonic() -> (Duration, Duration) {
    let elapsed = START.elapsed();
    (elapsed, elapsed)
}

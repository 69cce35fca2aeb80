//! Linux has a clock that counts suspend and one that does not: their difference is how suspend is seen.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// `CLOCK_MONOTONIC` and `CLOCK_BOOTTIME` (`clock_gettime(2)`).
pub(super) fn monotonic() -> (Duration, Duration) {
    (duration(clock_gettime(ClockId::Monotonic)), duration(clock_gettime(ClockId::Boottime)))
}

fn duration(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

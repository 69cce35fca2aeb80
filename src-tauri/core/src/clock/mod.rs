//! The only place that reads the wall clock and stamps samples: intervals and rates come from the monotonic one, labels from the wall.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "portable.rs")]
mod platform;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use platform::Alarm;

/// One instant by three clocks, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Monotonic time, standing still while the computer is suspended (`CLOCK_MONOTONIC`).
    pub mono: Duration,
    /// Monotonic time that goes on during suspend (`CLOCK_BOOTTIME`); equal to `mono` where the system has no such clock.
    pub boot: Duration,
    /// Unix time in milliseconds, UTC: what people and payloads call the time. It may jump.
    pub wall: i64,
}

impl Stamp {
    /// Monotonic time from `earlier` to this; zero if `earlier` is later.
    pub fn since(&self, earlier: &Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }

    /// Whether the computer slept for more than a second between `earlier` and this.
    pub(crate) fn slept_since(&self, earlier: &Self) -> bool {
        let with_sleep = self.boot.saturating_sub(earlier.boot);
        with_sleep.saturating_sub(self.since(earlier)) > Duration::from_secs(1)
    }

    /// Milliseconds that the wall clock is ahead of the boot clock: constant unless the wall clock is set.
    fn wall_offset(&self) -> i64 {
        self.wall - i64::try_from(self.boot.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How far the wall clock must jump against the boot clock for labels to follow, in milliseconds.
const JUMP: i64 = 1_000;

/// Sees from stamp to stamp that the wall clock was set.
#[derive(Debug, Default)]
pub(crate) struct Jumps {
    wall_offset: Option<i64>,
}

impl Jumps {
    /// By how many milliseconds it was set since the stamps before, if it was: labels from then move along.
    pub(crate) fn at(&mut self, stamp: &Stamp) -> Option<i64> {
        let offset = stamp.wall_offset();
        let jump = self.wall_offset.map(|before| offset - before).filter(|jump| jump.abs() > JUMP);
        if jump.is_some() || self.wall_offset.is_none() {
            self.wall_offset = Some(offset);
        }
        jump
    }
}

/// Reads the clocks.
pub fn now() -> Stamp {
    let (mono, boot) = platform::monotonic();
    Stamp { mono, boot, wall: wall() }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn wall() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// A Unix time in milliseconds as RFC 3339 in UTC with milliseconds: `2026-11-23T22:07:42.000Z`. A time that has
/// no four-digit year is given as the number it is.
pub fn rfc3339(wall: i64) -> String {
    jiff::Timestamp::from_millisecond(wall).map_or_else(|_| wall.to_string(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_advances_and_wall_time_is_plausible() {
        let earlier = now();
        let later = now();
        assert!(later.mono >= earlier.mono);
        assert!(earlier.wall > 1_700_000_000_000, "after November 2023, in milliseconds");
        assert!(!later.slept_since(&earlier));
    }

    #[tokio::test]
    async fn an_alarm_that_is_given_up_and_set_anew_rings_at_its_last_moment() {
        use tokio::time::{Instant, sleep, timeout};

        let ms = Duration::from_millis;
        let mut alarm = Alarm::new();
        let moment = Instant::now() + ms(30);
        // As in a loop where something else comes first.
        while timeout(ms(7), alarm.until(moment)).await.is_err() {}
        assert!(Instant::now() >= moment);
        alarm.until(moment).await; // what is over rings at once

        // It rang for nobody, and is not to ring for that again.
        let _ = timeout(ms(1), alarm.until(Instant::now() + ms(5))).await;
        sleep(ms(20)).await;
        let later = Instant::now() + ms(40);
        alarm.until(later).await;
        assert!(Instant::now() >= later);

        // As where the interval becomes shorter.
        let _ = timeout(ms(1), alarm.until(Instant::now() + ms(3_600_000))).await;
        timeout(ms(60_000), alarm.until(Instant::now() + ms(5))).await.expect("it rings at the earlier moment");
    }

    #[test]
    fn suspend_is_the_boot_clock_running_ahead() {
        let before = Stamp { mono: Duration::from_secs(10), boot: Duration::from_secs(10), wall: 0 };
        let after = Stamp { mono: Duration::from_secs(12), boot: Duration::from_mins(10), wall: 590_000 };
        assert!(after.slept_since(&before));
        assert_eq!(after.since(&before), Duration::from_secs(2));
        assert_eq!(after.wall_offset(), before.wall_offset());
    }

    #[test]
    fn rfc3339_agrees_with_date() {
        // date -u -d @SECONDS +%FT%T
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(rfc3339(1_795_471_662_999), "2026-11-23T22:07:42.999Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999Z");
    }
}

//! Linux has a clock that counts suspend and one that does not: their difference is how suspend is seen. And it has timers
//! that are files.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

/// `CLOCK_MONOTONIC` and `CLOCK_BOOTTIME` (`clock_gettime(2)`).
pub(super) fn monotonic() -> (Duration, Duration) {
    (duration(clock_gettime(ClockId::Monotonic)), duration(clock_gettime(ClockId::Boottime)))
}

fn duration(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Wakes whoever waits once, at the moment: a timer of the kernel's (`timerfd_create(2)`). tokio's own wake twice for a wait
/// of more than 64 ms, since its wheel is coarse beyond that.
#[derive(Debug)]
pub(crate) struct Alarm {
    /// Without one it is tokio's that are waited for.
    timer: Option<AsyncFd<OwnedFd>>,
    /// What it is set to.
    set: Option<Instant>,
}

impl Alarm {
    /// Belongs to the tokio runtime that it is made in, which must have its I/O on.
    #[expect(
        deprecated,
        reason = "unsound for a descriptor that another may close; this one is owned, and the new way is unsafe"
    )]
    pub(crate) fn new() -> Self {
        let made = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC);
        let timer = made.map_err(Into::into).and_then(|timer| AsyncFd::with_interest(timer, Interest::READABLE));
        let timer = timer.inspect_err(|error| tracing::info!(%error, "no timer of the kernel's")).ok();
        Self { timer, set: None }
    }

    /// Waits for a moment. It may be dropped and asked again.
    pub(crate) async fn until(&mut self, moment: Instant) {
        if let Some(timer) = &self.timer {
            let Err(error) = rung(timer, &mut self.set, moment).await else { return };
            tracing::info!(%error, "the kernel's timer failed");
            self.timer = None;
        }
        tokio::time::sleep_until(moment).await;
    }
}

async fn rung(timer: &AsyncFd<OwnedFd>, set: &mut Option<Instant>, moment: Instant) -> io::Result<()> {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        if *set != Some(moment) {
            arm(timer, left)?;
            *set = Some(moment);
        }
        timer.readable().await?.clear_ready();
        *set = None; // it may have rung for the moment before
    }
}

fn arm(timer: &AsyncFd<OwnedFd>, left: Duration) -> io::Result<()> {
    let it_value =
        Timespec { tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
    let once = Itimerspec { it_interval: Timespec::default(), it_value };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &once)?;
    Ok(())
}

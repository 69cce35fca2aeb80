//! The interval loop: asks every source at each tick, waits for none that takes long, publishes what is in.
//!
//! A source that is still busy is not asked again. Its channel keeps its last sample, with its age and the reason; when the
//! sample comes after all, it is published at once, and fills the row of the tick it was asked for in the history. A snapshot
//! has the number of the newest tick, also with such a sample: a page that follows has that in a later row than the history.
//! One that keeps taking long is asked ahead of the tick by as much, so that its sample is in when the tick comes: the tick
//! waits for nobody, and publishes once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::account::Timing;
use super::channels::Channels;
use super::queue::Queue;
use super::worker::{Outcome, Worker};
use super::{Shared, too_long};
use crate::channel::Channel;
use crate::clock::{self, Alarm, Stamp};
use crate::diagnostics::panic_words;
use crate::metrics::{ChannelStatus, Reason};

/// How long a tick waits for its sources before it publishes without the rest. The contract allows 100 ms.
pub(super) const DEADLINE: Duration = Duration::from_millis(80);

/// How long the sources of a tick may keep each other waiting.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

pub(super) struct Loop {
    pub(super) queue: Queue,
    pub(super) workers: Vec<Worker>,
    pub(super) outcomes: mpsc::UnboundedReceiver<Vec<Outcome>>,
    changes: watch::Receiver<Duration>,
    channels: Channels,
    shared: Arc<Shared>,
    interval: Duration,
    /// The longest interval in force since the newest tick.
    longest: Duration,
    pub(super) tick: u64,
    /// When the newest tick was.
    at: Stamp,
    /// When it should have been; `None` if the interval was changed since.
    due: Option<Instant>,
    /// When the next one is due.
    next: Instant,
    /// When the newest tick is published with what is in; `None` once it is.
    pub(super) deadline: Option<Instant>,
    /// When those that still wait to be asked get another thread; `None` where none does.
    pub(super) relief: Option<Instant>,
    /// What was answered ahead of the next tick, and when it came.
    ahead: Vec<(Stamp, Outcome)>,
}

impl Loop {
    pub(super) fn new(
        queue: Queue,
        workers: Vec<Worker>,
        outcomes: mpsc::UnboundedReceiver<Vec<Outcome>>,
        changes: watch::Receiver<Duration>,
        channels: Channels,
        shared: Arc<Shared>,
    ) -> Self {
        let interval = *changes.borrow();
        Self {
            queue,
            workers,
            outcomes,
            changes,
            channels,
            shared,
            interval,
            longest: interval,
            tick: 0,
            at: clock::now(),
            due: None,
            next: Instant::now(),
            deadline: None,
            relief: None,
            ahead: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) {
        self.next = Instant::now();
        let mut alarm = Alarm::new();
        loop {
            let (deadline, relief, early) = (self.deadline, self.relief, self.early());
            tokio::select! {
                biased;
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return; // the collector was dropped
                    }
                    self.interval = *self.changes.borrow_and_update();
                    self.longest = self.longest.max(self.interval);
                    let since_last = clock::now().since(&self.at);
                    (self.due, self.next) = (None, Instant::now() + self.interval.saturating_sub(since_last));
                }
                Some(outcomes) = self.outcomes.recv() => {
                    for outcome in outcomes {
                        self.guarded(|this| this.accept(outcome));
                    }
                }
                () = sleep_until(relief.unwrap_or(self.next)), if relief.is_some() => {
                    self.relief = None;
                    self.queue.relieve();
                }
                () = sleep_until(deadline.unwrap_or(self.next)), if deadline.is_some() => {
                    self.queue.relieve();
                    self.guarded(Self::publish);
                }
                () = sleep_until(early.unwrap_or(self.next)), if early.is_some() => self.guarded(Self::ask_ahead),
                () = alarm.until(self.next) => {
                    let due = self.next;
                    self.next = due + after(due.elapsed(), self.interval);
                    self.guarded(|this| this.tick(due));
                }
            }
        }
    }

    /// Goes on after a panic: at worst one tick's values are lost, and the next tick is an interval away.
    pub(super) fn guarded(&mut self, step: impl FnOnce(&mut Self)) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| step(self))) {
            let words = panic_words(&*payload);
            tracing::error!("the collector panicked and goes on: {words}");
            (self.relief, self.deadline) = (None, None);
            self.shared.account().panicked(words);
        }
    }

    /// When those that take long are asked for the next tick; `None` where none is to be. One waits for the other, and no
    /// figure is to be older than half an interval.
    fn early(&self) -> Option<Instant> {
        let lead = self.workers.iter().filter_map(Worker::lead).reduce(|sum, next| sum + next)?;
        self.next.checked_sub(lead.min(self.interval / 2))
    }

    /// Asks those that take long for the next tick.
    pub(super) fn ask_ahead(&mut self) {
        let now = clock::now();
        let mut account = self.shared.account();
        for worker in self.workers.iter_mut().rev().filter(|worker| worker.lead().is_some()) {
            worker.ask(&self.queue, self.tick + 1, self.interval);
            account.asked(worker.source(), &now, true);
        }
        drop(account);
        self.queue.go();
    }

    pub(super) fn tick(&mut self, due: Instant) {
        if self.deadline.is_some() {
            self.publish(); // the tick before, whose deadline this one overtook
        }
        let now = clock::now();
        let timing = Timing {
            delay: due.elapsed(),
            skipped: self.due.map_or(0, |before| skipped(before, due, self.interval)),
            slept: self.tick > 0 && now.slept_since(&self.at),
        };
        self.due = Some(due);
        let mut history = self.shared.history();
        if self.tick > 0
            && let Some(reason) = interruption(&self.at, &now, self.longest)
        {
            history.interrupt(&now, reason, self.channels.events());
        }
        self.longest = self.interval;
        (self.tick, self.at) = (self.tick + 1, now);
        history.begin(self.tick, &now);
        for worker in &self.workers {
            if let Some(owed) = worker.asked().filter(|owed| *owed < self.tick) {
                self.channels.events_of(worker.source()).iter().for_each(|channel| history.owes(channel, owed));
            }
        }
        drop(history);
        self.forget_what_is_old(&now);
        let mut account = self.shared.account();
        account.began(&now, self.interval, &timing);
        for slow in [false, true] {
            for worker in self.workers.iter_mut().rev().filter(|worker| worker.is_slow() == slow) {
                let ahead = worker.asked() == Some(self.tick);
                let asked = ahead || worker.ask(&self.queue, self.tick, self.interval);
                self.channels.asked(worker.source(), asked);
                if !ahead {
                    account.asked(worker.source(), &now, asked);
                }
            }
        }
        drop(account);
        self.queue.go();
        let begun = Instant::now();
        (self.relief, self.deadline) = (Some(begun + PATIENCE), Some(begun + DEADLINE));
        while let Some((_, outcome)) = self.ahead.pop() {
            self.accept(outcome);
        }
    }

    /// What was answered ahead of a tick that came much later, or after the computer slept: its source is asked anew.
    fn forget_what_is_old(&mut self, now: &Stamp) {
        let longest = self.interval / 2;
        let is_old = |came: &Stamp| now.slept_since(came) || now.since(came) > longest;
        let old: Vec<_> = self.ahead.extract_if(.., |(came, _)| is_old(came)).collect();
        for (_, outcome) in old {
            self.answered(&outcome);
        }
    }

    pub(super) fn accept(&mut self, outcome: Outcome) {
        if outcome.tick > self.tick {
            self.ahead.push((clock::now(), outcome));
            return;
        }
        if !self.answered(&outcome) {
            return;
        }
        self.channels.accept(outcome, &mut self.shared.history());
        if self.deadline.is_none() || self.owing().all(Worker::is_slow) {
            self.publish();
        }
    }

    /// Notes an answer. False if it is of a source that another has the place of.
    fn answered(&mut self, outcome: &Outcome) -> bool {
        let worker = self.workers.iter_mut().find(|worker| worker.source() == outcome.source);
        let counts = worker.is_some_and(|worker| worker.answered(outcome));
        if counts {
            self.shared.account().answered(outcome);
        }
        counts
    }

    /// Those that were asked for the newest tick and have not answered.
    fn owing(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.asked() == Some(self.tick))
    }

    pub(super) fn publish(&mut self) {
        if self.owing().count() < 2 {
            self.relief = None; // nothing waits behind another
        }
        let first = self.deadline.take().is_some();
        let snapshot = self.channels.snapshot(self.tick, &self.at, &clock::now(), self.interval);
        let mut history = self.shared.history();
        let late = self.channels.late();
        // A gap of GPUs as a whole is one of each: there is none while another driver knows any.
        let is_told = |channel: &str| channel != Channel::Gpu.event() || snapshot.metrics.gpu.is_empty();
        for ChannelStatus { channel, reason, .. } in &snapshot.metrics.channels {
            let reason = reason.filter(|reason| *reason != Reason::Starting && is_told(channel));
            // What comes that late is of a row before: its gap ends at the next, which has a sample again.
            if !late.contains(channel) || reason.is_some() {
                history.note(channel, reason);
            }
        }
        if first {
            history.end_gaps_except(|channel| snapshot.metrics.channels.iter().any(|status| status.channel == channel));
        }
        drop(history);
        let mut account = self.shared.account();
        account.sources(|source| self.channels.problem(source));
        if first {
            account.channels(self.at.wall, &snapshot.metrics.channels);
            if self.workers.iter().any(|worker| worker.asked().is_some_and(|tick| tick <= self.tick)) {
                account.incomplete();
            }
        }
        drop(account);
        self.shared.snapshot.send_replace(Arc::new(snapshot));
    }
}

/// Why nothing was sampled between two ticks, if they are further apart than lateness explains.
fn interruption(before: &Stamp, now: &Stamp, interval: Duration) -> Option<Reason> {
    if now.slept_since(before) {
        Some(Reason::Suspended)
    } else {
        (now.since(before) > too_long(interval)).then_some(Reason::NotAnswering)
    }
}

/// Ticks between two that were begun.
fn skipped(before: Instant, due: Instant, interval: Duration) -> u64 {
    let apart = due.saturating_duration_since(before).as_secs_f64() / interval.as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number of intervals, above zero"
    )]
    let steps = apart.round() as u64;
    steps.saturating_sub(1)
}

/// When the tick after one that was due so long ago comes, after that. Those whose time is over are skipped, not made up for, and so
/// is one less than half an interval away: its rates would be of a moment.
fn after(late: Duration, interval: Duration) -> Duration {
    let over = (late + interval / 2).as_nanos() / interval.as_nanos().max(1);
    interval * u32::try_from(over).unwrap_or(u32::MAX) + interval
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tick_after_a_late_one_is_on_the_same_grid_and_half_an_interval_away_at_least() {
        let interval = Duration::from_secs(1);
        for (late, next) in [(0, 1), (490, 1), (510, 2), (990, 2), (1_400, 2), (4_940, 6)] {
            assert_eq!(after(Duration::from_millis(late), interval), interval * next, "{late} ms late");
        }
    }
}

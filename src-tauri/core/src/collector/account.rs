//! The collector's account of itself, kept while it runs: `Collector::diagnostics` makes the report from it.

use std::time::Duration;

use super::faults::Faults;
use super::worker::{Outcome, Worker};
use crate::channel::Channel;
use crate::clock::{self, Stamp};
use crate::diagnostics::{Diagnostics, SourceStatus, TaskStatus, TickCounts};
use crate::history::History;
use crate::metrics::{ChannelStatus, Reason};
use crate::source::Problem;

/// A tick this late is counted as late: what the contract allows.
const LATE: Duration = Duration::from_millis(100);

/// The name of the loop's own channel among the faults.
const TICKS: &str = "ticks";

#[derive(Debug)]
pub(super) struct Account {
    started: Stamp,
    interval: Duration,
    ticks: TickCounts,
    sources: Vec<Source>,
    faults: Faults,
    /// Panics of the loop itself, and what the last one said.
    panics: (u64, Option<String>),
}

/// When a tick began, beside when it should have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// How late it is.
    pub(super) delay: Duration,
    /// Ticks whose time passed since the one before.
    pub(super) skipped: u64,
    /// Whether the computer slept since the one before.
    pub(super) slept: bool,
}

#[derive(Debug)]
struct Source {
    name: &'static str,
    channel: Channel,
    /// Since when it has owed an answer.
    asked: Option<Stamp>,
    last: Option<Stamp>,
    problem: Option<Problem>,
    duration: Option<Duration>,
    longest: Option<Duration>,
    successes: u64,
    failures: u64,
    busy: u64,
    panics: u64,
}

impl Account {
    pub(super) fn new(workers: &[Worker], interval: Duration) -> Self {
        let source = |worker: &Worker| Source {
            name: worker.source(),
            channel: worker.channel(),
            asked: None,
            last: None,
            problem: None,
            duration: None,
            longest: None,
            successes: 0,
            failures: 0,
            busy: 0,
            panics: 0,
        };
        Self {
            started: clock::now(),
            interval,
            ticks: TickCounts::default(),
            sources: workers.iter().map(source).collect(),
            faults: Faults::default(),
            panics: (0, None),
        }
    }

    /// A tick begins at `at`.
    pub(super) fn began(&mut self, at: &Stamp, interval: Duration, timing: &Timing) {
        let Timing { delay, skipped, slept } = *timing;
        self.interval = interval;
        self.ticks.done += 1;
        self.ticks.late += u64::from(delay > LATE);
        self.ticks.skipped += skipped;
        self.ticks.longest_delay = self.ticks.longest_delay.max(delay.as_secs_f64());
        let were = if skipped == 1 { "tick was" } else { "ticks were" };
        let words = || format!("The program was held up, or the machine: {skipped} {were} skipped.");
        let fault = match (slept, skipped) {
            (true, _) => Some((Reason::Suspended, None)),
            (false, 0) => None,
            (false, _) => Some((Reason::NotAnswering, Some(words()))),
        };
        self.faults.follow(at);
        self.faults.note(TICKS, at.wall, fault.as_ref().map(|(reason, words)| (*reason, words.as_deref())));
    }

    /// A source was asked, or not because it was busy.
    pub(super) fn asked(&mut self, source: &str, at: &Stamp, asked: bool) {
        let Some(source) = self.source(source) else { return };
        if asked {
            source.asked = Some(*at);
        } else {
            source.busy += 1;
        }
    }

    /// A source answered.
    pub(super) fn answered(&mut self, outcome: &Outcome) {
        let Some(source) = self.source(outcome.source) else { return };
        source.asked = None;
        source.panics += u64::from(outcome.panicked);
        if let Some(duration) = outcome.duration {
            source.duration = Some(duration);
            source.longest = source.longest.max(Some(duration));
        }
        match &outcome.result {
            Ok((stamp, _)) => {
                source.successes += 1;
                source.last = Some(*stamp);
            }
            // While it sits out a penalty it is not read at all.
            Err(_) => source.failures += u64::from(outcome.duration.is_some()),
        }
    }

    /// A tick was published without the sample of some source.
    pub(super) fn incomplete(&mut self) {
        self.ticks.incomplete += 1;
    }

    /// How the sources are as a whole.
    pub(super) fn sources(&mut self, problem: impl Fn(&str) -> Option<Problem>) {
        for source in &mut self.sources {
            source.problem = problem(source.name);
        }
    }

    /// How the channels are at the tick that was at `at`; once a tick.
    pub(super) fn channels(&mut self, at: i64, statuses: &[ChannelStatus]) {
        let is_there = |channel: &str| channel == TICKS || statuses.iter().any(|status| status.channel == channel);
        self.faults.retain(at, is_there);
        for status in statuses {
            let reason = status.reason.filter(|reason| *reason != Reason::Starting);
            self.faults.note(&status.channel, at, reason.map(|reason| (reason, status.detail.as_deref())));
        }
    }

    /// The loop itself panicked and goes on.
    pub(super) fn panicked(&mut self, words: &str) {
        self.panics = (self.panics.0 + 1, Some(words.into()));
    }

    pub(super) fn report(&self, history: &History) -> Diagnostics {
        let now = clock::now();
        let seconds = |duration: Duration| duration.as_secs_f64();
        let source = |source: &Source| SourceStatus {
            source: source.name.into(),
            channel: source.channel.event().into(),
            reason: source.problem.as_ref().map(|problem| problem.reason),
            detail: source.problem.clone().map(|problem| problem.detail).filter(|detail| !detail.is_empty()),
            age: source.last.map(|last| seconds(now.since(&last))),
            duration: source.duration.map(seconds),
            longest: source.longest.map(seconds),
            waiting: source.asked.map(|asked| seconds(now.since(&asked))),
            successes: source.successes,
            failures: source.failures,
            busy: source.busy,
            panics: source.panics,
        };
        let (restarts, last_panic) = self.panics.clone();
        Diagnostics {
            timestamp: now.wall,
            uptime: seconds(now.since(&self.started)),
            interval: seconds(self.interval),
            ticks: self.ticks,
            sources: self.sources.iter().map(source).collect(),
            history: history.size(),
            faults: self.faults.all(),
            tasks: vec![TaskStatus { name: "collector".into(), restarts, last_panic }],
            window: None,
            cost: None,
        }
    }

    fn source(&mut self, name: &str) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_before_the_clock_was_set_has_a_time_by_the_new_one() {
        let mut account = Account::new(&[], Duration::from_secs(1));
        for (seconds, wall, skipped) in [(1, 1_000, 3), (2, 602_000, 0)] {
            let mono = Duration::from_secs(seconds);
            let timing = Timing { delay: Duration::ZERO, skipped, slept: false };
            account.began(&Stamp { mono, boot: mono, wall }, Duration::from_secs(1), &timing);
        }
        assert_eq!(account.report(&History::default()).faults[0].from, 601_000);
    }
}

//! A source as it is asked: read, compared with its sample before, kept going through its own panics.

use std::fmt;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::queue::Queue;
use super::ticks::{DEADLINE, PATIENCE};
use super::too_long;
use crate::channel::Channel;
use crate::clock::{self, Stamp};
use crate::diagnostics::panic_words;
use crate::metrics::Reason;
use crate::source::{Problem, Reading, Source, Stamped};

/// A source that took longer than this last time is not waited for: those before it may have taken their own time, and it
/// would come after the deadline.
const WORTH_WAITING: Duration = DEADLINE.saturating_sub(PATIENCE);

/// One that takes longer than this is asked ahead of the tick.
const QUICK: Duration = Duration::from_millis(5);

/// Ticks that a source which panicked sits out, at first and at the most.
const PENALTY: (u32, u32) = (1, 32);

/// What a source answered to one tick.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The source's name.
    pub(super) source: &'static str,
    /// Which of those that had this place.
    number: u64,
    pub(super) tick: u64,
    pub(super) result: Result<(Stamp, Reading), Problem>,
    /// How long it took; `None` if it was not read, because it sits out after a panic.
    pub(super) duration: Option<Duration>,
    pub(super) panicked: bool,
}

/// The collector's end of a source.
pub(super) struct Worker {
    /// Its own name: two sources may feed one channel.
    source: &'static str,
    channel: Channel,
    asking: Arc<dyn Ask>,
    /// The tick it was asked for and has not answered: there is never a second call in flight.
    asked: Option<u64>,
    /// How long the answer before the last took, and the last.
    took: [Duration; 2],
    /// It is asked ahead of the tick. Two that take long in a row make it so, and two quick ones undo it.
    ahead: bool,
    /// How many had this place before.
    number: u64,
    /// Whether it hangs in a part of what it reads, so that another can go on with the rest.
    hangs_in_part: Box<dyn Fn() -> bool + Send>,
}

/// What a source is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    tick: u64,
    interval: Duration,
    /// It is likely to take long: what is in already is not to wait for it.
    pub(super) slow: bool,
}

/// What answers a request, on whichever thread; it may take as long as it likes.
pub(super) trait Ask: fmt::Debug + Send + Sync {
    fn answer(&self, request: Request) -> Outcome;

    /// Another that takes its place, with that number.
    fn another(&self, number: u64) -> Arc<dyn Ask>;
}

impl Worker {
    /// `make` is called at the first request, and again after a panic.
    pub(super) fn new<S: Source + Send>(
        source: &'static str,
        channel: Channel,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let asking = Arc::new(Asked::new(source, 0, Arc::new(make)));
        Self {
            source,
            channel,
            asking,
            asked: None,
            took: [Duration::ZERO; 2],
            ahead: false,
            number: 0,
            hangs_in_part: Box::new(|| false),
        }
    }

    /// Has another one made that takes its place at a tick at which it still owes an answer and `hangs_in_part`. What it
    /// answers later is not taken.
    pub(super) fn replaced_where(self, hangs_in_part: impl Fn() -> bool + Send + 'static) -> Self {
        Self { hangs_in_part: Box::new(hangs_in_part), ..self }
    }

    pub(super) fn source(&self) -> &'static str {
        self.source
    }

    pub(super) fn channel(&self) -> Channel {
        self.channel
    }

    /// The tick it still owes an answer to.
    pub(super) fn asked(&self) -> Option<u64> {
        self.asked
    }

    /// Asks for a sample unless it is busy with an earlier one. False if it was not asked.
    pub(super) fn ask(&mut self, queue: &Queue, tick: u64, interval: Duration) -> bool {
        if self.asked.is_some() {
            if !(self.hangs_in_part)() {
                return false;
            }
            self.number += 1;
            self.asking = self.asking.another(self.number);
        }
        queue.push(Arc::clone(&self.asking), Request { tick, interval, slow: self.is_slow() });
        self.asked = Some(tick);
        true
    }

    /// Whether a tick is published without waiting for it.
    pub(super) fn is_slow(&self) -> bool {
        self.ahead || self.took[1] > WORTH_WAITING
    }

    /// How long before the tick it is to be asked, so that its sample is in by then: a quarter more than it takes, and some
    /// milliseconds in which threads may have to wait for a core. `None` where the tick asks it, or it is busy.
    pub(super) fn lead(&self) -> Option<Duration> {
        let longer = self.took[0].max(self.took[1]);
        (self.ahead && self.asked.is_none()).then(|| longer * 5 / 4 + QUICK * 2)
    }

    /// Notes an answer. False if it is of one that another has the place of.
    pub(super) fn answered(&mut self, outcome: &Outcome) -> bool {
        if outcome.number != self.number {
            return false;
        }
        self.asked = None;
        self.took = [self.took[1], outcome.duration.unwrap_or_default()];
        let quick = self.took.map(|took| took <= QUICK);
        if quick[0] == quick[1] {
            self.ahead = !quick[0];
        }
        true
    }
}

/// A source with what it needs from one request to the next.
struct Asked<S: Source, M> {
    name: &'static str,
    number: u64,
    make: Arc<M>,
    state: Mutex<State<S>>,
}

impl<S: Source, M> Asked<S, M> {
    fn new(name: &'static str, number: u64, make: Arc<M>) -> Self {
        let state = State {
            source: None,
            previous: None,
            interval: Duration::ZERO,
            overdue: false,
            penalty: PENALTY.0,
            sits_out: 0,
        };
        Self { name, number, make, state: Mutex::new(state) }
    }
}

struct State<S: Source> {
    source: Option<S>,
    previous: Option<Stamped<S::Sample>>,
    /// Of the request before.
    interval: Duration,
    /// Whether the previous sample took longer than an interval.
    overdue: bool,
    /// Ticks that it sits out after the next panic, and still.
    penalty: u32,
    sits_out: u32,
}

impl<S: Source, M> fmt::Debug for Asked<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asked").field(&self.name).finish()
    }
}

impl<S: Source + Send, M: Fn() -> S + Send + Sync + 'static> Ask for Asked<S, M> {
    fn answer(&self, Request { tick, interval, .. }: Request) -> Outcome {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { source, previous, interval: before, overdue, penalty, sits_out } = &mut *state;
        // A source that was stuck until just before a tick would have a rate over a moment.
        let shortest = if *overdue { interval / 4 } else { Duration::ZERO };
        let windows = shortest..=too_long(interval.max(std::mem::replace(before, interval)));
        let (result, duration, panicked) = if *sits_out > 0 {
            *sits_out -= 1;
            (Err(failed("it is restarted")), None, false)
        } else {
            let began = clock::now();
            let asked =
                catch_unwind(AssertUnwindSafe(|| sample(source.get_or_insert_with(&*self.make), previous, &windows)));
            if asked.is_ok() {
                *penalty = PENALTY.0;
            } else {
                (*source, *previous) = (None, None);
                *sits_out = *penalty;
                *penalty = (*penalty * 2).min(PENALTY.1);
            }
            let (duration, panicked) = (clock::now().since(&began), asked.is_err());
            *overdue = duration > interval;
            (asked.unwrap_or_else(|payload| Err(failed(panic_words(&*payload)))), Some(duration), panicked)
        };
        Outcome { source: self.name, number: self.number, tick, result, duration, panicked }
    }

    fn another(&self, number: u64) -> Arc<dyn Ask> {
        Arc::new(Self::new(self.name, number, Arc::clone(&self.make)))
    }
}

fn sample<S: Source>(
    source: &mut S,
    previous: &mut Option<Stamped<S::Sample>>,
    windows: &RangeInclusive<Duration>,
) -> Result<(Stamp, Reading), Problem> {
    let sample = match source.read() {
        Ok(sample) => sample,
        Err(error) => {
            // A gap: what comes after it is compared with nothing before it.
            *previous = None;
            return Err(Problem { reason: error.reason(), detail: error.to_string() });
        }
    };
    let now = Stamped { stamp: clock::now(), sample };
    let before = match previous {
        None => Err(Reason::Starting),
        Some(before) if now.stamp.slept_since(&before.stamp) => Err(Reason::Suspended),
        Some(before) if !windows.contains(&now.stamp.since(&before.stamp)) => Err(Reason::NotAnswering),
        Some(before) => Ok(&*before),
    };
    let reading = S::derive(before, &now);
    let stamp = now.stamp;
    if let Some(before) = previous.replace(now) {
        source.recycle(before.sample);
    }
    Ok((stamp, reading))
}

fn failed(what: &str) -> Problem {
    Problem { reason: Reason::Failed, detail: format!("This source failed inside Telltale: {what}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MemoryMetrics;
    use crate::source::{Previous, SourceError};

    /// Says what stood in the way of a rate.
    struct Rated;

    impl Source for Rated {
        type Sample = ();

        fn read(&mut self) -> Result<(), SourceError> {
            Ok(())
        }

        fn derive(previous: Previous<'_, ()>, _now: &Stamped<()>) -> Reading {
            let missing = previous.err().map(|reason| ("rate".into(), reason));
            Reading::Memory(MemoryMetrics { missing: missing.into_iter().collect(), ..MemoryMetrics::default() })
        }
    }

    #[test]
    fn after_a_sample_that_took_longer_than_an_interval_a_rate_is_of_no_moment() {
        let asked = Asked::new("memory", 0, Arc::new(|| Rated));
        let missing = |interval| match asked.answer(Request { tick: 1, interval, slow: false }).result {
            Ok((_, Reading::Memory(metrics))) => metrics.missing.values().next().copied(),
            other => panic!("{other:?}"),
        };
        // Any answer takes longer than the shorter, and none as long as the longer.
        let (shorter, longer) = (Duration::ZERO, Duration::from_hours(1));
        assert_eq!(missing(longer), Some(Reason::Starting));
        assert_eq!(missing(longer), None, "it came in time, and the next may come soon");
        assert_eq!(missing(shorter), None);
        assert_eq!(missing(longer), Some(Reason::NotAnswering));
        assert_eq!(missing(longer), None);
    }
}

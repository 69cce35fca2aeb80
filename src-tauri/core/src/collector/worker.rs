//! A source on its thread: reads when asked, computes from the sample before, survives its own panics.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::too_long;
use crate::channel::Channel;
use crate::clock::{self, Stamp};
use crate::diagnostics::panic_words;
use crate::metrics::Reason;
use crate::source::{Problem, Reading, Source, Stamped};

/// Ticks that a source which panicked sits out, at first and at the most.
const PENALTY: (u32, u32) = (1, 32);

/// What a source answered to one tick.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The source's name.
    pub(super) source: &'static str,
    pub(super) tick: u64,
    pub(super) result: Result<(Stamp, Reading), Problem>,
    /// How long it took; `None` if it was not read, because it sits out after a panic.
    pub(super) duration: Option<Duration>,
    pub(super) panicked: bool,
}

/// The collector's end of a source's thread.
#[derive(Debug)]
pub(super) struct Worker {
    /// Its own name: two sources may feed one channel.
    source: &'static str,
    channel: Channel,
    requests: SyncSender<Request>,
    /// The tick it was asked for and has not answered: there is never a second call in flight.
    asked: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    tick: u64,
    interval: Duration,
}

impl Worker {
    /// Starts the thread. `make` is called there, and again after a panic.
    pub(super) fn spawn<S: Source>(
        source: &'static str,
        channel: Channel,
        outcomes: UnboundedSender<Outcome>,
        make: impl Fn() -> S + Send + 'static,
    ) -> io::Result<Self> {
        let (requests, received) = sync_channel(1);
        let name = format!("source-{source}");
        std::thread::Builder::new().name(name).spawn(move || serve(source, &received, &outcomes, make))?;
        Ok(Self { source, channel, requests, asked: None })
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
    pub(super) fn ask(&mut self, tick: u64, interval: Duration) -> bool {
        if self.asked.is_some() || self.requests.try_send(Request { tick, interval }).is_err() {
            return false;
        }
        self.asked = Some(tick);
        true
    }

    pub(super) fn answered(&mut self) {
        self.asked = None;
    }
}

fn serve<S: Source>(
    name: &'static str,
    requests: &Receiver<Request>,
    outcomes: &UnboundedSender<Outcome>,
    make: impl Fn() -> S,
) {
    let mut source = None;
    let mut previous = None;
    let mut last_interval = Duration::ZERO;
    let (mut penalty, mut sits_out) = (PENALTY.0, 0);
    while let Ok(Request { tick, interval }) = requests.recv() {
        let longest = too_long(interval.max(last_interval));
        last_interval = interval;
        let (result, duration, panicked) = if sits_out > 0 {
            sits_out -= 1;
            (Err(failed("it is restarted")), None, false)
        } else {
            let began = clock::now();
            let asked =
                catch_unwind(AssertUnwindSafe(|| sample(source.get_or_insert_with(&make), &mut previous, longest)));
            if asked.is_ok() {
                penalty = PENALTY.0;
            } else {
                (source, previous) = (None, None);
                sits_out = penalty;
                penalty = (penalty * 2).min(PENALTY.1);
            }
            let (duration, panicked) = (clock::now().since(&began), asked.is_err());
            (asked.unwrap_or_else(|payload| Err(failed(panic_words(&*payload)))), Some(duration), panicked)
        };
        if outcomes.send(Outcome { source: name, tick, result, duration, panicked }).is_err() {
            return;
        }
    }
}

fn sample<S: Source>(
    source: &mut S,
    previous: &mut Option<Stamped<S::Sample>>,
    longest: Duration,
) -> Result<(Stamp, Reading), Problem> {
    let sample = source.read().map_err(|error| Problem { reason: error.reason(), detail: error.to_string() })?;
    let now = Stamped { stamp: clock::now(), sample };
    let before = match previous {
        None => Err(Reason::Starting),
        Some(before) if now.stamp.slept_since(&before.stamp) => Err(Reason::Suspended),
        Some(before) if now.stamp.since(&before.stamp) > longest => Err(Reason::NotAnswering),
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

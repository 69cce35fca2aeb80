//! What Telltale knows of itself: how each source does, which ticks were missed and why, and what it keeps. For the
//! Diagnostics page, and for whoever reports a fault.
//!
//! Counts are since the start. Times are as in [`crate::metrics`]: Unix milliseconds, durations in seconds.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use crate::metrics::Reason;
use crate::own_cost::OwnCost;

/// The whole account, as it stands when it is asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct Diagnostics {
    /// When it was asked for.
    pub timestamp: i64,
    /// Seconds since the collector started, without those that the computer slept.
    #[specta(type = Number)]
    pub uptime: f64,
    /// Seconds between ticks now.
    #[specta(type = Number)]
    pub interval: f64,
    /// What became of the ticks.
    pub ticks: TickCounts,
    /// One entry per source: those of GPUs first, then in the order of the channels.
    pub sources: Vec<SourceStatus>,
    /// What is kept.
    pub history: HistorySize,
    /// The newest faults, the oldest first: at most [`FAULTS`].
    pub faults: Vec<Fault>,
    /// Parts of the program that run beside the sources, and how often each had to be started anew.
    pub tasks: Vec<TaskStatus>,
    /// What only the desktop app knows; `null` elsewhere.
    pub window: Option<WindowCounts>,
    /// What Telltale costs, by the desktop app's own look; `null` elsewhere, and where the system does not tell.
    pub cost: Option<OwnCost>,
}

/// Faults kept at the most.
pub const FAULTS: usize = 64;

/// What became of the ticks. `done + skipped` is how many there should have been at the intervals that were set.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct TickCounts {
    /// Ticks at which the sources were asked.
    pub done: u64,
    /// Of these, ones that began more than 100 ms after their time, because the machine or the program was held up.
    pub late: u64,
    /// Ticks whose time passed while the one before was held up. They are never made up for; each stretch of them is
    /// a fault of the channel `ticks`.
    pub skipped: u64,
    /// Of those done, ones that were first published without the sample of some source that had not answered in time.
    pub incomplete: u64,
    /// The longest time in seconds by which a tick was late.
    #[specta(type = Number)]
    pub longest_delay: f64,
}

/// How one source does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct SourceStatus {
    /// The source's own name: two may feed one channel.
    pub source: String,
    /// The event name of the channel that it feeds; `system/gpu` for all GPUs.
    pub channel: String,
    /// Why it has no current sample; `null` if it has one.
    pub reason: Option<Reason>,
    /// The reason in plain words with its particulars, where there are any.
    pub detail: Option<String>,
    /// Seconds since its last sample was taken; `null` before the first.
    pub age: Option<f64>,
    /// Seconds that its last answer took; `null` before the first.
    pub duration: Option<f64>,
    /// The longest that an answer took, in seconds.
    pub longest: Option<f64>,
    /// Seconds that the call which is under way has taken so far; `null` where none is.
    pub waiting: Option<f64>,
    /// Samples taken.
    pub successes: u64,
    /// Times that it answered with an error.
    pub failures: u64,
    /// Ticks at which it was not asked, because it still owed an answer.
    pub busy: u64,
    /// Times that it panicked and was started anew.
    pub panics: u64,
}

/// What the history holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct HistorySize {
    /// Ticks.
    pub rows: u64,
    /// Figures.
    pub columns: u64,
    /// Bytes that its rows, columns, names and gaps are allocated in, from their capacities; what the allocator adds
    /// to each is not in it.
    pub bytes: u64,
}

/// Something that was not as it should be. It ends once all has been well for three ticks, so that a fault that comes
/// and goes is one fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Fault {
    /// The channel's event name; `ticks` for the interval loop itself.
    pub channel: String,
    /// What it was, first.
    pub reason: Reason,
    /// In plain words with its particulars, where there are any.
    pub detail: Option<String>,
    /// When it was seen first.
    pub from: i64,
    /// When all was well again; `null` while it lasts.
    pub to: Option<i64>,
}

/// How a part of the program does that runs for as long as the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TaskStatus {
    /// Which: `collector`, `events`, `tray`, …
    pub name: String,
    /// Times that it panicked and went on or was started anew.
    pub restarts: u64,
    /// What the last panic said.
    pub last_panic: Option<String>,
}

/// What the desktop app counts of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct WindowCounts {
    /// Events sent to pages.
    pub events_sent: u64,
    /// Events that could not be sent.
    pub events_failed: u64,
    /// Times that the page was loaded anew: its web process had ended, or the page hung or stayed blank and was ended.
    pub web_process_restarts: u64,
}

/// What a panic said.
pub fn panic_words(payload: &(dyn std::any::Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

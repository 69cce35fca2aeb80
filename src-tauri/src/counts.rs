//! What the shell counts of its window, for [`telltale_core::diagnostics`].

use std::sync::atomic::{AtomicU64, Ordering};

use telltale_core::diagnostics::WindowCounts;

/// Counted from whichever thread it happens on.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Events sent to pages.
    pub(crate) events_sent: Count,
    /// Events that could not be sent.
    pub(crate) events_failed: Count,
    /// Times that the page was loaded anew: its web process had ended, or the page hung or stayed blank and was ended.
    pub(crate) web_process_restarts: Count,
}

/// It only rises.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    pub(crate) fn now(&self) -> WindowCounts {
        WindowCounts {
            events_sent: self.events_sent.now(),
            events_failed: self.events_failed.now(),
            web_process_restarts: self.web_process_restarts.now(),
        }
    }
}

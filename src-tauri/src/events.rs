//! Snapshot → events: one per channel and one batch of all, only to windows that can be seen and whose page answers.
//! A page that got none asks for what it missed.

use std::sync::Arc;

use serde::Serialize;
use tauri::{AppHandle, Emitter as _, Manager as _, WebviewWindow};
use tauri_specta::Event as _;
use telltale_core::channel::gpu_event;
use telltale_core::feed::Snapshot;
use telltale_core::wire;
use tokio::sync::watch;

use crate::api::{SystemAll, SystemCpu, SystemDisk, SystemMemory, SystemNetwork};
use crate::counts::Counts;
use crate::window;

/// Publishes each snapshot until the feed ends.
pub(crate) async fn publish(app: AppHandle, mut snapshots: watch::Receiver<Arc<Snapshot>>, counts: Arc<Counts>) {
    let mut before = Arc::new(Snapshot::default());
    let mut failing = false;
    while snapshots.changed().await.is_ok() {
        let now = Arc::clone(&snapshots.borrow_and_update());
        let windows = app.webview_windows();
        let pages =
            windows.values().filter(|one| window::is_seen(one) && window::takes_events(&app, one, now.metrics.tick));
        let pages = pages.map(|window| Page { window, counts: &counts });
        let sent = pages.map(|page| page.send(&before, &now)).fold(Ok(()), Result::and);
        match &sent {
            Err(error) if !failing => tracing::warn!(%error, "events can't be sent to the page"),
            Ok(()) if failing => tracing::warn!("events are sent to the page again"),
            Ok(()) | Err(_) => {}
        }
        failing = sent.is_err();
        before = now;
    }
}

/// Where events go.
struct Page<'a> {
    window: &'a WebviewWindow,
    counts: &'a Counts,
}

impl Page<'_> {
    /// Sends what is new since `before`: a channel that was not sampled again is not sent again.
    fn send(&self, before: &Snapshot, now: &Snapshot) -> tauri::Result<()> {
        let (before, now) = (&before.metrics, &now.metrics);
        for gpu in &now.gpu {
            let known = before.gpu.iter().find(|known| known.gpu_id == gpu.gpu_id);
            if known.is_none_or(|known| known.timestamp != gpu.timestamp) {
                self.emit(&gpu_event(&gpu.gpu_id), gpu)?;
            }
        }
        self.emit_new(SystemCpu::NAME, before.cpu.as_ref(), now.cpu.as_ref(), |cpu| cpu.timestamp)?;
        self.emit_new(SystemMemory::NAME, before.memory.as_ref(), now.memory.as_ref(), |memory| memory.timestamp)?;
        self.emit_new(SystemDisk::NAME, before.disk.as_ref(), now.disk.as_ref(), |disk| disk.timestamp)?;
        self.emit_new(SystemNetwork::NAME, before.network.as_ref(), now.network.as_ref(), |network| network.timestamp)?;
        self.emit(SystemAll::NAME, now)
    }

    fn emit_new<T: Serialize>(
        &self,
        event: &str,
        before: Option<&T>,
        now: Option<&T>,
        timestamp: impl Fn(&T) -> i64,
    ) -> tauri::Result<()> {
        match now {
            Some(sample) if before.map(&timestamp) != Some(timestamp(sample)) => self.emit(event, sample),
            _ => Ok(()),
        }
    }

    fn emit<T: Serialize>(&self, event: &str, payload: &T) -> tauri::Result<()> {
        let sent = wire::json(payload)
            .map_err(tauri::Error::from)
            .and_then(|payload| self.window.emit_str_to(self.window.label(), event, payload));
        let count = if sent.is_ok() { &self.counts.events_sent } else { &self.counts.events_failed };
        count.one_more();
        sent
    }
}

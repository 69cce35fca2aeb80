//! Snapshot → events: one per channel and one batch of all, only to windows that can be seen.

use std::sync::Arc;

use serde::Serialize;
use tauri::{AppHandle, Emitter as _, Manager as _, WebviewWindow};
use tauri_specta::Event as _;
use telltale_core::channel::gpu_event;
use telltale_core::feed::Snapshot;
use tokio::sync::watch;

use crate::api::{SystemAll, SystemCpu, SystemDisk, SystemMemory, SystemNetwork};

/// Publishes each snapshot until the feed ends.
pub(crate) async fn publish(app: AppHandle, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
    let mut before = Arc::new(Snapshot::default());
    while snapshots.changed().await.is_ok() {
        let now = Arc::clone(&snapshots.borrow_and_update());
        for window in app.webview_windows().values().filter(|window| is_seen(window)) {
            if let Err(error) = send(window, &before, &now) {
                tracing::warn!(window = window.label(), %error, "an event could not be sent");
            }
        }
        before = now;
    }
}

/// A page that nobody sees gets nothing; it asks for what it missed when it is shown. An answer that can't be had counts as seen.
fn is_seen(window: &WebviewWindow) -> bool {
    window.is_visible().unwrap_or(true) && !window.is_minimized().unwrap_or(false)
}

/// Sends what is new since `before`: a channel that was not sampled again is not sent again.
fn send(window: &WebviewWindow, before: &Snapshot, now: &Snapshot) -> tauri::Result<()> {
    let (before, now) = (&before.metrics, &now.metrics);
    for gpu in &now.gpu {
        let known = before.gpu.iter().find(|known| known.gpu_id == gpu.gpu_id);
        if known.is_none_or(|known| known.timestamp != gpu.timestamp) {
            emit(window, &gpu_event(&gpu.gpu_id), gpu)?;
        }
    }
    emit_new(window, SystemCpu::NAME, before.cpu.as_ref(), now.cpu.as_ref(), |cpu| cpu.timestamp)?;
    emit_new(window, SystemMemory::NAME, before.memory.as_ref(), now.memory.as_ref(), |memory| memory.timestamp)?;
    emit_new(window, SystemDisk::NAME, before.disk.as_ref(), now.disk.as_ref(), |disk| disk.timestamp)?;
    emit_new(window, SystemNetwork::NAME, before.network.as_ref(), now.network.as_ref(), |network| network.timestamp)?;
    emit(window, SystemAll::NAME, now)
}

fn emit_new<T: Serialize>(
    window: &WebviewWindow,
    event: &str,
    before: Option<&T>,
    now: Option<&T>,
    timestamp: impl Fn(&T) -> i64,
) -> tauri::Result<()> {
    match now {
        Some(sample) if before.map(&timestamp) != Some(timestamp(sample)) => emit(window, event, sample),
        _ => Ok(()),
    }
}

fn emit<T: Serialize>(window: &WebviewWindow, event: &str, payload: &T) -> tauri::Result<()> {
    window.emit_to(window.label(), event, payload)
}

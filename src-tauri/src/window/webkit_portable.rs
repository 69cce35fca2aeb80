//! WebView2 and WKWebView choose how to draw, load a page anew whose process died, and end their processes themselves.

use tauri::{AppHandle, WebviewWindow};

/// Nothing to say.
pub(super) fn prepare(_window: &WebviewWindow) {}

/// Nothing to hear.
///
/// # Errors
/// None.
#[expect(clippy::unnecessary_wraps, reason = "on Linux the web view may be gone")]
pub(super) fn revive(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// There it is taken for seen.
///
/// # Errors
/// None.
#[expect(clippy::unnecessary_wraps, reason = "on Linux the web view may be gone")]
pub(super) fn on_next_frame(_window: &WebviewWindow, came: impl Fn() + Send + 'static) -> tauri::Result<()> {
    came();
    Ok(())
}

/// Nothing to end.
pub(super) fn end_page(_window: &WebviewWindow) {}

/// Nothing to end.
pub(super) fn end_pages() {}

/// Nothing to clear away.
pub(crate) async fn clear_away(_app: AppHandle) {}

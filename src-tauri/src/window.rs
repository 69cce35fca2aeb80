//! The one window: how it is made, and what it may never do.

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, WebviewUrl, WebviewWindowBuilder};

/// The label that capabilities and events know it by.
const LABEL: &str = "main";

/// Opens the window.
///
/// # Errors
/// If the system refuses a window or a web view.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<()> {
    let own = app.config().build.dev_url.clone();
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Telltale")
        .inner_size(1280.0, 800.0)
        .min_inner_size(480.0, 360.0)
        // Only our own pages, and none in a window of its own.
        .on_navigation(move |url| {
            let bundled = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
            bundled || (cfg!(dev) && own.as_ref().is_some_and(|dev| dev.origin() == url.origin()))
        })
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
}

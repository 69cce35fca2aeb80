//! The one window: how it is made, shown again, and what it may never do.

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

#[cfg(target_os = "linux")]
use crate::Shell;

/// The label that capabilities and events know it by.
const LABEL: &str = "main";

/// Opens the window, at `page` where one is named.
///
/// # Errors
/// If the system refuses a window or a web view.
pub(crate) fn open(app: &AppHandle, page: Option<&str>) -> tauri::Result<()> {
    let own = app.config().build.dev_url.clone();
    let url = page.map_or_else(|| "index.html".into(), |page| format!("index.html#{page}"));
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App(url.into()))
        .title("Telltale")
        .inner_size(1280.0, 800.0)
        .min_inner_size(480.0, 360.0)
        // Only our own pages, and none in a window of its own.
        .on_navigation(move |url| {
            let bundled = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
            bundled || (cfg!(dev) && own.as_ref().is_some_and(|dev| dev.origin() == url.origin()))
        })
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()
        .and_then(|window| revive(&window))
}

/// Loads the page anew when its web process dies: Tauri leaves a white window.
#[cfg(target_os = "linux")]
fn revive(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt as _;

    let app = window.app_handle().clone();
    window.with_webview(move |web| {
        web.inner().connect_web_process_terminated(move |view, reason| {
            if let Some(shell) = app.try_state::<Shell>() {
                shell.counts.web_process_restarts.one_more();
            }
            tracing::warn!(?reason, "the web process ended; the page is loaded anew");
            view.reload();
        });
    })
}

/// WebView2 and WKWebView load it anew by themselves.
#[cfg(not(target_os = "linux"))]
fn revive(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// Brings the window to the front, or builds it anew where it was closed to the tray.
pub(crate) fn show(app: &AppHandle, page: Option<&'static str>) {
    let handle = app.clone();
    let shown = app.run_on_main_thread(move || {
        let shown = match handle.get_webview_window(LABEL) {
            Some(window) => {
                let page = page.map_or(Ok(()), |page| window.eval(format!("location.hash = {page:?}")));
                page.and_then(|()| window.unminimize()).and_then(|()| window.show()).and_then(|()| window.set_focus())
            }
            None => open(&handle, page),
        };
        if let Err(error) = shown {
            tracing::error!(%error, "the window could not be shown");
        }
    });
    if let Err(error) = shown {
        tracing::error!(%error, "the window could not be shown");
    }
}

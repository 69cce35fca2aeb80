//! The one window: how it is made, shown again, and what it may never do.

mod kept;

use std::{fs, io};

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent, Wry};
use tauri_specta::Event as _;

use crate::Shell;
use crate::api::ViewPaused;

pub(crate) use kept::{Kept, save_changes};

/// The label that capabilities and events know it by.
const LABEL: &str = "main";

/// Opens the window, at the page, range and place that the one before had, or at `page`. From the main thread.
///
/// # Errors
/// If the system refuses a window or a web view.
pub(crate) fn open(app: &AppHandle, page: Option<&str>) -> tauri::Result<()> {
    let kept = &app.state::<Shell>().window;
    if let Some(page) = page {
        kept.set_page(page);
    }
    let own = app.config().build.dev_url.clone();
    let builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App(kept.view().address().into()));
    let mut builder = with_a_place_to_write(app, builder)
        .title("Telltale")
        .inner_size(1280.0, 800.0)
        .min_inner_size(480.0, 360.0)
        // Only our own pages, and none in a window of its own.
        .on_navigation(move |url| {
            let bundled = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
            bundled || (cfg!(dev) && own.as_ref().is_some_and(|dev| dev.origin() == url.origin()))
        })
        .on_new_window(|_, _| NewWindowResponse::Deny);
    let place = kept.place();
    if let Some(place) = place {
        builder = builder.inner_size(place.width, place.height).maximized(place.maximized);
    }
    let window = builder.build()?;
    if let Some(place) = place.filter(|place| kept::is_reachable(place, &app.available_monitors().unwrap_or_default()))
    {
        window.set_position(tauri::PhysicalPosition::new(place.x, place.y))?;
    }
    revive(&window)
}

/// Where the home can't be written to, Tauri refuses the window for want of a folder for the web view. Then it has one for
/// as long as the program runs.
fn with_a_place_to_write<'a>(
    app: &AppHandle,
    window: WebviewWindowBuilder<'a, Wry, AppHandle>,
) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
    let usual = app.path().app_local_data_dir();
    let Err(error) = usual.map_err(io::Error::other).and_then(fs::create_dir_all) else { return window };
    let base = app.path().runtime_dir().ok().filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir);
    let folder = base.join(format!("telltale-{}", std::process::id()));
    tracing::warn!(%error, "the window remembers nothing beyond this start, in {}", folder.display());
    // One that somebody else made is not used: Tauri then says why there is no window.
    match fs::create_dir(&folder) {
        Ok(()) => window.data_directory(folder),
        Err(_) => window,
    }
}

/// Loads the page anew when its web process dies: Tauri leaves a white window.
#[cfg(target_os = "linux")]
fn revive(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{WebProcessTerminationReason, WebViewExt as _};

    let app = window.app_handle().clone();
    window.with_webview(move |web| {
        web.inner().connect_web_process_terminated(move |_, reason| {
            if reason != WebProcessTerminationReason::TerminatedByApi {
                app.state::<Shell>().counts.web_process_restarts.one_more();
                tracing::warn!(?reason, "the web process ended; the page is loaded anew");
                load(&app);
            }
        });
    })
}

/// Loads the page that the window showed last: its own address has forgotten which that was.
#[cfg(target_os = "linux")]
fn load(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let address = app.state::<Shell>().window.view().address();
    let loaded = window.url().and_then(|url| window.navigate(url.join(&address).map_err(anyhow::Error::from)?));
    if let Err(error) = loaded {
        tracing::error!(%error, "the page could not be loaded");
    }
}

/// Ends the web process: one that is stopped would stay when the program ends.
#[cfg(target_os = "linux")]
fn end_page(window: &WebviewWindow) {
    use webkit2gtk::WebViewExt as _;

    // Where there is no view any more, there is nothing to end.
    let _ = window.with_webview(|web| web.inner().terminate_web_process());
}

/// The system's own web view sees to that.
#[cfg(not(target_os = "linux"))]
fn end_page(_window: &WebviewWindow) {}

/// WebView2 and WKWebView load it anew by themselves.
#[cfg(not(target_os = "linux"))]
fn revive(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// Ends what `WebKit` leaves behind when its last page is gone, if no window was opened after a while: a process that holds
/// 30 MiB and is started anew with the next page. (Neither Tauri nor `WebKitGTK` has a way to end it:
/// tauri-apps/tauri#14626.) Not at once, since `WebKit` ends the whole program if one ends while it starts.
#[cfg(target_os = "linux")]
pub(crate) async fn end_network_process(app: AppHandle) {
    use rustix::process::{Pid, Signal, kill_process};
    use telltale_core::own_cost::children_named;

    const AFTER: std::time::Duration = std::time::Duration::from_secs(5);
    tokio::time::sleep(AFTER).await;
    let handle = app.clone();
    // On the main thread no window opens meanwhile.
    let posted = app.run_on_main_thread(move || {
        if is_open(&handle) {
            return;
        }
        for process in children_named("WebKitNetworkPr", AFTER) {
            let process = i32::try_from(process).ok().and_then(Pid::from_raw);
            if let Some(Err(error)) = process.map(|process| kill_process(process, Signal::TERM)) {
                tracing::info!(%error, ?process, "WebKit's network process stays");
            }
        }
    });
    if let Err(error) = posted {
        tracing::info!(%error, "the app ends");
    }
}

/// Others end theirs themselves.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn end_network_process(_app: AppHandle) {}

/// Brings the window to the front, or builds it anew where it was closed to the tray. From any thread.
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

/// Whether there is one, seen or not.
pub(crate) fn is_open(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL).is_some()
}

/// Stops the charts and the tray's figures where they are, or lets them go on. What is sampled meanwhile is recorded.
pub(crate) fn pause_or_resume(app: &AppHandle) {
    let Some(shell) = app.try_state::<Shell>() else { return };
    let paused = match shell.window.view().paused {
        Some(_) => None,
        None => Some(shell.feed.current().metrics.timestamp),
    };
    shell.window.set_paused(paused);
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = ViewPaused(paused).emit_to(&window, LABEL)
    {
        tracing::warn!(%error, "the page could not be told to pause");
    }
}

/// Keeps the window's place as it changes.
pub(crate) fn follow(app: &AppHandle, event: &WindowEvent) {
    let changes = matches!(event, WindowEvent::Moved(_) | WindowEvent::Resized(_) | WindowEvent::CloseRequested { .. });
    if let (true, Some(window), Some(shell)) = (changes, app.get_webview_window(LABEL), app.try_state::<Shell>()) {
        shell.window.note(&window);
    }
}

/// The program ends, on the main thread: what is open is kept, and no process stays.
pub(crate) fn end(app: &AppHandle) {
    let Some(shell) = app.try_state::<Shell>() else { return };
    if let Some(window) = app.get_webview_window(LABEL) {
        shell.window.note(&window);
        end_page(&window);
    }
    shell.window.save();
}

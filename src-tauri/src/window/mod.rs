//! The one window: how it is made, shown again, and what it may never do.

mod alive;
mod kept;
#[cfg_attr(target_os = "linux", path = "webkit_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "webkit_portable.rs")]
mod webkit;

use std::sync::{Mutex, PoisonError};
use std::{fs, io};

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent, Wry};
use tauri_specta::Event as _;
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::Shell;
use crate::api::ViewPaused;

pub(crate) use alive::{Alive, takes_events};
pub(crate) use kept::{Kept, save_changes};
pub(crate) use webkit::clear_away;

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
        .min_inner_size(kept::LEAST[0], kept::LEAST[1])
        // Only our own pages, and none in a window of its own.
        .on_navigation(move |url| {
            // Where custom schemes are not to be had, Tauri serves its own host.
            let bundled = url.scheme() == "tauri" || (cfg!(windows) && url.host_str() == Some("tauri.localhost"));
            bundled || (cfg!(dev) && own.as_ref().is_some_and(|dev| dev.origin() == url.origin()))
        })
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(|window, _| alive::begins(window.app_handle()));
    let monitors = app.available_monitors().unwrap_or_default();
    let place = kept.place().map(|place| kept::fitted(place, &monitors));
    if let Some(place) = place {
        builder = builder.inner_size(place.width, place.height).maximized(place.maximized);
    }
    let window = builder.build()?;
    kept.note_base(&window);
    if let Some(place) = place.filter(|place| kept::is_reachable(place, &monitors)) {
        window.set_position(tauri::PhysicalPosition::new(place.x, place.y))?;
    }
    webkit::prepare(&window);
    alive::watch(app);
    webkit::revive(&window)
}

/// A folder that goes with the program.
static PASSING: Mutex<Option<TempDir>> = Mutex::new(None);

/// Where the home can't be written to, Tauri refuses the window for want of a folder for the web view. Then it has one for
/// as long as the program runs.
fn with_a_place_to_write<'a>(
    app: &AppHandle,
    window: WebviewWindowBuilder<'a, Wry, AppHandle>,
) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
    let usual = app.path().app_local_data_dir();
    let Err(error) = usual.map_err(io::Error::other).and_then(fs::create_dir_all) else { return window };
    let base = app.path().runtime_dir().ok().filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir);
    let mut passing = PASSING.lock().unwrap_or_else(PoisonError::into_inner);
    if passing.is_none() {
        // If there is none, Tauri says why there is no window.
        *passing = tempfile::Builder::new().prefix("telltale-").tempdir_in(base).ok();
    }
    let Some(folder) = passing.as_ref().map(TempDir::path) else { return window };
    tracing::warn!(%error, "the window remembers nothing beyond this start, in {}", folder.display());
    window.data_directory(folder.to_owned())
}

/// Whether anybody can see it. An answer that can't be had counts as seen. It is the main thread's, which hangs where the
/// screen does: the runtime's one thread is not to wait for it, or nothing would be recorded.
pub(crate) fn is_seen(window: &WebviewWindow) -> bool {
    block_in_place(|| window.is_visible().unwrap_or(true) && !window.is_minimized().unwrap_or(false))
}

/// Loads the page that the window showed last; in a new process, if the one that there is has to be ended. On the main thread.
fn load(window: &WebviewWindow, end: bool) {
    let app = window.app_handle();
    let shell = app.state::<Shell>();
    shell.counts.web_process_restarts.one_more();
    webkit::prepare(window);
    alive::watch(app);
    if end {
        webkit::end_page(window);
    }
    if let Err(error) = shell.window.url().and_then(|url| Ok(window.navigate(url)?)) {
        tracing::error!(%error, "the page could not be loaded");
    }
}

/// Brings the window to the front, or builds it anew where it was closed to the tray. From any thread.
pub(crate) fn show(app: &AppHandle, page: Option<&'static str>) {
    let handle = app.clone();
    let shown = app.run_on_main_thread(move || {
        if let Err(error) = show_now(&handle, page) {
            tracing::error!(%error, "the window could not be shown");
        }
    });
    if let Err(error) = shown {
        tracing::error!(%error, "the window could not be shown");
    }
}

fn show_now(app: &AppHandle, page: Option<&str>) -> tauri::Result<()> {
    let Some(window) = app.get_webview_window(LABEL) else { return open(app, page) };
    if window.is_visible().is_err() {
        // It was closed, and Tauri has yet to hear that it is destroyed: what is asked of it now is lost without a word.
        let kept = &app.state::<Shell>().window;
        if let Some(page) = page {
            kept.set_page(page);
        }
        kept.set_reopen();
        return Ok(());
    }
    if let Some(page) = page {
        window.eval(format!("location.hash = {page:?}"))?;
    }
    window.unminimize()?;
    window.show()?;
    window.set_focus()
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
    if let Some(window) = app.get_webview_window(LABEL) {
        tell_paused(&window, paused);
    }
}

/// Tells the page since when its charts are to stand still.
pub(crate) fn tell_paused(window: &WebviewWindow, paused: Option<i64>) {
    if let Err(error) = ViewPaused(paused).emit_to(window, LABEL) {
        tracing::warn!(%error, "the page could not be told to pause");
    }
}

/// Keeps the window's place as it changes, and opens one again that was asked for while it was being destroyed.
pub(crate) fn follow(app: &AppHandle, event: &WindowEvent) {
    let Some(shell) = app.try_state::<Shell>() else { return };
    if matches!(event, WindowEvent::Moved(_) | WindowEvent::Resized(_) | WindowEvent::CloseRequested { .. })
        && let Some(window) = app.get_webview_window(LABEL)
    {
        shell.window.note(&window);
    }
    if matches!(event, WindowEvent::Destroyed) && shell.window.take_reopen() {
        show(app, None);
    }
}

/// The program ends, on the main thread: what is open is kept, and no process stays.
pub(crate) fn end(app: &AppHandle) {
    let Some(shell) = app.try_state::<Shell>() else { return };
    if let Some(window) = app.get_webview_window(LABEL) {
        shell.window.note(&window);
    }
    webkit::end_pages();
    drop(PASSING.lock().unwrap_or_else(PoisonError::into_inner).take());
    // Before the home, which may hang.
    shell.saving.end();
    shell.window.save();
}

//! What Tauri leaves to its programs on Linux: how `WebKit` draws, that a page whose process died comes back, and that no
//! process of it stays.

use std::time::Duration;

use gtk::prelude::WidgetExtManual as _;
use gtk::{cairo, gdk, glib};
use rustix::process::{Pid, Signal, kill_process};
use tauri::{AppHandle, Manager as _, WebviewWindow};
use telltale_core::own_cost::children_named;
use telltale_core::settings::Drawing;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebProcessTerminationReason, WebViewExt as _};

use super::alive;
use crate::{Shell, memory};

/// Says how its next page is drawn.
pub(super) fn prepare(window: &WebviewWindow) {
    if window.state::<Shell>().settings.current().drawing == Drawing::Auto {
        return;
    }
    let done = window.with_webview(|web| {
        if let Some(settings) = web.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    });
    if let Err(error) = done {
        tracing::warn!(%error, "the way of drawing could not be set");
    }
}

/// Loads the page anew when its web process dies: Tauri leaves a white window.
pub(super) fn revive(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |web| {
        web.inner().connect_web_process_terminated(move |_, reason| {
            if reason != WebProcessTerminationReason::TerminatedByApi {
                tracing::warn!(?reason, "the web process ended; the page is loaded anew");
                alive::died(&app);
            }
        });
    })
}

/// Calls when the window's next frame begins, from the main thread: where nobody can see the window that may be never.
pub(super) fn on_next_frame(window: &WebviewWindow, came: impl Fn() + Send + 'static) -> tauri::Result<()> {
    window.with_webview(move |web| {
        web.inner().add_tick_callback(move |_, _| {
            came();
            glib::ControlFlow::Break
        });
    })
}

/// Ends the page's process, also one that hangs or is stopped, but not one that has not yet said that it is there: `WebKit`
/// ends the whole program if such a one ends. On the main thread.
pub(super) fn end_page(window: &WebviewWindow) {
    // Where there is no view any more, there is nothing to end.
    let _ = window.with_webview(|web| web.inner().terminate_web_process());
}

/// Ends all of them, as the program itself does.
pub(super) fn end_pages() {
    end_children("WebKitWebProces", Duration::ZERO, Signal::KILL);
}

/// Clears away what a closed window leaves behind, if none was opened after a while. It is the memory that the C library keeps
/// of what was freed (11 MiB after a full history), and a process of `WebKit`'s that holds 30 MiB and is started anew with
/// the next page. (Neither Tauri nor `WebKitGTK` has a way to end it: tauri-apps/tauri#14626.) Not at once, since `WebKit`
/// ends the whole program if one ends while it starts.
pub(crate) async fn clear_away(app: AppHandle) {
    const AFTER: Duration = Duration::from_secs(5);
    tokio::time::sleep(AFTER).await;
    let handle = app.clone();
    // On the main thread no window opens meanwhile.
    let posted = app.run_on_main_thread(move || {
        if super::is_open(&handle) {
            return;
        }
        end_children("WebKitNetworkPr", AFTER, Signal::TERM);
        give_back_drawing_memory();
        memory::give_back_freed();
    });
    if let Err(error) = posted {
        tracing::info!(%error, "the app ends");
    }
}

/// What the window was drawn through, 8 MiB: cairo shares it with the X server, and looks whether all of it is free only when a
/// surface of that kind goes.
fn give_back_drawing_memory() {
    if let Some(root) = gdk::Screen::default().and_then(|screen| screen.root_window()) {
        drop(root.create_similar_image_surface(cairo::Format::ARgb32, 16, 16, 1));
    }
}

/// Sends a signal to each child of that name (proc(5): `comm`, 15 bytes) that is so old.
fn end_children(name: &str, age: Duration, signal: Signal) {
    for process in children_named(name, age) {
        let process = i32::try_from(process).ok().and_then(Pid::from_raw);
        if let Some(Err(error)) = process.map(|process| kill_process(process, signal)) {
            tracing::info!(%error, ?process, name, "a process of WebKit's stays");
        }
    }
}

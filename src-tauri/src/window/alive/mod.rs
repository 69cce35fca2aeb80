//! Whether the page lives: it reports once it has drawn, and answers when it is asked. One that stays blank is drawn the
//! plainest way, one that hangs is loaded anew, and neither lets events queue up. That it loads slowly, from a disk that is busy
//! or into memory that has to be made room in, is neither.

mod state;

use std::time::{Duration, Instant};

use serde_json::json;
use tauri::{AppHandle, Manager as _, WebviewWindow};
use telltale_core::settings::Drawing;
use tokio::task::block_in_place;

use super::{LABEL, webkit};
use crate::{Shell, rendering};
pub(crate) use state::Alive;
use state::HANGS;

/// A page that has loaded, could be seen for so long in all since then and has drawn nothing is blank.
const BLANK: Duration = Duration::from_secs(5);

/// True once its scripts have run. Before it there is an empty one without an address of its own.
const HAS_LOADED: &str = "document.readyState === 'complete' && location.protocol !== 'about:'";

/// One of which nothing has come for so long, from whatever disk, hangs in what it draws with.
const BEGINS: Duration = Duration::from_secs(15);

/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Something of the page has come.
pub(super) fn begins(app: &AppHandle) {
    if let Some(shell) = app.try_state::<Shell>() {
        shell.alive.begins();
    }
}

/// Watches over the page that now loads.
pub(super) fn watch(app: &AppHandle) {
    let page = app.state::<Shell>().alive.loads(Instant::now());
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let (mut seen, mut waited) = (Duration::ZERO, Duration::ZERO);
        while seen < BLANK {
            tokio::time::sleep(LOOK).await;
            let Some(shell) = app.try_state::<Shell>() else { return };
            if !shell.alive.is_blank(page) {
                return;
            }
            let Some(window) = app.get_webview_window(LABEL) else { return };
            if !shell.alive.has_begun(page) {
                waited += LOOK;
                if waited < BEGINS {
                    continue;
                }
                tracing::warn!("the page has drawn nothing, nor begun, for {BEGINS:?}");
                draw_plainly(&app);
                return load_anew(&app);
            }
            let (loaded, ask) = shell.alive.has_loaded(page);
            if ask {
                let answering = app.clone();
                let asked = window.eval_with_callback(HAS_LOADED, move |answer| {
                    if let Some(shell) = answering.try_state::<Shell>() {
                        shell.alive.says_loaded(page, answer == "true");
                    }
                });
                if let Err(error) = asked {
                    tracing::warn!(%error, "the page can't be asked whether it has loaded");
                }
            }
            let (framed, ask) = shell.alive.has_frame(page);
            if ask {
                let shown = app.clone();
                let came = move || {
                    if let Some(shell) = shown.try_state::<Shell>() {
                        shell.alive.frame_comes(page);
                    }
                };
                if let Err(error) = webkit::on_next_frame(&window, came) {
                    tracing::warn!(%error, "the window can't be asked for a frame");
                    shell.alive.frame_comes(page);
                }
            }
            // One that nobody can see draws nothing.
            if !loaded || !super::is_seen(&window) {
                seen = Duration::ZERO;
            } else if framed {
                seen += LOOK;
            }
        }
        tracing::warn!("the page has drawn nothing for {BLANK:?}");
        if draw_plainly(&app) {
            load_anew(&app);
        }
    });
}

/// Whether the window's page takes an event of this tick now. Asks it for a sign of life when it is time to.
pub(crate) fn takes_events(app: &AppHandle, window: &WebviewWindow, tick: u64) -> bool {
    let Some(shell) = app.try_state::<Shell>() else { return false };
    let (takes, ask) = shell.alive.at_tick(tick, Instant::now());
    if let Some(page) = ask {
        let answering = app.clone();
        let asked = window.eval_with_callback("0", move |_| {
            if let Some(shell) = answering.try_state::<Shell>() {
                shell.alive.answers(page, Instant::now());
            }
        });
        if let Err(error) = asked {
            tracing::warn!(%error, "the page can't be asked whether it lives");
        }
        tauri::async_runtime::spawn(reload_if_it_hangs(app.clone(), page));
    }
    takes
}

async fn reload_if_it_hangs(app: AppHandle, page: u64) {
    // In two steps: if it was this process that stood still, the answer is heard in the second.
    tokio::time::sleep(HANGS.saturating_sub(LOOK)).await;
    tokio::time::sleep(LOOK).await;
    let Some(shell) = app.try_state::<Shell>() else { return };
    // One that was closed answers no more.
    if !super::is_open(&app) {
        return;
    }
    if let Some(missed) = shell.alive.hangs(page, Instant::now()) {
        tracing::warn!(missed, "the page has not answered for {HANGS:?}");
        if shell.alive.is_blank(page) {
            tracing::warn!("the page has drawn nothing");
            draw_plainly(&app);
        }
        load_anew(&app);
    }
}

/// The web process died by itself. On the main thread.
#[cfg(target_os = "linux")]
pub(super) fn died(app: &AppHandle) {
    let alive = &app.state::<Shell>().alive;
    let (of_drawing, wait) = alive.dies(Instant::now());
    if wait.is_zero() && !of_drawing {
        if let Some(window) = app.get_webview_window(LABEL) {
            super::load(&window, false);
        }
        return;
    }
    if !wait.is_zero() {
        tracing::error!(?wait, "it keeps dying; it is loaded again after a while");
    }
    let (app, page) = (app.clone(), alive.loads(Instant::now()));
    tauri::async_runtime::spawn(async move {
        if of_drawing {
            draw_plainly(&app); // not by the main thread, since it is saved
        }
        tokio::time::sleep(wait).await;
        if app.try_state::<Shell>().is_some_and(|shell| !shell.alive.is_gone(page)) {
            load_anew(&app);
        }
    });
}

/// Draws in the plainest way from now on; false where it does already, or where the user has decided by `WebKit`'s variables.
fn draw_plainly(app: &AppHandle) -> bool {
    let Some(shell) = app.try_state::<Shell>() else { return false };
    if rendering::decided_by_user() || shell.settings.current().drawing == Drawing::Plain {
        return false;
    }
    tracing::warn!("the page is drawn without acceleration from now on; the settings can change that");
    let plain = json!({ "drawing": Drawing::Plain });
    if let Err(error) = block_in_place(|| shell.settings.update(&plain, |_| {})) {
        tracing::warn!(error = %error.message, "the next start will try the other way again");
    }
    true
}

/// Ends the page's process, whatever it does, and loads the page in another.
fn load_anew(app: &AppHandle) {
    let handle = app.clone();
    let done = app.run_on_main_thread(move || {
        if let Some(window) = handle.get_webview_window(LABEL) {
            super::load(&window, true);
        }
    });
    if let Err(error) = done {
        tracing::warn!(%error, "the page could not be loaded anew");
    }
}

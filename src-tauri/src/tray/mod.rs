//! The tray: quick stats straight from the feed, with no page alive, and the way back to the window.
//!
//! ksni speaks D-Bus itself; without a bus or a host it refuses, and the app then ends with its window. A host that
//! comes later gets the tray then; when it goes while no window is open, the window comes back.

#[cfg_attr(target_os = "linux", path = "host_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "host_portable.rs")]
pub(crate) mod host;
mod icon;
mod menu;
#[cfg_attr(target_os = "linux", path = "panel_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "panel_portable.rs")]
mod panel;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tauri::{AppHandle, Manager as _};
use telltale_core::feed::Snapshot;
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::{Shell, window};
use menu::Menu;
use panel::Panel;

/// How long the app stays without window and tray before the window comes back: panels restart, and at login they
/// start after us.
const OUT_OF_REACH: Duration = Duration::from_secs(10);

/// A panel that takes longer to take the tray is asked again later: at the start the window waits for this.
const PATIENCE: Duration = Duration::from_secs(2);

/// The tray as far as it can be seen: there is a host, and it took ours.
#[derive(Default)]
pub(crate) struct Presence {
    host: AtomicBool,
    /// What was put up, and what it shows, or would show.
    panel: Mutex<(Option<Panel>, Menu)>,
    /// Held while it is put up, which is once.
    putting_up: tokio::sync::Mutex<()>,
    /// How often that was begun.
    rises: AtomicU64,
}

impl Presence {
    /// Whether it can be seen now.
    pub(crate) fn is_up(&self) -> bool {
        self.host.load(Ordering::Relaxed) && self.lock().0.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Panel>, Menu)> {
        self.panel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often what Telltale itself takes is looked up, which takes milliseconds; and for a while after a page was drawn or
/// closed, whose processes come and go by and by.
const OWN_EVERY: Duration = Duration::from_secs(30);
const OWN_SETTLING: Duration = Duration::from_secs(5);
const OWN_SETTLED: Duration = Duration::from_secs(15);

/// How often a host that refuses the tray is asked again in the end.
const RAREST: Duration = Duration::from_mins(1);

/// What can be chosen in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Open,
    Pause,
    Settings,
    Quit,
}

impl Choice {
    /// From whichever thread it comes.
    fn made(self, app: &AppHandle) {
        match self {
            Self::Open => window::show(app, None),
            Self::Pause => window::pause_or_resume(app),
            Self::Settings => window::show(app, Some("settings")),
            Self::Quit => crate::end(app),
        }
    }
}

/// Puts the tray up as soon as there is a host, from the main thread, and keeps it current until the app ends. Whether it is up now.
///
/// # Errors
/// Where there will never be one.
pub(crate) fn start(app: &AppHandle) -> anyhow::Result<bool> {
    let bus = host::Bus::connect()?;
    let shown = app.clone();
    app.state::<Shell>().tasks.keep("tray", move || keep_current(shown.clone()));
    if bus.has_host() {
        app.state::<Shell>().tray.host.store(true, Ordering::Relaxed);
        tauri::async_runtime::block_on(put_up(app));
    }
    let watching = app.clone();
    bus.watch(move |present| host_changed(&watching, present));
    Ok(app.state::<Shell>().tray.is_up())
}

/// With a host there. Once there is a window the main thread must not wait for this: it needs the runtime, whose one thread
/// asks the main thread about the window at each tick.
async fn put_up(app: &AppHandle) {
    let presence = &app.state::<Shell>().tray;
    let _turn = presence.putting_up.lock().await;
    // It registers itself with each host that comes.
    if presence.lock().0.is_some() {
        return;
    }
    let shown = presence.lock().1.clone();
    let put_up = tokio::time::timeout(PATIENCE, Panel::put_up(app, shown.clone())).await;
    match put_up.unwrap_or_else(|_| Err(anyhow::anyhow!("the panel does not answer"))) {
        Ok(panel) => {
            let now = {
                let mut presence = presence.lock();
                presence.0 = Some(panel.clone());
                presence.1.clone()
            };
            tracing::info!("the panel has taken the tray");
            // What came meanwhile had no panel to be shown on.
            if now != shown {
                panel.show(app, now).await;
            }
        }
        Err(error) => tracing::warn!(%error, "the tray could not be put up"),
    }
}

/// On the main thread. What comes first is how it is at the start.
fn host_changed(app: &AppHandle, present: bool) {
    app.state::<Shell>().tray.host.store(present, Ordering::Relaxed);
    tracing::info!(present, "the tray's host");
    if present {
        tauri::async_runtime::spawn(rise(app.clone()));
    } else {
        tauri::async_runtime::spawn(stay_reachable(app.clone()));
    }
}

/// The host that came does not take what was put up.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "a host elsewhere is the system's"))]
fn refused(app: &AppHandle) {
    app.state::<Shell>().tray.lock().0 = None;
    tauri::async_runtime::spawn(rise(app.clone()));
    tauri::async_runtime::spawn(stay_reachable(app.clone()));
}

/// Puts it up. A host that has just come may need a moment before it takes one; one that goes on refusing is asked ever more
/// rarely.
async fn rise(app: AppHandle) {
    let Some(shell) = app.try_state::<Shell>() else { return };
    // The newest goes on alone, however often hosts come and refuse.
    let this = shell.tray.rises.fetch_add(1, Ordering::Relaxed) + 1;
    let mut wait = Duration::from_secs(1);
    for tries in 1.. {
        let is_newest = shell.tray.rises.load(Ordering::Relaxed) == this;
        if !is_newest || shell.tray.is_up() || !shell.tray.host.load(Ordering::Relaxed) {
            return;
        }
        put_up(&app).await;
        tokio::time::sleep(wait).await;
        if tries >= 10 {
            wait = (2 * wait).min(RAREST);
        }
    }
}

/// Shows the window if, after a while, there is still neither one nor a tray to open one from. While the screen is locked
/// nobody misses it, and for a while after that the tray may come back.
pub(crate) async fn stay_reachable(app: AppHandle) {
    let mut locked = false;
    loop {
        tokio::time::sleep(OUT_OF_REACH).await;
        let out_of_reach = app.try_state::<Shell>().is_some_and(|shell| !shell.tray.is_up()) && !window::is_open(&app);
        if !out_of_reach {
            return;
        }
        let was = locked;
        locked = block_in_place(|| host::Bus::connect().is_ok_and(|bus| bus.is_locked()));
        if locked && !was {
            tracing::info!("there is no tray while the screen is locked");
        } else if !locked && !was {
            break;
        }
    }
    tracing::info!("there is no tray: the window is shown");
    window::show(&app, None);
}

/// Shows each snapshot, change of the settings and pause as it comes.
async fn keep_current(app: AppHandle) {
    let Some(shell) = app.try_state::<Shell>() else { return };
    let mut snapshots = shell.feed.subscribe();
    let (mut settings, mut view) = (shell.settings.changes(), shell.window.changes());
    let mut shown = Menu::default();
    let mut paused: Option<Arc<Snapshot>> = None;
    let (mut looked, mut own): (Option<Instant>, Option<String>) = (None, None);
    let (mut page, mut page_since) = (None, Instant::now());
    loop {
        let newest = Arc::clone(&snapshots.borrow_and_update());
        let is_paused = shell.window.view().paused.is_some();
        paused = is_paused.then(|| paused.unwrap_or_else(|| Arc::clone(&newest)));
        let page_now = shell.alive.drawn().filter(|_| window::is_open(&app));
        if page != page_now {
            (page, page_since, looked) = (page_now, Instant::now(), None);
        }
        let every = if page_since.elapsed() < OWN_SETTLED { OWN_SETTLING } else { OWN_EVERY };
        if !is_paused && looked.is_none_or(|at| at.elapsed() >= every) {
            looked = Some(Instant::now());
            own = block_in_place(|| shell.cost()).map(|cost| menu::own_line(&cost, &shell.words));
        }
        let snapshot = paused.as_ref().unwrap_or(&newest);
        let mut now = menu::menu(snapshot, &settings.borrow_and_update(), is_paused, &shell.words);
        now.own.clone_from(&own);
        if now != shown {
            shown = now.clone();
            let panel = {
                let mut presence = shell.tray.lock();
                presence.1.clone_from(&now);
                presence.0.clone()
            };
            if let Some(panel) = panel {
                panel.show(&app, now).await;
            }
        }
        let goes_on = tokio::select! {
            changed = snapshots.changed() => changed.is_ok(),
            changed = settings.changed() => changed.is_ok(),
            changed = view.next() => changed,
        };
        if !goes_on {
            return;
        }
    }
}

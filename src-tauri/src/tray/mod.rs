//! The tray: quick stats straight from the feed, with no page alive, and the way back to the window.
//!
//! ksni speaks D-Bus itself; without a bus or a host it refuses, and the app then ends with its window. A host that
//! comes later gets the tray then; when it goes while no window is open, the window comes back.

#[cfg_attr(target_os = "linux", path = "host_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "host_portable.rs")]
pub(crate) mod host;
mod icon;
mod menu;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager as _};
use telltale_core::feed::Snapshot;
use tray_icon::menu::{Menu, MenuItem, PredefinedMenuItem};
use tray_icon::{Icon, MouseButton, TrayIcon, TrayIconBuilder, TrayIconEvent};

use crate::{Shell, window};

const OPEN: &str = "open";
const PAUSE: &str = "pause";
const SETTINGS: &str = "settings";
const QUIT: &str = "quit";

/// How long the app stays without window and tray before the window comes back: panels restart, and at login they
/// start after us.
const OUT_OF_REACH: Duration = Duration::from_secs(10);

/// Whether the tray can be seen: there is a host, and it took ours.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    host: AtomicBool,
    taken: AtomicBool,
}

impl Presence {
    /// Whether it can be seen now.
    pub(crate) fn is_up(&self) -> bool {
        self.host.load(Ordering::Relaxed) && self.taken.load(Ordering::Relaxed)
    }
}

/// What is on the panel. Menus belong to the main thread.
struct Live {
    tray: TrayIcon,
    menu: Menu,
    lines: Vec<MenuItem>,
    pause: MenuItem,
    shown: menu::Menu,
}

thread_local! {
    static LIVE: RefCell<Option<Live>> = const { RefCell::new(None) };
    /// What it shows, or would show.
    static NEWEST: RefCell<menu::Menu> = RefCell::default();
}

/// Puts the tray up as soon as there is a host, from the main thread, and keeps it current until the app ends. Whether it is up now.
///
/// # Errors
/// Where there will never be one.
pub(crate) fn start(app: &AppHandle) -> anyhow::Result<bool> {
    let bus = host::Bus::connect()?;
    hear(app);
    let shown = app.clone();
    app.state::<Shell>().tasks.keep("tray", move || keep_current(shown.clone()));
    if bus.has_host() {
        app.state::<Shell>().tray.host.store(true, Ordering::Relaxed);
        put_up(app);
    }
    let watching = app.clone();
    bus.watch(move |present| host_changed(&watching, present));
    Ok(app.state::<Shell>().tray.is_up())
}

/// From the main thread, with a host there.
fn put_up(app: &AppHandle) {
    let up = LIVE.with_borrow_mut(|live| match live {
        // It registers itself with each host that comes.
        Some(_) => Ok(()),
        None => Live::new().map(|new| *live = Some(new)),
    });
    if let Err(error) = &up {
        tracing::warn!(%error, "the tray could not be put up");
    }
    app.state::<Shell>().tray.taken.store(up.is_ok(), Ordering::Relaxed);
}

/// On the main thread. What comes first is how it is at the start.
fn host_changed(app: &AppHandle, present: bool) {
    tracing::info!(present, "the tray's host");
    app.state::<Shell>().tray.host.store(present, Ordering::Relaxed);
    if present {
        tauri::async_runtime::spawn(rise(app.clone()));
    } else {
        tauri::async_runtime::spawn(stay_reachable(app.clone()));
    }
}

/// Puts it up. A host that has just come may need a moment before it takes one.
async fn rise(app: AppHandle) {
    for _ in 0..10 {
        let Some(shell) = app.try_state::<Shell>() else { return };
        if shell.tray.is_up() || !shell.tray.host.load(Ordering::Relaxed) {
            return;
        }
        let handle = app.clone();
        if app.run_on_main_thread(move || put_up(&handle)).is_err() {
            return; // the app ends
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Shows the window if, after a while, there is still neither one nor a tray to open one from.
pub(crate) async fn stay_reachable(app: AppHandle) {
    tokio::time::sleep(OUT_OF_REACH).await;
    let out_of_reach = app.try_state::<Shell>().is_some_and(|shell| !shell.tray.is_up()) && !window::is_open(&app);
    if out_of_reach {
        tracing::info!("there is no tray: the window is shown");
        window::show(&app, None);
    }
}

/// Clicks, from whichever thread they come. Tauri hears the choices of every menu first, and passes them on.
fn hear(app: &AppHandle) {
    app.on_menu_event(|app, event| match event.id().as_ref() {
        OPEN => window::show(app, None),
        PAUSE => window::pause_or_resume(app),
        SETTINGS => window::show(app, Some("settings")),
        QUIT => app.exit(0),
        _ => {}
    });
    let clicked = app.clone();
    TrayIconEvent::set_event_handler(Some(move |event| {
        if matches!(event, TrayIconEvent::Click { button: MouseButton::Left, .. }) {
            window::show(&clicked, None);
        }
    }));
}

/// Shows each snapshot, change of the settings and pause as it comes.
async fn keep_current(app: AppHandle) {
    let Some(shell) = app.try_state::<Shell>() else { return };
    let mut snapshots = shell.feed.subscribe();
    let (mut settings, mut view) = (shell.settings.changes(), shell.window.changes());
    let mut shown = menu::Menu::default();
    let mut paused: Option<Arc<Snapshot>> = None;
    loop {
        let newest = Arc::clone(&snapshots.borrow_and_update());
        let is_paused = shell.window.view().paused.is_some();
        paused = is_paused.then(|| paused.unwrap_or_else(|| Arc::clone(&newest)));
        let now = menu::menu(paused.as_ref().unwrap_or(&newest), &settings.borrow_and_update(), is_paused);
        if now != shown {
            shown = now.clone();
            if app.run_on_main_thread(move || show(now)).is_err() {
                return; // the app ends
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

/// On the main thread.
fn show(now: menu::Menu) {
    NEWEST.set(now.clone());
    LIVE.with_borrow_mut(|live| {
        if let Some(error) = live.as_mut().and_then(|live| live.show(now).err()) {
            tracing::warn!(%error, "the tray could not be brought up to date");
        }
    });
}

impl Live {
    fn new() -> anyhow::Result<Self> {
        let menu = Menu::new();
        let pause = MenuItem::with_id(PAUSE, "Pause", true, None);
        menu.append_items(&[
            &PredefinedMenuItem::separator(),
            &MenuItem::with_id(OPEN, "Open Telltale", true, None),
            &pause,
            &MenuItem::with_id(SETTINGS, "Settings…", true, None),
            &MenuItem::with_id(QUIT, "Quit", true, None),
        ])?;
        let tray = TrayIconBuilder::new()
            .with_id("telltale")
            .with_title("Telltale")
            .with_menu(Box::new(menu.clone()))
            .with_icon(image(0)?)
            .build()?;
        let mut live = Self { tray, menu, lines: Vec::new(), pause, shown: menu::Menu::default() };
        live.show(NEWEST.with_borrow(Clone::clone))?;
        Ok(live)
    }

    /// Rewrites what differs, and nothing else.
    fn show(&mut self, now: menu::Menu) -> anyhow::Result<()> {
        while self.lines.len() > now.lines.len() {
            if let Some(line) = self.lines.pop() {
                self.menu.remove(&line)?;
            }
        }
        for (at, text) in now.lines.iter().enumerate() {
            match self.lines.get(at) {
                Some(line) if self.shown.lines.get(at) != Some(text) => line.set_text(text),
                Some(_) => {}
                None => {
                    // Enabled, or the desktop greys out the figures.
                    let line = MenuItem::with_id(format!("line-{at}"), text, true, None);
                    self.menu.insert(&line, at)?;
                    self.lines.push(line);
                }
            }
        }
        if now.title != self.shown.title {
            self.tray.set_title(Some(&now.title));
        }
        if now.lines != self.shown.lines {
            self.tray.set_tooltip(Some(now.tooltip()))?;
        }
        if now.paused != self.shown.paused {
            self.pause.set_text(if now.paused { "Resume" } else { "Pause" });
        }
        if now.step != self.shown.step {
            self.tray.set_icon(Some(image(now.step)?))?;
        }
        self.shown = now;
        Ok(())
    }
}

fn image(step: u8) -> anyhow::Result<Icon> {
    Ok(Icon::from_rgba(icon::image(step), icon::SIDE, icon::SIDE)?)
}

//! The tray: quick stats straight from the feed, with no page alive, and the way back to the window.
//!
//! ksni speaks D-Bus itself; without a bus or a host it refuses, and the app then ends with its window.

mod icon;
mod menu;

use std::cell::RefCell;
use std::sync::Arc;

use tauri::{AppHandle, Manager as _};
use telltale_core::feed::{Feed, Snapshot};
use tokio::sync::watch;
use tray_icon::menu::{Menu, MenuItem, PredefinedMenuItem};
use tray_icon::{Icon, MouseButton, TrayIcon, TrayIconBuilder, TrayIconEvent};

use crate::tasks::Tasks;
use crate::{Shell, window};

const OPEN: &str = "open";
const SETTINGS: &str = "settings";
const QUIT: &str = "quit";

/// What is on the panel. Menus belong to the main thread.
struct Live {
    tray: TrayIcon,
    menu: Menu,
    lines: Vec<MenuItem>,
    shown: menu::Menu,
}

thread_local! {
    static LIVE: RefCell<Option<Live>> = const { RefCell::new(None) };
}

/// Puts the tray up, from the main thread, and keeps it current until the app ends.
///
/// # Errors
/// Where there is no session bus or no tray host.
pub(crate) fn start(app: &AppHandle, feed: &Arc<dyn Feed>, tasks: &Tasks) -> anyhow::Result<()> {
    let menu = Menu::new();
    menu.append_items(&[
        &PredefinedMenuItem::separator(),
        &MenuItem::with_id(OPEN, "Open Telltale", true, None),
        &MenuItem::with_id(SETTINGS, "Settings…", true, None),
        &MenuItem::with_id(QUIT, "Quit", true, None),
    ])?;
    let tray = TrayIconBuilder::new()
        .with_id("telltale")
        .with_title("Telltale")
        .with_menu(Box::new(menu.clone()))
        .with_icon(image(0)?)
        .build()?;
    LIVE.set(Some(Live { tray, menu, lines: Vec::new(), shown: menu::Menu::default() }));
    hear(app);
    let (app, feed) = (app.clone(), Arc::clone(feed));
    tasks.keep("tray", move || keep_current(app.clone(), feed.subscribe()));
    Ok(())
}

/// Clicks, from whichever thread they come. Tauri hears the choices of every menu first, and passes them on.
fn hear(app: &AppHandle) {
    app.on_menu_event(|app, event| match event.id().as_ref() {
        OPEN => window::show(app, None),
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

async fn keep_current(app: AppHandle, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
    let mut shown = menu::Menu::default();
    while snapshots.changed().await.is_ok() {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let Some(shell) = app.try_state::<Shell>() else { continue }; // the app still starts
        let now = menu::menu(&snapshot, &shell.settings.current());
        if now == shown {
            continue;
        }
        shown = now.clone();
        let applied = app.run_on_main_thread(move || {
            LIVE.with_borrow_mut(|live| {
                if let Some(error) = live.as_mut().and_then(|live| live.show(now).err()) {
                    tracing::warn!(%error, "the tray could not be brought up to date");
                }
            });
        });
        if applied.is_err() {
            return; // the app ends
        }
    }
}

impl Live {
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
            self.tray.set_tooltip(Some(now.lines.join("\n")))?;
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

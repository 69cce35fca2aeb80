//! The tray through tray-icon. Its menus belong to the main thread.

use std::cell::RefCell;
use std::sync::Arc;

use tauri::{AppHandle, Manager as _};
use tokio::sync::oneshot;
use tray_icon::menu::{Menu, MenuItem, PredefinedMenuItem};
use tray_icon::{Icon, MouseButton, TrayIcon, TrayIconBuilder, TrayIconEvent};

use super::{Choice, icon, menu};
use crate::Shell;
use crate::words::Words;

const OPEN: &str = "open";
const PAUSE: &str = "pause";
const SETTINGS: &str = "settings";
const QUIT: &str = "quit";

/// What is on the panel.
#[derive(Clone)]
pub(super) struct Panel;

struct Live {
    tray: TrayIcon,
    menu: Menu,
    lines: Vec<MenuItem>,
    pause: MenuItem,
    shown: menu::Menu,
    words: Arc<Words>,
}

thread_local! {
    static LIVE: RefCell<Option<Live>> = const { RefCell::new(None) };
}

impl Panel {
    /// Puts it up.
    ///
    /// # Errors
    /// Where the system refuses it.
    pub(super) async fn put_up(app: &AppHandle, shown: menu::Menu) -> anyhow::Result<Self> {
        hear(app);
        let (done, put_up) = oneshot::channel();
        let words = Arc::clone(&app.state::<Shell>().words);
        app.run_on_main_thread(move || {
            let live = Live::new(words).and_then(|mut live| live.show(shown).map(|()| live));
            // Nobody waits any more when the app ends.
            let _ = done.send(live.map(|live| LIVE.set(Some(live))));
        })?;
        put_up.await??;
        Ok(Self)
    }

    /// Rewrites what differs, and nothing else.
    #[expect(clippy::unused_async, reason = "on Linux it is sent")]
    pub(super) async fn show(&self, app: &AppHandle, now: menu::Menu) {
        let shown = app.run_on_main_thread(move || {
            LIVE.with_borrow_mut(|live| {
                if let Some(error) = live.as_mut().and_then(|live| live.show(now).err()) {
                    tracing::warn!(%error, "the tray could not be brought up to date");
                }
            });
        });
        if let Err(error) = shown {
            tracing::info!(%error, "the app ends");
        }
    }
}

/// Clicks, from whichever thread they come. Tauri hears the choices of every menu first, and passes them on.
fn hear(app: &AppHandle) {
    app.on_menu_event(|app, event| match event.id().as_ref() {
        OPEN => Choice::Open.made(app),
        PAUSE => Choice::Pause.made(app),
        SETTINGS => Choice::Settings.made(app),
        QUIT => Choice::Quit.made(app),
        _ => {}
    });
    let clicked = app.clone();
    TrayIconEvent::set_event_handler(Some(move |event| {
        if matches!(event, TrayIconEvent::Click { button: MouseButton::Left, .. }) {
            Choice::Open.made(&clicked);
        }
    }));
}

impl Live {
    fn new(words: Arc<Words>) -> anyhow::Result<Self> {
        let menu = Menu::new();
        let pause = MenuItem::with_id(PAUSE, &words.pause, true, None);
        menu.append_items(&[
            &PredefinedMenuItem::separator(),
            &MenuItem::with_id(OPEN, &words.open, true, None),
            &pause,
            &MenuItem::with_id(SETTINGS, &words.settings, true, None),
            &MenuItem::with_id(QUIT, &words.quit, true, None),
        ])?;
        let tray = TrayIconBuilder::new()
            .with_id("telltale")
            .with_title("Telltale")
            .with_menu(Box::new(menu.clone()))
            .with_icon(image(0)?)
            .build()?;
        Ok(Self { tray, menu, lines: Vec::new(), pause, shown: menu::Menu::default(), words })
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
            self.pause.set_text(now.pause_label(&self.words));
        }
        if now.step != self.shown.step {
            self.tray.set_icon(Some(image(now.step)?))?;
        }
        self.shown = now;
        Ok(())
    }
}

fn image(step: u8) -> anyhow::Result<Icon> {
    Ok(Icon::from_rgba(icon::image(step, icon::MIDDLE), icon::MIDDLE, icon::MIDDLE)?)
}

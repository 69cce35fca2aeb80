//! The tray over D-Bus: one message a tick for all that changed, from the thread that has the snapshot. (tray-icon, over
//! the same ksni, has two threads of its own and wakes both for each line.)

use std::sync::{Arc, OnceLock};

use ksni::menu::{MenuItem, StandardItem};
use ksni::{OfflineReason, ToolTip, Tray, TrayMethods as _};
use tauri::{AppHandle, Manager as _};

use super::menu::{Menu, STEPS};
use super::{Choice, icon};
use crate::Shell;
use crate::words::Words;

/// What is on the panel.
#[derive(Clone)]
pub(super) struct Panel(Arc<ksni::Handle<Item>>);

impl Panel {
    /// Puts it up. It registers itself with each host that comes later.
    ///
    /// # Errors
    /// Where there is no bus, or no host now.
    pub(super) async fn put_up(app: &AppHandle, shown: Menu) -> anyhow::Result<Self> {
        let words = Arc::clone(&app.state::<Shell>().words);
        let item = Item { app: app.clone(), words, icons: images(shown.step), shown };
        Ok(Self(item.spawn().await?.into()))
    }

    /// Sends what differs, and nothing else.
    pub(super) async fn show(&self, _app: &AppHandle, now: Menu) {
        self.0
            .update(|item| {
                if item.shown.step != now.step {
                    item.icons = images(now.step);
                }
                item.shown = now;
            })
            .await;
    }
}

/// As the `StatusNotifierItem` specification has it.
struct Item {
    app: AppHandle,
    words: Arc<Words>,
    shown: Menu,
    /// One of each size; the host takes what suits it.
    icons: Vec<ksni::Icon>,
}

impl Item {
    fn choice(label: &str, choice: Choice) -> MenuItem<Self> {
        let activate = Box::new(move |item: &mut Self| choice.made(&item.app));
        StandardItem { label: label.into(), activate, ..StandardItem::default() }.into()
    }
}

impl Tray for Item {
    fn id(&self) -> String {
        "telltale".into()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        Choice::Open.made(&self.app);
    }

    /// A host that has just come may not take it yet, and ksni asks but once.
    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        let OfflineReason::Error(error) = reason else { return true };
        tracing::warn!(%error, "the panel does not take the tray");
        super::refused(&self.app);
        false
    }

    fn title(&self) -> String {
        if self.shown.title.is_empty() { "Telltale".into() } else { self.shown.title.clone() }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.icons.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            // It is fetched at each change of the text.
            icon_pixmap: self
                .icons
                .iter()
                .find(|one| u32::try_from(one.width) == Ok(icon::MIDDLE))
                .cloned()
                .into_iter()
                .collect(),
            title: in_either(&self.title()),
            description: as_markup(&self.shown.tooltip()),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        // Enabled, or the desktop greys out the figures. An underscore would mark a key.
        let line = |text: &String| StandardItem { label: text.replace('_', "__"), ..StandardItem::default() }.into();
        let lines = self.shown.lines.iter().map(line);
        let choices = [
            MenuItem::Separator,
            Self::choice(&self.words.open, Choice::Open),
            Self::choice(self.shown.pause_label(&self.words), Choice::Pause),
            Self::choice(&self.words.settings, Choice::Settings),
            MenuItem::Separator,
        ];
        let quit = Self::choice(&self.words.quit, Choice::Quit);
        lines.chain(choices).chain(self.shown.own.iter().map(line)).chain([quit]).collect()
    }
}

/// A tooltip's title is markup to Waybar and text to Plasma: so no `<` may be in it.
fn in_either(title: &str) -> String {
    title.replace('<', "‹")
}

/// Hosts take a tooltip's text for markup, which the name of a program must not be (`StatusNotifierItem` specification, "Markup").
fn as_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// ARGB, as D-Bus has it. Each step is drawn once, which takes milliseconds.
fn images(step: u8) -> Vec<ksni::Icon> {
    static DRAWN: [OnceLock<Vec<ksni::Icon>>; STEPS as usize] = [const { OnceLock::new() }; STEPS as usize];
    let image = |side: u32| {
        let mut data = icon::image(step, side);
        for pixel in data.chunks_exact_mut(4) {
            pixel.rotate_right(1);
        }
        let side = i32::try_from(side).unwrap_or(0);
        ksni::Icon { width: side, height: side, data }
    };
    let draw = || icon::SIDES.map(image).into();
    DRAWN.get(usize::from(step)).map_or_else(draw, |drawn| drawn.get_or_init(draw).clone())
}

#[cfg(test)]
mod tests {
    use super::{as_markup, in_either};

    #[test]
    fn a_little_is_no_tag() {
        assert_eq!(in_either("GPU 87 %  CPU < 1 %"), "GPU 87 %  CPU ‹ 1 %");
    }

    #[test]
    fn a_name_is_no_markup() {
        assert_eq!(as_markup("kept awake by a&b <img src=x>"), "kept awake by a&amp;b &lt;img src=x&gt;");
    }
}

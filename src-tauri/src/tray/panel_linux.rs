//! The tray over D-Bus: one message a tick for all that changed, from the thread that has the snapshot. (tray-icon, over
//! the same ksni, has two threads of its own and wakes both for each line.)

use ksni::menu::{MenuItem, StandardItem};
use ksni::{ToolTip, Tray, TrayMethods as _};
use tauri::AppHandle;

use super::menu::Menu;
use super::{Choice, icon};

/// What is on the panel.
#[derive(Clone)]
pub(super) struct Panel(std::sync::Arc<ksni::Handle<Item>>);

impl Panel {
    /// Puts it up, from outside the runtime. It registers itself with each host that comes later.
    ///
    /// # Errors
    /// Where there is no bus, or no host now.
    pub(super) fn put_up(app: &AppHandle, shown: Menu) -> anyhow::Result<Self> {
        let item = Item { app: app.clone(), icon: image(shown.step), shown };
        Ok(Self(tauri::async_runtime::block_on(item.spawn())?.into()))
    }

    /// Sends what differs, and nothing else.
    pub(super) async fn show(&self, _app: &AppHandle, now: Menu) {
        self.0
            .update(|item| {
                if item.shown.step != now.step {
                    item.icon = image(now.step);
                }
                item.shown = now;
            })
            .await;
    }
}

/// As the `StatusNotifierItem` specification has it.
struct Item {
    app: AppHandle,
    shown: Menu,
    icon: ksni::Icon,
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

    fn title(&self) -> String {
        if self.shown.title.is_empty() { "Telltale".into() } else { self.shown.title.clone() }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        vec![self.icon.clone()]
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            icon_pixmap: self.icon_pixmap(),
            title: self.title(),
            description: self.shown.tooltip(),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        // Enabled, or the desktop greys out the figures. An underscore would mark a key.
        let line = |text: &String| StandardItem { label: text.replace('_', "__"), ..StandardItem::default() }.into();
        let lines = self.shown.lines.iter().map(line);
        let choices = [
            MenuItem::Separator,
            Self::choice("Open Telltale", Choice::Open),
            Self::choice(self.shown.pause_label(), Choice::Pause),
            Self::choice("Settings…", Choice::Settings),
            MenuItem::Separator,
        ];
        let quit = Self::choice("Quit", Choice::Quit);
        lines.chain(choices).chain(self.shown.own.iter().map(line)).chain([quit]).collect()
    }
}

/// ARGB, as D-Bus has it.
fn image(step: u8) -> ksni::Icon {
    let mut data = icon::image(step);
    for pixel in data.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    let side = i32::try_from(icon::SIDE).unwrap_or(0);
    ksni::Icon { width: side, height: side, data }
}

//! Whether the desktop has a tray now: hosts come late at login, restart with their panel, and are switched on and off.
//! (`StatusNotifierItem` specification: `org.kde.StatusNotifierWatcher`)

use anyhow::Context as _;
use webkit2gtk::gio::prelude::*;
use webkit2gtk::gio::{self, BusNameWatcherFlags, BusType, DBusCallFlags, DBusConnection};

const NAME: &str = "org.kde.StatusNotifierWatcher";

/// A panel that does not answer for so long, in ms, must not keep us from starting.
const PATIENCE: i32 = 1_000;

/// The session bus.
pub(crate) struct Bus(DBusConnection);

impl Bus {
    /// # Errors
    /// Where there is none: no tray will ever come.
    pub(crate) fn connect() -> anyhow::Result<Self> {
        let connection = gio::bus_get_sync(BusType::Session, gio::Cancellable::NONE).context("no session bus")?;
        // We go on without it; GLib's default is to end the program.
        connection.set_exit_on_close(false);
        Ok(Self(connection))
    }

    /// Whether a host answers now.
    pub(crate) fn has_host(&self) -> bool {
        let property = (NAME, "IsStatusNotifierHostRegistered").to_variant();
        let answer = self.0.call_sync(
            Some(NAME),
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            Some(&property),
            None,
            DBusCallFlags::NO_AUTO_START,
            PATIENCE,
            gio::Cancellable::NONE,
        );
        let registered = |answer: gio::glib::Variant| answer.child_value(0).as_variant()?.get::<bool>();
        answer.ok().and_then(registered).unwrap_or(false)
    }

    /// Tells, on the main thread, when a host comes or goes; first how it is now.
    pub(super) fn watch(&self, changed: impl Fn(bool) + Clone + Send + Sync + 'static) {
        let gone = changed.clone();
        gio::bus_watch_name_on_connection(
            &self.0,
            NAME,
            BusNameWatcherFlags::NONE,
            move |_, _, _| changed(true),
            move |_, _| gone(false),
        );
    }
}

//! Whether the desktop has a tray now: hosts come late at login, restart with their panel, and are switched on and off.
//! (`StatusNotifierItem` specification: `org.kde.StatusNotifierWatcher`)

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use webkit2gtk::gio::glib::{Error, Variant};
use webkit2gtk::gio::prelude::*;
use webkit2gtk::gio::{self, BusType, DBusCallFlags, DBusConnection, DBusSignalFlags, IOErrorEnum};

/// The watcher's name, which is that of its interface too.
const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const BUS: &str = "org.freedesktop.DBus";

/// A panel that does not answer for so long, in ms, must not keep us from starting.
const PATIENCE: i32 = 1_000;
/// Where nothing waits for it: the bus' own.
const LONG_PATIENCE: i32 = -1;

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
        let property = asked();
        let flags = DBusCallFlags::NO_AUTO_START;
        let none = gio::Cancellable::NONE;
        registered(self.0.call_sync(Some(NAME), PATH, PROPERTIES, "Get", Some(&property), None, flags, PATIENCE, none))
            .unwrap_or(false)
    }

    /// Tells, on the main thread, when a host comes or goes; first how it is now.
    ///
    /// Not `bus_watch_name`: it only knows of the watcher, which stays where a host goes, and its binding panics when the
    /// bus goes.
    pub(super) fn watch(&self, changed: impl Fn(bool) + Send + Sync + 'static) {
        let told = Mutex::new(None);
        let tell = Arc::new(move |present: bool| {
            let before = told.lock().unwrap_or_else(PoisonError::into_inner).replace(present);
            if before != Some(present) {
                changed(present);
            }
        });
        let (bus, told) = (self.0.clone(), Arc::clone(&tell));
        let look = Arc::new(move || {
            let tell = Arc::clone(&told);
            let property = asked();
            let (flags, none) = (DBusCallFlags::NO_AUTO_START, gio::Cancellable::NONE);
            bus.call(
                Some(NAME),
                PATH,
                PROPERTIES,
                "Get",
                Some(&property),
                None,
                flags,
                LONG_PATIENCE,
                none,
                move |it| {
                    // A watcher that hangs has not gone.
                    if let Some(present) = registered(it) {
                        tell(present);
                    }
                },
            );
        });
        // The watcher comes or goes, or says anything, which may be that a host does.
        let (come, said) = (Arc::clone(&look), Arc::clone(&look));
        let none = DBusSignalFlags::NONE;
        let owner = Some("NameOwnerChanged");
        self.0.signal_subscribe(Some(BUS), Some(BUS), owner, None, Some(NAME), none, move |_, _, _, _, _, _| come());
        self.0.signal_subscribe(Some(NAME), Some(NAME), None, None, None, none, move |_, _, _, _, _, _| said());
        self.0.connect_closed(move |_, _, _| tell(false));
        look();
    }

    /// Whether the screen is locked, on a desktop that takes its panel away then: GNOME's shell does.
    pub(super) fn is_locked(&self) -> bool {
        let screen = ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver");
        let flags = DBusCallFlags::NO_AUTO_START;
        let none = gio::Cancellable::NONE;
        let answer =
            self.0.call_sync(Some(screen.0), screen.1, screen.0, "GetActive", None, None, flags, PATIENCE, none);
        answer.ok().and_then(|answer| answer.child_value(0).get()).unwrap_or(false)
    }
}

/// The property that says whether there is a host.
fn asked() -> Variant {
    (NAME, "IsStatusNotifierHostRegistered").to_variant()
}

/// What the watcher answers; `None` if it does not. Where there is no watcher, there is no host.
fn registered(answer: Result<Variant, Error>) -> Option<bool> {
    match answer {
        Ok(answer) => Some(answer.child_value(0).as_variant().and_then(|value| value.get()).unwrap_or(false)),
        Err(error) => (!error.matches(IOErrorEnum::TimedOut)).then_some(false),
    }
}

//! A desktop's panel without pixels: what it reads of a tray and clicks there, over a real session bus.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zbus::blocking::{Connection, MessageIterator, Proxy, connection};
use zbus::object_server::Interface;
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{MatchRule, fdo, interface, message};

use super::desktop::SOON;
use super::screen::Screen;
use super::until::until_sync;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";

/// Names of signals, each with the menu's entries that it tells of.
pub(crate) type Signals = Arc<Mutex<Vec<(String, Vec<i32>)>>>;

/// What a panel does with a tray that registers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Items,
    /// It never answers.
    NoCalls,
    /// It refuses.
    NoItems,
}

/// The part of a panel that trays register with.
struct Watcher {
    items: Arc<Mutex<Vec<String>>>,
    has_host: Arc<AtomicBool>,
    takes: Arc<Mutex<Takes>>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(&self, service: String) -> fdo::Result<()> {
        let takes = *self.takes.lock().unwrap_or_else(PoisonError::into_inner);
        match takes {
            Takes::Items => {}
            Takes::NoCalls => std::future::pending().await,
            Takes::NoItems => return Err(fdo::Error::Failed("not now".into())),
        }
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(service);
        Ok(())
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.has_host.load(Ordering::Relaxed)
    }
}

/// A desktop that says whether its screen is locked.
struct Lock(Arc<AtomicBool>);

#[interface(name = "org.gnome.ScreenSaver")]
impl Lock {
    fn get_active(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The part of GNOME's shell that stays while the screen is locked. Dropped, it is gone from the bus.
pub(crate) struct Shell {
    locked: Arc<AtomicBool>,
    _connection: Connection,
}

impl Shell {
    pub(crate) fn open(screen: &Screen) -> Self {
        let locked = Arc::default();
        let path = "/org/gnome/ScreenSaver";
        let connection = connected(screen, path, Lock(Arc::clone(&locked)), "org.gnome.ScreenSaver");
        Self { locked, _connection: connection }
    }

    pub(crate) fn lock(&self, on: bool) {
        self.locked.store(on, Ordering::Relaxed);
    }
}

/// To the screen's bus, with an object there and a name.
fn connected(screen: &Screen, path: &str, object: impl Interface, name: &str) -> Connection {
    let builder = connection::Builder::address(screen.bus_address()).unwrap();
    builder.serve_at(path.to_owned(), object).unwrap().name(name.to_owned()).unwrap().build().unwrap()
}

/// Dropped, it is gone from the bus.
pub(crate) struct Panel {
    connection: Connection,
    items: Arc<Mutex<Vec<String>>>,
    has_host: Arc<AtomicBool>,
    takes: Arc<Mutex<Takes>>,
}

impl Panel {
    /// A panel on the screen's bus.
    pub(crate) fn open(screen: &Screen) -> Self {
        Self::that(Takes::Items, screen)
    }

    /// One that has a host, and does that with trays until it `take_items`.
    pub(crate) fn that(takes: Takes, screen: &Screen) -> Self {
        let (items, has_host, takes) = (Arc::default(), Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(takes)));
        let watcher = Watcher { items: Arc::clone(&items), has_host: Arc::clone(&has_host), takes: Arc::clone(&takes) };
        Self { connection: connected(screen, WATCHER_PATH, watcher, WATCHER), items, has_host, takes }
    }

    /// From now on it takes those that register.
    pub(crate) fn take_items(&self) {
        *self.takes.lock().unwrap_or_else(PoisonError::into_inner) = Takes::Items;
    }

    /// The host comes or goes, and the watcher, which stays, says so.
    pub(crate) fn has_host(&self, has_host: bool) {
        self.has_host.store(has_host, Ordering::Relaxed);
        let signal = if has_host { "StatusNotifierHostRegistered" } else { "StatusNotifierHostUnregistered" };
        self.connection.emit_signal(None::<&str>, WATCHER_PATH, WATCHER, signal, &()).unwrap();
    }

    /// The bus name of the item that registered last; `None` before the first.
    pub(crate) fn item(&self) -> Option<String> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    /// Waits for a tray to register.
    pub(crate) fn await_item(&self) {
        until_sync("the tray registers", SOON, || self.item().ok_or("no item"));
    }

    fn tray(&self) -> Proxy<'_> {
        Proxy::new(&self.connection, self.item().unwrap(), "/StatusNotifierItem", "org.kde.StatusNotifierItem").unwrap()
    }

    pub(crate) fn title(&self) -> String {
        self.tray().get_property("Title").unwrap()
    }

    /// The tooltip's title and its text, which is markup.
    pub(crate) fn tooltip(&self) -> (String, String) {
        type Images = Vec<(i32, i32, Vec<u8>)>;
        let (_, _, title, text): (String, Images, String, String) = self.tray().get_property("ToolTip").unwrap();
        (title, text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    }

    /// The signals that it gets from now on: their names, and the menu's entries that each tells of.
    pub(crate) fn signals(&self) -> Signals {
        type Updated = (Vec<(i32, HashMap<String, OwnedValue>)>, Vec<(i32, Vec<String>)>);
        let rule = MatchRule::builder().msg_type(message::Type::Signal).build();
        let messages = MessageIterator::for_match_rule(rule, &self.connection, None).unwrap();
        let signals = Signals::default();
        let heard = Arc::clone(&signals);
        std::thread::spawn(move || {
            // Until the connection ends.
            for message in messages.flatten() {
                let name = message.header().member().map(ToString::to_string).unwrap_or_default();
                let updated = message.body().deserialize::<Updated>().map(|(updated, _)| updated).unwrap_or_default();
                let entries = updated.into_iter().map(|(id, _)| id).collect();
                heard.lock().unwrap_or_else(PoisonError::into_inner).push((name, entries));
            }
        });
        signals
    }

    /// A left click on the icon.
    pub(crate) fn click_icon(&self) {
        self.tray().call_method("Activate", &(0i32, 0i32)).unwrap();
    }

    fn menu(&self) -> Proxy<'_> {
        Proxy::new(&self.connection, self.item().unwrap(), "/MenuBar", "com.canonical.dbusmenu").unwrap()
    }

    /// Labels with the numbers they are clicked by.
    pub(crate) fn labels(&self) -> Vec<(i32, String)> {
        type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let (_, (_, _, entries)): (u32, Layout) =
            self.menu().call("GetLayout", &(0i32, -1i32, Vec::<String>::new())).unwrap();
        entries
            .into_iter()
            .filter_map(|entry| {
                let entry = Structure::try_from(Value::from(entry)).ok()?;
                let [Value::I32(id), Value::Dict(properties), ..] = entry.fields() else { return None };
                let label: Option<String> = properties.get(&"label").ok()?;
                Some((*id, label?))
            })
            .collect()
    }

    /// The lines with figures: all before `Open Telltale`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.labels().into_iter().map(|(_, label)| label).take_while(|label| label != "Open Telltale").collect()
    }

    /// A line by its beginning, once it has figures.
    pub(crate) fn line(&self, start: &str) -> String {
        until_sync(&format!("the tray has a line {start}"), SOON, || {
            let lines = self.lines();
            let line = lines.iter().find(|line| line.starts_with(start) && !line.contains('–'));
            line.cloned().ok_or(lines)
        })
    }

    /// Waits until the menu has an entry, and clicks it. An entry that another one displaced meanwhile is looked for again,
    /// as a panel does that hears of the change.
    pub(crate) fn click(&self, label: &str) {
        until_sync(&format!("the menu has {label}"), SOON, || {
            let labels = self.labels();
            let Some((id, _)) = labels.iter().find(|(_, other)| other == label) else { return Err(labels) };
            let data = Value::from(0i32);
            match self.menu().call_method("Event", &(*id, "clicked", data, 0u32)) {
                Ok(_) => Ok(()),
                Err(zbus::Error::MethodError(name, ..)) if name == "org.freedesktop.DBus.Error.InvalidArgs" => {
                    Err(labels)
                }
                // The program may end before it replies.
                Err(zbus::Error::MethodError(name, ..))
                    if label == "Quit" && name == "org.freedesktop.DBus.Error.NoReply" =>
                {
                    Ok(())
                }
                Err(error) => panic!("{label}: {error}"),
            }
        });
    }
}

//! The tray through a real session bus: what a desktop's panel would read and click, without the panel.

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use zbus::blocking::{Connection, Proxy, connection};
use zbus::interface;
use zbus::zvariant::{OwnedValue, Structure, Value};

use crate::common::agent::{self, NO_NVML, parse};
use crate::common::process::{Group, output};
use crate::common::screen::Screen;
use crate::common::until::until_sync;
use crate::common::{among_others, built};

const SOON: Duration = Duration::from_secs(30);

/// The part of a panel that trays register with.
struct Watcher {
    items: Arc<Mutex<Vec<String>>>,
}

#[expect(clippy::unused_self, reason = "the interface has it")]
#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(service);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

/// A panel without pixels, on the screen's bus.
struct Panel {
    connection: Connection,
    items: Arc<Mutex<Vec<String>>>,
}

impl Panel {
    fn open(screen: &Screen) -> Self {
        let items = Arc::default();
        let watcher = Watcher { items: Arc::clone(&items) };
        let connection = connection::Builder::address(screen.bus_address())
            .unwrap()
            .serve_at("/StatusNotifierWatcher", watcher)
            .unwrap()
            .name("org.kde.StatusNotifierWatcher")
            .unwrap()
            .build()
            .unwrap();
        Self { connection, items }
    }

    /// The bus name of the one item there is; `None` until it registers.
    fn item(&self) -> Option<String> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }

    fn await_item(&self) {
        until_sync("the tray registers", SOON, || self.item().ok_or("no item"));
    }

    fn title(&self) -> String {
        let item =
            Proxy::new(&self.connection, self.item().unwrap(), "/StatusNotifierItem", "org.kde.StatusNotifierItem");
        item.unwrap().get_property("Title").unwrap()
    }

    fn menu(&self) -> Proxy<'_> {
        Proxy::new(&self.connection, self.item().unwrap(), "/MenuBar", "com.canonical.dbusmenu").unwrap()
    }

    /// Labels with the numbers they are clicked by.
    fn labels(&self) -> Vec<(i32, String)> {
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

    fn line(&self, start: &str) -> String {
        until_sync(&format!("the tray has a line {start}"), SOON, || {
            let labels = self.labels();
            let line = labels.iter().find(|(_, label)| label.starts_with(start) && !label.contains('–'));
            line.map(|(_, label)| label.clone()).ok_or(labels)
        })
    }

    fn click(&self, label: &str) {
        let id = self.labels().into_iter().find(|(_, other)| other == label).unwrap_or_else(|| panic!("no {label}")).0;
        let data = Value::from(0i32);
        match self.menu().call_method("Event", &(id, "clicked", data, 0u32)) {
            Ok(_) => {}
            // The program may end before it replies.
            Err(error) => assert!(label == "Quit", "{label}: {error}"),
        }
    }
}

/// The app with folders of its own, at the shortest interval.
struct Desktop {
    screen: Screen,
    home: TempDir,
}

impl Desktop {
    fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let settings = home.path().join("config/dev.telltale.desktop");
        fs::create_dir_all(&settings).unwrap();
        fs::write(settings.join("settings.json"), r#"{"version":1,"interval":0.5}"#).unwrap();
        Self { screen: Screen::open(), home }
    }

    fn start(&self, arguments: &[&str]) -> Group {
        Group::start(built("telltale"), |command| {
            command
                .args(arguments)
                .envs(self.screen.environment())
                .env(NO_NVML.0, NO_NVML.1)
                .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            for (variable, folder) in [
                ("HOME", "home"),
                ("XDG_CONFIG_HOME", "config"),
                ("XDG_DATA_HOME", "data"),
                ("XDG_CACHE_HOME", "cache"),
            ] {
                command.env(variable, self.home.path().join(folder));
            }
        })
    }

    fn has_window(&self) -> bool {
        let display = self.screen.environment()[0].1;
        let list = Command::new("wmctrl").arg("-l").env("DISPLAY", display).output().unwrap();
        // It fails until the window manager is up, and then there is no window either.
        list.status.success() && String::from_utf8_lossy(&list.stdout).contains("Telltale")
    }

    fn await_window(&self, wanted: bool) {
        let what = if wanted { "the window is there" } else { "the window is gone" };
        until_sync(what, SOON, || if self.has_window() == wanted { Ok(()) } else { Err(()) });
    }

    fn close_window(&self) {
        let display = self.screen.environment()[0].1;
        output("env", &[&format!("DISPLAY={display}"), "wmctrl", "-c", "Telltale"]);
    }
}

/// Names of the processes below one.
fn below(ancestor: u32) -> Vec<String> {
    let table = output("ps", &["-e", "-o", "pid=,ppid=,comm="]);
    let rows: Vec<(u32, u32, &str)> = table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?, fields.next()?))
        })
        .collect();
    let (mut family, mut names) = (vec![ancestor], Vec::new());
    while let Some(parent) = family.pop() {
        for (pid, _, name) in rows.iter().filter(|(_, of, _)| *of == parent) {
            family.push(*pid);
            names.push((*name).to_owned());
        }
    }
    names
}

#[test]
fn its_lines_agree_with_the_agent_and_closing_the_window_frees_the_web_view() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start(&[]);
    desktop.await_window(true);

    panel.await_item();
    let memory = panel.line("Memory");
    let snapshot = parse(&String::from_utf8(agent::run(&["snapshot", "--json"]).stdout).unwrap());
    let gibibytes = |path: &str| agent::figure(&snapshot, path).unwrap() / (1u64 << 30) as f64;
    let shown: Vec<f64> = memory.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [used, total] = shown[..] else { panic!("{memory}") };
    let used = if memory.split(" / ").next().unwrap().contains("MiB") { used / 1024.0 } else { used };
    assert!((total - gibibytes("/memory/ram_total")).abs() < 0.06, "{memory} beside {snapshot:#}");
    assert!((used - gibibytes("/memory/ram_used")).abs() < 1.0, "{memory} beside {snapshot:#}");
    for line in ["CPU  ", "Disk  R ", "Network  ↓ "] {
        panel.line(line);
    }
    until_sync("the title has a figure", SOON, || {
        let title = panel.title();
        if title.starts_with("CPU ") && title.ends_with(" %") { Ok(()) } else { Err(title) }
    });

    until_sync("it has a web process", SOON, || {
        let names = below(app.id());
        if names.iter().any(|name| name.starts_with("WebKitWeb")) { Ok(()) } else { Err(names) }
    });
    desktop.close_window();
    desktop.await_window(false);
    until_sync("its web process is gone", SOON, || {
        let names = below(app.id());
        if names.iter().any(|name| name.starts_with("WebKitWeb")) { Err(names) } else { Ok(()) }
    });
    assert_eq!(app.ended(), None, "the tray goes on");
    let before = panel.labels();
    until_sync("its figures go on", SOON, || if panel.labels() == before { Err(()) } else { Ok(()) });

    panel.click("Open Telltale");
    desktop.await_window(true);
    let mut second = desktop.start(&[]);
    assert_eq!(second.wait(SOON).code(), Some(0), "a second start shows the first one's window and ends");
    assert_eq!(app.ended(), None);
    panel.click("Quit");
    assert_eq!(app.wait(SOON).code(), Some(0));
}

/// Colours in the picture of the window, without the frame that the window manager puts around it (whose gradients have
/// more colours than an empty page). None while there is no window.
fn colours(desktop: &Desktop) -> usize {
    let (display, picture) = (desktop.screen.environment()[0].1, desktop.home.path().join("window.png"));
    let search = ["search", "--onlyvisible", "--class", "telltale"];
    let found = Command::new("xdotool").args(search).env("DISPLAY", display).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let (Some(window), path) = (found.lines().next(), picture.to_str().unwrap()) else { return 0 };
    let taken = Command::new("import").args(["-display", display, "-window", window, path]).output().unwrap();
    // It fails where the window goes while its picture is taken.
    if !taken.status.success() {
        return 0;
    }
    output("identify", &["-format", "%k", path]).trim().parse().unwrap()
}

#[test]
fn a_web_process_that_is_killed_comes_back_with_its_page() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let app = desktop.start(&[]);
    let drawn = |what: &str| {
        until_sync(what, SOON, || {
            let colours = colours(&desktop);
            if colours > 100 { Ok(()) } else { Err(colours) }
        });
    };
    drawn("the page is drawn");
    let web_process = || {
        let table = output("ps", &["-e", "-o", "pid=,ppid=,comm="]);
        let ours = |line: &&str| {
            let fields: Vec<_> = line.split_whitespace().collect();
            fields[1] == app.id().to_string() && fields[2].starts_with("WebKitWeb")
        };
        table.lines().find(ours).and_then(|line| line.split_whitespace().next()).map(str::to_owned)
    };
    let first = web_process().expect("what draws it is a process of its own");
    output("kill", &["-KILL", &first]);
    until_sync("another web process runs", SOON, || match web_process() {
        Some(now) if now != first => Ok(()),
        now => Err(now),
    });
    drawn("the page is drawn again");
}

#[test]
fn hidden_starts_in_the_tray_and_sigterm_ends_it_cleanly() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start(&["--hidden"]);
    panel.await_item();
    panel.line("CPU");
    assert!(!desktop.has_window());
    app.signal("TERM");
    assert_eq!(app.wait(SOON).code(), Some(0));
}

#[test]
fn without_a_tray_host_closing_the_window_quits() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let mut app = desktop.start(&["--hidden"]);
    desktop.await_window(true); // nowhere to hide
    desktop.close_window();
    assert_eq!(app.wait(SOON).code(), Some(0));
}

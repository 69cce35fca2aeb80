//! Telltale beside what people have today, on one display, one after the other: processor time and memory of everything
//! that each starts. Three rounds, of which the median counts.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::common::agent::NO_GPUS;
use crate::common::built;
use crate::common::panel::Panel;
use crate::common::process::{Group, output};
use crate::common::screen::Screen;
use crate::common::until::until_sync;
use crate::processes::Tree;

const SOON: Duration = Duration::from_mins(1);
pub(crate) const ROUNDS: usize = 3;

/// After a program has shown itself and before it is measured: what it does once is done.
pub(crate) const WARM: Duration = Duration::from_secs(6);

/// What one program took in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// Percent of a core.
    pub(crate) cpu: f64,
    /// Bytes.
    pub(crate) memory: u64,
    /// Times a second that any of its threads woke.
    pub(crate) wakes: f64,
}

/// What these and all below them take over so long, once they are warm.
pub(crate) fn measured(roots: &[u32], length: Duration) -> Taken {
    std::thread::sleep(WARM);
    let tree = Tree::of(roots.iter().copied());
    let (spent, woken, begun) = (tree.cpu_seconds(), tree.wakes(), Instant::now());
    std::thread::sleep(length);
    let seconds = begun.elapsed().as_secs_f64();
    Taken {
        cpu: (tree.cpu_seconds() - spent) / seconds * 100.0,
        memory: Tree::of(roots.iter().copied()).proportional_bytes(),
        // A thread that ended takes its count with it.
        wakes: tree.wakes().iter().map(|(thread, now)| now - woken.get(thread).unwrap_or(&0)).sum::<u64>() as f64
            / seconds,
    }
}

/// How long until the page says in this log that it has painted so many rows; and how many they are.
pub(crate) fn painted(log: impl Fn() -> String, least: u32) -> (Duration, u32) {
    let begun = Instant::now();
    let rows = |line: &str| {
        line.contains("the page is there")
            .then(|| line.split("rows=").nth(1)?.split_whitespace().next()?.parse().ok())?
    };
    loop {
        let log = log();
        if let Some(rows) = log.lines().filter_map(rows).find(|rows| *rows >= least) {
            return (begun.elapsed(), rows);
        }
        assert!(begun.elapsed() < SOON, "{log}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The app without anything that drives its page, where there is no GPU.
pub(crate) struct Telltale<'a> {
    screen: &'a Screen,
    home: TempDir,
}

impl<'a> Telltale<'a> {
    pub(crate) fn new(screen: &'a Screen) -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config/dev.telltale.desktop/settings.json");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, json!({ "version": 1, "interval": 2.0 }).to_string()).unwrap();
        Self { screen, home }
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }

    fn start(&self, arguments: &[&str]) -> Group {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        Group::start(built("telltale"), |command| {
            command.args(arguments).env("TELLTALE_LOG", "info").stdout(Stdio::null()).stderr(log);
            command.envs(self.screen.environment()).env("NO_AT_BRIDGE", "1");
            for (variable, folder) in [
                ("HOME", "home"),
                ("XDG_CONFIG_HOME", "config"),
                ("XDG_DATA_HOME", "data"),
                ("XDG_CACHE_HOME", "cache"),
            ] {
                command.env(variable, self.home.path().join(folder));
            }
            command.envs(NO_GPUS);
        })
    }

    /// How long until the page has painted figures that were not there before.
    fn painted(&self, before: &str) -> Duration {
        painted(|| self.said()[before.len()..].into(), 1).0
    }

    /// What it wrote in its log.
    fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn close_window(&self, app: &Group) {
        let display = self.screen.environment()[0].1;
        output("env", &[&format!("DISPLAY={display}"), "wmctrl", "-c", "Telltale"]);
        until_sync("its web process is gone", SOON, || match Tree::of([app.id()]).len() {
            1 => Ok(()),
            more => Err(more),
        });
    }

    /// Started hidden, then with its window open, then closed again: what it takes in each, and how long it took to open.
    pub(crate) fn tray_window_tray(&self, length: Duration) -> ([Taken; 3], Duration) {
        let panel = Panel::open(self.screen);
        let app = self.start(&["--hidden"]);
        panel.await_item();
        panel.line("CPU");
        let hidden = measured(&[app.id()], length);
        let before = self.said();
        panel.click("Open Telltale");
        let opened = self.painted(&before);
        let open = measured(&[app.id()], length);
        self.close_window(&app);
        let closed = measured(&[app.id()], length);
        ([hidden, open, closed], opened)
    }

    /// From the start of the process to the first chart with a sample.
    pub(crate) fn start_to_chart(&self) -> Duration {
        let before = self.said();
        let _app = self.start(&[]);
        self.painted(&before)
    }
}

/// Another program: one with a window, or one in a terminal whose own cost is left out.
pub(crate) fn other(screen: &Screen, program: &str, arguments: &[&str], length: Duration) -> Option<Taken> {
    let terminal = matches!(program, "btop" | "htop");
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().ok()?;
    if !found.status.success() {
        eprintln!("{program} is not installed: `make bench` installs it");
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    let group = Group::start(if terminal { "xterm" } else { program }, |command| {
        if terminal {
            command.args(["-geometry", "160x48", "-e", program]);
        }
        command.args(arguments).envs(screen.environment()).env("HOME", home.path()).env("NO_AT_BRIDGE", "1");
        command.env("LC_ALL", "C.UTF-8").stdout(Stdio::null()).stderr(Stdio::null());
    });
    let display = screen.environment()[0].1;
    let shown = || {
        if terminal {
            return Tree::of([group.id()]).named(program);
        }
        let search = ["search", "--onlyvisible", "--class", program];
        let found = Command::new("xdotool").args(search).env("DISPLAY", display).output().unwrap();
        found.status.success().then(|| group.id())
    };
    let begun = Instant::now();
    let root = loop {
        match shown() {
            Some(root) => break root,
            // The others are still worth measuring.
            None if begun.elapsed() > SOON => {
                eprintln!("{program} did not show itself within {SOON:?} and is left out of this round");
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    Some(measured(&[root], length))
}

//! The app on a desktop of its own, started and looked at as its user and the desktop do: no driver in its page.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::agent::{NO_GPUS, NO_REAL_GPUS};
use super::built;
use super::panel::Panel;
use super::process::{Group, output};
use super::screen::Screen;
use super::until::until_sync;

/// Longer than anything here takes on a busy machine.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// A screen, and folders of its own for the app, which samples at the shortest interval.
pub(crate) struct Desktop {
    pub(crate) screen: Screen,
    home: TempDir,
    has_gpus: bool,
    bus: bool,
}

impl Desktop {
    pub(crate) fn open() -> Self {
        let desktop = Self { screen: Screen::open(), home: tempfile::tempdir().unwrap(), has_gpus: false, bus: true };
        desktop.settings(&json!({}));
        desktop
    }

    /// With simulated GPUs (tests/nvml-sim/README.md has the language).
    pub(crate) fn with_gpus(script: &str) -> Self {
        let mut desktop = Self::open();
        desktop.has_gpus = true;
        fs::write(desktop.path("gpus.sim"), script).unwrap();
        desktop
    }

    /// Where no session bus answers.
    pub(crate) fn without_bus() -> Self {
        let mut desktop = Self::open();
        desktop.bus = false;
        desktop
    }

    /// Writes the settings file for the next start.
    pub(crate) fn settings(&self, more: &Value) {
        let mut settings = json!({"version": 1, "interval": 0.5});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let file = self.path("config/dev.telltale.desktop/settings.json");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, settings.to_string()).unwrap();
    }

    /// Writes what the window showed last, and where it stood, for the next start.
    pub(crate) fn kept(&self, state: &Value) {
        let file = self.path("data/dev.telltale.desktop/window.json");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, state.to_string()).unwrap();
    }

    /// A path below the app's home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Variables that say where the app's home and its GPUs are.
    pub(crate) fn environment(&self, command: &mut Command) {
        if self.has_gpus {
            command
                .envs([NO_REAL_GPUS])
                .env("TELLTALE_NVML_LIB", built("libnvml_sim.so"))
                .env("TELLTALE_NVML_SIM", self.path("gpus.sim"))
                .env("TELLTALE_NVML_SIM_CALLS", self.path("calls"));
        } else {
            command.envs(NO_GPUS);
        }
        at_home(command, self.home.path(), &self.screen);
        if !self.bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Group {
        self.start_with(arguments, |command| {
            command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        })
    }

    pub(crate) fn start_with(&self, arguments: &[&str], configure: impl FnOnce(&mut Command)) -> Group {
        self.run(built("telltale").to_str().unwrap(), arguments, configure)
    }

    /// Any program, with the app's environment and its log.
    pub(crate) fn run(&self, program: &str, arguments: &[&str], configure: impl FnOnce(&mut Command)) -> Group {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        Group::start(program, |command| {
            command.args(arguments).env("TELLTALE_LOG", "info").stdout(Stdio::null()).stderr(log);
            self.environment(command);
            configure(command);
        })
    }

    pub(crate) fn display(&self) -> &str {
        self.screen.environment()[0].1
    }

    pub(crate) fn has_window(&self) -> bool {
        let list = Command::new("wmctrl").arg("-l").env("DISPLAY", self.display()).output().unwrap();
        String::from_utf8_lossy(&list.stdout).contains("Telltale")
    }

    pub(crate) fn await_window(&self, wanted: bool) {
        let what = if wanted { "the window is there" } else { "the window is gone" };
        until_sync(what, SOON, || if self.has_window() == wanted { Ok(()) } else { Err(self.log()) });
    }

    /// Waits until the app's tray is on the panel, and the app knows that it is: it registers, and then asks for a host once more.
    pub(crate) fn await_tray(&self, panel: &Panel) {
        panel.await_item();
        until_sync("the app knows that its tray is up", SOON, || {
            let log = self.log();
            let has_host =
                log.rsplit("the tray's host present=").next().is_some_and(|newest| newest.starts_with("true"));
            let taken = log.rfind("the panel has taken the tray");
            let is_up = has_host && taken.is_some() && taken > log.rfind("the panel does not take the tray");
            if is_up { Ok(()) } else { Err(log) }
        });
    }

    pub(crate) fn close_window(&self) {
        output("env", &[&format!("DISPLAY={}", self.display()), "wmctrl", "-c", "Telltale"]);
    }

    /// How often the page has reported, which it does once it has drawn: the reports' lines of the log, in order.
    pub(crate) fn reports(&self) -> Vec<String> {
        self.log().lines().filter(|line| line.contains("the page is there")).map(str::to_owned).collect()
    }

    /// Waits for a report after the first `before` that is what is wanted.
    pub(crate) fn await_report(&self, what: &str, before: usize, wanted: impl Fn(&str) -> bool) -> String {
        until_sync(&format!("the page reports {what}"), SOON, || {
            let reports = self.reports();
            reports.iter().skip(before).find(|report| wanted(report)).cloned().ok_or_else(|| self.log())
        })
    }

    /// Waits until there is more in the window than an empty page.
    pub(crate) fn await_drawn(&self) {
        until_sync("the page is drawn", SOON, || {
            let colours = self.colours();
            if colours > 100 { Ok(()) } else { Err(colours) }
        });
    }

    /// Colours in the picture of the window, without the frame that the window manager puts around it (whose gradients
    /// have more colours than an empty page). None while there is no window.
    fn colours(&self) -> usize {
        let picture = self.path("window.png");
        let search = ["search", "--onlyvisible", "--class", "telltale"];
        let found = Command::new("xdotool").args(search).env("DISPLAY", self.display()).output().unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        let (Some(window), path) = (found.lines().next(), picture.to_str().unwrap()) else { return 0 };
        let taken =
            Command::new("import").args(["-display", self.display(), "-window", window, path]).output().unwrap();
        // It fails where the window goes while its picture is taken.
        if !taken.status.success() {
            return 0;
        }
        output("identify", &["-format", "%k", path]).trim().parse().unwrap()
    }
}

/// Where a program that is tried is at home, which screen it is on, that it speaks English, and that it decides itself how to draw.
pub(crate) fn at_home(command: &mut Command, home: &Path, screen: &Screen) {
    command.env("HOME", home);
    for (variable, folder) in [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache")] {
        command.env(variable, home.join(folder));
    }
    command.envs(screen.environment()).env_remove("WAYLAND_DISPLAY").env("NO_AT_BRIDGE", "1");
    command.env("LC_ALL", "C.UTF-8").env_remove("LANGUAGE");
    // What says how to draw, and with what: as a user's session leaves it.
    for variable in [
        "WEBKIT_DISABLE_DMABUF_RENDERER",
        "WEBKIT_DISABLE_COMPOSITING_MODE",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
        "__EGL_VENDOR_LIBRARY_DIRS",
        "LD_LIBRARY_PATH",
    ] {
        command.env_remove(variable);
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the app's log:\n{}", self.log());
        }
    }
}

/// Waits until none of these processes runs any more, after `what`.
pub(crate) fn await_the_end(family: &[(u32, String)], what: &str) {
    // One that only waits to be buried has ended.
    let runs = |pid: u32| fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    until_sync(&format!("none of its processes is left after {what}"), Duration::from_secs(5), || {
        let left: Vec<_> = family.iter().filter(|(pid, _)| runs(*pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
}

/// Process ids and names of all processes below one, but for those that have ended and only wait to be buried.
pub(crate) fn below(ancestor: u32) -> Vec<(u32, String)> {
    let table = output("ps", &["-e", "-o", "pid=,ppid=,stat=,comm="]);
    let rows: Vec<(u32, u32, &str)> = table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (pid, parent) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            fields.next().filter(|state| !state.starts_with('Z'))?;
            Some((pid, parent, fields.next()?))
        })
        .collect();
    let (mut family, mut found) = (vec![ancestor], Vec::new());
    while let Some(parent) = family.pop() {
        for (pid, _, name) in rows.iter().filter(|(_, of, _)| *of == parent) {
            family.push(*pid);
            found.push((*pid, (*name).to_owned()));
        }
    }
    found
}

/// The process that draws the app's page.
pub(crate) fn web_process(app: &Group) -> Option<u32> {
    below(app.id()).into_iter().find(|(_, name)| name.starts_with("WebKitWeb")).map(|(pid, _)| pid)
}

/// Whether a page that this version of `WebKitGTK` draws is to load the EGL driver that can't draw: where there is no GPU.
pub(crate) fn loads_no_real_driver(webkit: &str) -> bool {
    let nodes = fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    let has_gpu = nodes.map(|node| node.file_name()).any(|name| name.to_string_lossy().starts_with("renderD"));
    !has_gpu && !Path::new("/proc/driver/nvidia/version").exists() && webkit.starts_with("2.50.")
}

/// The names of the files that a process has mapped, of which libraries are most.
pub(crate) fn libraries(process: u32) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut files: Vec<_> = maps.lines().filter_map(|line| line.rsplit('/').next()).map(str::to_owned).collect();
    files.dedup();
    files
}

/// The libraries that draw with a GPU or in the place of one, of those that the page's process has loaded; and ours.
pub(crate) fn egl_drivers(app: &Group) -> Vec<String> {
    let is_driver = |file: &String| {
        ["LLVM", "_dri.so", "gallium", "EGL_mesa", "nvidia", "telltale_egl"].iter().any(|part| file.contains(part))
    };
    libraries(web_process(app).unwrap()).into_iter().filter(is_driver).collect()
}

/// How many rows a report of the page says it has.
pub(crate) fn rows(report: &str) -> u32 {
    number("rows=", report)
}

/// The number that follows `name` in a line of the log.
pub(crate) fn number(name: &str, line: &str) -> u32 {
    let found = line.split(name).nth(1).and_then(|rest| rest.split_whitespace().next());
    found.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name} in {line}"))
}

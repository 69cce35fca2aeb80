//! A screen, a window manager and a session bus of their own, so that no test sees another's window or the user's.

use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::process::Group;
use super::until::until_sync;

const START: Duration = Duration::from_secs(20);

/// Dropped, it takes all its windows with it.
pub(crate) struct Screen {
    display: String,
    bus_address: String,
    // in this order: what is on the screen ends before it
    _window_manager: Group,
    bus: Group,
    server: Group,
    /// Of the bus's socket, which is left where the bus is killed.
    _folder: TempDir,
}

impl Screen {
    pub(crate) fn open() -> Self {
        let mut server = Group::start("Xvfb", |command| {
            // It picks a free number and says which on the descriptor given: 1, its stdout. Without -noreset it would start
            // anew when its last client goes, as a wmctrl that asks early, and close on the window manager that just comes.
            command.args(["-displayfd", "1", "-screen", "0", "1400x950x24", "-nolisten", "tcp", "-noreset"]);
            // A key that a machine in need holds down for long is not typed again.
            command.args(["-ardelay", "60000"]);
            command.stdout(Stdio::piped()).stderr(Stdio::null());
        });
        let display = format!(":{}", server.lines().next(START).expect("Xvfb says its display"));
        let folder = tempfile::tempdir().unwrap();
        let mut bus = Group::start("dbus-daemon", |command| {
            command.args(["--session", "--nofork", "--print-address=1"]).env("DISPLAY", &display);
            command.arg(format!("--address=unix:path={}", folder.path().join("bus").display()));
            command.stdout(Stdio::piped()).stderr(Stdio::null());
        });
        let bus_address = bus.lines().next(START).expect("dbus-daemon says its address");
        let window_manager = Group::start("openbox", |command| {
            command.arg("--sm-disable").env("DISPLAY", &display).stdout(Stdio::null()).stderr(Stdio::null());
        });
        until_sync("the window manager is there", START, || {
            let asked = Command::new("wmctrl").arg("-m").env("DISPLAY", &display).output().unwrap();
            if asked.status.success() { Ok(()) } else { Err(asked) }
        });
        Self { display, bus_address, _window_manager: window_manager, bus, server, _folder: folder }
    }

    /// Of its session bus.
    pub(crate) fn bus_address(&self) -> &str {
        &self.bus_address
    }

    /// Ends the X server, as a session's end may do before anybody else hears of it.
    pub(crate) fn end_server(&self) {
        self.server.signal("TERM");
    }

    /// Stops the X server, as a graphics driver that hangs does, or lets it go on.
    pub(crate) fn hang(&self, on: bool) {
        self.server.signal(if on { "STOP" } else { "CONT" });
    }

    /// Ends the session bus, which has no time to say who has gone.
    pub(crate) fn end_bus(&self) {
        self.bus.signal("KILL");
    }

    /// What a program needs to know to show itself here.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 3] {
        [("DISPLAY", &self.display), ("DBUS_SESSION_BUS_ADDRESS", &self.bus_address), ("GDK_BACKEND", "x11")]
    }
}

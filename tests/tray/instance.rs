//! One Telltale at a time, with a session bus and without.

use std::fs::{self, File};

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON};
use crate::common::panel::Panel;
use crate::common::process::{Group, output};
use crate::common::until::until_sync;

/// Starts ten at once, waits until nine have ended as they should, and returns the one that is left.
fn ten(desktop: &Desktop) -> Group {
    let mut all: Vec<Group> = (0..10).map(|_| desktop.start(&[])).collect();
    until_sync("nine of ten have ended", SOON * 3, || {
        let running = all.iter_mut().filter_map(|one| one.ended().is_none().then_some(())).count();
        if running <= 1 { Ok(()) } else { Err(running) }
    });
    let mut codes = Vec::new();
    let mut left = None;
    for mut one in all {
        match one.ended() {
            Some(status) => codes.push(status.code()),
            None => left = Some(one),
        }
    }
    assert_eq!(codes, [Some(0); 9], "{}", desktop.log());
    left.unwrap_or_else(|| panic!("none is left: {}", desktop.log()))
}

fn windows(desktop: &Desktop) -> usize {
    let list = output("env", &[&format!("DISPLAY={}", desktop.display()), "wmctrl", "-l"]);
    list.lines().filter(|line| line.contains("Telltale")).count()
}

#[test]
fn ten_starts_at_once_leave_one_that_a_later_start_shows() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let mut first = ten(&desktop);
    desktop.await_window(true);
    desktop.await_tray(&panel);
    desktop.close_window();
    desktop.await_window(false);
    let mut hidden = desktop.start(&["--hidden"]);
    assert_eq!(hidden.wait(SOON).code(), Some(0));
    assert!(!desktop.has_window(), "one that was to start hidden shows nothing");
    let mut second = desktop.start(&[]);
    assert_eq!(second.wait(SOON).code(), Some(0));
    desktop.await_window(true);
    assert_eq!((first.ended(), windows(&desktop)), (None, 1));
}

/// By Ctrl+Z in its terminal, say.
#[test]
fn a_start_beside_one_that_is_stopped_says_so_and_ends() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let mut first = desktop.start(&[]);
    desktop.await_window(true);
    first.signal("STOP");
    let mut second = desktop.start(&[]);
    assert_eq!(second.wait(SOON).code(), Some(1), "{}", desktop.log());
    assert!(
        desktop.log().contains("telltale: another one runs, or the session bus does not answer"),
        "{}",
        desktop.log()
    );
    first.signal("CONT");
    assert_eq!(desktop.start(&[]).wait(SOON).code(), Some(0), "{}", desktop.log());
    assert_eq!(first.ended(), None);
}

#[test]
fn so_they_do_without_a_session_bus() {
    let _turn = among_others();
    let desktop = Desktop::without_bus();
    let mut first = ten(&desktop);
    desktop.await_window(true);
    desktop.await_report("itself", 0, |_| true);
    let minimize = ["search", "--onlyvisible", "--class", "telltale", "windowminimize"];
    let display = format!("DISPLAY={}", desktop.display());
    output("env", &[&[&display, "xdotool"][..], &minimize].concat());
    let visible = || {
        let found = std::process::Command::new("xdotool")
            .args(&minimize[..4])
            .env("DISPLAY", desktop.display())
            .output()
            .unwrap();
        !found.stdout.is_empty()
    };
    until_sync("the window is minimized", SOON, || if visible() { Err(()) } else { Ok(()) });
    let said = || desktop.log().matches("telltale: it runs already; its window is shown").count();
    let before = said();
    let mut second = desktop.start(&[]);
    assert_eq!(second.wait(SOON).code(), Some(0));
    assert_eq!(said(), before + 1, "{}", desktop.log());
    until_sync("the window is seen again", SOON, || if visible() { Ok(()) } else { Err(desktop.log()) });
    assert_eq!((first.ended(), windows(&desktop)), (None, 1));

    // One that was killed leaves its file, but not its lock.
    first.signal("KILL");
    first.wait(SOON);
    let mut next = desktop.start(&[]);
    desktop.await_window(true);
    assert_eq!(next.ended(), None);
}

/// A home on a server: its lock is held, by a process whose number is another program's here.
#[test]
fn one_on_another_machine_with_the_same_home_is_not_in_the_way() {
    let _turn = among_others();
    let desktop = Desktop::without_bus();
    let mut other = Group::start("sleep", |command| {
        command.arg("60");
    });
    let path = desktop.path("data/dev.telltale.desktop/lock");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, other.id().to_string()).unwrap();
    let lock = File::open(&path).unwrap();
    lock.lock().unwrap();
    let mut app = desktop.start(&[]);
    desktop.await_window(true);
    assert_eq!((app.ended(), other.ended()), (None, None), "{}", desktop.log());
}

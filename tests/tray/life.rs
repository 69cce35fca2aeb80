//! Closing to the tray and coming back, trays that come and go, and ending: cleanly, with nothing left behind.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON, await_the_end, below, rows, web_process};
use crate::common::panel::{Panel, Shell, Takes};
use crate::common::process::output;
use crate::common::until::until_sync;

#[test]
fn closing_frees_the_web_view_and_open_brings_it_back_as_it_was() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let place = json!({"x": 40, "y": 60, "width": 900.0, "height": 640.0, "maximized": false});
    desktop.kept(&json!({"view": {"page": "memory", "range": 900}, "place": place}));
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start(&[]);
    desktop.await_report("the page and range of the last time", 0, |report| {
        report.contains("page=memory") && report.contains("range=900")
    });
    desktop.await_tray(&panel);
    until_sync("it has a web process", SOON, || web_process(&app).ok_or(()));
    let samples = rows(&desktop.await_report("some history", 0, |report| rows(report) > 0));

    for round in 1..=3 {
        desktop.close_window();
        desktop.await_window(false);
        until_sync("its web process is gone", SOON, || web_process(&app).map_or(Ok(()), Err));
        assert_eq!(app.ended(), None, "the tray goes on");
        let before = panel.labels();
        until_sync("its figures go on", SOON, || if panel.labels() == before { Err(()) } else { Ok(()) });
        let reports = desktop.reports().len();
        if round == 2 {
            panel.click_icon();
        } else {
            panel.click("Open Telltale");
        }
        desktop.await_window(true);
        let report =
            desktop.await_report("more history than before it was closed", reports, |report| rows(report) > samples);
        assert!(report.contains("page=memory") && report.contains("range=900"), "{report}");
    }
    panel.click("Settings…");
    desktop.await_report("that the settings are open", 0, |report| report.contains("page=settings"));
    panel.click("Quit");
    assert_eq!(app.wait(SOON).code(), Some(0));
    let kept = fs::read_to_string(desktop.path("data/dev.telltale.desktop/window.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["view"], json!({"page": "settings", "range": 900}));
    assert_eq!(kept["place"], place, "where it was put, after four windows");
}

/// Once in some forty times it had not. `TELLTALE_ROUNDS` has it tried more often than a test run has time for.
#[test]
fn open_brings_a_window_every_time() {
    let _turn = among_others();
    let rounds = std::env::var("TELLTALE_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    for round in 0..rounds {
        let before = desktop.reports().len();
        panel.click("Open Telltale");
        desktop.await_window(true);
        // Sometimes it closes before there is a page, and opens again before the one before is gone.
        if round % 2 == 0 {
            desktop.await_report("itself", before, |_| true);
        }
        desktop.close_window();
        desktop.await_window(false);
        if round % 3 == 0 {
            until_sync("its web process is gone", SOON, || web_process(&app).map_or(Ok(()), Err));
        }
    }
}

#[test]
fn pause_in_the_tray_is_pause_in_the_window() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    panel.line("CPU");
    // More than the page's first report has, however fast it opens.
    let (mut changes, mut before) = (0, panel.lines());
    until_sync("four samples more are shown", SOON, || {
        let now = panel.lines();
        changes += usize::from(now != before);
        before = now;
        if changes >= 4 { Ok(()) } else { Err(changes) }
    });
    panel.click("Pause");
    let paused = until_sync("the tray says that it is paused", SOON, || {
        let (title, lines) = (panel.title(), panel.lines());
        if title.starts_with("Paused: ") { Ok(lines) } else { Err((title, lines)) }
    });
    assert!(web_process(&app).is_none(), "no page was opened for that");
    panel.click("Open Telltale");
    // Of its two reports the second one: it has its history then.
    desktop.await_report("that it is paused, with its history", 0, |report| {
        report.contains("paused=") && rows(report) > 3
    });
    assert_eq!(panel.lines(), paused, "its figures stand still");
    panel.click("Resume");
    desktop.await_report("that it goes on", 1, |report| !report.contains("paused="));
    until_sync("so do the figures", SOON, || if panel.lines() == paused { Err(()) } else { Ok(()) });
    assert!(!panel.title().starts_with("Paused"));
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

#[test]
fn a_tray_host_that_comes_later_gets_the_tray_and_one_that_goes_leaves_a_window() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let mut app = desktop.start(&[]);
    desktop.await_window(true);
    for _ in 0..2 {
        let panel = Panel::open(&desktop.screen);
        desktop.await_tray(&panel);
        panel.line("Memory");
        desktop.close_window();
        desktop.await_window(false);
        assert_eq!(app.ended(), None, "it is in the tray now");
        drop(panel);
        desktop.await_window(true); // or nobody could reach it
    }
    desktop.close_window();
    assert_eq!(app.wait(SOON).code(), Some(0), "without the host closing quits");
}

/// Some panels leave the watcher behind, which other programs register with.
#[test]
fn a_host_that_goes_while_its_watcher_stays_leaves_a_window_and_has_the_tray_when_it_is_back() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    panel.has_host(false);
    desktop.await_window(true);
    panel.has_host(true);
    desktop.await_tray(&panel); // it knew that there was no host, or there would be no window
    desktop.close_window();
    desktop.await_window(false);
    assert_eq!(app.ended(), None, "it is in the tray");
    panel.has_host(false);
    desktop.await_window(true);
    desktop.close_window();
    assert_eq!(app.wait(SOON).code(), Some(0), "there is no tray to close it to");
}

/// GNOME's shell takes the panel away while the screen is locked.
#[test]
fn a_locked_screen_has_no_tray_and_gets_no_window_for_that() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let (panel, shell) = (Panel::open(&desktop.screen), Shell::open(&desktop.screen));
    let app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    shell.lock(true);
    drop(panel);
    until_sync("it sees that the screen is locked", SOON, || {
        let log = desktop.log();
        if log.contains("while the screen is locked") { Ok(()) } else { Err(log) }
    });
    assert!(!desktop.has_window() && web_process(&app).is_none(), "nobody is there to see it");
    shell.lock(false);
    desktop.await_window(true);
}

#[test]
fn a_user_who_does_not_want_the_tray_quits_by_closing() {
    let _turn = among_others();
    let desktop = Desktop::open();
    desktop.settings(&json!({"close_to_tray": false}));
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start(&[]);
    desktop.await_window(true);
    desktop.await_tray(&panel);
    desktop.close_window();
    assert_eq!(app.wait(SOON).code(), Some(0));
}

#[test]
fn a_panel_that_takes_no_tray_keeps_no_window_from_opening_and_has_it_once_it_does() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::that(Takes::NoCalls, &desktop.screen);
    let mut app = desktop.start(&[]);
    desktop.await_window(true);
    panel.take_items();
    desktop.await_tray(&panel);
    desktop.close_window();
    desktop.await_window(false);
    panel.click("Quit");
    assert_eq!(app.wait(SOON).code(), Some(0));
}

/// It registers itself with a panel that comes later, once. While that refuses there is the window.
#[test]
fn a_panel_that_comes_back_and_refuses_the_tray_at_first_has_it_in_the_end() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start(&["--hidden"]);
    desktop.await_tray(&panel);
    drop(panel);
    let panel = Panel::that(Takes::NoItems, &desktop.screen);
    until_sync("it is refused", SOON, || {
        let log = desktop.log();
        if log.contains("does not take the tray") { Ok(()) } else { Err(log) }
    });
    desktop.await_window(true);
    panel.take_items();
    desktop.await_tray(&panel);
    panel.click("Quit");
    assert_eq!(app.wait(SOON).code(), Some(0));
}

#[test]
fn it_ends_at_once_and_leaves_no_process_behind() {
    let _turn = among_others();
    // A session's end sends the first two at once.
    for how in ["TERM HUP", "HUP", "INT", "Quit", "the X server's end", "the bus' end and a close"] {
        let desktop = Desktop::open();
        let panel = Panel::open(&desktop.screen);
        let mut app = desktop.start(&[]);
        desktop.await_report("itself", 0, |_| true);
        desktop.await_tray(&panel);
        let page = until_sync("it has a web process", SOON, || web_process(&app).ok_or(()));
        if ["TERM HUP", "HUP", "INT", "Quit"].contains(&how) {
            // One that can't even end by itself.
            output("kill", &["-STOP", &page.to_string()]);
        }
        let kept = || fs::read_to_string(desktop.path("data/dev.telltale.desktop/window.json")).unwrap_or_default();
        if how == "the X server's end" {
            // Nothing is kept at that end, but a moment after the window was put there.
            until_sync("the place is kept", SOON, || if kept().contains("\"place\":{") { Ok(()) } else { Err(kept()) });
        }
        let family = below(app.id());
        let begun = Instant::now();
        let code = match how {
            "TERM HUP" | "HUP" | "INT" => {
                how.split(' ').for_each(|signal| app.signal(signal));
                0
            }
            "Quit" => {
                panel.click("Quit");
                0
            }
            "the X server's end" => {
                desktop.screen.end_server();
                1 // GDK ends the program itself
            }
            _ => {
                desktop.screen.end_bus();
                until_sync("the app has heard of it", SOON, || {
                    let log = desktop.log();
                    if log.contains("host present=false") { Ok(()) } else { Err(log) }
                });
                desktop.close_window();
                0
            }
        };
        assert_eq!(app.wait(SOON).code(), Some(code), "{how}");
        eprintln!("{how}: ended after {:?}", begun.elapsed());
        await_the_end(&family, how);
        assert!(kept().contains("\"place\":{"), "{how}: {}", kept());
    }
}

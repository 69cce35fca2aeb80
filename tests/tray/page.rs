//! Never a blank window: how the page is drawn, chosen at the start and once more where that draws nothing.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON, web_process};
use crate::common::panel::Panel;
use crate::common::process::{Group, output};
use crate::common::until::until_sync;

/// `WebKit` does not bear one that stops before it has said that it is there.
fn web_process_that_speaks(app: &Group) -> u32 {
    until_sync("it has a web process that speaks with it", SOON, || {
        let process = web_process(app).ok_or("none")?;
        let threads = fs::read_dir(format!("/proc/{process}/task")).map_err(|_| "it ended")?;
        let names = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
        let listens = names.into_iter().any(|name| name.starts_with("ReceiveQueue"));
        listens.then_some(process).ok_or("it starts")
    })
}

/// Starts the app, and stops its page before it has drawn; once more where that was too late.
fn stopped_before_it_has_drawn(desktop: &Desktop, configure: impl Fn(&mut Command)) -> (Group, u32) {
    for _ in 0..5 {
        let before = desktop.reports().len();
        let app = desktop.start_with(&[], &configure);
        let page = web_process_that_speaks(&app);
        output("kill", &["-STOP", &page.to_string()]);
        if desktop.reports().len() == before {
            return (app, page);
        }
    }
    panic!("it was faster five times");
}

#[test]
fn a_page_that_stays_blank_is_drawn_the_plainest_way_from_then_on() {
    let _turn = among_others();
    let desktop = Desktop::open();
    // Without the variables by which a user decides.
    let (mut app, blank) = stopped_before_it_has_drawn(&desktop, |_| {});
    desktop.await_report("itself", desktop.reports().len(), |_| true);
    let log = desktop.log();
    assert!(log.contains("the page has drawn nothing") && log.contains("without acceleration from now on"), "{log}");
    let drawing = web_process(&app);
    assert!(drawing.is_some() && drawing != Some(blank), "{drawing:?} after {blank}");
    desktop.await_drawn();
    app.signal("TERM");
    assert_eq!(app.wait(SOON).code(), Some(0));

    let settings = fs::read_to_string(desktop.path("config/dev.telltale.desktop/settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(settings["drawing"], "plain", "it is remembered");
    let before = desktop.reports().len();
    let _app = desktop.start_with(&[], |_| {});
    desktop.await_report("itself", before, |_| true);
    desktop.await_drawn();
}

/// It can't be told before it listens, and says at first what its address said.
#[test]
fn a_pause_that_comes_while_it_loads_stays() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let (_app, process) = stopped_before_it_has_drawn(&desktop, |command| {
        command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
    });
    let drawn = desktop.reports().len();
    desktop.await_tray(&panel);
    panel.click("Pause");
    until_sync("the tray is paused", SOON, || {
        let title = panel.title();
        if title.contains("Paused") { Ok(()) } else { Err(title) }
    });
    output("kill", &["-CONT", &process.to_string()]);
    desktop.await_report("that it stands still", drawn, |report| report.contains("paused="));
    assert!(panel.title().contains("Paused"), "{}", panel.title());
}

/// Longer than a page that has loaded may draw nothing, shorter than one may not answer.
const LOADS_SLOWLY: Duration = Duration::from_secs(9);

#[test]
fn a_page_that_takes_long_to_load_is_not_taken_for_a_blank_one() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let (app, process) = stopped_before_it_has_drawn(&desktop, |_| {});
    let drawn = desktop.reports().len();
    let stopped = Instant::now();
    until_sync("that long", SOON, || if stopped.elapsed() >= LOADS_SLOWLY { Ok(()) } else { Err(stopped.elapsed()) });
    assert_eq!(desktop.reports().len(), drawn, "it was stopped before it had drawn");
    output("kill", &["-CONT", &process.to_string()]);
    desktop.await_report("itself", drawn, |_| true);
    assert_eq!(web_process(&app), Some(process), "it is the same page");
    assert!(!desktop.log().contains("drawn nothing"), "{}", desktop.log());
}

#[test]
fn what_was_chosen_for_drawing_is_in_the_log_and_the_users_own_choice_stays() {
    let _turn = among_others();
    let desktop = Desktop::open();
    for (variable, words) in
        [(Some("0"), "WEBKIT_DISABLE_DMABUF_RENDERER=0: as the user wishes"), (None, "drawing on X11, ")]
    {
        let app = desktop.start_with(&["--hidden"], |command| {
            variable.map(|value| command.env("WEBKIT_DISABLE_DMABUF_RENDERER", value));
        });
        until_sync("the log says so", SOON, || {
            let log = desktop.log();
            if log.contains(words) { Ok(()) } else { Err(log) }
        });
        drop(app);
    }
}

//! The page and the process that draws it: when it dies the page comes back, with its history.

use std::fs;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON, rows, web_process};
use crate::common::process::output;
use crate::common::until::until_sync;

/// Colours in the picture of the window, without the frame that the window manager puts around it (whose gradients have
/// more colours than an empty page). None while there is no window.
fn colours(desktop: &Desktop) -> usize {
    let (display, picture) = (desktop.display(), desktop.path("window.png"));
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
fn a_web_process_that_is_killed_comes_back_with_its_page_and_its_history() {
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
    desktop.await_report("itself", 0, |_| true);
    for round in 1..=3 {
        let first = web_process(&app).expect("what draws it is a process of its own");
        let most = most_rows(&desktop);
        let begun = Instant::now();
        output("kill", &["-KILL", &first.to_string()]);
        await_return(&desktop, "the web process ended", round, most);
        eprintln!("the page was back after {:?}", begun.elapsed());
        let second = web_process(&app).expect("it is drawn again");
        assert_ne!(first, second);
        drawn("the page is drawn again");
    }
}

/// The longest history that a page has reported so far.
fn most_rows(desktop: &Desktop) -> u32 {
    desktop.reports().iter().map(|report| rows(report)).max().unwrap_or(0)
}

/// Waits for a page that reports more history than `before`, after the log has said so for the nth time.
fn await_return(desktop: &Desktop, words: &str, times: usize, before: u32) {
    until_sync(&format!("the page is back with its history after {words:?}"), SOON, || {
        let log = desktop.log();
        let after = log.match_indices(words).nth(times - 1).map_or("", |(at, _)| &log[at..]);
        let back = after.lines().any(|line| line.contains("the page is there") && rows(line) > before);
        if back { Ok(()) } else { Err(log.clone()) }
    });
}

fn stop(process: u32) {
    output("kill", &["-STOP", &process.to_string()]);
}

#[test]
fn a_web_process_that_hangs_gets_no_more_events_and_comes_back() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let app = desktop.start(&[]);
    desktop.await_report("itself", 0, |_| true);
    let first = web_process(&app).unwrap();
    let says = |words: &str| {
        until_sync(&format!("the log says that {words}"), SOON, || {
            let log = desktop.log();
            if log.contains(words) { Ok(()) } else { Err(log) }
        });
    };

    stop(first);
    says("the page does not answer: it gets no events");
    output("kill", &["-CONT", &first.to_string()]);
    says("the page answers again");
    assert_eq!(web_process(&app), Some(first), "it came back by itself");

    let most = most_rows(&desktop);
    stop(first);
    await_return(&desktop, "the page has not answered", 1, most);
    assert_ne!(web_process(&app), Some(first), "it is another process that does");
    until_sync("the one that hung is gone", SOON, || {
        if fs::exists(format!("/proc/{first}/stat")).unwrap() { Err(first) } else { Ok(()) }
    });
}

#[test]
fn a_page_that_stays_blank_is_drawn_the_plainest_way_from_then_on() {
    let _turn = among_others();
    let desktop = Desktop::open();
    // Without the variables by which a user decides.
    let mut app = desktop.start_with(&[], |_| {});
    // WebKit does not bear one that stops before it has said that it is there.
    let blank = until_sync("it has a web process that speaks with it", SOON, || {
        let process = web_process(&app).ok_or("none")?;
        let threads = fs::read_dir(format!("/proc/{process}/task")).map_err(|_| "it ended")?;
        let names = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
        let listens = names.into_iter().any(|name| name.starts_with("ReceiveQueue"));
        listens.then_some(process).ok_or("it starts")
    });
    stop(blank);
    desktop.await_report("itself", 0, |_| true);
    let log = desktop.log();
    assert!(log.contains("the page has drawn nothing") && log.contains("without acceleration from now on"), "{log}");
    let drawing = web_process(&app);
    assert!(drawing.is_some() && drawing != Some(blank), "{drawing:?} after {blank}");
    let is_drawn = || {
        until_sync("the page is drawn", SOON, || {
            let colours = colours(&desktop);
            if colours > 100 { Ok(()) } else { Err(colours) }
        });
    };
    is_drawn();
    app.signal("TERM");
    assert_eq!(app.wait(SOON).code(), Some(0));

    let settings = fs::read_to_string(desktop.path("config/dev.telltale.desktop/settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(settings["drawing"], "plain", "it is remembered");
    let before = desktop.reports().len();
    let _app = desktop.start_with(&[], |_| {});
    desktop.await_report("itself", before, |_| true);
    is_drawn();
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

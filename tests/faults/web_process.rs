//! The process that draws the page is killed, or hangs: the page comes back, showing what it showed, with its history, and no events queue up for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON, number, rows, web_process};
use crate::common::process::output;
use crate::common::screen::Screen;
use crate::common::until::{until, until_sync};
use crate::window::app::{App, Gpus, Home};

#[test]
fn killed_it_comes_back_with_its_page_and_its_history() {
    let _turn = among_others();
    let desktop = Desktop::open();
    desktop.kept(&json!({"view": {"page": "memory", "range": 900}}));
    let app = desktop.start(&[]);
    desktop.await_drawn();
    desktop.await_report("itself", 0, |_| true);
    for round in 1..=3 {
        let first = web_process(&app).expect("what draws it is a process of its own");
        let most = most_rows(&desktop);
        let begun = Instant::now();
        output("kill", &["-KILL", &first.to_string()]);
        await_return(&desktop, "the web process ended", round, most + 1);
        println!("killed: the page was back with its history after {:?}", begun.elapsed());
        let second = web_process(&app).expect("it is drawn again");
        assert_ne!(first, second);
        desktop.await_drawn();
    }
}

/// What hangs can't be told from what is busy at once: it is left alone first, and ended when it still does not answer.
#[test]
fn hung_it_gets_no_more_events_and_comes_back_by_itself_or_in_another_process() {
    let _turn = among_others();
    let desktop = Desktop::open();
    desktop.kept(&json!({"view": {"page": "memory", "range": 900}}));
    let app = desktop.start(&[]);
    desktop.await_report("itself", 0, |_| true);
    let first = web_process(&app).unwrap();
    let said = |words: &str| {
        until_sync(&format!("the log says that {words}"), SOON, || {
            let log = desktop.log();
            log.lines().find(|line| line.contains(words)).map(str::to_owned).ok_or(log)
        })
    };

    signal("STOP", first);
    said("the page does not answer: it gets no events");
    signal("CONT", first);
    said("the page answers again");
    assert_eq!(web_process(&app), Some(first), "it came back by itself");

    let most = most_rows(&desktop);
    signal("STOP", first);
    let begun = Instant::now();
    let missed = number("missed=", &said("the page has not answered for 10s"));
    println!("hung: {missed} ticks without an event, ended after {:?}", begun.elapsed());
    assert!(missed >= 8, "most of the sixteen ticks in eight seconds: {missed}");
    await_return(&desktop, "the page has not answered", 1, most + missed);
    println!("hung: the page was back with its history after {:?}", begun.elapsed());
    assert_ne!(web_process(&app), Some(first), "it is another process that does");
    until_sync("the one that hung is gone", SOON, || {
        if fs::exists(format!("/proc/{first}/stat")).unwrap() { Err(first) } else { Ok(()) }
    });
}

/// Events would queue up in the app while their page can't take them, and all come at once when it can.
#[test]
fn stopped_it_is_sent_no_event_until_it_answers() {
    const LISTEN: &str = "window.seen = [];
        const handler = window.__TAURI_INTERNALS__.transformCallback((event) => window.seen.push(event.payload.tick));
        return window.__TAURI_INTERNALS__.invoke('plugin:event|listen', { event: 'system/all', target: { kind: 'Any' }, handler });";
    // How long the page stays stopped: a few ticks, and short of the time after which it is loaded anew.
    const TICKS_MISSED: Duration = Duration::from_secs(2);
    crate::window::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        app.run(LISTEN).await;
        let seen = async || serde_json::from_value::<BTreeSet<u64>>(app.run("return window.seen").await).unwrap();
        let said = async |words: &str| {
            until(&format!("the log says that {words}"), SOON, async || {
                let log = home.said();
                log.lines().find(|line| line.contains(words)).map(str::to_owned).ok_or(log)
            })
            .await
        };
        until("events come", SOON, async || match seen().await.len() {
            0 => Err(()),
            _ => Ok(()),
        })
        .await;
        let is_page = |folder: &PathBuf| {
            fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.starts_with("WebKitWebProces"))
        };
        let page = app.family().into_iter().find(is_page).unwrap();
        let page = page.file_name().unwrap().to_str().unwrap().parse().unwrap();
        signal("STOP", page);
        said("the page does not answer: it gets no events").await;
        tokio::time::sleep(TICKS_MISSED).await;
        signal("CONT", page);
        let missed = number("missed=", &said("the page answers again").await);
        let before = seen().await.len();
        let seen = until("events come again", SOON, async || {
            let seen = seen().await;
            if seen.len() > before { Ok(seen) } else { Err(seen) }
        })
        .await;
        let (first, last) = (*seen.first().unwrap(), *seen.last().unwrap());
        let gap = (first..=last).filter(|tick| !seen.contains(tick)).count();
        println!("stopped: {missed} ticks without an event");
        assert!(missed > 0 && gap >= missed as usize, "{missed} ticks were not sent: {seen:?}");
        app.close().await;
    });
}

#[test]
fn a_page_that_keeps_dying_is_loaded_again_ever_more_slowly() {
    let _turn = among_others();
    let desktop = Desktop::open();
    // The user's own doing, so that it stays.
    let _app = desktop.start_with(&[], |command| {
        command.env("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent");
    });
    until_sync("it has waited twice", SOON, || {
        let log = desktop.log();
        let waited = ["wait=2s", "wait=4s"].map(|wait| log.find(&format!("loaded again after a while {wait}")));
        if waited[0].is_some() && waited[0] < waited[1] { Ok(()) } else { Err(log) }
    });
    assert!(!desktop.log().contains("could not be loaded"), "{}", desktop.log());
}

/// The longest history that a page has reported so far.
fn most_rows(desktop: &Desktop) -> u32 {
    desktop.reports().iter().map(|report| rows(report)).max().unwrap_or(0)
}

/// Waits for a page that shows what the first one did and reports so many rows, after the log has said so for the nth time.
fn await_return(desktop: &Desktop, words: &str, times: usize, at_least: u32) {
    until_sync(&format!("the page is back with its history after {words:?}"), SOON, || {
        let log = desktop.log();
        let after = log.match_indices(words).nth(times - 1).map_or("", |(at, _)| &log[at..]);
        let back = after
            .lines()
            .any(|line| line.contains("the page is there page=memory range=900") && rows(line) >= at_least);
        if back { Ok(()) } else { Err(log.clone()) }
    });
}

fn signal(name: &str, process: u32) {
    output("kill", &[&format!("-{name}"), &process.to_string()]);
}

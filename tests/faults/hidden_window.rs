//! A window that nobody sees: nothing is sent to it, and it has all it missed when it is seen again.

use std::process::Command;

use serde_json::Value;

use crate::common::screen::Screen;
use crate::common::until::until;
use crate::window::SOON;
use crate::window::app::{App, Gpus, Home};

/// Tells the window manager what its user would by a click: `windowminimize`, `windowmap`.
pub(super) fn order(screen: &Screen, what: &str) {
    let xdotool = |arguments: &[&str]| {
        let done = Command::new("xdotool").args(arguments).envs(screen.environment()).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    let found = xdotool(&["search", "--class", "telltale"]);
    for window in found.lines() {
        xdotool(&[what, window]);
    }
}

pub(super) async fn await_hidden(app: &App, wanted: bool) {
    until("the page is hidden or seen", SOON, async || {
        let hidden = app.run("return document.hidden").await;
        if hidden == wanted { Ok(()) } else { Err(hidden) }
    })
    .await;
}

#[test]
fn a_window_that_nobody_sees_is_sent_nothing_and_fills_its_hole_when_it_is_seen() {
    crate::window::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        app.call("update_settings", serde_json::json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        app.later_tick(app.later_tick(0).await).await;
        order(&screen, "windowminimize");
        await_hidden(&app, true).await;
        let account = async || {
            let all = app.ask("get_diagnostics").await;
            (all["window"]["events_sent"].as_u64().unwrap(), all["ticks"]["done"].as_u64().unwrap())
        };
        let ticks_later = async |since: u64, more: u64| {
            until("ticks are done", SOON, async || {
                let (sent, done) = account().await;
                if done >= since + more { Ok((sent, done)) } else { Err(done) }
            })
            .await
        };
        let (_, begun) = account().await;
        let (sent, done) = ticks_later(begun, 2).await; // what was under way when it was minimized has come
        let (sent_later, done_later) = ticks_later(done, 6).await;
        assert_eq!(sent, sent_later, "not an event in {} ticks", done_later - done);
        println!("{} ticks without an event", done_later - done);

        order(&screen, "windowmap");
        await_hidden(&app, false).await;
        app.shows(
            "the page has a row for every tick that it missed",
            "return [Number(document.documentElement.dataset.rows), Number(document.documentElement.dataset.tick)]",
            |value: &Value| value[0].as_u64() >= value[1].as_u64() && value[1].as_u64() > Some(done_later),
        )
        .await;
        app.close().await;
    });
}

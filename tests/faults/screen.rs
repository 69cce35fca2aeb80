//! A screen that hangs, and every program's main thread on it: what is recorded goes on, and a signal still ends the program.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON};
use crate::common::panel::Panel;
use crate::common::process::Group;
use crate::common::screen::Screen;
use crate::common::until::until_sync;
use crate::window::app::{App, Gpus, Home};

/// Sixteen ticks at the shortest interval, and shorter than a page may not answer.
const HANG: Duration = Duration::from_secs(8);

#[test]
fn a_screen_that_hangs_stops_no_tick() {
    crate::window::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        app.later_tick(app.later_tick(0).await).await;
        let ticks = async || {
            let ticks = app.ask("get_diagnostics").await["ticks"].take();
            (ticks["done"].as_u64().unwrap(), ticks["skipped"].as_u64().unwrap())
        };
        let before = ticks().await;
        screen.hang(true);
        let hung = Instant::now();
        // The main thread asks the server where the window is, and waits for it.
        let asked = async {
            app.client.get_window_rect().await.unwrap();
            hung.elapsed()
        };
        let goes_on = async {
            tokio::time::sleep(HANG).await;
            screen.hang(false);
        };
        let (waited, ()) = tokio::join!(asked, goes_on);
        let after = ticks().await;
        println!("ticks done and skipped: {before:?}, after {waited:?} {after:?}");
        assert!(waited >= HANG, "the main thread waited for the screen: {waited:?}");
        assert!(after.0 >= before.0 + 13, "{before:?}, {after:?}");
        app.close().await;
    });
}

#[test]
fn a_signal_and_the_trays_quit_end_it_while_its_main_thread_waits_for_the_screen() {
    let _turn = among_others();
    ends_while_the_screen_hangs(|app, _| app.signal("TERM"));
    ends_while_the_screen_hangs(|_, panel| panel.click("Quit"));
}

fn ends_while_the_screen_hangs(end: impl FnOnce(&Group, &Panel)) {
    let desktop = Desktop::open();
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start_with(&["--hidden"], |_| {});
    desktop.await_tray(&panel);
    panel.line("CPU");
    desktop.screen.hang(true);
    // It builds the window, and the server answers nothing.
    panel.click("Open Telltale");
    for _ in 0..3 {
        let before = panel.lines();
        until_sync("its figures go on", SOON, || if panel.lines() == before { Err(before.clone()) } else { Ok(()) });
    }
    end(&app, &panel);
    let ended = app.wait(SOON);
    desktop.screen.hang(false);
    assert_eq!(ended.code(), Some(0));
}

//! Killed at any instant while it writes its settings, nothing is corrupt. (That it ends cleanly when it is asked to: tests/tray/life.rs.)

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::process::output;
use crate::common::screen::Screen;
use crate::common::until::until;
use crate::window::SOON;
use crate::window::app::{App, Gpus, Home};

/// Changes the settings for ever, as fast as they are saved.
const CHANGE: &str = "
    const one = (interval) => window.__TAURI_INTERNALS__.invoke('update_settings', { patch: { interval } })
        .then(() => { window.saved = (window.saved ?? 0) + 1; return one(interval === 5 ? 6.5 : 5); });
    one(5);";

/// `TELLTALE_KILLS` sets how often; `make soak` does it a hundred times.
#[test]
fn killed_at_any_instant_the_settings_are_whole() {
    let rounds: u32 = std::env::var("TELLTALE_KILLS").map_or(4, |number| number.parse().unwrap());
    crate::window::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let mut saves = 0;
        for round in 0..rounds {
            let app = App::start(&screen, &home, Gpus::NoDriver).await;
            assert_eq!(app.ask("get_system_info").await["notices"], json!([]), "round {round}");
            if round == 0 {
                // However slow the first save is, there is a file to be torn.
                app.call("update_settings", json!({ "patch": { "interval": 5 } })).await.unwrap();
            }
            app.run(CHANGE).await;
            if round == 0 {
                // However slow saving is, something is being written in one of the rounds.
                until("a change is saved", SOON, async || {
                    let answered = app.run("return window.saved ?? 0").await;
                    if answered.as_u64() > Some(0) { Ok(()) } else { Err(answered) }
                })
                .await;
            }
            // Not a wait for anything: the instant of the kill is what differs.
            tokio::time::sleep(Duration::from_millis(40 + u64::from(round) * 37 % 160)).await;
            saves += app.run("return window.saved ?? 0").await.as_u64().unwrap();
            for process in app.processes() {
                output("kill", &["-KILL", process.file_name().unwrap().to_str().unwrap()]);
            }
            drop(app);
            until("the settings are whole", SOON, async || {
                let text = fs::read_to_string(home.settings_file()).map_err(|error| error.to_string())?;
                let settings: Value = serde_json::from_str(&text).map_err(|error| format!("{error} in {text:?}"))?;
                let interval = settings["interval"].as_f64();
                if interval == Some(5.0) || interval == Some(6.5) { Ok(()) } else { Err(text) }
            })
            .await;
        }
        let kept = fs::read_dir(home.settings_folder()).unwrap().map(|entry| entry.unwrap().file_name());
        let corrupt: Vec<_> = kept.filter(|name| name.to_string_lossy().contains("corrupt")).collect();
        assert!(corrupt.is_empty(), "{corrupt:?}");
        println!("{rounds} kills among more than {saves} saves: nothing corrupt");
        assert!(saves > 0, "something was being written");
    });
}

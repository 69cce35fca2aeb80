//! Settings outlive the program; a file that can't be used is kept, and the window says so.

use std::fs;

use serde_json::json;

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::built;
use crate::common::screen::Screen;
use crate::common::until::until;

#[test]
fn settings_survive_a_restart() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        let patch = json!({ "patch": { "interval": 1.5, "theme": "light", "network_unit": "bits" } });
        let changed = app.call("update_settings", patch).await.unwrap();
        app.close().await;

        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        assert_eq!(app.ask("get_settings").await, changed);
        assert_eq!(app.ask("get_system_info").await["notices"], json!([]));
        assert_eq!(app.ask("get_current_metrics").await["interval"], 1.5);
        app.close().await;
    });
}

#[test]
fn a_settings_file_that_can_not_be_used_is_kept_and_the_window_says_so() {
    super::test(async || {
        let screen = Screen::open();
        for (text, kept) in [
            (r#"{"version": 1, "interval": 5.0, "the"#, "settings.json.corrupt-1"),
            (r#"{"version": 9, "interval": 5.0, "hologram": true}"#, "settings.json.v9"),
        ] {
            let home = Home::new();
            fs::write(home.settings_file(), text).unwrap();
            let app = App::start(&screen, &home, Gpus::NoDriver).await;
            assert_eq!(fs::read_to_string(home.settings_folder().join(kept)).unwrap(), text);
            let notices = app.ask("get_system_info").await["notices"].to_string();
            assert!(notices.contains(kept), "{notices}");
            until("the window says where it was kept", SOON, async || {
                let shown = app.texts("[data-testid=\"notice\"]").await;
                if shown.iter().any(|text| text.contains(kept)) { Ok(()) } else { Err(shown) }
            })
            .await;
            app.call("update_settings", json!({ "patch": { "theme": "dark" } })).await.unwrap();
            assert!(fs::read_to_string(home.settings_file()).unwrap().contains("dark"), "and settings are saved again");
            app.close().await;
        }
    });
}

#[test]
fn starting_at_login_is_a_file_that_the_desktop_reads() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        let file = home.settings_folder().parent().unwrap().join("autostart/telltale.desktop");
        assert_eq!((app.ask("get_settings").await["start_at_login"].clone(), file.exists()), (json!(false), false));

        assert!(app.open("settings").await);
        app.click("#setting-start_at_login").await;
        until("the file is there", SOON, async || fs::read_to_string(&file)).await;
        let entry = fs::read_to_string(&file).unwrap();
        let command = format!("Exec=\"{}\" --hidden", built("telltale").display());
        assert!(entry.starts_with("[Desktop Entry]\n") && entry.lines().any(|line| line == command), "{entry}");
        // It is answered when the change before is done: the file is written before the settings are.
        app.call("update_settings", json!({ "patch": {} })).await.unwrap();
        fs::remove_file(&file).unwrap();
        app.open("overview").await;
        app.open("settings").await;
        app.shows("that it is off", "return document.querySelector('#setting-start_at_login').checked", |on| {
            on == false
        })
        .await;
        app.click("#setting-start_at_login").await;
        until("the file is there again", SOON, async || fs::read_to_string(&file)).await;
        app.close().await;

        // What the desktop's own settings change counts.
        fs::write(&file, format!("{entry}X-GNOME-Autostart-enabled=false\n")).unwrap();
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        assert_eq!(app.ask("get_settings").await["start_at_login"], false);
        let on = json!({ "patch": { "start_at_login": true } });
        app.call("update_settings", on.clone()).await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), entry);
        app.call("update_settings", json!({ "patch": { "start_at_login": false } })).await.unwrap();
        assert!(!file.exists());

        fs::create_dir(&file).unwrap();
        let refused = app.call("update_settings", on).await.unwrap_err();
        assert_eq!((&refused["kind"], &refused["field"]), (&json!("not_written"), &json!("start_at_login")));
        assert_eq!(app.ask("get_settings").await["start_at_login"], false, "nothing was changed");
        app.close().await;
    });
}

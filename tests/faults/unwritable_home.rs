//! A home that can't be written to, at the first start: the window works with defaults in memory, and says that it can't
//! keep settings.

use serde_json::json;

use crate::common::process::output;
use crate::common::screen::Screen;
use crate::common::until::until;
use crate::window::SOON;
use crate::window::app::{App, Gpus, Home};

/// The home is mounted anew over itself, for reading only.
const READ_ONLY: &str = "mount --bind \"$HOME\" \"$HOME\" && mount -o remount,bind,ro \"$HOME\" || exit 8
    mkdir \"$HOME/config\" 2>/dev/null && exit 9";

#[test]
fn a_home_that_can_not_be_written_to_costs_the_settings_and_nothing_else() {
    crate::window::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let runtime = tempfile::tempdir().unwrap();
        let left = || {
            std::fs::read_dir(runtime.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap())
        };
        let ours = || left().filter(|name| name.starts_with("telltale-")).count();
        let app = App::start_with(&screen, &home, Gpus::NoDriver, Some(READ_ONLY), |command| {
            command.env("XDG_RUNTIME_DIR", runtime.path());
        })
        .await;
        assert_eq!(ours(), 1, "a folder for the web view");
        app.later_tick(app.later_tick(0).await).await;
        let notices = app.ask("get_system_info").await["notices"].to_string();
        println!("{notices}");
        assert!(notices.contains("Settings can't be kept"), "{notices}");
        let refusal = app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap_err();
        assert_eq!(refusal["kind"], "not_saved", "{refusal}");
        println!("{}", refusal["message"]);
        until("the change is in force", SOON, async || {
            let interval = app.ask("get_current_metrics").await["interval"].as_f64();
            if interval == Some(0.5) { Ok(()) } else { Err(interval) }
        })
        .await;
        assert!(!home.said().contains("panicked"), "{}", home.said());
        // Asked to, it ends by itself; the driver would kill it.
        for process in app.processes() {
            output("kill", &["-TERM", process.file_name().unwrap().to_str().unwrap()]);
        }
        until("its folder is gone", SOON, async || if ours() == 0 { Ok(()) } else { Err(left().collect::<Vec<_>>()) })
            .await;
    });
}

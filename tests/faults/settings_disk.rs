//! The disk that the settings are on is full, or can't be written to: the change is in force, the failure is said, and the
//! file is as it was.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::common::screen::Screen;
use crate::window::app::{App, Gpus, Home};

const KEPT: &str = r#"{"version":1,"interval":4.0,"theme":"dark"}"#;

/// A small disk with a settings file on it, in the place of the folder of settings.
const DISK: &str = "
    folder=\"$XDG_CONFIG_HOME/dev.telltale.desktop\"
    mkdir -p \"$folder\" && mount -t tmpfs -o size=64k telltale \"$folder\" || exit 8
    cp \"$HOME/kept.json\" \"$folder/settings.json\"";
const FULL: &str = "! dd if=/dev/zero of=\"$folder/fill\" bs=1k 2>/dev/null; df \"$folder\" >&2";
const READ_ONLY: &str = "mount -o remount,ro \"$folder\" || exit 8";

#[test]
fn a_change_that_can_not_be_saved_is_in_force_is_said_and_leaves_the_file_as_it_was() {
    for (fault, mounts) in [("full", FULL), ("read-only", READ_ONLY)] {
        crate::window::test(async || {
            let (screen, home) = (Screen::open(), Home::new());
            fs::write(home.settings_folder().join("../../kept.json"), KEPT).unwrap();
            let app = App::start_with(&screen, &home, Gpus::NoDriver, Some(&format!("{DISK}\n{mounts}")), |_| {}).await;
            assert_eq!(app.ask("get_settings").await["interval"].as_f64(), Some(4.0), "{fault}: the file is read");
            let error = app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.expect_err(fault);
            assert_eq!(error["kind"], "not_saved", "{fault}: {error}");
            println!("{fault}: {}", error["message"]);
            assert_eq!(app.ask("get_settings").await["interval"].as_f64(), Some(0.5), "{fault}: in force");
            // As the app sees it, in its own namespace.
            let seen = |name: &str| -> PathBuf {
                let folder = home.settings_folder();
                app.processes()[0].join("root").join(folder.strip_prefix("/").unwrap()).join(name)
            };
            assert_eq!(fs::read_to_string(seen("settings.json")).unwrap(), KEPT, "{fault}");
            // And again, as a user would: the second time is no worse.
            app.call("update_settings", json!({ "patch": { "theme": "light" } })).await.expect_err(fault);
            assert_eq!(fs::read_to_string(seen("settings.json")).unwrap(), KEPT, "{fault}");
            app.later_tick(app.tick().await).await;
            app.close().await;
        });
    }
}

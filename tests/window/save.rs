//! What the window shows, taken away: on the clipboard, and in files through the system's own dialog.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::screen::Screen;
use crate::common::until::until;

/// Runs a program on the screen: `xdotool`, `xclip`.
fn on(screen: &Screen, program: &str, arguments: &[&str]) -> Output {
    // xclip answers at once or waits for an owner of the clipboard for ever.
    let mut command = Command::new("timeout");
    command.arg("10").arg(program).args(arguments).envs(screen.environment());
    command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Saves under a path by the keyboard alone, as a user of the dialog would.
async fn save(app: &App, screen: &Screen, path: &Path) -> Vec<u8> {
    app.press("Control+s").await;
    until("the dialog is open", SOON, async || {
        let found = on(screen, "xdotool", &["search", "--onlyvisible", "--name", "^Save"]);
        let found = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        if found.is_empty() { Err("no such window") } else { Ok(found) }
    })
    .await;
    let path = path.to_str().unwrap();
    for keys in [&["key", "ctrl+a"][..], &["type", path], &["key", "Return"]] {
        on(screen, "xdotool", keys);
    }
    until("the window says where it is", SOON, async || {
        let said = app.texts("[data-testid=\"toast\"]").await;
        if said.iter().any(|said| said.contains(path)) { Ok(()) } else { Err(said) }
    })
    .await;
    fs::read(path).unwrap()
}

#[test]
fn the_visible_range_is_saved_as_csv_json_or_a_picture() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        let tick = app.tick().await;
        app.later_tick(app.later_tick(tick).await).await;
        let folder = tempfile::tempdir().unwrap();

        let csv = String::from_utf8(save(&app, &screen, &folder.path().join("a.csv")).await).unwrap();
        let mut lines = csv.split_terminator("\r\n");
        let header: Vec<_> = lines.next().unwrap().split(',').collect();
        let cpu = header.iter().position(|name| *name == "system/cpu/utilization %").expect("the CPU is among them");
        assert!(header.iter().any(|name| name.starts_with("system/gpu/") && name.ends_with("/temperature °C")));
        let last: Vec<_> = lines.last().unwrap().split(',').collect();
        assert!(last.len() == header.len() && last[0].ends_with('Z'), "{last:?}");
        assert!(last[cpu].parse::<f64>().is_ok_and(|percent| (0.0..=100.0).contains(&percent)), "{last:?}");

        let json = save(&app, &screen, &folder.path().join("a.json")).await;
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert!(json["timestamps"].as_array().unwrap().len() >= 2 && json["series"].is_array());

        let png = save(&app, &screen, &folder.path().join("a.png")).await;
        assert!(png.starts_with(b"\x89PNG") && png.len() > 5_000, "{} bytes", png.len());
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "nothing half-written is left: {left:?}");
        app.close().await;
    });
}

#[test]
fn a_panels_figures_are_copied_by_keys_and_by_the_menu() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        until("the processors have a figure", SOON, async || {
            let texts = app.texts("[data-figure=\"cpu/utilization\"]").await;
            if texts.first().is_some_and(|text| text.contains('%')) { Ok(()) } else { Err(texts) }
        })
        .await;
        let clipboard = async |wanted: &str| {
            until(&format!("{wanted} is on the clipboard"), SOON, async || {
                let text = on(&screen, "xclip", &["-o", "-selection", "clipboard"]).stdout;
                let text = String::from_utf8_lossy(&text).into_owned();
                if text.contains(wanted) { Ok(text) } else { Err(text) }
            })
            .await
        };
        app.run("document.querySelector('[data-panel=cpu] .chart').focus()").await;
        app.press("Control+c").await;
        let text = clipboard("Total: ").await;
        assert!(text.starts_with("CPU") && text.contains('%'), "{text}");

        app.run(
            "const panel = document.querySelector('[data-panel=memory]');
             panel.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, clientX: 500, clientY: 300 }));",
        )
        .await;
        until("the menu has the focus", SOON, async || {
            let focused = app.run("return document.activeElement.getAttribute('role')").await;
            if focused == "menuitem" { Ok(()) } else { Err(focused) }
        })
        .await;
        app.press("Enter").await;
        let text = clipboard("RAM: ").await;
        assert!(text.starts_with("Memory") && text.contains("GiB"), "{text}");
        app.close().await;
    });
}

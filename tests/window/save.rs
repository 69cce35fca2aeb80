//! What the window shows, taken away: on the clipboard, and in files through the system's own dialog.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};

use rustix::fs::{Mode, OFlags};
use serde_json::{Value, json};

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

/// Opens the dialog and chooses a path in it by the keyboard alone, as a user of it would.
async fn choose(app: &App, screen: &Screen, path: &Path) {
    app.press("Control+s").await;
    until("the dialog has the focus", SOON, async || {
        let active = on(screen, "xdotool", &["getactivewindow", "getwindowname"]);
        let active = String::from_utf8_lossy(&active.stdout).trim().to_owned();
        if active.starts_with("Save") { Ok(()) } else { Err(active) }
    })
    .await;
    for keys in [&["key", "ctrl+a"][..], &["type", path.to_str().unwrap()], &["key", "Return"]] {
        on(screen, "xdotool", keys);
    }
}

/// Waits until the window says something that contains these words.
async fn says(app: &App, words: &str) {
    until(&format!("the window says {words}"), SOON, async || {
        let said = app.texts("[data-testid=\"toast\"]").await;
        if said.iter().any(|said| said.contains(words)) { Ok(()) } else { Err(said) }
    })
    .await;
}

/// Saves under a path, and reads what is there then.
async fn save(app: &App, screen: &Screen, path: &Path) -> Vec<u8> {
    choose(app, screen, path).await;
    says(app, path.to_str().unwrap()).await;
    fs::read(path).unwrap()
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
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
        assert!(app.open("diagnostics").await);
        choose(&app, &screen, &folder.path().join("none.png")).await;
        says(&app, "no chart").await;
        assert_eq!(names(folder.path()), ["a.csv", "a.json", "a.png"], "nothing half-written is left");
        app.close().await;
    });
}

/// What the window shows of a save under way: a bar that is called something, how full it is, and whether the focus is on
/// the button beside it.
const BAR: &str =
    "const saving = document.querySelector('[data-testid=\"saving\"]'), bar = saving?.querySelector('progress');
    return saving && [bar.getAttribute('aria-label'), bar.position, saving.contains(document.activeElement)];";

/// The disk is as slow as the test likes: what is written aside is a pipe, whose maker opens it only when there is a reader,
/// and whose writer goes on only as it is read.
#[test]
fn a_long_save_says_how_far_it_is_and_ends_at_once_when_cancelled_by_keys() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let quick = |command: &mut Command| _ = command.env("TELLTALE_TEST_INTERVAL", "0.02");
        let app = App::start_with(&screen, &home, Gpus::Simulated("eight"), None, quick).await;
        let rows = "return Number(document.documentElement.dataset.rows)";
        app.shows("there is much to write", rows, |rows| rows.as_u64() >= Some(400)).await;
        app.call("update_settings", json!({ "patch": { "interval": 2 } })).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        // A process is a folder of /proc.
        let [app_process] = app.processes().try_into().unwrap();
        let app_process = app_process.file_name().unwrap().to_str().unwrap().to_owned();
        let pipe = |save: u32| {
            let path = folder.path().join(format!(".telltale-{app_process}-{save}.part"));
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let reader =
            |path: &Path| File::from(rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap());
        let gone = async |left: &[&str]| {
            until("nothing half-written is left", SOON, async || {
                let names = names(folder.path());
                if names == left { Ok(()) } else { Err(names) }
            })
            .await;
        };

        // The file can't even be made.
        let path = folder.path().join("a.csv");
        let aside = pipe(1);
        choose(&app, &screen, &path).await;
        let saving = app.shows("it is said", BAR, Value::is_array).await;
        assert_eq!((saving[0].as_str(), saving[1].as_f64()), (Some("Saving…"), Some(0.0)));
        app.press("Escape").await;
        says(&app, "cancelled").await;
        gone(&[]).await;
        assert!(!aside.exists());

        // It is made, and written as slowly as it is read; another program makes a file of that name meanwhile.
        let mut slow = reader(&pipe(2));
        choose(&app, &screen, &path).await;
        app.shows("it is said", BAR, Value::is_array).await;
        fs::write(&path, "before").unwrap();
        let mut shares = vec![0.0];
        while shares.len() < 4 {
            let now = until("the bar is fuller", SOON, async || {
                // Nothing may be there yet.
                let _ = slow.read(&mut [0; 8 << 10]);
                let now = app.run(BAR).await[1].as_f64().expect("it is under way");
                if now > shares[shares.len() - 1] { Ok(now) } else { Err(now) }
            })
            .await;
            shares.push(now);
        }
        assert!(shares[3] < 1.0, "{shares:?}");
        until("the button has the focus", SOON, async || {
            app.press("Shift+Tab").await;
            let saving = app.run(BAR).await;
            if saving[2] == true { Ok(()) } else { Err(saving) }
        })
        .await;
        app.press("Enter").await;
        says(&app, "cancelled").await;
        gone(&["a.csv"]).await;
        assert_eq!(fs::read(&path).unwrap(), b"before");
        until("the disk answers again, and nobody writes any more", SOON, async || {
            match slow.read(&mut [0; 16 << 10]) {
                Ok(0) => Ok(()),
                more => Err(format!("{more:?}")),
            }
        })
        .await;
        app.later_tick(app.tick().await).await; // what was sent before an event is there when that is
        assert_eq!(app.run(BAR).await, Value::Null, "what is cancelled reports no more");

        let csv = save(&app, &screen, &folder.path().join("b.csv")).await;
        assert!(csv.starts_with(b"time,") && csv.ends_with(b"\r\n") && csv.len() > 100_000, "{} bytes", csv.len());
        assert_eq!(app.run(BAR).await, Value::Null);
        assert_eq!(names(folder.path()), ["a.csv", "b.csv"]);

        // The program ends while it writes.
        let _slow = reader(&pipe(4));
        choose(&app, &screen, &folder.path().join("c.csv")).await;
        app.shows("it is said", BAR, Value::is_array).await;
        app.quit().await;
        assert_eq!(names(folder.path()), ["a.csv", "b.csv"]);
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

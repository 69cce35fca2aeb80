//! A GPU's page in full: what it is, who uses it, what is not reported and why, and a GPU that sleeps and is left alone.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::agent::NO_REAL_GPUS;
use crate::common::root;
use crate::common::screen::Screen;
use crate::common::until::until;

/// The facts by their names; [...] of rows of a table, by cell.
const FACTS: &str = "return Object.fromEntries(Array.from(document.querySelectorAll('[data-panel=facts] dd'),
    fact => [fact.dataset.label, fact.textContent.replace(/\\s+/g, ' ')]))";
const ROWS: &str = "return Array.from(document.querySelectorAll(arguments[0] + ' tbody tr'),
    row => Array.from(row.cells, cell => cell.textContent.replace(/\\s+/g, ' ').trim()))";

fn full() -> String {
    fs::read_to_string(root().join("tests/nvml-sim/scripts/full.sim")).unwrap()
}

/// Waits until the facts hold these.
async fn says(app: &App, expected: &[(&str, &str)]) -> Value {
    until(&format!("the page says {expected:?}"), SOON, async || {
        let facts = app.run(FACTS).await;
        if expected.iter().all(|(name, value)| facts[*name] == *value) { Ok(facts) } else { Err(facts) }
    })
    .await
}

/// Waits until a table's rows are these.
async fn lists(app: &App, table: &str, fits: impl Fn(&Value) -> bool) -> Value {
    until(&format!("the rows of {table} are there"), SOON, async || {
        let rows = app.run_with(ROWS, vec![json!(table)]).await;
        if fits(&rows) { Ok(rows) } else { Err(rows) }
    })
    .await
}

#[test]
fn a_device_is_told_in_full_with_its_parts_and_who_uses_it() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        home.script(&full());
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.resize(1280, 800).await;
        assert!(app.open("gpu/GPU-full-0").await);
        says(
            &app,
            &[
                ("PCI address", "0000:18:00.0"),
                ("CUDA cores", "16,896"),
                ("Driver", "570.86.15"),
                ("CUDA", "12.8"),
                ("VBIOS", "96.00.74.00.01"),
                ("Power limit", "700 W (can be 200 W to 700 W)"),
                ("Slows down at", "87 °C"),
                ("Tensor cores", "62 %"),
                ("NVLink", "2 of 3 up, 3 errors"),
                ("PCIe", "5.0 ×16"),
                ("Corrected", "3, in its life 17"),
                ("Uncorrected", "0, in its life 1"),
                ("Remapped rows", "2"),
            ],
        )
        .await;
        let uses = lists(&app, "[data-panel^='uses/']", |rows| rows[0][3] == "84 %").await;
        let first = uses[0].as_array().unwrap();
        assert_eq!(
            (&first[1], &first[2], &first[5]),
            (&json!("root"), &json!("compute"), &json!("40.0 GiB")),
            "{uses}"
        );
        assert!(first[0].as_str().unwrap().ends_with(" 1"), "the first process by name and number: {uses}");
        assert_eq!(uses[1][0], "— 4194304", "one that can't be seen from here: {uses}");
        let absent = app.texts("[data-absent=unsupported]").await.concat();
        assert!(absent.contains("Hot spot") && absent.contains("not reported by this device"), "{absent}");

        assert!(app.open("gpu/GPU-full-1").await);
        says(&app, &[("MIG", "2 instances"), ("Retired pages", "4, more after a restart")]).await;
        let instances =
            lists(&app, "[data-panel=facts]", |rows| rows.as_array().is_some_and(|rows| rows.len() == 2)).await;
        let held: Vec<_> = instances.as_array().unwrap().iter().map(|row| (&row[3], &row[4])).collect();
        assert_eq!(
            held,
            [(&json!("42"), &json!("10.0 GiB / 39 GiB")), (&json!("14"), &json!("2.0 GiB / 9.5 GiB"))],
            "{instances}"
        );
        let on = lists(&app, "[data-panel^='uses/']", |rows| rows.as_array().is_some_and(|rows| rows.len() == 2)).await;
        assert_eq!((&on[0][3], &on[1][3]), (&json!("0"), &json!("1")), "each process by its instance: {on}");

        home.script(&full().replace("ecc = 1\nretired", "ecc = error NO_PERMISSION\nretired"));
        until("a figure that is refused says why", SOON, async || {
            let refused = app.texts("[data-absent=no_permission]").await.concat();
            if refused.starts_with("ECC:") { Ok(()) } else { Err(refused) }
        })
        .await;
        for (gpu, theme) in [("0", "dark"), ("1", "light")] {
            app.call("update_settings", json!({ "patch": { "theme": theme } })).await.unwrap();
            app.reload().await;
            assert!(app.open(&format!("gpu/GPU-full-{gpu}")).await);
            lists(&app, "[data-panel^='uses/']", |rows| rows.as_array().is_some_and(|rows| rows.len() == 2)).await;
            for (width, height) in [(1280, 800), (900, 600)] {
                app.resize(width, height).await;
                app.later_tick(app.tick().await).await;
                for panel in ["uses/", "facts"] {
                    let scroll = "document.querySelector(`[data-panel^=\"${arguments[0]}\"]`).scrollIntoView()";
                    app.run_with(scroll, vec![json!(panel)]).await;
                    let file = format!("full-{}-{gpu}-{theme}-{width}x{height}.png", panel.trim_end_matches('/'));
                    picture(&app, &file).await;
                    let moved = app.run("return document.documentElement.scrollTop").await;
                    assert_eq!(moved, 0, "only what stands under the bar scrolls");
                }
            }
        }
        app.close().await;
    });
}

async fn picture(app: &App, file: &str) {
    let folder = root().join("tests/out/screenshots");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), app.screenshot().await).unwrap();
}

/// A /sys in which the kernel has put the device to sleep, or not.
fn power(sys: &Path, status: &str) {
    let folder = sys.join("bus/pci/devices/0000:18:00.0");
    fs::create_dir_all(folder.join("power")).unwrap();
    for (file, text) in
        [("vendor", "0x10de"), ("class", "0x030200"), ("power/control", "auto"), ("power/runtime_status", status)]
    {
        fs::write(folder.join(file), text).unwrap();
    }
}

#[test]
fn a_gpu_that_falls_asleep_is_said_to_be_and_nothing_is_asked_of_it() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (sys, calls) = (folder.path().join("sys"), folder.path().join("calls"));
        power(&sys, "active");
        home.script(full().split("\n[gpu]\n").take(2).collect::<Vec<_>>().join("\n[gpu]\n").as_str());
        let app = App::start_with(&screen, &home, Gpus::Scripted, None, |command| {
            command.env("TELLTALE_NVML_SIM_CALLS", &calls).env(NO_REAL_GPUS.0, &sys);
        })
        .await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        assert!(app.open("gpu/GPU-full-0").await);
        says(&app, &[("VBIOS", "96.00.74.00.01")]).await;
        until("the page says who keeps it awake", SOON, async || {
            let facts = app.run(FACTS).await;
            if facts["Kept awake by"].is_string() { Ok(()) } else { Err(facts) }
        })
        .await;

        power(&sys, "suspended");
        until("the page says that it is asleep", SOON, async || {
            let panels = app.texts("[data-panel^='gpu/']").await.concat();
            if panels.contains("asleep") { Ok(()) } else { Err(panels) }
        })
        .await;
        let asked_for_ticks = async |count: u32| {
            let before = nvml_sim::calls::read(&calls).unwrap();
            for _ in 0..count {
                app.later_tick(app.tick().await).await;
            }
            let after = nvml_sim::calls::read(&calls).unwrap();
            if before == after { Ok(()) } else { Err((before, after)) }
        };
        until("what was under way when it fell asleep is done", SOON, async || asked_for_ticks(3).await).await;
        asked_for_ticks(12).await.expect("not one call is made from then on, with the page open");
        says(&app, &[("VBIOS", "96.00.74.00.01")]).await;

        power(&sys, "active");
        until("it is asked again as soon as something woke it", SOON, async || {
            let metrics = app.ask("get_current_metrics").await;
            if metrics["gpu"][0]["utilization"].is_number() { Ok(()) } else { Err(metrics["gpu"].clone()) }
        })
        .await;
        app.close().await;
    });
}

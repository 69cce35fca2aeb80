//! No GPU, one and eight: what the window shows of them is what the simulated driver reports.

use std::fs;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use super::pages::OVERFLOW;
use crate::common::root;
use crate::common::screen::Screen;
use crate::common::until::until;

/// Every font that the page is laid out with: of those that fontconfig is asked for, which takes milliseconds each.
const FONTS: &str = "return [...new Set(Array.from(document.body.querySelectorAll('*'), one => {
    const { fontFamily, fontSize, fontStyle, fontWeight } = getComputedStyle(one);
    return [fontFamily, fontSize, fontStyle, fontWeight].join(' ');
}))].sort()";

#[test]
fn without_a_driver_the_panel_says_why() {
    without_gpus(Gpus::NoDriver, "libnvidia-ml.so.1");
}

#[test]
fn with_a_driver_and_no_gpu_the_panel_says_so() {
    without_gpus(Gpus::Simulated("none"), "GPU");
}

fn without_gpus(gpus: Gpus, reason: &str) {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, gpus).await;
        until("the GPU panel is unavailable", SOON, async || {
            let state = app.attribute("[data-panel=\"gpu\"]", "data-state").await;
            if state == "unavailable" { Ok(()) } else { Err(state) }
        })
        .await;
        // Before, a machine that stalls may have had no answer yet.
        until("the panel says why, as the core does", SOON, async || {
            let texts = app.texts("[data-panel=\"gpu\"]").await;
            let detail =
                app.ask("get_system_info").await["gpu_missing"]["detail"].as_str().unwrap_or_default().to_owned();
            let says = detail.contains(reason) && texts.len() == 1 && texts[0].contains(&detail);
            if says { Ok(()) } else { Err((texts, detail)) }
        })
        .await;
        assert_eq!(app.ask("get_current_metrics").await["gpu"], json!([]));
        app.close().await;
    });
}

#[test]
fn one_gpu_is_shown_as_the_driver_reports_it() {
    with_gpus("one", 1);
}

#[test]
fn eight_gpus_are_shown_as_the_driver_reports_them() {
    with_gpus("eight", 8);
}

fn with_gpus(script: &'static str, count: usize) {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated(script)).await;
        let metrics = until("the driver has reported its devices", SOON, async || {
            let metrics = app.ask("get_current_metrics").await;
            if metrics["gpu"].as_array().unwrap().len() == count { Ok(metrics) } else { Err(metrics) }
        })
        .await;
        until("each has a panel with data", SOON, async || {
            let states = app.run(STATES).await;
            let fonts = app.run(FONTS).await;
            assert!(fonts.as_array().unwrap().len() <= 5, "each is looked for before anything is painted: {fonts:#}");
            let data = states.as_array().unwrap().iter().filter(|state| **state == "data").count();
            if data == count { Ok(()) } else { Err(states) }
        })
        .await;
        for gpu in metrics["gpu"].as_array().unwrap() {
            for field in ["utilization", "temperature", "power_draw"] {
                agrees(&app, gpu["gpu_id"].as_str().unwrap(), field).await;
            }
        }
        let overflow = app.run("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(overflow.as_i64() <= Some(0), "1 to 8 GPUs fit without horizontal scrolling: {overflow}");
        app.close().await;
    });
}

#[test]
fn an_amd_gpu_is_shown_in_its_own_words() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Kernel(&["rx-7900-xtx"])).await;
        let id = "AMD-6c4f2b1d9a83e057";
        for field in ["utilization", "temperature", "power_draw"] {
            agrees(&app, id, field).await;
        }
        assert!(app.open("gpu/").await);
        let facts = "return Object.fromEntries(Array.from(document.querySelectorAll('[data-panel=facts] dd'),
            fact => [fact.dataset.label, fact.textContent.replace(/\\s+/g, ' ')]))";
        let facts = until("the figures are there", SOON, async || {
            let facts = app.run(facts).await;
            if facts["Driver"] == "amdgpu" { Ok(facts) } else { Err(facts) }
        })
        .await;
        assert_eq!(
            (&facts["GPU clock"], &facts["PCIe"]),
            (&json!("2,371 MHz / 2,526 MHz"), &json!("4.0 ×8")),
            "{facts:#}"
        );
        until("what the driver does not give is said", SOON, async || {
            let absent = app.texts("[data-absent=unsupported]").await.concat();
            let said = absent.contains("Performance state") && absent.contains("not reported by this device");
            if said { Ok(()) } else { Err(absent) }
        })
        .await;
        let titles = "return Array.from(document.querySelectorAll('[title]'), it => it.title).join('\\n')";
        let all = app.run(titles).await.as_str().unwrap().to_owned() + &app.texts("body").await.concat();
        assert!(all.contains("amdgpu: gpu_busy_percent") && !all.contains("NVML"), "{all}");
        app.close().await;
    });
}

/// A card's words at the crosshair that can be seen, and how far the overview has to be scrolled.
const LOST: &str =
    "const card = document.querySelector('[data-panel^=\"gpu/\"]'), main = document.querySelector('main');
    const seen = (selector) => Array.from(card.querySelectorAll(selector)).filter(one => one.checkVisibility());
    return [seen('.legend li').map(one => one.innerText), seen('.stale').map(one => [one.innerText, one.title]),
        main.scrollHeight - main.clientHeight, seen('.tile').map(one => one.title.split('\\n')[0])]";

#[test]
fn a_lost_gpu_among_many_says_so_in_its_own_room() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let eight = fs::read_to_string(root().join("tests/nvml-sim/scripts/eight.sim")).unwrap();
        home.script(&eight);
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.resize(1280, 800).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        app.click("[data-testid=\"range-1m\"]").await;
        app.shows("eight cards", STATES, |states| *states == json!(vec!["data"; 8])).await;
        home.script(&eight.replacen("[gpu]", "[gpu]\nstate = lost", 1));
        app.shows("the first is lost", STATES, |states| states[0] == "stale" && states[1] == "data").await;
        let over = "const { left, top, width, height } = document.querySelector('.u-over').getBoundingClientRect();
            return [left + width - 2, top + height / 2]";
        let legend = until("its legend says why, and nothing else", SOON, async || {
            let place: (f64, f64) = serde_json::from_value(app.run(over).await).unwrap();
            app.point(place).await;
            let shown = app.run(LOST).await;
            let legend = shown[0].as_array().unwrap();
            let why = legend.first().and_then(Value::as_str).is_some_and(|words| words.contains("gap: lost"));
            if why && legend.len() == 1 { Ok(shown) } else { Err(shown) }
        })
        .await;
        let why = "lost: off the bus, or in need of a reset";
        let said = legend[1][0][0].as_str().unwrap();
        assert!(said.starts_with("no sample for") && said.ends_with(why), "{said}");
        assert!(legend[1][0][1].as_str().unwrap().starts_with(&format!("{why} · ")), "{legend}");
        assert_eq!(legend[3], json!([why, why, why, why]), "on hover, as there is no room");
        assert_eq!((&legend[2], app.run(OVERFLOW).await), (&json!(0), json!([])), "the rest is in sight as before");
        app.close().await;

        // Its model was never told, and it is not called by its number twice.
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.shows("the first is lost", STATES, |states| states[0] == "stale" && states[1] == "data").await;
        let titles =
            "return [...document.querySelectorAll('[data-panel^=\"gpu/\"] h2')].map(one => one.textContent.trim())";
        assert_eq!(app.run(titles).await, json!((0..8).map(|index| format!("GPU {index}")).collect::<Vec<_>>()));
        assert!(app.texts(".bar").await.concat().contains("7 × H100 80GB HBM3"));
        app.close().await;
    });
}

const STATES: &str = "return Array.from(document.querySelectorAll('[data-panel^=\"gpu/\"]'), it => it.dataset.state)";

/// The figure shows the number that the command returns; they may be a tick apart for a moment.
async fn agrees(app: &App, id: &str, field: &str) {
    let selector = format!("[data-figure=\"gpu/{id}/{field}\"]");
    until(&format!("{field} of {id} agrees"), SOON, async || {
        let texts = app.texts(&selector).await;
        let metrics = app.ask("get_current_metrics").await;
        let gpu = metrics["gpu"].as_array().unwrap().iter().find(|gpu| gpu["gpu_id"] == id).unwrap();
        let shown = |text: &String| {
            let number: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            number.parse::<f64>().ok()
        };
        let near = |value: f64| texts.iter().any(|text| shown(text).is_some_and(|shown| (shown - value).abs() <= 0.51));
        if gpu[field].as_f64().is_some_and(near) { Ok(()) } else { Err((texts, Value::clone(&gpu[field]))) }
    })
    .await;
}

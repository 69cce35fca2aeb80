//! The charts as a hand moves over them: one crosshair for all, drag to zoom, ranges, pause, and gaps with their reasons.

use std::time::Duration;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::screen::Screen;
use crate::common::until::until;

/// Where the first chart's plot is: left, top, width, height.
async fn plot(app: &App) -> [f64; 4] {
    let script = "const { left, top, width, height } = document.querySelector('.u-over').getBoundingClientRect();
        return [left, top, width, height]";
    let place = app.shows("there is a chart", script, |it| it[2].as_f64() > Some(50.0)).await;
    serde_json::from_value(place).unwrap()
}

/// A place in the first chart, by its share of the width.
async fn place(app: &App, share: f64) -> (f64, f64) {
    let [left, top, width, height] = plot(app).await;
    ((left + width * share).round(), (top + height / 2.0).round())
}

/// Where the crosshair of each chart stands, as a share of its width; null where it can't be seen.
const CROSSHAIRS: &str = "return Array.from(document.querySelectorAll('.u-over'), over => {
    const line = over.querySelector('.u-cursor-x');
    const at = new DOMMatrix(getComputedStyle(line).transform).e;
    return line.classList.contains('u-off') || at < 0 ? null : at / over.clientWidth;
})";

/// Whether they all stand at that share.
fn stand(crosshairs: &Value, share: f64) -> bool {
    let shares: Vec<_> = crosshairs.as_array().unwrap().iter().map(Value::as_f64).collect();
    shares.len() >= 5 && shares.iter().all(|at| at.is_some_and(|at| (at - share).abs() < 0.01))
}

const LEGENDS: &str = "return Array.from(document.querySelectorAll('.legend [data-figure]'), one => one.textContent)";

/// The GPU's utilization as the legend says it, and as the tile does.
const NEWEST: &str = "return ['.legend', '.tile'].map(where =>
    document.querySelector(`[data-panel^='gpu/'] ${where} [data-figure$='/utilization']`).textContent.trim().replace(/\\s/g, ' '))";

pub(super) async fn collect(app: &App, ticks: u32) {
    app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
    let mut tick = app.tick().await;
    for _ in 0..ticks {
        tick = app.later_tick(tick).await;
    }
}

/// A window whose charts rise, a sixth of them filled.
async fn ramping(screen: &Screen, home: &Home) -> App {
    home.script(RAMP);
    let app = App::start(screen, home, Gpus::Scripted).await;
    app.resize(1280, 800).await;
    press_button(&app, "range-1m", true).await;
    collect(&app, 20).await;
    app
}

pub(super) async fn press_button(app: &App, name: &str, pressed: bool) {
    app.click(&format!("[data-testid=\"{name}\"]")).await;
    let pressed = pressed.to_string();
    until(&format!("{name} is pressed: {pressed}"), SOON, async || {
        let now = app.attribute(&format!("[data-testid=\"{name}\"]"), "aria-pressed").await;
        if now == pressed { Ok(()) } else { Err(now) }
    })
    .await;
}

#[test]
fn one_crosshair_for_all_charts_and_the_legends_show_what_is_under_it() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = ramping(&screen, &home).await;
        app.pause(true).await;
        let newest = app.run(LEGENDS).await;
        let mut different = 0;
        for share in [0.97, 0.93, 0.9] {
            app.point(place(&app, share).await).await;
            app.shows("the crosshair stands at the same time in all charts", CROSSHAIRS, |it| stand(it, share)).await;
            // and the legends say what the core measured then
            let legends = app.run(LEGENDS).await;
            assert!(legends.as_array().unwrap().iter().any(|text| text.as_str().unwrap().ends_with('%')), "{legends}");
            different += usize::from(legends != newest);
        }
        assert!(different >= 2, "the legends follow the crosshair: {newest}");
        app.point((5.0, 400.0)).await;
        app.shows("it leaves with the pointer", CROSSHAIRS, |it| it.as_array().unwrap().iter().all(Value::is_null))
            .await;
        app.shows("and the legend shows the newest value, as the tile does", NEWEST, |it| it[0] == it[1]).await;
        app.close().await;
    });
}

#[test]
fn the_crosshair_rests_with_the_pointer_while_charts_move_and_that_of_keys_leaves_with_the_focus() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = ramping(&screen, &home).await;
        app.point(place(&app, 0.9).await).await;
        app.shows("the crosshair stands in all charts", CROSSHAIRS, |it| stand(it, 0.9)).await;
        let legends = app.run(LEGENDS).await;
        // a fifteenth of the range
        collect(&app, 8).await;
        app.shows("and there it stays", CROSSHAIRS, |it| stand(it, 0.9)).await;
        assert_ne!(app.run(LEGENDS).await, legends, "the legends follow what comes under it");

        let nowhere = |it: &Value| it.as_array().unwrap().iter().all(Value::is_null);
        app.point((5.0, 400.0)).await;
        app.shows("it leaves with the pointer", CROSSHAIRS, nowhere).await;
        app.run("document.querySelector('.chart').focus()").await;
        app.press("ArrowLeft").await;
        app.shows("keys bring it back", CROSSHAIRS, |it| it.as_array().unwrap().iter().all(Value::is_number)).await;
        app.press("Tab").await;
        app.shows("and it leaves with the focus", CROSSHAIRS, nowhere).await;
        app.close().await;
    });
}

#[test]
fn a_drag_zooms_and_ranges_and_double_clicks_go_back() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.resize(1280, 800).await;
        app.later_tick(app.later_tick(0).await).await;
        let mut spans = Vec::new();
        for (range, seconds) in [("1m", 60.0), ("5m", 300.0), ("15m", 900.0), ("1h", 3600.0)] {
            press_button(&app, &format!("range-{range}"), true).await;
            let span = span(&app).await;
            assert!((span / seconds - 1.0).abs() < 0.05, "{range} is {span} s wide");
            spans.push(span);
        }
        press_button(&app, "range-5m", true).await;
        assert_eq!(app.attribute("[data-testid=\"range-1h\"]", "aria-pressed").await, "false");
        assert_eq!(app.texts("[data-testid=\"unzoom\"]").await, [""; 0]);

        app.drag(place(&app, 0.5).await, place(&app, 0.8).await).await;
        app.shows("it is zoomed", UNZOOM, |it| *it == 1).await;
        let zoomed = span(&app).await;
        assert!((zoomed / 90.0 - 1.0).abs() < 0.1, "three tenths of 5 minutes: {zoomed} s");
        app.double_click(place(&app, 0.4).await).await;
        app.shows("it is not zoomed", UNZOOM, |it| *it == 0).await;
        assert!((span(&app).await / 300.0 - 1.0).abs() < 0.05);

        app.drag(place(&app, 0.9).await, place(&app, 0.6).await).await;
        app.shows("zoomed from right to left too", UNZOOM, |it| *it == 1).await;
        app.click("[data-testid=\"unzoom\"]").await;
        app.shows("the button goes back", UNZOOM, |it| *it == 0).await;

        let [left, top, width, _] = plot(&app).await;
        // Beyond the right axis, at the panel's edge.
        app.drag(place(&app, 0.7).await, ((left + width + 60.0).round(), (top + 20.0).round())).await;
        app.shows("zoomed by a drag that ends outside", UNZOOM, |it| *it == 1).await;
        let zoomed = span(&app).await;
        assert!((zoomed / 90.0 - 1.0).abs() < 0.1, "from there to the right edge: {zoomed} s");
        app.click("[data-testid=\"unzoom\"]").await;
        app.shows("and back again", UNZOOM, |it| *it == 0).await;

        app.press("=").await;
        app.shows("zoomed by keys", UNZOOM, |it| *it == 1).await;
        assert!((span(&app).await / 150.0 - 1.0).abs() < 0.05, "half of 5 minutes");
        app.press("-").await;
        app.shows("and back", UNZOOM, |it| *it == 0).await;
        assert!((span(&app).await / 300.0 - 1.0).abs() < 0.05);
        app.close().await;
    });
}

const UNZOOM: &str = "return document.querySelectorAll('[data-testid=\"unzoom\"]').length";

/// How many seconds the charts are wide: the crosshair moved by keys over a known number of pixels would be one way;
/// the element says it too.
async fn span(app: &App) -> f64 {
    let script = "return Array.from(document.querySelectorAll('[data-span]'), one => Number(one.dataset.span))";
    let mut last = json!(null);
    // It is drawn at the next frame.
    let spans = until("all charts are equally wide", SOON, async || {
        let now = app.run(script).await;
        let spans: Vec<_> = now.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        let steady = now == last;
        last = now;
        if steady && spans.len() >= 5 && spans.iter().all(|one| (one - spans[0]).abs() < 0.05) {
            Ok(spans)
        } else {
            Err(spans)
        }
    })
    .await;
    spans[0]
}

#[test]
fn pause_stops_the_charts_and_nothing_else() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.resize(1280, 800).await;
        collect(&app, 8).await;
        app.pause(true).await;
        // What comes right after the last sample in sight decides where the line leaves the chart.
        let tick = app.later_tick(app.later_tick(app.tick().await).await).await;
        let picture = picture(&app).await;
        app.later_tick(tick + 2).await;
        assert_eq!(self::picture(&app).await, picture, "the charts stand still while samples come");
        let tick = app.tick().await;
        app.pause(false).await;
        app.later_tick(tick).await;
        until("the charts move again", SOON, async || {
            let now = self::picture(&app).await;
            if now == picture { Err("the same picture") } else { Ok(()) }
        })
        .await;
        app.close().await;
    });
}

#[test]
fn a_chart_out_of_sight_is_drawn_when_it_is_scrolled_to() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = ramping(&screen, &home).await;
        app.resize(900, 600).await;
        let last = "return Array.from(document.querySelectorAll('.u-wrap canvas')).at(-1).getBoundingClientRect().top - innerHeight";
        app.shows("the last chart is below the window", last, |it| it.as_f64() > Some(0.0)).await;
        app.later_tick(app.later_tick(app.tick().await).await).await;
        let (above, below) = (picture(&app).await, picture_of(&app, -1).await);
        until("the first chart is drawn again", SOON, async || {
            let now = picture(&app).await;
            if now == above { Err("the same picture") } else { Ok(()) }
        })
        .await;
        assert_eq!(picture_of(&app, -1).await, below, "nobody sees it");
        app.run("Array.from(document.querySelectorAll('.u-wrap canvas')).at(-1).scrollIntoView()").await;
        until("the last one is drawn", SOON, async || {
            let now = picture_of(&app, -1).await;
            if now == below { Err("the same picture") } else { Ok(()) }
        })
        .await;
        app.close().await;
    });
}

/// What the first chart's canvas shows, as a number.
async fn picture(app: &App) -> Value {
    picture_of(app, 0).await
}

/// The same of any chart; -1 is the last one.
async fn picture_of(app: &App, which: i64) -> Value {
    // after the frame in which a change would be drawn
    const SCRIPT: &str = "const [which, done] = arguments;
        requestAnimationFrame(() => requestAnimationFrame(() => {
            const canvas = Array.from(document.querySelectorAll('.u-wrap canvas')).at(which);
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let sum = 0;
            for (let i = 0; i < data.length; i++) sum = (sum * 31 + data[i]) | 0;
            done([canvas.width > 100, sum]);
        }))";
    let value = app.client.execute_async(SCRIPT, vec![json!(which)]).await.unwrap();
    assert_eq!(value[0], true, "the canvas has its size");
    value[1].clone()
}

pub(super) const RAMP: &str = "[gpu]\nname = Ramp\nmemory_total = 24 GiB\nmemory_used = 6 GiB\n\
    temperature = wave 20..100 C period 30s\nutilization = wave 0..100 % period 30s\n";

fn with_state(state: &str) -> String {
    RAMP.replace("[gpu]\n", &format!("[gpu]\nstate = {state}\n"))
}

async fn gpu_panel(app: &App, state: &str) -> String {
    until(&format!("the GPU's panel is {state}"), SOON, async || {
        let now = app.attribute("[data-panel^=\"gpu/\"]", "data-state").await;
        if now == state { Ok(()) } else { Err(now) }
    })
    .await;
    app.texts("[data-panel^=\"gpu/\"]").await.join("\n")
}

#[test]
fn a_gap_is_a_gap_and_says_why() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        home.script(RAMP);
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.resize(1280, 800).await;
        press_button(&app, "range-1m", true).await;
        collect(&app, 6).await;
        gpu_panel(&app, "data").await;

        home.script(&with_state("hang"));
        let text = gpu_panel(&app, "stale").await;
        assert!(text.contains("not answering") && text.contains("no sample for"), "{text}");
        assert_eq!(app.attribute("[data-panel=\"cpu\"]", "data-state").await, "data", "the others go on");
        let tick = app.tick().await;
        until("some ticks pass without the GPU", Duration::from_secs(20), async || {
            let now = app.tick().await;
            if now >= tick + 12 { Ok(()) } else { Err(now) }
        })
        .await;
        home.script(RAMP);
        gpu_panel(&app, "data").await;
        collect(&app, 3).await;
        // Less than the gap's length before the moment at which it stands still.
        let history = app.ask("get_metrics_history").await;
        let last = history["timestamps"].as_array().unwrap().last().unwrap().as_f64().unwrap();
        app.pause(true).await;

        let history = app.ask("get_metrics_history").await;
        let of_a_gpu = |gap: &&Value| gap["channel"].as_str().unwrap().starts_with("system/gpu/");
        let gaps = history["gaps"].as_array().unwrap().iter().filter(of_a_gpu);
        let gaps: Vec<_> = gaps.filter(|gap| gap["reason"] == "not_answering").collect();
        assert!(!gaps.is_empty(), "the core knows of the gap: {}", history["gaps"]);
        let end = |gap: &Value, name: &str| gap[name].as_f64().unwrap();
        let (from, to) = (end(gaps[0], "from"), end(gaps[0], "to"));
        assert!(to - from > 2000.0, "{gaps:?}");
        app.point(place(&app, 1.0 - (last - f64::midpoint(from, to)) / 60_000.0).await).await;
        let why = "return document.querySelector('[data-panel^=\"gpu/\"] .legend').textContent";
        let legend = app.shows("the legend says why there is no figure", why, |it| {
            it.as_str().unwrap().contains("gap: not answering")
        });
        assert!(legend.await.as_str().unwrap().contains('—'), "and shows no number");
        app.close().await;
    });
}

#[test]
fn a_gpu_that_is_lost_and_one_that_is_reticent_say_so() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        home.script(RAMP);
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        collect(&app, 2).await;
        gpu_panel(&app, "data").await;
        // its script names no power
        let power = "[data-panel^=\"gpu/\"] .tile [data-figure$=\"/power_draw\"]";
        until("the tile says why there is no power", SOON, async || {
            let texts = app.texts(power).await;
            if texts.concat().contains("not reported by this device") { Ok(()) } else { Err(texts) }
        })
        .await;
        assert!(!app.texts(power).await.concat().contains(|c: char| c.is_ascii_digit()), "and no number");
        home.script(&with_state("lost"));
        let text = gpu_panel(&app, "stale").await;
        assert!(text.contains("lost"), "{text}");
        app.close().await;
    });
}

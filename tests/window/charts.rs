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
        app.shows("and the legends show what they did", LEGENDS, |it| *it == newest).await;
        app.pause(false).await;
        app.shows("and the newest value then, as the tile does", NEWEST, |it| it[0] == it[1]).await;
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
        for (range, seconds) in [("1m", 60.0), ("5m", 300.0), ("15m", 900.0), ("1h", 3600.0)] {
            press_button(&app, &format!("range-{range}"), true).await;
            span(&app, seconds, 0.05).await;
        }
        press_button(&app, "range-5m", true).await;
        assert_eq!(app.attribute("[data-testid=\"range-1h\"]", "aria-pressed").await, "false");
        assert_eq!(app.texts("[data-testid=\"unzoom\"]").await, [""; 0]);
        span(&app, 300.0, 0.05).await;

        app.drag(place(&app, 0.5).await, place(&app, 0.8).await).await;
        app.shows("it is zoomed", UNZOOM, |it| *it == 1).await;
        span(&app, 90.0, 0.1).await; // three tenths of 5 minutes
        app.double_click(place(&app, 0.4).await).await;
        app.shows("it is not zoomed", UNZOOM, |it| *it == 0).await;
        span(&app, 300.0, 0.05).await;

        app.drag(place(&app, 0.9).await, place(&app, 0.6).await).await;
        app.shows("zoomed from right to left too", UNZOOM, |it| *it == 1).await;
        app.click("[data-testid=\"unzoom\"]").await;
        app.shows("the button goes back", UNZOOM, |it| *it == 0).await;
        span(&app, 300.0, 0.05).await;

        let [left, top, width, _] = plot(&app).await;
        // Beyond the right axis, at the panel's edge.
        app.drag(place(&app, 0.7).await, ((left + width + 60.0).round(), (top + 20.0).round())).await;
        app.shows("zoomed by a drag that ends outside", UNZOOM, |it| *it == 1).await;
        span(&app, 90.0, 0.1).await; // from there to the right edge
        app.click("[data-testid=\"unzoom\"]").await;
        app.shows("and back again", UNZOOM, |it| *it == 0).await;
        span(&app, 300.0, 0.05).await;

        app.press("=").await;
        app.shows("zoomed by keys", UNZOOM, |it| *it == 1).await;
        span(&app, 150.0, 0.05).await; // half of 5 minutes
        app.press("-").await;
        app.shows("and back", UNZOOM, |it| *it == 0).await;
        span(&app, 300.0, 0.05).await;
        app.close().await;
    });
}

const UNZOOM: &str = "return document.querySelectorAll('[data-testid=\"unzoom\"]').length";

/// Waits until all charts are so many seconds wide, give or take that part. (The crosshair moved by keys over a known number of
/// pixels would be another way; the element says it too.)
async fn span(app: &App, seconds: f64, part: f64) {
    let script = "return Array.from(document.querySelectorAll('[data-span]'), one => Number(one.dataset.span))";
    let are_so_wide = |spans: &Value| {
        let spans: Vec<_> = spans.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        let near = |one: f64| (one - spans[0]).abs() < 0.05 && (one / seconds - 1.0).abs() < part;
        spans.len() >= 5 && spans.iter().all(|one| near(*one))
    };
    app.shows(&format!("all charts are {seconds} s wide"), script, are_so_wide).await;
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
        app.pause(true).await;
        let stands = "return Number(new URLSearchParams(location.search).get('paused'))";
        let last = app.shows("the address has the moment", stands, |it| it.as_f64() > Some(0.0)).await;
        let last = last.as_f64().unwrap();

        let history = app.ask("get_metrics_history").await;
        let of_a_gpu = |gap: &&Value| gap["channel"].as_str().unwrap().starts_with("system/gpu/");
        let gaps = history["gaps"].as_array().unwrap().iter().filter(of_a_gpu);
        let gaps: Vec<_> = gaps.filter(|gap| gap["reason"] == "not_answering").collect();
        let ends = gaps.iter().map(|gap| ["from", "to"].map(|end| gap[end].as_f64().unwrap()));
        // A machine that stalls makes short ones.
        let longest = ends.max_by(|one, other| (one[1] - one[0]).total_cmp(&(other[1] - other[0])));
        let [from, to] = longest.unwrap_or_else(|| panic!("the core knows of the gap: {}", history["gaps"]));
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
        until("its panel says so", SOON, async || {
            let text = gpu_panel(&app, "stale").await;
            if text.contains("lost") { Ok(()) } else { Err(text) }
        })
        .await;
        app.close().await;
    });
}

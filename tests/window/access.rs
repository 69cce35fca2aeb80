//! For those who don't see the window, and those who don't use a mouse: axe-core finds nothing to object to on any page,
//! and everything can be reached and worked by keys alone.

use std::fs;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::root;
use crate::common::screen::Screen;
use crate::common::until::until;

const PAGES: [&str; 8] = ["overview", "settings", "gpu/", "cpu", "memory", "disk/", "network/", "diagnostics"];

/// What axe-core objects to: the rule, where, and how it looks. `preload` would fetch style sheets, which the page's
/// content security policy forbids; it has none that axe can't read as they are.
const AXE: &str = "
    const done = arguments[0];
    axe.run(document, { preload: false, resultTypes: ['violations', 'incomplete'] }).then(
        found => done({
            checked: found.passes.length,
            violations: found.violations.map(one => ({
                rule: one.id,
                help: one.help,
                nodes: one.nodes.map(node => [node.target.join(' '), node.html, node.failureSummary]),
            })),
        }),
        error => done({ error: String(error) }));";

async fn objections(app: &App) -> Vec<Value> {
    if app.run("return typeof window.axe").await != "object" {
        let axe = root().join("ui/node_modules/axe-core/axe.min.js");
        app.run(&fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{}: {error}", axe.display()))).await;
    }
    let found = app.client.execute_async(AXE, vec![]).await.unwrap();
    assert!(found["checked"].as_u64() > Some(10), "axe-core looked at the page: {found:#}");
    found["violations"].as_array().unwrap().clone()
}

async fn in_both_themes(app: &App, pages: &[&str]) {
    let mut all = Vec::new();
    for theme in ["dark", "light"] {
        app.call("update_settings", json!({ "patch": { "theme": theme } })).await.unwrap();
        app.reload().await;
        app.later_tick(app.later_tick(0).await).await;
        for page in pages {
            if app.open(page).await {
                all.extend(
                    objections(app).await.into_iter().map(|one| json!({ "page": page, "theme": theme, "is": one })),
                );
            }
        }
    }
    assert!(all.is_empty(), "{:#}", json!(all));
}

#[test]
fn axe_finds_no_fault_on_any_page_in_either_theme() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.resize(1280, 800).await;
        in_both_themes(&app, &PAGES).await;
        app.close().await;
    });
}

#[test]
fn axe_finds_no_fault_where_figures_are_missing() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("faults")).await;
        app.resize(900, 600).await;
        app.shows(
            "a panel is not as it should be",
            "return Array.from(document.querySelectorAll('[data-panel]'), one => one.dataset.state)",
            |states| states.as_array().unwrap().iter().any(|state| state != "data" && state != "waiting"),
        )
        .await;
        in_both_themes(&app, &["overview", "gpu/"]).await;
        app.close().await;
    });
}

#[test]
fn axe_finds_no_fault_without_a_gpu() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        in_both_themes(&app, &["overview"]).await;
        app.close().await;
    });
}

/// What has the focus, in a word, and whether that can be seen.
const FOCUS: &str = "
    const at = document.activeElement;
    if (!at || at === document.body) return ['', true];
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const word = at.dataset.testid ?? at.dataset.page ?? (at.id || null)
        ?? (at.getAttribute('role') === 'application' ? `chart ${at.getAttribute('aria-label')}` : null)
        ?? (at.dataset.panel ? `panel ${at.dataset.panel}` : null)
        ?? at.textContent.trim();
    return [word, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1];";

async fn focus(app: &App) -> String {
    let focus = app.run(FOCUS).await;
    let word = focus[0].as_str().unwrap().to_owned();
    assert_eq!(focus[1], true, "the focus on {word:?} can be seen");
    word
}

/// Tabs until something has the focus.
async fn tab_to(app: &App, wanted: &str) {
    let mut passed = Vec::new();
    for _ in 0..80 {
        app.press("Tab").await;
        passed.push(focus(app).await);
        if passed.last().is_some_and(|last| last == wanted) {
            return;
        }
    }
    panic!("Tab never reached {wanted}; it passed {passed:?}");
}

#[test]
fn tab_reaches_everything_and_the_focus_is_seen() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.knows_of_gpus().await;
        app.later_tick(app.later_tick(0).await).await;
        // Everything that a click can work, in the order of the page; of the rail only where Tab stops, since arrow
        // keys go on from there.
        let expected = app
            .run(
                "return Array.from(document.querySelectorAll('button, summary, [role=\"application\"]'))
                    .filter(one => one.checkVisibility() && !one.disabled && (one.tabIndex >= 0 || !one.closest('.rail'))).length",
            )
            .await
            .as_u64()
            .unwrap();
        let mut seen = Vec::new();
        for _ in 0..expected {
            app.press("Tab").await;
            seen.push(focus(&app).await);
        }
        let mut wanted: Vec<String> =
            ["range-1m", "range-5m", "range-15m", "range-1h", "pause", "settings", "overview"]
                .map(str::to_owned)
                .into();
        wanted.extend(app.texts(".panel .title").await);
        let charts = app.run("return Array.from(document.querySelectorAll('[role=\"application\"]'), one => `chart ${one.getAttribute('aria-label')}`)").await;
        wanted.extend(charts.as_array().unwrap().iter().map(|chart| chart.as_str().unwrap().to_owned()));
        let missing: Vec<_> = wanted.iter().filter(|one| !seen.contains(one)).collect();
        assert!(missing.is_empty(), "Tab misses {missing:?}; it passed {seen:?}");
        assert!(charts.as_array().unwrap().len() >= 5, "{charts}");
        let unique: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "nothing is passed twice: {seen:?}");
        app.press("Shift+Tab").await;
        assert_eq!(focus(&app).await, seen[seen.len() - 2], "and back");
        app.close().await;
    });
}

/// The entries of the rail that can be seen, in its order.
const ENTRIES: &str = "return Array.from(document.querySelectorAll('.rail button, .rail summary'))
    .filter(one => one.checkVisibility()).map(one => one.dataset.page ?? one.textContent.trim())";

#[test]
fn the_rail_is_one_stop_for_tab_and_arrows_reach_all_of_it() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.knows_of_gpus().await;
        app.later_tick(app.later_tick(0).await).await;
        let entries: Vec<String> = serde_json::from_value(app.run(ENTRIES).await).unwrap();
        assert!(entries.len() >= 6, "{entries:?}");
        tab_to(&app, "overview").await;
        let mut passed = vec![focus(&app).await];
        for _ in 1..entries.len() {
            app.press("ArrowDown").await;
            passed.push(focus(&app).await);
        }
        assert_eq!(passed, entries);
        app.press("ArrowDown").await;
        assert_eq!(focus(&app).await, entries[entries.len() - 1], "it ends there");
        app.press("Home").await;
        assert_eq!(focus(&app).await, entries[0]);
        app.press("End").await;
        assert_eq!(focus(&app).await, entries[entries.len() - 1]);

        let last = entries.len() - 1;
        app.press("Tab").await;
        assert!(!entries.contains(&focus(&app).await), "Tab leaves the rail");
        app.press("Shift+Tab").await;
        assert_eq!(focus(&app).await, "overview", "and comes back to the page that is open, not to {}", entries[last]);
        let memory = entries.iter().position(|entry| entry == "memory").unwrap();
        for _ in 0..memory {
            app.press("ArrowDown").await;
        }
        app.press("Enter").await;
        on(&app, "memory").await;
        app.press("Tab").await;
        app.press("Shift+Tab").await;
        assert_eq!(focus(&app).await, "memory");
        app.close().await;
    });
}

async fn on(app: &App, page: &str) {
    until(&format!("{page} is open"), SOON, async || {
        let now = app.attribute("html", "data-page").await;
        if now.as_str().is_some_and(|now| now.starts_with(page)) { Ok(()) } else { Err(now) }
    })
    .await;
}

#[test]
fn keys_open_pages_pause_and_change_settings() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.knows_of_gpus().await;
        app.later_tick(app.later_tick(0).await).await;
        on(&app, "overview").await;

        // the rail: arrows move, Enter opens
        tab_to(&app, "overview").await;
        app.press("ArrowDown").await;
        assert!(focus(&app).await.starts_with("gpu/"));
        app.press("ArrowDown").await;
        assert_eq!(focus(&app).await, "cpu");
        on(&app, "overview").await;
        app.press("Enter").await;
        on(&app, "cpu").await;
        assert_eq!(focus(&app).await, "cpu", "the focus stays where it was");
        app.press("ArrowUp").await;
        app.press("Enter").await;
        on(&app, "gpu/").await;

        for (key, page) in [("4", "memory"), ("3", "cpu"), ("2", "gpu/"), ("1", "overview")] {
            app.press(&format!("Control+{key}")).await;
            on(&app, page).await;
        }

        // Space pauses, but on a button it presses that
        app.run("document.activeElement.blur()").await;
        app.press("Space").await;
        app.paused(true).await;
        app.press("Space").await;
        app.paused(false).await;
        tab_to(&app, "range-1m").await;
        app.press("Space").await;
        assert_eq!(app.attribute("[data-testid=\"range-1m\"]", "aria-pressed").await, "true");
        app.paused(false).await;

        settings_by_keys(&app).await;
        app.close().await;
    });
}

async fn settings_by_keys(app: &App) {
    app.press("Control+,").await;
    on(app, "settings").await;
    tab_to(app, "setting-interval").await;
    for (typed, invalid) in [("0", "true"), ("5", "false")] {
        app.press("Control+a").await;
        app.press(typed).await;
        app.press("Tab").await;
        let described = "return [document.querySelector('#setting-interval').getAttribute('aria-invalid'),
            Array.from(document.querySelectorAll('[data-wrong=\"interval\"]'), one => one.textContent)]";
        let said = app.shows("the field says whether it was taken", described, |it| it[0] == invalid).await;
        if invalid == "true" {
            assert!(said[1][0].as_str().is_some_and(|text| text.contains("0.5 to 60")), "{said}");
        } else {
            assert_eq!(said[1], json!([]));
        }
        app.press("Shift+Tab").await;
        assert_eq!(focus(app).await, "setting-interval");
    }
    until("the interval is in force", SOON, async || {
        let settings = app.ask("get_settings").await;
        if settings["interval"].as_f64() == Some(5.0) { Ok(()) } else { Err(settings) }
    })
    .await;
    tab_to(app, "setting-theme").await;
    // The first letter of a choice chooses it.
    app.press("d").await;
    app.shows("the theme is dark", "return document.documentElement.dataset.theme", |theme| theme == "dark").await;
    app.press("Escape").await;
    on(app, "overview").await;
    app.shows("charts are painted in it too", SURFACES, |it| it[0] == it[1]).await;
}

/// A pixel of a plot where nothing is, and what the style sheet has there.
const SURFACES: &str = "
    const chart = document.querySelector('.u-wrap canvas');
    if (!chart) return [null, 'no chart'];
    const over = chart.parentElement.querySelector('.u-over');
    const [x, y] = [over.offsetLeft + 2, over.offsetTop + over.offsetHeight / 8].map(at => Math.round(at * devicePixelRatio));
    const pixel = chart.getContext('2d').getImageData(x, y, 1, 1).data;
    const { backgroundColor } = getComputedStyle(chart.closest('.panel'));
    return [`rgb(${pixel[0]}, ${pixel[1]}, ${pixel[2]})`, backgroundColor]";

#[test]
fn a_panel_of_figures_alone_is_a_stop_and_another_page_begins_at_its_top() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.resize(900, 400).await;
        app.knows_of_gpus().await;
        app.later_tick(app.later_tick(0).await).await;
        let down = "const main = document.querySelector('main'); return main.scrollTop / main.clientHeight";
        for (focus, key, from, to) in [
            ("true", "PageDown", 0.8, 0.9),
            ("true", "PageUp", 0.0, 0.0),
            ("document.querySelector('[data-testid=\"settings\"]').focus()", "PageDown", 0.8, 0.9),
        ] {
            app.run(focus).await;
            app.press(key).await;
            app.shows("the page is scrolled from outside of it", down, |it| {
                (from..=to).contains(&it.as_f64().unwrap())
            })
            .await;
        }
        app.press("Control+3").await;
        on(&app, "cpu").await;
        tab_to(&app, "panel facts").await;
        let place = "const main = document.querySelector('main');
            return [main.scrollTop > 0, document.activeElement === main, main.getAttribute('aria-label')]";
        app.shows("what has the focus is in sight", place, |it| it[0] == true && it[1] == false).await;
        app.press("Control+4").await;
        on(&app, "memory").await;
        app.shows("the page has the focus", place, |it| *it == json!([false, true, "Memory"])).await;
        app.close().await;
    });
}

/// The legend of the GPU's chart, and how many crosshairs can be seen.
const CROSSHAIR: &str = "
    const seen = Array.from(document.querySelectorAll('.u-cursor-x'))
        .filter(one => !one.classList.contains('u-off') && new DOMMatrix(getComputedStyle(one).transform).e >= 0);
    return [document.querySelector('.legend [data-figure$=\"/temperature\"]').textContent, seen.length];";

#[test]
fn arrow_keys_move_the_crosshair_and_the_chart_is_told_in_words() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        // Each sample is another one.
        home.script(
            "[gpu]\nname = Ramp\ntemperature = wave 20..100 C period 90s\nutilization = wave 0..100 % period 90s\n",
        );
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        let mut tick = app.tick().await;
        for _ in 0..12 {
            tick = app.later_tick(tick).await;
        }
        app.press("Space").await;
        app.paused(true).await;
        let charts = app.run("return document.querySelectorAll('.u-over').length").await;
        let chart = app.texts("[data-panel^=\"gpu/\"] .title").await.remove(0);
        let chart = app
            .run_with(
                "return `chart ${Array.from(document.querySelectorAll('[role=\"application\"]'),
                one => one.getAttribute('aria-label')).find(label => label.startsWith(arguments[0]))}`",
                vec![json!(chart)],
            )
            .await;
        tab_to(&app, chart.as_str().unwrap()).await;
        assert_eq!(app.run(CROSSHAIR).await[1], 0, "no crosshair yet");

        let mut said = Vec::new();
        for _ in 0..8 {
            app.press("ArrowLeft").await;
            said.push(
                app.shows("the crosshair stands in every chart", CROSSHAIR, |it| it[1] == charts).await[0].clone(),
            );
        }
        let mut different = said.clone();
        different.dedup();
        assert!(different.len() >= 4, "each sample has its own value: {said:?}");
        for value in said.iter().rev().skip(1) {
            app.press("ArrowRight").await;
            app.shows("the same values on the way back", CROSSHAIR, |it| it[0] == *value).await;
        }

        let summary = "const chart = document.activeElement;
            return document.getElementById(chart.getAttribute('aria-describedby')).textContent";
        let summary = app.run(summary).await;
        let words = summary.as_str().unwrap();
        for word in ["Utilization: ", "Temperature: ", " at ", "minimum ", "mean ", "maximum ", "°C", "Arrow keys"] {
            assert!(words.contains(word), "{word:?} is not in {words:?}");
        }
        app.press("Escape").await;
        app.shows("the crosshair is gone", CROSSHAIR, |it| it[1] == 0).await;
        app.close().await;
    });
}

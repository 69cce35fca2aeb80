//! Every page in both themes and two sizes: what is on it, that it fits, and a picture of it in tests/out/screenshots,
//! with a contact sheet of them all for people to look at.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use super::screenshots::measure;
use crate::common::process::output;
use crate::common::root;
use crate::common::screen::Screen;
use crate::common::until::until;

/// A page, the panels on it, words that its figures hold, and the units of some figures by what they are called: a unit of one
/// or two letters is in many a word.
struct Page {
    name: &'static str,
    panels: &'static [&'static str],
    words: &'static [&'static str],
    units: &'static [(&'static str, &'static str)],
}

const PAGES: [Page; 8] = [
    Page {
        name: "overview",
        panels: &["gpu/", "cpu", "memory", "disk", "network"],
        words: &["GPU 0", "NVIDIA GeForce RTX 4090", "%", "°C", "/ 24 GiB", "B/s", "Read", "Write", "Down", "Up"],
        units: &[("Power", "W")],
    },
    Page { name: "settings", panels: &["settings"], words: &["0.5 to 60 s", "Default: 2 s", "Celsius"], units: &[] },
    Page {
        name: "gpu/",
        panels: &["gpu/", "gpu-memory/", "gpu-power/", "facts"],
        words: &["NVIDIA GeForce RTX 4090", "UUID", "Driver", "24 GiB", "Power", "°C"],
        units: &[("Power", "W")],
    },
    Page {
        name: "cpu",
        panels: &["cpu", "facts"],
        words: &["Model", "Logical processors", "Load average", "Kernel", "Operating system", "Up for", "%"],
        units: &[],
    },
    Page {
        name: "memory",
        panels: &["memory", "facts"],
        words: &["Installed", "Available", "Free", "Buffers", "Cached", "Shared", "Swap", "GiB", "MiB"],
        units: &[],
    },
    Page {
        name: "disk/",
        panels: &["disk/", "busy/", "latency/", "requests/", "facts"],
        words: &["Size", "Busy", "/s"],
        units: &[("Latency", "ms")],
    },
    Page {
        name: "network/",
        panels: &["network/", "packets/", "facts"],
        words: &["Kind", "State", "Packets received", "B/s"],
        units: &[],
    },
    Page {
        name: "diagnostics",
        panels: &["sources", "account", "faults"],
        words: &["nvml", "current", "Late ticks", "Memory of the history", "KiB", "Events sent"],
        units: &[("Longest delay", "ms")],
    },
];

pub(super) const SIZES: [(u32, u32); 2] = [(1280, 800), (900, 600)];
/// Both, with how bright a picture is then.
pub(super) const THEMES: [(&str, Range<f64>); 2] = [("dark", 0.0..0.35), ("light", 0.65..1.0)];

/// The panels with their states, the words on the page, and its figures with what they are called.
const SHOWN: &str = "const main = document.querySelector('main');
    const words = one => one.textContent.replace(/\\s+/g, ' ').trim();
    return [Array.from(main.querySelectorAll('[data-panel]'), one => [one.dataset.panel, one.dataset.state]), words(main),
        Array.from(main.querySelectorAll('[data-label]'), one => [one.dataset.label, words(one)])];";

/// What does not fit: the page sideways, and each element whose words are cut off, or that hangs over its panel.
pub(super) const OVERFLOW: &str = "
    const out = [];
    const main = document.querySelector('main');
    if (document.documentElement.scrollWidth > innerWidth) out.push('the page scrolls sideways');
    if (main.scrollWidth > main.clientWidth) out.push('main scrolls sideways');
    for (const bar of document.querySelectorAll('.bar > *, .rail .name, .rail .value'))
        if (bar.checkVisibility() && getComputedStyle(bar).textOverflow !== 'ellipsis' && bar.scrollWidth > bar.clientWidth + 1 && bar.clientWidth > 0)
            out.push(`cut off: ${bar.textContent.trim()}`);
    const rows = Array.from(main.querySelectorAll('tr[data-source]'), row => row.offsetHeight);
    if (Math.max(...rows) > 1.5 * Math.min(...rows)) out.push(`a source takes several lines: ${rows}`);
    for (const table of main.querySelectorAll('.table'))
        if (table.scrollWidth > table.clientWidth) out.push(`scrolls sideways: ${table.textContent.slice(0, 60)}`);
    for (const panel of main.querySelectorAll('[data-panel]')) {
        const { right, bottom } = panel.getBoundingClientRect();
        for (const one of panel.querySelectorAll('.tile, .tile .value, .legend, .legend li, header, dt, dd, p, label, .aside, li')) {
            if (one.classList.contains('hidden-text') || !one.checkVisibility()) continue;
            const place = one.getBoundingClientRect();
            const words = one.textContent.trim().slice(0, 60);
            if (place.right > right + 0.5 || place.bottom > bottom + 0.5) out.push(`${panel.dataset.panel}: hangs over: ${words}`);
            if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0) out.push(`${panel.dataset.panel}: too wide: ${words}`);
        }
    }
    return out;";

/// The channels of the faults that the Diagnostics page lists, and the words of that panel.
const FAULTS: &str = "const panel = document.querySelector('[data-panel=\"faults\"]');
    return [Array.from(panel.querySelectorAll('[data-fault]'), one => one.dataset.fault), panel.textContent]";

/// The channels of the core's faults, the newest first, as the Diagnostics page lists them; where there are none, it says
/// so. A busy machine may have some.
pub(super) async fn lists_the_faults(app: &App) -> Vec<Value> {
    until("the page's faults are the core's", SOON, async || {
        let faults = app.ask("get_diagnostics").await["faults"].take();
        let shown = app.run(FAULTS).await;
        let channels: Vec<_> = faults.as_array().unwrap().iter().rev().map(|fault| fault["channel"].clone()).collect();
        let none_said = shown[1].as_str().unwrap().contains("None since");
        if shown[0] == json!(channels) && none_said == channels.is_empty() {
            Ok(channels)
        } else {
            Err((faults, shown))
        }
    })
    .await
}

pub(super) fn pictures() -> PathBuf {
    let folder = root().join("tests/out/screenshots");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A number with its unit, or why there is none.
fn is_figure(text: &str, unit: &str) -> bool {
    let number = text.strip_suffix(unit).is_some_and(|number| number.contains(|one: char| one.is_ascii_digit()));
    number || text.strip_prefix("— ").is_some_and(|reason| !reason.is_empty())
}

/// The page holds its panels, all with data, its words and its figures.
async fn holds(app: &App, page: &Page) {
    until(&format!("{} shows its panels and words", page.name), SOON, async || {
        let shown = app.run(SHOWN).await;
        let panels: Vec<_> =
            shown[0].as_array().unwrap().iter().map(|one| (one[0].as_str(), one[1].as_str())).collect();
        let has = |name: &&&str| panels.iter().any(|(id, _)| id.is_some_and(|id| id.starts_with(**name)));
        let missing: Vec<_> = page.panels.iter().filter(|name| !has(name)).collect();
        let text = shown[1].as_str().unwrap();
        let unsaid: Vec<_> = page.words.iter().filter(|word| !text.contains(**word)).collect();
        let figures = shown[2].as_array().unwrap();
        let is_told = |(label, unit): &&(&str, &str)| {
            figures.iter().any(|one| one[0] == *label && is_figure(one[1].as_str().unwrap(), unit))
        };
        let untold: Vec<_> = page.units.iter().filter(|one| !is_told(one)).collect();
        let all_data = panels.iter().all(|(_, state)| *state == Some("data"));
        if missing.is_empty() && unsaid.is_empty() && untold.is_empty() && all_data {
            Ok(())
        } else {
            Err((format!("{missing:?} {unsaid:?} {untold:?}"), shown))
        }
    })
    .await;
}

#[test]
fn every_page_in_both_themes_and_sizes() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        let mut made = Vec::new();
        let mut misfits = Vec::new();
        for (theme, brightness) in THEMES {
            app.call("update_settings", json!({ "patch": { "theme": theme, "interval": 0.5 } })).await.unwrap();
            app.reload().await;
            app.click("[data-testid=\"range-1m\"]").await;
            for page in &PAGES {
                if !app.open(page.name).await {
                    continue;
                }
                // the settings page shows the interval in force; the others need not know it
                app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
                holds(&app, page).await;
                if page.name == "diagnostics" {
                    lists_the_faults(&app).await;
                }
                for (width, height) in SIZES {
                    app.resize(width, height).await;
                    app.later_tick(app.later_tick(app.tick().await).await).await;
                    let name = page.name.trim_end_matches('/');
                    let file = pictures().join(format!("page-{name}-{theme}-{width}x{height}.png"));
                    misfits.extend(
                        app.run(OVERFLOW)
                            .await
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|one| format!("{}: {one}", file.display())),
                    );
                    fs::write(&file, app.screenshot().await).unwrap();
                    let (size, colours, mean) = measure(&file);
                    assert_eq!(size, format!("{width}x{height}"), "{}", file.display());
                    assert!(colours > 60, "{} is blank: {colours} colours", file.display());
                    assert!(brightness.contains(&mean), "{} is {theme}: {mean}", file.display());
                    made.push(file);
                }
            }
        }
        contact_sheet(&made);
        assert!(misfits.is_empty(), "{misfits:#?}");
        app.close().await;
    });
}

/// All the pictures on one, small, each with its name.
fn contact_sheet(pictures: &[PathBuf]) {
    let sheet = self::pictures().join("contact-sheet.png");
    let mut arguments = vec![
        "-label",
        "%t",
        "-tile",
        "4x",
        "-geometry",
        "640x400+8+8",
        "-background",
        "#808080",
        "-font",
        "DejaVu-Sans",
    ];
    arguments.extend(pictures.iter().map(|file| file.to_str().unwrap()));
    arguments.push(sheet.to_str().unwrap());
    output("montage", &arguments);
    assert!(Path::new(&sheet).metadata().unwrap().len() > 100_000, "{} has the pictures", sheet.display());
}

#[test]
fn the_rail_is_a_column_of_icons_in_a_narrow_window() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.later_tick(0).await;
        let rail = "const rail = document.querySelector('.rail');
            const seen = (selector) => Array.from(rail.querySelectorAll(selector)).filter(one => one.checkVisibility()).length;
            return [rail.clientWidth, seen('.name'), seen('.short'), rail.scrollWidth - rail.clientWidth,
                Array.from(rail.querySelectorAll('.entry'), one => one.title).every(Boolean)]";
        for (width, wide) in [(900, true), (899, false), (800, false), (1280, true)] {
            app.resize(width, 600).await;
            let found = app.run(rail).await;
            let number = |at: usize| found[at].as_i64().unwrap();
            assert_eq!(number(0) > 150, wide, "{width}: {found}");
            assert_eq!((number(1) > 3, number(2) > 3), (wide, !wide), "{width}: names or letters: {found}");
            assert!(number(3) <= 0, "{width}: nothing is cut off: {found}");
            assert_eq!(found[4], true, "an icon says its name on hover");
            let misfits = app.run(OVERFLOW).await;
            assert_eq!(misfits, Value::Array(Vec::new()), "{width}");
        }
        app.close().await;
    });
}

#[test]
fn text_of_twice_the_size_still_fits() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.resize(1280, 800).await;
        app.later_tick(0).await;
        app.run("document.documentElement.style.fontSize = '1.625rem'").await;
        for Page { name: page, .. } in PAGES {
            if !app.open(page).await {
                continue;
            }
            app.later_tick(app.tick().await).await;
            let scrolls = app
                .run("const main = document.querySelector('main'); return [main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - innerWidth]")
                .await;
            assert!(
                scrolls.as_array().unwrap().iter().all(|by| by.as_i64() <= Some(0)),
                "{page} scrolls sideways: {scrolls}"
            );
            let file = pictures().join(format!("large-{}.png", page.trim_end_matches('/')));
            fs::write(&file, app.screenshot().await).unwrap();
        }
        app.close().await;
    });
}

#[test]
fn eight_gpus_have_room_for_their_charts_at_twice_the_size_too() {
    const PLOTS: &str =
        "return Array.from(document.querySelectorAll('main .u-over'), one => [one.clientWidth, one.clientHeight])";
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("eight")).await;
        app.later_tick(0).await;
        app.run("document.documentElement.style.fontSize = '1.625rem'").await;
        for (width, height) in SIZES {
            app.resize(width, height).await;
            // Three labels of 22 pixels stand beside a plot, and a time below it.
            app.shows(&format!("plots at {width}"), PLOTS, |plots| {
                let plots = plots.as_array().unwrap();
                let is_roomy = |plot: &Value| plot[0].as_i64() >= Some(100) && plot[1].as_i64() >= Some(66);
                plots.len() == 12 && plots.iter().all(is_roomy)
            })
            .await;
            assert_eq!(app.run(OVERFLOW).await, Value::Array(Vec::new()), "{width}");
            let rail = app
                .run("const rail = document.querySelector('.rail'); return rail.scrollWidth - rail.clientWidth")
                .await;
            assert_eq!(rail, 0, "{width}: the rail scrolls sideways");
            fs::write(pictures().join(format!("large-eight-{width}.png")), app.screenshot().await).unwrap();
        }
        app.close().await;
    });
}

//! A machine that is full: 256 cores, 8 GPUs, 30 disks among loop devices and a RAID, 40 interfaces. Every device is in
//! the window, none hides another, and what nobody looks for first is tucked away and can be had.

mod machine;

use std::fs;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use super::pages::{OVERFLOW, SIZES, THEMES, pictures};
use super::screenshots::measure;
use crate::common::screen::Screen;
use crate::common::until::until;
use machine::{CORES, DISKS, Machine, OTHER_DEVICES, PHYSICAL, VIRTUAL};

/// What the rail lists: pages of disks, of interfaces, and what is tucked away, as far as they can be seen.
const RAIL: &str = "
    const seen = (selector) => Array.from(document.querySelectorAll(`.rail ${selector}`))
        .filter(one => one.checkVisibility()).map(one => one.dataset.page ?? one.innerText.trim());
    return [seen('[data-page^=\"disk/\"]'), seen('> ul [data-page^=\"network/\"]'), seen('details [data-page]'), seen('summary')];";

/// The bars of the cores: how many, the narrowest and lowest, whether two share a place, and whether all are in their panel.
const BARS: &str = "
    const panel = document.querySelector('[data-panel=\"cpu\"]').getBoundingClientRect();
    const places = Array.from(document.querySelectorAll('.core'), one => one.getBoundingClientRect());
    return {
        count: places.length,
        narrowest: Math.min(...places.map(one => one.width)),
        lowest: Math.min(...places.map(one => one.height)),
        apart: new Set(places.map(one => `${Math.round(one.x)} ${Math.round(one.y)}`)).size,
        inside: places.every(one => one.left >= panel.left && one.right <= panel.right && one.bottom <= panel.bottom),
    };";

/// How far from the right edge each row of GPUs ends, in pixels.
const HOLES: &str = "
    const rows = new Map();
    for (const card of document.querySelectorAll('main [data-panel^=\"gpu/\"]')) {
        const { top, right } = card.getBoundingClientRect();
        rows.set(Math.round(top), Math.max(right, rows.get(Math.round(top)) ?? 0));
    }
    const end = document.querySelector('[data-panel=\"memory\"]').getBoundingClientRect().right;
    return Array.from(rows.values(), right => Math.round(end - right));";

/// All 256 bars can be told from each other.
async fn bars(app: &App, place: &str) {
    let bars = app.run(BARS).await;
    assert_eq!((&bars["count"], &bars["apart"]), (&json!(CORES), &json!(CORES)), "{place}: {bars}");
    assert!(bars["narrowest"].as_f64() >= Some(2.5) && bars["lowest"].as_f64() >= Some(5.0), "{place}: {bars}");
    assert_eq!(bars["inside"], true, "{place}: {bars}");
}

/// A disk's rate, and what the topmost tick of its axis says.
const AXIS: &str = "
    const panel = document.querySelector('main [data-panel^=\"disk/\"]');
    return [panel.querySelector('[data-figure$=\"read_rate\"]').textContent, panel.querySelector('[data-top]').dataset.top];";

/// The axis is that of the figures beside it, from the first picture on: the chart was made when they were there already.
async fn axis(app: &App) {
    app.shows("the axis holds the disk's rate", AXIS, |shown| {
        let rate = |at: usize| {
            let (number, unit) = shown[at].as_str()?.split_once('\u{a0}')?;
            Some((number.parse::<f64>().ok()?, unit.to_owned()))
        };
        rate(0).zip(rate(1)).is_some_and(|(now, top)| now.1 == "MiB/s" && now.1 == top.1 && now.0 <= top.0)
    })
    .await;
}

#[test]
fn a_full_machine_stays_legible_and_hides_nothing() {
    super::test(async || {
        let (screen, home, machine) = (Screen::open(), Home::new(), Machine::new());
        let app = App::start_with(&screen, &home, Gpus::Simulated("eight"), Some(&machine.mounts()), |_| {}).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        app.resize(1280, 800).await;
        let wanted = |rail: &Value| rail[0].as_array().is_some_and(|disks| disks.len() == DISKS);
        let rail = app.shows("every disk is in the rail", RAIL, wanted).await;
        let names =
            |at: usize| rail[at].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(names(0), Machine::disks().iter().map(|name| format!("disk/{name}")).collect::<Vec<_>>());
        assert_eq!(names(1), PHYSICAL.map(|name| format!("network/{name}")));
        assert_eq!(
            (names(2).len(), names(3)),
            (0, vec![format!("Other interfaces ({VIRTUAL})").as_str()]),
            "tucked away"
        );

        let mut misfits = Vec::new();
        for (theme, brightness) in THEMES {
            app.call("update_settings", json!({ "patch": { "theme": theme } })).await.unwrap();
            app.reload().await;
            app.click("[data-testid=\"range-1m\"]").await;
            for page in ["overview", "cpu", "disk/sda", &format!("network/{}", PHYSICAL[0])] {
                assert!(app.open(page).await, "{page} is in the rail");
                for (width, height) in SIZES {
                    app.resize(width, height).await;
                    app.later_tick(app.tick().await).await;
                    let name = page.split('/').next_back().unwrap();
                    let file = pictures().join(format!("crowd-{name}-{theme}-{width}x{height}.png"));
                    if ["overview", "cpu"].contains(&page) {
                        bars(&app, &file.display().to_string()).await;
                    }
                    if page == "overview" {
                        let rows = if width < 1000 { json!([0, 0, 0]) } else { json!([0, 0]) };
                        assert_eq!(app.run(HOLES).await, rows, "{}: rows of GPUs are full", file.display());
                    }
                    if page == "disk/sda" {
                        axis(&app).await;
                    }
                    let found = app.run(OVERFLOW).await;
                    misfits.extend(found.as_array().unwrap().iter().map(|one| format!("{}: {one}", file.display())));
                    fs::write(&file, app.screenshot().await).unwrap();
                    let (_, colours, mean) = measure(&file);
                    assert!(colours > 60 && brightness.contains(&mean), "{}: {colours}, {mean}", file.display());
                }
            }
        }

        app.resize(1280, 800).await;
        app.open("disk/sda").await;
        assert_eq!(
            app.texts("[data-panel=\"other-devices\"] h2").await,
            [format!("Other block devices ({OTHER_DEVICES})")]
        );
        assert_eq!(app.texts("[data-device]").await.len(), 0, "loop devices are folded away");
        app.click("[data-panel=\"other-devices\"] summary").await;
        let devices = until("they unfold", SOON, async || {
            let devices = app.texts("[data-device]").await;
            if devices.len() == OTHER_DEVICES { Ok(devices) } else { Err(devices) }
        })
        .await;
        for (device, on, at) in [
            ("loop7", "themes_7.snap", "/snap/gtk-common-themes"),
            ("loop23", "themes_23", "not mounted"),
            ("md0", "sda", "not mounted"),
        ] {
            let found = devices.iter().find(|one| one.starts_with(device)).unwrap();
            assert!(found.contains(on) && found.contains(at), "{device}: {found}");
        }
        app.later_tick(app.tick().await).await;
        misfits.extend(app.run(OVERFLOW).await.as_array().unwrap().iter().map(|one| format!("block devices: {one}")));
        app.run("document.querySelector('[data-device=\"loop10\"]').scrollIntoView()").await;
        fs::write(pictures().join("crowd-block-devices.png"), app.screenshot().await).unwrap();

        // What is tucked away is one click off, and its page is like any other's.
        app.click(".rail summary").await;
        let open = |rail: &Value| rail[2].as_array().is_some_and(|others| others.len() == VIRTUAL);
        app.shows("the other interfaces are listed", RAIL, open).await;
        assert!(app.open("network/veth").await);
        until("it says what it is", SOON, async || {
            let said = app.texts("[data-panel=\"facts\"] dd").await;
            if said.iter().any(|one| one.starts_with("Virtual: not counted")) { Ok(()) } else { Err(said) }
        })
        .await;
        app.later_tick(app.tick().await).await;
        misfits.extend(app.run(OVERFLOW).await.as_array().unwrap().iter().map(|one| format!("others: {one}")));
        fs::write(pictures().join("crowd-others.png"), app.screenshot().await).unwrap();
        app.resize(800, 600).await;
        let short = app.shows("a rail of icons has them too", RAIL, open).await;
        assert_eq!(short[3], json!([format!("+{VIRTUAL}")]));
        fs::write(pictures().join("crowd-icons.png"), app.screenshot().await).unwrap();
        assert!(misfits.is_empty(), "{misfits:#?}");
        app.close().await;
    });
}

//! Pictures of the Overview in both themes, two sizes and with 0, 1 and 8 GPUs, in tests/out/screenshots.
//! `make screenshots` makes those in the README of them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::process::output;
use crate::common::root;
use crate::common::screen::Screen;
use crate::common::until::until;

/// How long to collect before the pictures, in seconds, at the interval and in the range that Telltale begins with. Without it a
/// few seconds at the shortest interval do.
const COLLECT: &str = "TELLTALE_SCREENSHOT_SECONDS";

const SIZES: [(u32, u32); 2] = [(1280, 800), (900, 600)];

#[test]
fn without_a_gpu() {
    pictures(Gpus::NoDriver, 0);
}

#[test]
fn with_one_gpu() {
    pictures(Gpus::Simulated("one"), 1);
}

#[test]
fn with_eight_gpus() {
    pictures(Gpus::Simulated("eight"), 8);
}

fn pictures(gpus: Gpus, count: usize) {
    let told = std::env::var(COLLECT).ok();
    let (interval, range) = if told.is_some() { (2.0, "5m") } else { (0.5, "1m") };
    let collect = told.map_or(5, |seconds| seconds.parse().unwrap());
    let folder = root().join("tests/out/screenshots");
    fs::create_dir_all(&folder).unwrap();
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, gpus).await;
        until("every GPU has its panel", SOON, async || {
            let panels = app.texts("[data-panel^=\"gpu/\"][data-state=\"data\"]").await;
            if panels.len() == count { Ok(()) } else { Err(panels) }
        })
        .await;
        let begun = Instant::now();
        app.call("update_settings", json!({ "patch": { "interval": interval } })).await.unwrap();
        let mut tick = 0;
        while begun.elapsed() < Duration::from_secs(collect) {
            tick = app.later_tick(tick).await;
        }
        for (theme, brightness) in [("dark", 0.0..0.35), ("light", 0.65..1.0)] {
            app.call("update_settings", json!({ "patch": { "theme": theme } })).await.unwrap();
            app.reload().await;
            app.click(&format!("[data-testid=\"range-{range}\"]")).await;
            app.later_tick(app.later_tick(0).await).await;
            for (width, height) in SIZES {
                app.resize(width, height).await;
                app.later_tick(app.tick().await).await;
                let file = folder.join(format!("overview-{theme}-{width}x{height}-{count}gpu.png"));
                fs::write(&file, app.screenshot().await).unwrap();
                let (size, colours, mean) = measure(&file);
                assert_eq!(size, format!("{width}x{height}"), "{}", file.display());
                assert!(colours > 200, "{} is blank: {colours} colours", file.display());
                assert!(brightness.contains(&mean), "{} is {theme}: {mean}", file.display());
            }
        }
        app.close().await;
    });
}

/// A picture's size, its number of colours, and how bright it is from 0 to 1.
pub(super) fn measure(file: &Path) -> (String, u32, f64) {
    let text = output("identify", &["-format", "%wx%h %k %[fx:mean]", file.to_str().unwrap()]);
    let fields: Vec<_> = text.split_whitespace().collect();
    (fields[0].into(), fields[1].parse().unwrap(), fields[2].parse().unwrap())
}

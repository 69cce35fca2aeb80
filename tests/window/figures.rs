//! The window shows this machine's figures, and they move.

use serde_json::Value;

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::screen::Screen;
use crate::common::until::until;

#[test]
fn figures_appear_and_two_ticks_differ() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        for figure in ["cpu/utilization", "memory/ram_used", "disk/read_rate", "network/download_rate"] {
            let selector = format!("[data-figure=\"{figure}\"]");
            until(&format!("{figure} is a number"), SOON, async || {
                let texts = app.texts(&selector).await;
                // In a container there may be no disk or interface of its own to show figures of.
                let pointer = format!("/{figure}");
                let absent = app.ask("get_current_metrics").await.pointer(&pointer).is_none_or(Value::is_null);
                let shown = !texts.is_empty() && texts.iter().all(|text| text.contains(|c: char| c.is_ascii_digit()));
                if shown || (absent && app.tick().await > 2) { Ok(()) } else { Err(texts) }
            })
            .await;
        }
        let first = app.tick().await;
        let second = app.later_tick(first).await;
        app.later_tick(second).await;
        for panel in ["cpu", "memory"] {
            assert_eq!(app.attribute(&format!("[data-panel=\"{panel}\"]"), "data-state").await, "data");
        }
        app.close().await;
    });
}

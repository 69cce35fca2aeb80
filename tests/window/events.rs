//! The events of single channels, which our own page does not listen to: other pages may.

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::screen::Screen;
use crate::common::until::until;

/// Keeps each payload of these events by its time.
const LISTEN: &str = "
    window.seen = {};
    const { invoke, transformCallback } = window.__TAURI_INTERNALS__;
    return Promise.all(arguments[0].map((event) => {
        const times = window.seen[event] = {};
        const handler = transformCallback(({ payload }) => { times[payload.timestamp] = payload; });
        return invoke('plugin:event|listen', { event, target: { kind: 'Any' }, handler });
    }));";

/// Where the payload of each is among the current metrics, and what it has at least: the contract's.
const EVENTS: [(&str, &str, &[&str]); 5] = [
    (
        "system/gpu/GPU-51b00000-0000-4000-8000-000000000000",
        "/gpu/0",
        &["gpu_id", "name", "utilization", "memory_used", "memory_total", "temperature", "power_draw"],
    ),
    ("system/cpu", "/cpu", &["utilization", "per_core"]),
    ("system/memory", "/memory", &["ram_used", "ram_total", "swap_used", "swap_total"]),
    ("system/disk", "/disk", &["read_rate", "write_rate", "devices"]),
    ("system/network", "/network", &["upload_rate", "download_rate", "interfaces"]),
];

#[test]
fn each_channel_has_an_event_of_its_own_that_says_what_the_command_says() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        app.run_with(LISTEN, vec![json!(EVENTS.map(|(event, ..)| event))]).await;
        for (event, place, fields) in EVENTS {
            until(&format!("a payload of {event} is that of the command"), SOON, async || {
                let metrics = app.ask("get_current_metrics").await;
                let current = metrics.pointer(place).filter(|current| !current.is_null()).ok_or(Value::Null)?;
                let script = "return window.seen[arguments[0]][arguments[1]] ?? null";
                let payload = app.run_with(script, vec![json!(event), current["timestamp"].clone()]).await;
                if payload.is_null() {
                    return Err(app.run("return window.seen").await);
                }
                // A sample is sent once, and never changes.
                assert_eq!(payload, *current, "{event}");
                let has = |field: &&str| payload.get(*field).is_some();
                assert!(payload["timestamp"].is_i64() && fields.iter().all(has), "{event}: {payload:#}");
                Ok(())
            })
            .await;
        }
        app.close().await;
    });
}

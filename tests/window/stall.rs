//! Events stop: the page asks instead, says so, and goes back when they come again.

use std::time::Duration;

use serde_json::json;

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::screen::Screen;
use crate::common::until::until;

/// Takes away what Tauri calls when an event comes, and keeps it for [`PUT_BACK`]. Tauri's object has no fixed name,
/// but it has an entry per event.
const TAKE_AWAY: &str = "
    const name = Object.getOwnPropertyNames(window)
        .find(name => typeof window[name] === 'object' && window[name] && 'system/all' in window[name]);
    window.takenAway = [];
    for (const event of Object.getOwnPropertyNames(window[name] ?? {})) {
        const listeners = window[name][event];
        for (const id of Object.getOwnPropertyNames(listeners)) {
            window.takenAway.push([listeners, id, listeners[id]]);
            delete listeners[id];
        }
    }
    const connection = document.querySelector('[data-testid=\"connection\"]');
    window.quietFor = null;
    if (connection.dataset.state !== 'live') return 0;
    const since = window.tickedAt;
    const watch = new MutationObserver(() => {
        if (connection.dataset.state === 'live') return;
        window.quietFor = performance.now() - since;
        watch.disconnect();
    });
    watch.observe(connection, { attributes: true });
    return window.takenAway.length;";

/// Notes when the newest tick came.
const NOTE_TICKS: &str = "
    const noted = new MutationObserver(() => { window.tickedAt = performance.now(); });
    noted.observe(document.querySelector('[data-tick]'), { attributes: true, attributeFilter: ['data-tick'] });";

const PUT_BACK: &str = "
    for (const [listeners, id, listener] of window.takenAway) {
        Object.defineProperty(listeners, id, { value: listener, configurable: true });
    }";

async fn wait_for(app: &App, state: &str, limit: Duration) {
    until(&format!("the page is {state}"), limit, async || {
        let now = app.attribute("[data-testid=\"connection\"]", "data-state").await;
        if now == state { Ok(()) } else { Err(now) }
    })
    .await;
}

#[test]
fn without_events_the_page_polls_and_goes_back_when_they_come() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        app.later_tick(0).await;
        app.run(NOTE_TICKS).await;
        for interval in [0.5, 2.0] {
            app.call("update_settings", json!({ "patch": { "interval": interval } })).await.unwrap();
            let mut tick = 0;
            until("events are taken from a page that is live", SOON, async || {
                wait_for(&app, "live", SOON).await;
                tick = app.later_tick(app.tick().await).await;
                if app.run(TAKE_AWAY).await.as_u64() > Some(0) {
                    return Ok(());
                }
                app.run(PUT_BACK).await;
                Err("it listens to none, or was not live any more")
            })
            .await;
            let limit = Duration::from_secs_f64((3.0_f64 * interval).max(3.0));
            wait_for(&app, "polling", SOON).await;
            // By the page's own clock: what the driver takes to ask is not the page's.
            let quiet = app.run("return window.quietFor").await.as_f64().expect("the page noted when it changed");
            let quiet = Duration::from_secs_f64(quiet / 1000.0);
            assert!(quiet <= limit + Duration::from_secs(10), "within {limit:?}: {quiet:?}");
            assert!(quiet > limit.mul_f64(0.5), "not at the first late event: {quiet:?}");
            for _ in 0..3 {
                tick = app.later_tick(tick).await;
            }
            wait_for(&app, "polling", Duration::ZERO).await;

            app.run(PUT_BACK).await;
            wait_for(&app, "live", SOON).await;
            app.later_tick(tick).await;
        }
        app.close().await;
    });
}

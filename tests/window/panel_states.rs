//! The states of a panel that are not data, in both themes and two sizes: what each says, that it fits, and a picture of it in
//! tests/out/screenshots.

use std::fs;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use super::pages::{OVERFLOW, SIZES, THEMES, lists_the_faults, pictures};
use super::screenshots::measure;
use crate::common::screen::Screen;
use crate::common::until::until;

const GPU: &str = "[gpu]\nuuid = GPU-a\nname = Answers\nmemory_total = 24 GiB\nmemory_used = 6 GiB\nutilization = 90 %\n\
    temperature = 61 C\npower_draw = 300 W\npower_limit = 450 W\n";

/// A command that the core leaves unanswered.
const UNANSWERED: &str = "const plain = window.fetch;
    window.fetch = (to, how) => String(to?.url ?? to).endsWith('get_diagnostics') ? new Promise(() => {}) : plain(to, how)";

/// A panel's state, its text, what of it is dimmed, how it is announced, and whether there are figures in it.
const PANEL: &str = "const panel = document.querySelector(`[data-panel^=\"${arguments[0]}\"]`);
    return panel && [panel.dataset.state, panel.textContent.replace(/\\s+/g, ' '), panel.querySelectorAll('.faded').length,
        Array.from(panel.querySelectorAll('[role=\"status\"]'), one => one.ariaBusy ?? one.textContent),
        panel.querySelectorAll('[data-figure], dd, td').length]";

/// What of a panel that is painted is mixed with what lies behind it: words painted there lose their contrast, and axe sees no canvas.
const TRANSLUCENT: &str = "const panel = document.querySelector(`[data-panel^=\"${arguments[0]}\"]`);
    const all = [...panel.querySelectorAll('*')].filter(one => one.querySelector('canvas') || one.matches('canvas'));
    if (all.length === 0) return 'nothing is painted';
    return all.filter(one => getComputedStyle(one).opacity !== '1').map(one => one.className)";

/// Waits until a panel is in a state and its text holds all of `said`.
async fn shows(app: &App, panel: &str, state: &str, said: &[&str]) -> Value {
    until(&format!("{panel} is {state}: {said:?}"), SOON, async || {
        let shown = app.run_with(PANEL, vec![json!(panel)]).await;
        let holds = |word: &&str| shown[1].as_str().is_some_and(|text| text.contains(*word));
        if shown[0] == state && said.iter().all(holds) { Ok(shown) } else { Err(shown) }
    })
    .await
}

/// Looks at a panel's state in both themes and sizes. `again` brings it about in a page that was loaded anew.
async fn in_all_looks(app: &App, panel: &str, state: &str, said: &[&str], again: impl AsyncFn()) {
    for (theme, brightness) in THEMES {
        app.call("update_settings", json!({ "patch": { "theme": theme } })).await.unwrap();
        app.reload().await;
        again().await;
        for (width, height) in SIZES {
            app.resize(width, height).await;
            app.later_tick(app.tick().await).await;
            let shown = shows(app, panel, state, said).await;
            match state {
                "waiting" => {
                    assert_eq!((&shown[3], &shown[4]), (&json!(["true"]), &json!(0)), "no figure yet: {shown}");
                }
                "stale" => {
                    assert_eq!(shown[2], 1, "its figures are dimmed: {shown}");
                    assert_eq!(app.run_with(TRANSLUCENT, vec![json!(panel)]).await, json!([]), "and legible");
                }
                _ => assert_eq!(shown[4], 0, "no figure: {shown}"),
            }
            assert_eq!(app.run(OVERFLOW).await, json!([]), "{state} {theme} {width}");
            let file = pictures().join(format!("state-{state}-{theme}-{width}x{height}.png"));
            fs::write(&file, app.screenshot().await).unwrap();
            let (size, colours, mean) = measure(&file);
            assert_eq!(size, format!("{width}x{height}"), "{}", file.display());
            assert!(colours > 60, "{} is blank: {colours} colours", file.display());
            assert!(brightness.contains(&mean), "{} is {theme}: {mean}", file.display());
        }
    }
}

#[test]
fn a_panel_that_is_waiting_stale_or_unavailable_says_so_in_both_themes_and_sizes() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        home.script("driver = not_loaded\n");
        let app = App::start(&screen, &home, Gpus::Scripted).await;
        app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
        let detail = until("the core says why", SOON, async || {
            let info = app.ask("get_system_info").await;
            info["gpu_missing"]["detail"].as_str().map(str::to_owned).ok_or(info)
        })
        .await;
        in_all_looks(&app, "gpu", "unavailable", &["No GPU figures", &detail, "finds it by itself"], async || {}).await;

        home.script(GPU);
        shows(&app, "gpu/", "data", &["Answers"]).await;
        home.script(&GPU.replace("[gpu]", "[gpu]\nstate = hang"));
        in_all_looks(&app, "gpu/", "stale", &["no sample for", "not answering"], async || {}).await;

        assert!(app.open("diagnostics").await);
        let faults = lists_the_faults(&app).await;
        assert!(faults.iter().any(|channel| channel.as_str().unwrap().starts_with("system/gpu")), "{faults:?}");

        in_all_looks(&app, "account", "waiting", &["Telltale"], async || {
            assert!(app.open("overview").await);
            app.run(UNANSWERED).await;
            assert!(app.open("diagnostics").await);
        })
        .await;
        app.close().await;
    });
}

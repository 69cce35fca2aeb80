//! The window shows this machine's figures, they move, and each says on hover what it means.

use serde_json::{Value, json};

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

/// The figures and facts in sight: how many, and those whose hint does not hold the name that the kernel, NVML or CUDA has
/// for it, or of a main figure not a sentence before that.
const BARE: &str = "
    const named = /\\/(proc|sys|etc)\\/|NVML|CUDA|hwmon|cpufreq|zram|iostat|statvfs|getifaddrs|uname|cgroup|(Mem|Swap)[A-Z]|Buffers|Cached|Shmem|pressure stall/;
    const all = Array.from(document.querySelectorAll('main :is([data-figure], dd, .free)'), one => ({
        label: one.dataset.label ?? one.dataset.figure,
        hint: one.closest('[title]')?.title ?? '',
        main: one.matches('[data-figure]'),
    }));
    return [all.length, all.filter(({ hint, main }) => !named.test(hint) || (main && !/^.{20,}[.)]/.test(hint)))];";

/// The hint where the pointer is put.
async fn hint(app: &App, selector: &str) -> String {
    let script = "const at = document.querySelector(arguments[0]).getBoundingClientRect();
        return [at.x + at.width / 2, at.y + at.height / 2]";
    let at = app.run_with(script, vec![json!(selector)]).await;
    app.point((at[0].as_f64().unwrap(), at[1].as_f64().unwrap())).await;
    app.attribute(selector, "title").await.as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_figure_says_what_it_means_and_its_own_name() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.resize(1280, 800).await;
        for (page, least) in [("overview", 10), ("gpu/", 30), ("cpu", 8), ("memory", 10), ("disk/", 8), ("network/", 8)]
        {
            if !app.open(page).await {
                continue;
            }
            let said = |found: &Value| found[0].as_u64() >= Some(least) && found[1] == json!([]);
            app.shows(&format!("every figure of {page} has its hint"), BARE, said).await;
        }
        app.open("cpu").await;
        until("a core's bar says what it is", SOON, async || {
            let hint = hint(&app, "[data-core=\"0\"]").await;
            if hint.starts_with("Core 0: ") && hint.contains("/proc/stat") { Ok(()) } else { Err(hint) }
        })
        .await;
        until("an entry of the rail says what its figure is", SOON, async || {
            let hint = hint(&app, ".rail [data-page=\"memory\"]").await;
            if hint.starts_with("Memory: RAM ") && hint.ends_with('%') { Ok(()) } else { Err(hint) }
        })
        .await;
        app.close().await;
    });
}

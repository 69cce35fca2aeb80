//! A window over a full history with eight GPUs: how long its history takes to come, what it takes, and how long it takes
//! to open from the tray.

use std::time::Duration;

use serde_json::json;

use crate::app::{App, Gpus, Home};
use crate::beside::{Taken, WARM, measured, painted};
use crate::common::panel::Panel;
use crate::common::process::output;
use crate::common::screen::Screen;
use crate::common::until::{until, until_sync};
use crate::processes::{Tree, id_of};
use crate::{SOON, as_its_users_do, median};

/// Twice as many as an hour at two seconds, so that with the few cores of a small machine there are as many values as
/// an hour of eight GPUs and 64 cores has (290 series of 1800 rows).
const ROWS: u64 = 3600;

/// Seconds between two samples while they are gathered: nobody waits for an hour.
const QUICK: &str = "0.01";

pub(crate) struct Hour {
    pub(crate) rows: usize,
    pub(crate) series: usize,
    /// From a page's question to its answer, parsed. Milliseconds, median of 5.
    pub(crate) as_json: f64,
    /// The same as this page asks, packed.
    pub(crate) to_the_page: f64,
    /// With the window that was opened last, at two seconds.
    pub(crate) open: Taken,
    /// Bytes in the tray once the window was closed; median of 3.
    pub(crate) closed: u64,
    /// From the click in the tray's menu until the history is painted; median of 3.
    pub(crate) opened: Duration,
}

impl Hour {
    pub(crate) fn show(&self) -> String {
        let Self { rows, series, as_json, to_the_page, open, closed, opened } = self;
        let mib = |bytes: u64| bytes >> 20;
        format!(
            "{rows} rows of {series} series: {as_json:.1} ms as JSON, {to_the_page:.1} packed; window after {} ms, {} MiB, {:.2} % of a core; \
             closed {} MiB",
            opened.as_millis(),
            mib(open.memory),
            open.cpu,
            mib(*closed),
        )
    }
}

pub(crate) fn hour(length: Duration) -> Hour {
    let (screen, home) = (Screen::open(), Home::new());
    let panel = Panel::open(&screen);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (app, (as_json, to_the_page, rows, series)) = runtime.block_on(gathered(&screen, &home));
    let process = id_of(&app);
    // From here on without the driver, which has lost its page: by the tray, as its user does it.
    let (mut opened, mut closed) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        output("env", &[&format!("DISPLAY={}", screen.environment()[0].1), "wmctrl", "-c", "Telltale"]);
        until_sync("no process is left below it", SOON, || match Tree::of([process]).len() {
            1 => Ok(()),
            more => Err(more),
        });
        std::thread::sleep(WARM);
        closed.push(Tree::of([process]).proportional_bytes());
        let before = home.said();
        panel.click("Open Telltale");
        let (after, _) = painted(|| home.said()[before.len()..].into(), u32::try_from(rows).unwrap());
        opened.push(after);
        // What it does after that is not the tray's.
        std::thread::sleep(WARM);
    }
    let open = measured(&[process], length);
    panel.click("Quit");
    Hour { rows, series, as_json, to_the_page, open, closed: median(closed), opened: median(opened) }
}

/// The app once its history is long, and how long the page waits for it.
async fn gathered(screen: &Screen, home: &Home) -> (App, (f64, f64, usize, usize)) {
    let app = App::start_with(screen, home, Gpus::Simulated("eight"), None, |command| {
        command.env("TELLTALE_TEST_INTERVAL", QUICK);
        as_its_users_do(command);
    })
    .await;
    app.resize(1280, 800).await;
    until("the history is long", SOON * 3, async || {
        let rows = app.ask("get_diagnostics").await["history"]["rows"].as_u64();
        if rows >= Some(ROWS) { Ok(()) } else { Err(rows) }
    })
    .await;
    app.call("update_settings", json!({ "patch": { "interval": 2.0 } })).await.unwrap();
    app.later_tick(app.later_tick(app.tick().await).await).await;
    let history = history(&app).await;
    (app, history)
}

/// How long the page waits for all the history that the core has by now, and how much that is.
async fn history(app: &App) -> (f64, f64, usize, usize) {
    // Unpacked as `host/packed.ts` does it, which a script from outside can't call.
    const ASK: &str = "const done = arguments[arguments.length - 1];
        const numbers = (packed, none, scale) => {
            const out = new Float64Array(packed.length);
            for (let i = 0; i < packed.length; i++) out[i] = packed[i] === none ? NaN : packed[i] / scale;
            return out;
        };
        const unpack = (bytes) => {
            const length = new DataView(bytes).getUint32(0, true);
            const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
            const rows = head.timestamps.length;
            const lists = { double: Float64Array, single: Float32Array, hundredths: Uint16Array, whole: Uint16Array, small: Uint8Array };
            let at = 4 + length;
            for (const one of head.series) {
                const same = one.values === 'same';
                const list = same ? new Float64Array(bytes, at, 1) : new lists[one.values](bytes, at, rows);
                at += Math.ceil(list.byteLength / 8) * 8;
                if (same) one.values = new Float64Array(rows).fill(list[0]);
                else if (list instanceof Uint8Array) one.values = numbers(list, 255, 1);
                else if (list instanceof Uint16Array) one.values = numbers(list, 65535, one.values === 'whole' ? 1 : 100);
                else if (list instanceof Float32Array) one.values = Float64Array.from(list);
                else one.values = list;
            }
            return head;
        };
        const median = async (command, read) => {
            const times = [];
            for (let i = 0; i < 5; i++) {
                const begun = performance.now();
                read(await window.__TAURI_INTERNALS__.invoke(command, { query: {} }));
                times.push(performance.now() - begun);
            }
            return times.sort((a, b) => a - b)[2];
        };
        (async () => {
            let last = null;
            const json = await median('get_metrics_history', (history) => history);
            const packed = await median('get_packed_history', (bytes) => { last = unpack(bytes); });
            done([json, packed, last.timestamps.length, last.series.length]);
        })();";
    serde_json::from_value(app.client.execute_async(ASK, vec![]).await.unwrap()).unwrap()
}

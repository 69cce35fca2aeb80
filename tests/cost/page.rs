//! The page itself, with eight simulated GPUs and an hour of history: the time its scripts take per tick, seen and
//! minimized, and how long it waits for its history.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{App, Gpus, Home};
use crate::common::screen::Screen;
use crate::common::until::until;
use crate::processes::Tree;

const SOON: Duration = Duration::from_mins(1);

/// An hour at the shortest interval.
const ROWS: u64 = 7200;

/// Makes the page ask for its history anew, and gives it an hour before the few seconds there are: nobody waits for one.
/// The values are the newest ones, up and down by a quarter.
const AN_HOUR: &str = "
    const [rows] = arguments;
    const plain = window.fetch;
    window.fetch = async (to, how) => {
        const answer = await plain(to, how);
        if (!String(to?.url ?? to).endsWith('get_metrics_history')) return answer;
        const history = await answer.clone().json();
        if (history.timestamps.length === 0) return answer;
        window.fetch = plain;
        const missing = rows - history.timestamps.length;
        const before = Array.from({ length: missing }, (_, at) => history.timestamps[0] - (missing - at) * 500);
        for (const [which, series] of history.series.entries()) {
            const newest = series.values.findLast(value => value !== null) ?? null;
            const wave = (at) => newest === null ? null : newest * (0.75 + 0.25 * Math.sin(at / (29 + which)));
            series.values = [...before.map((_, at) => wave(at)), ...series.values];
        }
        history.timestamps = [...before, ...history.timestamps];
        return new Response(JSON.stringify(history), { status: answer.status, headers: answer.headers });
    };
    document.dispatchEvent(new Event('visibilitychange'));";

/// The page's own account of itself: its tick, the time its scripts took so far in ms, and how many rows it has.
const ACCOUNT: &str = "const { tick, work, rows, filled } = document.documentElement.dataset;
    return [Number(tick), Number(work), Number(rows), filled === 'true', document.hidden]";

struct Account {
    tick: f64,
    work: f64,
    rows: f64,
    filled: bool,
    hidden: bool,
}

async fn account(app: &App) -> Account {
    let (tick, work, rows, filled, hidden) = serde_json::from_value(app.run(ACCOUNT).await).unwrap();
    Account { tick, work, rows, filled, hidden }
}

/// A line of the table.
pub(crate) struct Line {
    what: String,
    ticks: Option<f64>,
    work: Option<f64>,
    cpu: f64,
    memory: u64,
}

impl Line {
    pub(crate) fn show(&self) -> String {
        let number =
            |value: Option<f64>, digits: usize| value.map_or("–".into(), |value| format!("{value:.digits$}"));
        let per_tick = self.work.zip(self.ticks).filter(|(_, ticks)| *ticks > 0.0).map(|(work, ticks)| work / ticks);
        format!(
            "| {} | {} | {} | {} | {:.1} % | {} MiB |",
            self.what,
            number(self.ticks, 0),
            number(self.work, 0),
            number(per_tick, 2),
            self.cpu,
            self.memory >> 20,
        )
    }
}

async fn measured(app: &App, what: &str, length: Duration) -> Line {
    let tree = Tree::of(app.processes().iter().filter_map(|path| path.file_name()?.to_str()?.parse().ok()));
    let before = account(app).await;
    let (spent, begun) = (tree.cpu_seconds(), Instant::now());
    tokio::time::sleep(length).await;
    let cpu = (tree.cpu_seconds() - spent) / begun.elapsed().as_secs_f64() * 100.0;
    let after = account(app).await;
    Line {
        what: what.into(),
        ticks: Some(after.tick - before.tick),
        work: Some(after.work - before.work),
        cpu,
        memory: tree.proportional_bytes(),
    }
}

pub(crate) async fn window(length: Duration) -> Vec<Line> {
    let (screen, home) = (Screen::open(), Home::new());
    let app = App::start(&screen, &home, Gpus::Simulated("eight")).await;
    app.resize(1280, 800).await;
    app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
    until("the page has its history and eight GPUs", SOON, async || {
        let (now, gpus) = (account(&app).await, app.texts("[data-panel^=\"gpu/\"][data-state=\"data\"]").await.len());
        if now.filled && now.rows > 4.0 && gpus == 8 { Ok(()) } else { Err((now.rows, gpus)) }
    })
    .await;
    app.run_with(AN_HOUR, vec![json!(ROWS)]).await;
    until("an hour of it", SOON, async || {
        let now = account(&app).await;
        if now.rows > 7000.0 { Ok(()) } else { Err(now.rows) }
    })
    .await;
    let mut lines = Vec::new();
    println!("{}", history(&app).await);
    for range in ["5m", "1h"] {
        app.click(&format!("[data-testid=\"range-{range}\"]")).await;
        app.later_tick(app.later_tick(app.tick().await).await).await;
        lines.push(measured(&app, &format!("Overview, 8 GPUs, {range} in sight"), length).await);
    }
    // As its user does it, by the window manager.
    let found = xdotool(&screen, &["search", "--onlyvisible", "--class", "telltale"]);
    let window = found.lines().next().unwrap();
    xdotool(&screen, &["windowminimize", window]);
    until("the page is hidden", SOON, async || if account(&app).await.hidden { Ok(()) } else { Err("it is seen") })
        .await;
    lines.push(measured(&app, "the same, minimized", length).await);
    xdotool(&screen, &["windowmap", window]);
    until("the page is seen again", SOON, async || if account(&app).await.hidden { Err("hidden") } else { Ok(()) })
        .await;
    app.later_tick(app.tick().await).await;
    app.close().await;
    lines
}

/// How long the page waits for all the history that the core has by now, and how much that is.
async fn history(app: &App) -> String {
    const ASK: &str = "const done = arguments[arguments.length - 1];
        (async () => {
            const times = [];
            for (let i = 0; i < 5; i++) {
                const begun = performance.now();
                const history = await window.__TAURI_INTERNALS__.invoke('get_metrics_history', { query: {} });
                times.push(performance.now() - begun);
                if (i === 4) done([times.sort((a, b) => a - b)[2], history.timestamps.length, history.series.length]);
            }
        })();";
    let answer = app.client.execute_async(ASK, vec![]).await.unwrap();
    let (milliseconds, rows, series): (f64, usize, usize) = serde_json::from_value(answer).unwrap();
    format!("history to the page: {milliseconds:.0} ms for {rows} rows of {series} series")
}

/// What xdotool prints of that screen.
fn xdotool(screen: &Screen, arguments: &[&str]) -> String {
    let done = Command::new("xdotool").args(arguments).envs(screen.environment()).output();
    let done = done.expect("xdotool: `make bench` installs it");
    assert!(done.status.success(), "xdotool {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

//! The page itself, with eight simulated GPUs and an hour of history: the time its scripts take per tick, seen and
//! minimized, and whether it says itself what it costs.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{App, Gpus, Home};
use crate::common::process::pidstat;
use crate::common::screen::Screen;
use crate::common::until::until;
use crate::processes::{Tree, id_of};
use crate::{SOON, as_its_users_do, median};

/// An hour at the shortest interval.
const ROWS: u64 = 7200;

/// Makes the page ask for its history anew, and from now on gives it an hour before the few seconds there are: nobody waits for one.
/// The values are the newest ones, up and down by a quarter.
const AN_HOUR: &str = "
    const [rows] = arguments;
    const plain = window.fetch;
    window.fetch = async (to, how) => {
        const answer = await plain(to, how);
        if (!String(to?.url ?? to).endsWith('get_packed_history')) return answer;
        const history = await window.__TAURI_INTERNALS__.invoke('get_metrics_history', { query: {} });
        if (history.timestamps.length === 0) return answer;
        const missing = rows - history.timestamps.length;
        const before = Array.from({ length: missing }, (_, at) => history.timestamps[0] - (missing - at) * 500);
        for (const [which, series] of history.series.entries()) {
            const newest = series.values.findLast(value => value !== null) ?? null;
            const wave = (at) => newest === null ? null : newest * (0.75 + 0.25 * Math.sin(at / (29 + which)));
            series.values = [...before.map((_, at) => wave(at)), ...series.values];
        }
        history.timestamps = [...before, ...history.timestamps];
        const head = JSON.stringify({ ...history, series: history.series.map(one => ({ ...one, values: 'double' })) });
        const text = new TextEncoder().encode(head + ' '.repeat((12 - head.length % 8) % 8));
        const lists = history.series.map(one => Float64Array.from(one.values, value => value ?? NaN));
        return new Response(new Blob([Uint32Array.of(text.length), text, ...lists]), { status: answer.status, headers: answer.headers });
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
#[derive(Debug, Clone)]
pub(crate) struct Line {
    what: &'static str,
    ticks: f64,
    pub(crate) work: f64,
    cpu: f64,
    memory: u64,
}

impl Line {
    /// Milliseconds of script; `None` where there was no tick.
    pub(crate) fn per_tick(&self) -> Option<f64> {
        (self.ticks > 0.0).then_some(self.work / self.ticks)
    }

    pub(crate) fn show(&self) -> String {
        let Self { what, ticks, work, cpu, memory } = self;
        let per_tick = self.per_tick().map_or("–".into(), |figure| format!("{figure:.2}"));
        format!("| {what} | {ticks:.0} | {work:.0} | {per_tick} | {cpu:.1} % | {} MiB |", memory >> 20)
    }
}

/// What the page told of itself.
pub(crate) struct Page {
    /// At half a second with five minutes and an hour in sight, at two seconds with these, and minimized; the median of three each.
    pub(crate) lines: [Line; 5],
    /// What the app says that it takes, over what pidstat says, less one; the median of three.
    pub(crate) own_cost_off: f64,
}

async fn measured(app: &App, what: &'static str, length: Duration) -> Line {
    let tree = Tree::of([id_of(app)]);
    let before = account(app).await;
    let (spent, begun) = (tree.cpu_seconds(), Instant::now());
    tokio::time::sleep(length).await;
    let cpu = (tree.cpu_seconds() - spent) / begun.elapsed().as_secs_f64() * 100.0;
    let after = account(app).await;
    Line {
        what,
        ticks: after.tick - before.tick,
        work: after.work - before.work,
        cpu,
        memory: tree.proportional_bytes(),
    }
}

/// The one in the middle of three, by its script.
async fn middle(app: &App, what: &'static str, length: Duration) -> Line {
    let mut three = Vec::new();
    for _ in 0..3 {
        three.push(measured(app, what, length).await);
    }
    three.sort_by(|one, other| one.work.total_cmp(&other.work));
    three.swap_remove(1)
}

async fn settled(app: &App) {
    app.later_tick(app.later_tick(app.tick().await).await).await;
}

/// What the app says that it takes beside what pidstat says, over so many seconds.
async fn own_cost_off(app: &App, seconds: u64) -> f64 {
    let said = async || app.ask("get_own_cost").await["cpu_seconds"].as_f64().unwrap();
    let processes = app.without_driver();
    let (before, begun) = (said().await, Instant::now());
    let measured = pidstat(&processes, &seconds.to_string());
    let own = (said().await - before) / begun.elapsed().as_secs_f64() * 100.0;
    (own / measured - 1.0).abs() * 100.0
}

pub(crate) async fn page(length: Duration) -> Page {
    let (screen, home) = (Screen::open(), Home::new());
    let app = App::start_with(&screen, &home, Gpus::Simulated("eight"), None, as_its_users_do).await;
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
    let range = async |range: &str| {
        app.click(&format!("[data-testid=\"range-{range}\"]")).await;
        settled(&app).await;
    };
    range("5m").await;
    let five_minutes = middle(&app, "every 0.5 s, 5 m in sight", length).await;
    let own_cost_off = median(vec![
        own_cost_off(&app, length.as_secs()).await,
        own_cost_off(&app, length.as_secs()).await,
        own_cost_off(&app, length.as_secs()).await,
    ]);
    range("1h").await;
    let an_hour = middle(&app, "every 0.5 s, 1 h in sight", length).await;
    range("5m").await;
    app.call("update_settings", json!({ "patch": { "interval": 2.0 } })).await.unwrap();
    settled(&app).await;
    let slow = middle(&app, "every 2 s, 5 m in sight", length * 2).await;
    range("1h").await;
    let slow_hour = middle(&app, "every 2 s, 1 h in sight", length * 2).await;
    app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
    // As its user does it, by the window manager.
    let found = xdotool(&screen, &["search", "--onlyvisible", "--class", "telltale"]);
    let window = found.lines().next().unwrap();
    xdotool(&screen, &["windowminimize", window]);
    until("the page is hidden", SOON, async || if account(&app).await.hidden { Ok(()) } else { Err("it is seen") })
        .await;
    let hidden = middle(&app, "every 0.5 s, minimized", length).await;
    xdotool(&screen, &["windowmap", window]);
    until("the page is seen again", SOON, async || if account(&app).await.hidden { Err("hidden") } else { Ok(()) })
        .await;
    settled(&app).await;
    app.close().await;
    Page { lines: [five_minutes, an_hour, slow, slow_hour, hidden], own_cost_off }
}

/// What xdotool prints of that screen.
fn xdotool(screen: &Screen, arguments: &[&str]) -> String {
    let done = Command::new("xdotool").args(arguments).envs(screen.environment()).output();
    let done = done.expect("xdotool: `make bench` installs it");
    assert!(done.status.success(), "xdotool {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

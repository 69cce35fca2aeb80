//! What the window costs: `make bench` starts it with eight simulated GPUs and an hour of history, and prints the time
//! its scripts take per tick, its share of a core and its memory, seen and minimized. Figures are printed, not judged:
//! they are this machine's. tests/cost/RESULTS.md keeps a table of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench says what is wrong by failing")]
#![allow(dead_code, reason = "the harness of tests/window does more than this needs")]

#[path = "../window/app.rs"]
mod app;
#[path = "../common/mod.rs"]
mod common;
mod processes;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use app::{App, Gpus, Home};
use common::process::{Group, output};
use common::screen::Screen;
use common::until::until;
use processes::Tree;

const SOON: Duration = Duration::from_mins(1);

/// How long each measurement takes, in seconds; a shorter one is coarser.
const SECONDS: &str = "TELLTALE_BENCH_SECONDS";

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
struct Line {
    what: String,
    ticks: Option<f64>,
    work: Option<f64>,
    cpu: f64,
    memory: u64,
}

impl Line {
    fn show(&self) -> String {
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

async fn window(length: Duration) -> Vec<Line> {
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

/// What xdotool prints of that screen.
fn xdotool(screen: &Screen, arguments: &[&str]) -> String {
    let done = Command::new("xdotool").args(arguments).envs(screen.environment()).output();
    let done = done.expect("xdotool: `make bench` installs it");
    assert!(done.status.success(), "xdotool {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What people have today, beside it: nothing where it is not installed.
async fn other(program: &str, length: Duration) -> Option<Line> {
    Command::new(program).arg("--version").output().ok()?;
    let (screen, home) = (Screen::open(), Home::new());
    let group = Group::start(program, |command| {
        command.envs(screen.environment()).env("HOME", home.settings_folder()).env("NO_AT_BRIDGE", "1");
    });
    tokio::time::sleep(Duration::from_secs(5)).await; // until it has opened: it has nobody to say so
    let tree = Tree::of([group.id()]);
    let (spent, begun) = (tree.cpu_seconds(), Instant::now());
    tokio::time::sleep(length).await;
    let cpu = (tree.cpu_seconds() - spent) / begun.elapsed().as_secs_f64() * 100.0;
    Some(Line { what: program.into(), ticks: None, work: None, cpu, memory: tree.proportional_bytes() })
}

fn machine() -> String {
    let text = output("lscpu", &[]);
    let model = text.lines().find_map(|line| line.strip_prefix("Model name:")).unwrap_or("?").trim();
    let cores = std::thread::available_parallelism().unwrap();
    format!("{model}, {cores} logical processors, Linux {}", output("uname", &["-r"]).trim())
}

fn main() {
    // cargo passes `--bench`; there is nothing to choose
    let length = Duration::from_secs(std::env::var(SECONDS).map_or(60, |seconds| seconds.parse().unwrap()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut lines, other) =
        runtime.block_on(async { (window(length).await, other("gnome-system-monitor", length).await) });
    println!("{}; {} s each, interval 0.5 s, 1280×800 under Xvfb\n", machine(), length.as_secs());
    println!("| | ticks | script, ms | script per tick, ms | of a core | PSS |\n| --- | --- | --- | --- | --- | --- |");
    if other.is_none() {
        eprintln!("gnome-system-monitor is not installed: nothing to compare with");
    }
    lines.extend(other);
    for line in &lines {
        println!("{}", line.show());
    }
}

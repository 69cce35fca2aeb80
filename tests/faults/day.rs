//! A day's ticks in minutes: with the window open and eight GPUs, then hidden and shown again and again. Memory, files and
//! threads of every process have no trend, and no tick is missed without being told.
//!
//! Four minutes in `make test`; `make soak` sets `TELLTALE_SOAK_TICKS` to a day at two seconds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::hidden_window::{await_hidden, order};
use super::trend::Trend;
use crate::common::screen::Screen;
use crate::common::until::until;
use crate::window::SOON;
use crate::window::app::{App, Gpus, Home};

const INTERVAL: f64 = 0.02;
/// Ticks of the machine's day, at the default interval.
const DAY: f64 = 43_200.0;
/// The web process believes to have so many bytes of memory (`JavaScriptCore`: `forceRAMSize`), and collects its rubbish once that is a
/// quarter of what it keeps. Else it waits until it is as much, which takes a minute on a slow machine: a slope over three says
/// more of where it began than of where it goes.
const SMALL_MACHINE: (&str, &str) = ("JSC_forceRAMSize", "67108864");
/// Nothing waits this long unless it fails.
const PATIENCE: Duration = Duration::from_mins(10);

struct Plan {
    /// Ticks before anything is measured: buffers grow into their size, scripts are compiled.
    warm_up: u64,
    ticks: u64,
    hides: u64,
    /// What a process may grow by in a day without being called a leak, in bytes: what the measurement can tell.
    growth: f64,
}

fn plan() -> Plan {
    const MIB: f64 = 1_048_576.0;
    match std::env::var("TELLTALE_SOAK_TICKS").map(|ticks| ticks.parse().expect("a number of ticks")) {
        // The history is full, in the core and in the page, after its 7,200 rows.
        Ok(ticks) => Plan { warm_up: 8_000, ticks, hides: ticks / 400, growth: 16.0 * MIB },
        // The page's memory goes up by 25 MiB and down again every 500 ticks or so, as its rubbish is collected: a slope over fewer
        // than this says more of where it began than of where it goes.
        Err(_) => Plan { warm_up: 2_000, ticks: 8_000, hides: 4, growth: 96.0 * MIB },
    }
}

/// One process at one moment.
#[derive(Clone, Copy)]
struct Size {
    memory: f64,
    files: f64,
    threads: f64,
}

fn size(process: &Path) -> Option<Size> {
    let rollup = fs::read_to_string(process.join("smaps_rollup")).ok()?;
    // Its own pages and those it shares with its kin; not files, of which its share changes with who else maps them.
    let part = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let kib = part("Pss_Anon:")? + part("Pss_Shmem:")?;
    let count = |folder: &str| fs::read_dir(process.join(folder)).map(|entries| entries.count() as f64).ok();
    Some(Size { memory: (kib * 1024) as f64, files: count("fd")?, threads: count("task")? })
}

/// The app and its web view, by name.
fn sizes(app: &App) -> BTreeMap<String, Size> {
    let name = |process: &Path| fs::read_to_string(process.join("comm")).unwrap_or_default().trim().to_owned();
    let all = app.family().into_iter().map(|process| (name(&process), size(&process)));
    all.filter(|(name, _)| !name.contains("Driver")).filter_map(|(name, size)| Some((name, size?))).collect()
}

/// The core's history at one moment.
#[derive(Clone, Copy)]
struct History {
    bytes: f64,
    /// Rows times columns.
    figures: f64,
}

struct Account {
    ticks: f64,
    history: History,
    all: Value,
}

async fn account(app: &App) -> Account {
    let all = app.ask("get_diagnostics").await;
    let number = |path: &str| all.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {all:#}"));
    let figures = number("/history/rows") * number("/history/columns");
    Account { ticks: number("/ticks/done"), history: History { bytes: number("/history/bytes"), figures }, all }
}

async fn ticks_later(app: &App, more: u64) {
    let begun = account(app).await.ticks;
    until("ticks are done", PATIENCE, async || {
        let now = account(app).await.ticks;
        if now >= begun + more as f64 { Ok(()) } else { Err(now) }
    })
    .await;
}

/// By process: at how many ticks, what the history was, and how large the process.
type Samples = BTreeMap<String, Vec<(f64, History, Size)>>;

/// Whether a fault of ticks is in the list, which keeps the newest: GPUs that are late push it out in a day.
fn tells_of_ticks(account: &Account) -> bool {
    account.all["faults"].as_array().unwrap().iter().any(|fault| fault["channel"] == "ticks")
}

/// Runs `step` until so many ticks are done, and takes a sample after each. With whether a fault of ticks was told at any of them.
async fn measured(app: &App, ticks: u64, mut step: impl AsyncFnMut()) -> (Samples, bool) {
    let begun = account(app).await.ticks;
    let (mut samples, mut told) = (Samples::new(), false);
    loop {
        step().await;
        let now = account(app).await;
        told |= tells_of_ticks(&now);
        for (name, size) in sizes(app) {
            samples.entry(name).or_default().push((now.ticks - begun, now.history, size));
        }
        if now.ticks >= begun + ticks as f64 {
            return (samples, told);
        }
    }
}

/// No process grows: even the lower end of what its slope may be is too little to matter in a day.
fn judge(what: &str, samples: &Samples, growth: f64) {
    let mut grown = Vec::new();
    for (name, samples) in samples {
        let trend = |value: fn(&(f64, History, Size)) -> f64| Trend::of(samples.iter().map(|one| (one.0, value(one))));
        // The page keeps the same hour as the core, in arrays that take some 16 bytes a figure: eight, room to grow, and those that
        // were outgrown and are not collected yet.
        let kept =
            if name.contains("Web") { trend(|one| 16.0 * one.1.figures).slope } else { trend(|one| one.1.bytes).slope };
        for (figure, trend, kept, most) in [
            ("memory, MiB", trend(|one| one.2.memory), kept, growth),
            ("files", trend(|one| one.2.files), 0.0, 0.0),
            ("threads", trend(|one| one.2.threads), 0.0, 0.0),
        ] {
            let unit = if most > 0.0 { 1_048_576.0 } else { 1.0 };
            let (day, error) = ((trend.slope - kept) * DAY / unit, trend.error * DAY / unit);
            println!(
                "{what}: {name}: {figure}: {:.1} on average, {day:+.2} ± {error:.2} a day of ticks (95 %)",
                trend.mean / unit
            );
            // Files and threads are few and come and go: what rises by less than three in all the time is no leak.
            let rise = (trend.slope - kept - trend.error) * samples.last().map_or(0.0, |one| one.0);
            let too_much = if most > 0.0 { day - error > most / unit } else { rise > 3.0 };
            if too_much {
                grown.push(format!("{name}: {figure}: {day:+.2} ± {error:.2} a day"));
            }
        }
    }
    assert!(samples.len() >= 3, "the app, its web process and its network process: {:?}", samples.keys());
    assert!(grown.is_empty(), "{what}: {grown:#?}");
}

fn number(account: &Account, path: &str) -> f64 {
    account.all.pointer(path).and_then(Value::as_f64).unwrap()
}

/// Ticks that were due and are neither done nor counted as skipped yet, but for how many there are of them from the beginning on.
fn owed(account: &Account) -> f64 {
    number(account, "/uptime") / INTERVAL - number(account, "/ticks/done") - number(account, "/ticks/skipped")
}

/// The account of a moment at which the machine does not stall: of a few looks, the one at which the fewest ticks are owed.
async fn settled(app: &App) -> Account {
    let mut best = account(app).await;
    for _ in 0..20 {
        let next = account(app).await;
        if owed(&next) < owed(&best) {
            best = next;
        }
    }
    best
}

/// Every tick there should have been was done, or is counted as skipped and has its fault.
async fn ticks_are_told(app: &App, before: &Account, told: bool) {
    // What is skipped is counted at the tick after: while the machine stalls it is not there yet.
    let after = until("every tick is accounted for", SOON, async || {
        let after = account(app).await;
        let unaccounted = owed(&after) - owed(before);
        if unaccounted.abs() <= 3.0 { Ok(after) } else { Err((unaccounted, after.all["ticks"].clone())) }
    })
    .await;
    let between = |path: &str| number(&after, path) - number(before, path);
    let (done, skipped) = (between("/ticks/done"), between("/ticks/skipped"));
    let due = between("/uptime") / INTERVAL;
    println!(
        "{done} ticks, {} late, {skipped} skipped, of {due:.0} due; {} events",
        between("/ticks/late"),
        between("/window/events_sent")
    );
    assert!(skipped == 0.0 || told || tells_of_ticks(&after), "{:#}", after.all["faults"]);
    assert!(
        between("/window/web_process_restarts") < 1.0 && between("/window/events_failed") < 1.0,
        "{:#}",
        after.all["window"]
    );
    let restarts =
        after.all["tasks"].as_array().unwrap().iter().map(|task| task["restarts"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(restarts, 0, "{:#}", after.all["tasks"]);
}

#[test]
fn a_day_of_ticks_leaves_memory_files_and_threads_as_they_were() {
    let plan = plan();
    crate::window::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start_with(&screen, &home, Gpus::Simulated("eight"), None, |command| {
            command.env("TELLTALE_TEST_INTERVAL", INTERVAL.to_string()).env("TELLTALE_LOG", "error");
            command.env(SMALL_MACHINE.0, SMALL_MACHINE.1);
        })
        .await;
        ticks_later(&app, plan.warm_up).await;
        let begun = settled(&app).await;
        let (seen, told) =
            measured(&app, plan.ticks, async || tokio::time::sleep(Duration::from_millis(500)).await).await;
        ticks_are_told(&app, &begun, told).await;
        judge("seen", &seen, plan.growth);
        assert!(app.tick().await as f64 > account(&app).await.ticks - 500.0, "and the page shows them");

        let begun = settled(&app).await;
        let (hidden, told) = measured(&app, plan.hides * 200, async || {
            order(&screen, "windowminimize");
            await_hidden(&app, true).await;
            ticks_later(&app, 100).await;
            order(&screen, "windowmap");
            await_hidden(&app, false).await;
            ticks_later(&app, 100).await;
        })
        .await;
        ticks_are_told(&app, &begun, told).await;
        // A few rounds are too few to tell a slope from noise: files and threads are judged in the long form.
        if plan.hides >= 20 {
            judge("hidden and shown", &hidden, plan.growth);
        }
        app.later_tick(app.tick().await).await;
        app.close().await;
    });
}

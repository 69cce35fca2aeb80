//! What Telltale costs: `make bench` prints tables and writes them to tests/cost/RESULTS.md. Figures are printed, not judged: they are
//! this machine's. What holds on every machine is counted in tests/tray/light.rs and src-tauri/core/tests/alloc.rs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench says what is wrong by failing")]
#![allow(dead_code, reason = "the harness of the tests does more than this needs")]

#[path = "../window/app.rs"]
mod app;
mod beside;
#[path = "../common/mod.rs"]
mod common;
mod page;
mod processes;

use std::fmt::Write as _;
use std::time::Duration;

use beside::{ROUNDS, Taken, Telltale, other};
use common::process::output;
use common::screen::Screen;
use page::Line;

/// How long each measurement takes, in seconds; a shorter one is coarser.
const SECONDS: &str = "TELLTALE_BENCH_SECONDS";

/// `app::App` waits so long for anything.
const SOON: Duration = Duration::from_mins(1);

fn machine() -> String {
    let text = output("lscpu", &[]);
    let model = text.lines().find_map(|line| line.strip_prefix("Model name:")).unwrap_or("?").trim();
    let memory = output("free", &["-m"]).split_whitespace().nth(7).unwrap_or("?").to_owned();
    let cores = std::thread::available_parallelism().unwrap();
    let load = output("cut", &["-d", " ", "-f", "1-3", "/proc/loadavg"]);
    format!(
        "{model}, {cores} logical processors, {memory} MiB, Linux {}, Xvfb 1400×950, load before {}",
        output("uname", &["-r"]).trim(),
        load.trim()
    )
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap());
    values[values.len() / 2]
}

fn medians(rounds: &[Taken]) -> Taken {
    let of = |which: fn(&Taken) -> f64| median(rounds.iter().map(which).collect());
    Taken {
        cpu: of(|taken| taken.cpu),
        memory: median(rounds.iter().map(|taken| taken.memory).collect()),
        wakes: of(|taken| taken.wakes),
    }
}

/// All programs, with what each took in each round, and how long the window took to open from the tray.
fn rounds(screen: &Screen, length: Duration) -> (Vec<(&'static str, Vec<Taken>)>, Vec<Duration>) {
    let mut table: Vec<(&str, Vec<Taken>)> = [
        "Telltale, window open, 2 s",
        "Telltale, window open with 8 GPUs, 2 s",
        "Telltale, in the tray after the window was closed",
        "Telltale, in the tray, started hidden",
        "gnome-system-monitor",
        "btop",
        "htop",
    ]
    .map(|name| (name, Vec::new()))
    .into();
    let mut opened = Vec::new();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        let ([hidden, open, closed], opening) = Telltale::new(screen, None, 2.0).tray_window_tray(length);
        opened.push(opening);
        let gpus = Telltale::new(screen, Some("eight"), 2.0).window(length);
        // At the same time: they share nothing.
        let others = std::thread::scope(|scope| {
            let others: [(&str, &[&str]); 3] =
                [("gnome-system-monitor", &["--show-resources-tab"]), ("btop", &[]), ("htop", &["-d", "20"])];
            let others =
                others.map(|(program, arguments)| scope.spawn(move || other(screen, program, arguments, length)));
            others.map(|measured| measured.join().unwrap())
        });
        let all = [open, gpus, closed, hidden].map(Some).into_iter().chain(others);
        for ((_, rounds), taken) in table.iter_mut().zip(all) {
            rounds.extend(taken);
        }
    }
    (table, opened)
}

fn show(table: &[(&str, Vec<Taken>)]) -> String {
    let reference = table.iter().find(|(name, _)| *name == "gnome-system-monitor").map(|(_, rounds)| rounds);
    let reference = reference.filter(|rounds| !rounds.is_empty()).map(|rounds| medians(rounds));
    let mut text = String::from(
        "| | of a core | PSS | wakes a second | of gnome-system-monitor: processor, memory |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, rounds) in table.iter().filter(|(_, rounds)| !rounds.is_empty()) {
        let Taken { cpu, memory, wakes } = medians(rounds);
        let ratio = reference.map_or("–".into(), |other| {
            format!("{:.2}, {:.2}", cpu / other.cpu, memory as f64 / other.memory as f64)
        });
        let memory = memory as f64 / f64::from(1 << 20);
        writeln!(text, "| {name} | {cpu:.2} % | {memory:.0} MiB | {wakes:.1} | {ratio} |").unwrap();
    }
    text
}

fn show_page(lines: &[Line]) -> String {
    let head =
        "| | ticks | script, ms | script per tick, ms | of a core | PSS |\n| --- | --- | --- | --- | --- | --- |\n";
    lines.iter().fold(head.into(), |text, line| text + &line.show() + "\n")
}

fn main() {
    // cargo passes `--bench`; there is nothing to choose
    let length = Duration::from_secs(std::env::var(SECONDS).map_or(60, |seconds| seconds.parse().unwrap()));
    let machine = machine();
    let (starts, table, opened) = {
        let screen = Screen::open();
        let starts = (0..5).map(|_| Telltale::new(&screen, None, 2.0).start_to_chart()).collect();
        let (table, opened) = rounds(&screen, length);
        (median(starts), table, median(opened))
    };
    let (long, rows) = {
        let screen = Screen::open();
        // With eight GPUs, so that it is much for each row.
        Telltale::new(&screen, Some("eight"), 0.5).open_after(length)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let page = runtime.block_on(page::window(length.min(Duration::from_secs(30))));
    let text = format!(
        "# What Telltale costs\n\nWritten by `make bench`; [README.md](README.md) says where it goes. {machine}. Release build, canvas and \
         compositing in software where there is no GPU; {} s a measurement, median of {ROUNDS}.\n\n{}\n\
         From the start of the process to the first chart: {} ms (median of 5). From the tray to a painted window: {} ms; with {rows} rows of \
         eight GPUs kept: {} ms.\n\n## The page\n\nThe Overview with eight simulated GPUs at 1280×800, a sample every half second, an hour of \
         history (7200 rows that the bench made up). *Script* is the time that ticks and frames spend in JavaScript, drawing included.\n\n{}",
        length.as_secs(),
        show(&table),
        starts.as_millis(),
        opened.as_millis(),
        long.as_millis(),
        show_page(&page),
    );
    println!("{text}");
    std::fs::write(common::root().join("tests/cost/RESULTS.md"), text).unwrap();
}

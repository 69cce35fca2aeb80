//! What Telltale costs: `make bench` prints tables and writes them to tests/cost/RESULTS.md. Figures stand beside their goals
//! and fail nothing: they are this machine's. What holds on every machine is counted in tests: README.md says where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench says what is wrong by failing")]
#![allow(dead_code, reason = "the harness of the tests does more than this needs")]

#[path = "../window/app.rs"]
mod app;
mod beside;
#[path = "../common/mod.rs"]
mod common;
mod goals;
mod hour;
mod page;
mod processes;
mod rest;
mod tick;

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use beside::{ROUNDS, Taken, Telltale, other};
use common::process::output;
use common::screen::Screen;
use goals::Goal;
use hour::Hour;
use page::{Line, Page};

/// How long each measurement takes, in seconds; a shorter one is coarser.
const SECONDS: &str = "TELLTALE_BENCH_SECONDS";

/// `app::App` waits so long for anything.
const SOON: Duration = Duration::from_mins(1);

/// Without the variable by which tests decide how the page is drawn.
fn as_its_users_do(command: &mut Command) {
    command.env_remove("WEBKIT_DISABLE_DMABUF_RENDERER");
}

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

const MIB: f64 = 1_048_576.0;

/// What the programs took, one after the other on one display: of each the rounds.
struct Beside {
    hidden: Vec<Taken>,
    open: Vec<Taken>,
    closed: Vec<Taken>,
    others: [(&'static str, Vec<Taken>); 3],
    /// How long the window took to open from the tray, over a history of a minute.
    opened: Vec<Duration>,
}

fn beside(screen: &Screen, length: Duration) -> Beside {
    let others = ["gnome-system-monitor", "btop", "htop"].map(|name| (name, Vec::new()));
    let (hidden, open, closed, opened) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut all = Beside { hidden, open, closed, others, opened };
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        let ([hidden, open, closed], opened) = Telltale::new(screen).tray_window_tray(length);
        all.hidden.push(hidden);
        all.open.push(open);
        all.closed.push(closed);
        all.opened.push(opened);
        // At the same time: they share nothing.
        std::thread::scope(|scope| {
            let measuring = all.others.iter_mut().map(|(program, rounds)| {
                let arguments: &[&str] = match *program {
                    "gnome-system-monitor" => &["--show-resources-tab"],
                    "htop" => &["-d", "20"],
                    _ => &[],
                };
                scope.spawn(move || rounds.extend(other(screen, program, arguments, length)))
            });
            measuring.collect::<Vec<_>>().into_iter().for_each(|one| one.join().unwrap());
        });
    }
    all
}

impl Beside {
    /// What there is to compare with, if it could be measured.
    fn reference(&self) -> Option<Taken> {
        let (_, rounds) = &self.others[0];
        (!rounds.is_empty()).then(|| medians(rounds))
    }

    fn table(&self, hour: &Hour) -> String {
        let mut text = String::from(
            "| | of a core | PSS | wakes a second | of gnome-system-monitor: processor, memory |\n| --- | --- | --- | --- | --- |\n",
        );
        let window = [hour.open];
        let own: [(&str, &[Taken]); 4] = [
            ("Telltale, window open", &self.open),
            ("Telltale, window open with 8 GPUs and a full history (measured once)", &window),
            ("Telltale, in the tray, started hidden", &self.hidden),
            ("Telltale, in the tray after the window was closed", &self.closed),
        ];
        let others = self.others.iter().map(|(name, rounds)| (*name, rounds.as_slice()));
        for (name, rounds) in own.into_iter().chain(others).filter(|(_, rounds)| !rounds.is_empty()) {
            let Taken { cpu, memory, wakes } = medians(rounds);
            let ratio = self.reference().map_or("–".into(), |other| {
                format!("{:.2}, {:.2}", cpu / other.cpu, memory as f64 / other.memory as f64)
            });
            writeln!(text, "| {name} | {cpu:.2} % | {:.0} MiB | {wakes:.1} | {ratio} |", memory as f64 / MIB).unwrap();
        }
        text
    }
}

/// What is to be reached beside what was measured.
fn goals(starts: Duration, beside: &Beside, hour: &Hour, page: &Page) -> String {
    let ms = |duration: Duration| Some(duration.as_secs_f64() * 1e3);
    let mib = |bytes: u64| Some(bytes as f64 / MIB);
    let [open, hidden, closed] = [&beside.open, &beside.hidden, &beside.closed].map(|rounds| medians(rounds));
    let [five_minutes, _, slow, _, minimized] = &page.lines;
    let per_tick = |line: &Line| line.per_tick();
    let query = tick::nanoseconds("history", "query/all rows").map(|nanoseconds| nanoseconds / 1e6);
    let as_json = tick::nanoseconds("history", "as JSON/all rows").map(|nanoseconds| nanoseconds / 1e6);
    let (grown, bytes) = tick::growth().unzip();
    let other = beside.reference();
    goals::table(&[
        Goal::at_most("a tick of the channels without GPU, kept, beside the floor", 2.5, "×", tick::times_the_floor()),
        Goal::at_most_that_of("the same, from 2 cores to 256: by how much it grows", "as the bytes", "×", grown, bytes),
        Goal::at_most_that_of(
            "window open at 2 s, of a core",
            "gnome-system-monitor",
            "%",
            Some(open.cpu),
            other.map(|other| other.cpu),
        ),
        Goal::under("window open, memory", 190.0, "MiB", mib(open.memory)),
        Goal::under("window open with 8 GPUs and a full history, memory", 190.0, "MiB", mib(hour.open.memory)),
        Goal::at_most("in the tray, of a core", 0.1, "%", Some(hidden.cpu)),
        Goal::at_most("in the tray after the window was closed, of a core", 0.1, "%", Some(closed.cpu)),
        Goal::under("in the tray, memory", 95.0, "MiB", mib(hidden.memory)),
        Goal::under("in the tray after the window was closed, memory", 95.0, "MiB", mib(closed.memory)),
        Goal::under("the same with 8 GPUs and a full history", 95.0, "MiB", mib(hour.closed)),
        Goal::under("start to the first painted chart", 900.0, "ms", ms(starts)),
        Goal::under("tray to the painted window, 8 GPUs and a full history", 600.0, "ms", ms(hour.opened)),
        Goal::under("get_metrics_history, an hour, 8 GPUs, 64 cores: answered in Rust", 5.0, "ms", query),
        Goal::under("the same and written as JSON", 5.0, "ms", query.zip(as_json).map(|(query, json)| query + json)),
        Goal::under("as many values until a page has them as JSON", 30.0, "ms", Some(hour.as_json)),
        Goal::under("the same as this page asks for them, packed", 30.0, "ms", Some(hour.to_the_page)),
        Goal::under("script per tick on Overview with 8 GPUs, every 0.5 s", 4.0, "ms", per_tick(five_minutes)),
        Goal::under("the same, every 2 s", 4.0, "ms", per_tick(slow)),
        Goal::at_most("the same, hidden: script in all", 0.0, "ms", Some(minimized.work)),
        Goal::under("in the tray, wakes a second", 3.0, "", Some(hidden.wakes)),
        Goal::under("in the tray after the window was closed, wakes a second", 3.0, "", Some(closed.wakes)),
        Goal::under("own cost as shown, off what pidstat says", 10.0, "%", Some(page.own_cost_off)),
    ])
}

fn main() {
    let length = Duration::from_secs(std::env::var(SECONDS).map_or(60, |seconds| seconds.parse().unwrap()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // `cargo bench --bench cost -- page` or `-- hour`, for who works at it; cargo itself passes `--bench`.
    if std::env::args().any(|argument| argument == "page") {
        println!("{}\n\n{}", rest::rest().show(), show_page(&runtime.block_on(page::page(length / 5)).lines));
        return;
    }
    if std::env::args().any(|argument| argument == "hour") {
        println!("{}", hour::hour(length).show());
        return;
    }
    let machine = machine();
    // Said as it comes: a run that is cut off has told it.
    eprintln!("an hour of history");
    let hour = hour::hour(length);
    eprintln!("{}\nthe page", hour.show());
    let rest = rest::rest().show();
    let page = runtime.block_on(page::page(length / 5));
    eprintln!("{}", show_page(&page.lines));
    let (starts, beside) = {
        let screen = Screen::open();
        let starts = (0..5).map(|_| Telltale::new(&screen).start_to_chart()).collect();
        (median(starts), beside(&screen, length))
    };
    let text = format!(
        "# What Telltale costs\n\nWritten by `make bench`; [README.md](README.md) says where it goes. {machine}. {} build, canvas and \
         compositing in software where there is no GPU; every 2 s and {} s a measurement where nothing else is said, median of \
         {ROUNDS}.\n\n{}\n## A tick\n\n{}\n## Beside others\n\n{}\n\
         From the tray to a painted window without GPUs and over a minute of history: {} ms.\n\n## The page\n\n\
         The Overview with eight simulated GPUs at 1280×800 and an hour of history (7200 rows that the bench made up). *Script* is the \
         time that ticks and frames spend in JavaScript, drawing included. {rest}\n\n{}\n\
         The full history of the goals is {} rows of {} series.\n",
        if cfg!(debug_assertions) { "Debug" } else { "Release" },
        length.as_secs(),
        goals(starts, &beside, &hour, &page),
        tick::table(),
        beside.table(&hour),
        median(beside.opened.clone()).as_millis(),
        show_page(&page.lines),
        hour.rows,
        hour.series,
    );
    println!("{text}");
    std::fs::write(common::root().join("tests/cost/RESULTS.md"), text).unwrap();
}

fn show_page(lines: &[Line]) -> String {
    let head =
        "| | ticks | script, ms | script per tick, ms | of a core | PSS |\n| --- | --- | --- | --- | --- | --- |\n";
    lines.iter().fold(head.into(), |text, line| text + &line.show() + "\n")
}

//! What Telltale says that it costs, beside what pidstat and the kernel say.

use std::fs;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::process::pidstat;
use crate::common::screen::Screen;
use crate::common::until::until;

fn proportional_kib(process: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Pss:"))?.split_whitespace().next()?.parse().ok()
}

fn memory_of(processes: &[String]) -> f64 {
    let kib: u64 = processes.iter().filter_map(|process| proportional_kib(process)).sum();
    (kib * 1024) as f64
}

/// The page has asked by then, at its first tick, when what draws it was there but had not grown yet.
#[test]
fn as_soon_as_the_page_has_drawn_its_memory_is_counted() {
    super::test_alone(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("eight")).await;
        until("the page has drawn", SOON, async || {
            let said = home.said();
            if said.contains("the page is there") { Ok(()) } else { Err(said) }
        })
        .await;
        let cost = app.ask("get_own_cost").await;
        let (shown, pss) = (cost["memory"].as_f64().unwrap(), memory_of(&app.without_driver()));
        eprintln!("own {shown:.0}, smaps {pss:.0}: {:.2}", shown / pss);
        // A page that has just drawn still grows.
        assert!((shown - pss).abs() <= pss * 0.25, "{shown} beside {pss}: {cost}");
        app.close().await;
    });
}

#[test]
fn its_own_cost_agrees_with_pidstat() {
    super::test(agrees);
}

async fn agrees() {
    let (screen, home) = (Screen::open(), Home::new());
    let app = App::start(&screen, &home, Gpus::Simulated("eight")).await;
    app.call("update_settings", json!({ "patch": { "interval": 0.5 } })).await.unwrap();
    app.later_tick(app.later_tick(app.tick().await).await).await;
    app.ask("get_own_cost").await;
    // From here to the next look is what pidstat measures.
    until("its own period begins", SOON, async || {
        let cost = app.ask("get_own_cost").await;
        if cost["cpu"].is_number() { Ok(()) } else { Err(cost) }
    })
    .await;
    let processes = app.without_driver();
    let seconds = |cost: &Value| cost["cpu_seconds"].as_f64().unwrap();
    let (before, begun) = (app.ask("get_own_cost").await, std::time::Instant::now());
    let measured = pidstat(&processes, "20");
    let (after, elapsed) = (app.ask("get_own_cost").await, begun.elapsed().as_secs_f64());
    let own = (seconds(&after) - seconds(&before)) / elapsed * 100.0;
    eprintln!("own {own:.1} %, pidstat {measured:.1} %; {after}");
    assert!((own - measured).abs() <= measured * 0.1, "own {own:.2} %, pidstat {measured:.2} %: {before} {after}");
    let cpu = after["cpu"].as_f64().unwrap();
    assert!(
        (cpu - own).abs() <= own * 0.25 + 1.0,
        "what is shown is of the same period but for a few seconds: {cpu} {own}"
    );
    assert_eq!(after["processes"].as_u64().unwrap(), processes.len() as u64, "{processes:?}");
    memory_agrees(&app, &after, &processes).await;
    let footer = app.texts("[data-testid=\"own-cost\"]").await;
    assert!(footer[0].contains('%') && footer[0].contains("MiB"), "{footer:?}");
    app.close().await;
}

/// A figure that was looked up just now is what the kernel says. It stands for ten seconds, in which the kernel's may fall by
/// a third: from the start of another test's window what both share, libraries above all, counts by half.
async fn memory_agrees(app: &App, before: &Value, processes: &[String]) {
    let mut last = before["memory"].clone();
    until("what is shown of memory is what smaps says", SOON, async || {
        let shown = app.ask("get_own_cost").await["memory"].clone();
        let pss = memory_of(processes);
        let new = std::mem::replace(&mut last, shown.clone()) != shown;
        let agrees = (shown.as_f64().unwrap() - pss).abs() <= pss * 0.1;
        if new && agrees { Ok(()) } else { Err((new, shown, pss)) }
    })
    .await;
}

//! The real window: the app driven from outside, on a screen of its own.

mod access;
mod anew;
pub(crate) mod app;
mod charts;
mod commands;
mod crowd;
mod events;
mod figures;
mod gpu_in_full;
mod gpus;
mod hands;
mod held_back;
mod network_log;
mod own_cost;
mod pages;
mod panel_states;
mod refused;
mod save;
mod screenshots;
mod settings;
mod stall;

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::common::{alone, among_others};

/// A window takes about one of two cores while it opens.
static WINDOWS: Semaphore = Semaphore::const_new(2);

/// What a page may take to show something on a busy machine. Nothing waits this long unless it fails.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// Runs a test of a window, in its turn.
pub(crate) fn test(body: impl AsyncFnOnce()) {
    let _turn = among_others();
    run(body);
}

/// The same for one that loads the machine, or that another window would disturb.
fn test_alone(body: impl AsyncFnOnce()) {
    let _turn = alone();
    run(body);
}

fn run(body: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let _window = WINDOWS.acquire().await.unwrap();
        body().await;
    });
}

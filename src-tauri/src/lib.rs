//! The desktop shell, wired together: what there is, in the order in which it starts. No arithmetic here.

pub mod api;
mod commands;
mod error;
mod events;
mod save;
mod settings;
mod window;

use std::sync::Arc;

use anyhow::Context as _;
use tauri::Manager as _;
use telltale_core::collector::{Collector, Roots};
use telltale_core::feed::Feed;
use tracing_subscriber::EnvFilter;

use settings::Stored;

/// What commands and events work with.
struct Shell {
    /// Where metrics come from; nothing here can tell what stands behind it.
    feed: Arc<dyn Feed>,
    /// The collector itself, for the one thing that only it can do: change its interval.
    collector: Arc<Collector>,
    settings: Stored,
    saving: save::Saving,
}

/// Runs the app until its last window closes.
///
/// # Errors
/// Whatever kept it from starting, with what was being done.
pub fn run() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("TELLTALE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let api = api::builder();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(api.invoke_handler())
        .setup(move |app| {
            api.mount_events(app);
            start(app.handle()).map_err(Into::into)
        })
        .build(tauri::generate_context!())
        .context("could not start")?;
    app.run(|_, _| {});
    Ok(())
}

fn start(app: &tauri::AppHandle) -> anyhow::Result<()> {
    let settings = Stored::load(app);
    let (collector, collecting) =
        Collector::start(&Roots::default(), settings.current().interval()).context("could not start the collector")?;
    tauri::async_runtime::spawn(collecting);
    let collector = Arc::new(collector);
    let feed: Arc<dyn Feed> = Arc::clone(&collector) as Arc<dyn Feed>;
    tauri::async_runtime::spawn(events::publish(app.clone(), feed.subscribe()));
    app.manage(Shell { feed, collector, settings, saving: save::Saving::default() });
    window::open(app).context("could not open the window")
}

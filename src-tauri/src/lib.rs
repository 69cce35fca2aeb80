//! The desktop shell, wired together: what there is, in the order in which it starts. No arithmetic here.

mod answer;
pub mod api;
#[cfg_attr(target_os = "linux", path = "autostart/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "autostart/portable.rs")]
mod autostart;
mod commands;
mod counts;
pub mod doctor;
mod error;
mod events;
mod instance;
mod log;
pub mod memory;
pub mod rendering;
mod save;
mod settings;
#[cfg(target_os = "linux")]
mod speech;
mod tasks;
mod tray;
mod view;
mod window;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tauri::{AppHandle, Manager as _, RunEvent};
use telltale_core::collector::{Collector, Roots};
use telltale_core::feed::Feed;
use telltale_core::own_cost::{Meter, OwnCost};
use telltale_core::settings::{Settings, SleepingGpus};
use telltale_core::{open_files, stop};

use counts::Counts;
pub use log::complain;
use settings::Stored;
use tasks::Tasks;

/// The app's name in folders, as in tauri.conf.json: for what is asked before the app is there.
pub(crate) const IDENTIFIER: &str = "dev.telltale.desktop";

/// How long the end may take: its screen may hang, or the home that the window's place is kept in.
const LONGEST_END: Duration = Duration::from_secs(3);

/// What commands and events work with.
struct Shell {
    /// Where metrics come from; nothing here can tell what stands behind it.
    feed: Arc<dyn Feed>,
    /// The collector itself, for what only it can do: follow the settings.
    collector: Arc<Collector>,
    settings: Stored,
    saving: save::Saving,
    counts: Arc<Counts>,
    tasks: Tasks,
    /// What Telltale itself takes.
    meter: Mutex<Meter>,
    /// Where the window stood and what it showed.
    window: window::Kept,
    alive: window::Alive,
    tray: tray::Presence,
    /// Of the tray and the save dialog.
    words: Arc<words::Words>,
    /// That we are the only one; `None` where that can't be known.
    instance: Option<instance::Instance>,
}

impl Shell {
    /// Whether closing the window leaves anything to come back from, and the user wants it to.
    fn outlives_window(&self) -> bool {
        self.tray.is_up() && self.settings.current().close_to_tray
    }

    /// What Telltale itself takes now.
    fn cost(&self) -> Option<OwnCost> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).look()
    }

    /// A page has drawn, and so has grown at once.
    fn page_drawn(&self) {
        self.alive.reports();
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).forget_memory();
    }

    /// Tells the collector what the settings say.
    fn apply(&self, settings: &Settings) {
        self.collector.set_interval(settings.interval());
        self.collector.ask_sleeping_gpus(settings.sleeping_gpus == SleepingGpus::Ask);
    }
}

/// Runs the app: with a tray until it is told to quit, without one until its window closes. `hidden` starts it in the
/// tray, where there is one.
///
/// # Errors
/// Whatever kept it from starting, with what was being done.
pub fn run(hidden: bool) -> anyhow::Result<()> {
    let mut log = Some(log::begin());
    open_files::allow_many();
    tracing::info!("{}", rendering::chosen());
    #[cfg(target_os = "linux")]
    if let Some(obstacle) = speech::obstacle() {
        tracing::info!("{obstacle}");
    }
    rendering::connect()?;

    // One thread for all that waits: each more is woken for nothing. (zbus has a runtime of its own beside it, for the plugin that
    // asks the bus for its name: a thread per core, which sleep.)
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("could not start its runtime")?;
    tauri::async_runtime::set(runtime.handle().clone());

    // Around the one that waits for another's answer, and only for as long as it does.
    let (answer, answered) = instance::await_answer();
    let api = api::builder();
    let app = tauri::Builder::default()
        // First, so that a second start ends before it does anything.
        .plugin(answer)
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| instance::second(app, &arguments)))
        .plugin(answered)
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(api.invoke_handler())
        .setup(move |app| {
            api.mount_events(app);
            if let Err(error) = start(app.handle(), hidden) {
                // Tauri would panic with it.
                complain(format_args!("{error:#}"));
                std::process::exit(1);
            }
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("could not start")?;
    app.run(move |app, event| {
        if let RunEvent::WindowEvent { event, .. } = &event {
            window::follow(app, event);
        } else if matches!(event, RunEvent::Exit) {
            stop::at_the_latest(LONGEST_END, 0);
            instance::leave(app);
            window::end(app);
            log.take();
        } else if let RunEvent::ExitRequested { api, code: None, .. } = event
            && app.try_state::<Shell>().is_some_and(|shell| shell.outlives_window())
        {
            // The last window was closed: the tray goes on, and its web view's memory is free. A quit has a code.
            api.prevent_exit();
            tauri::async_runtime::spawn(window::clear_away(app.clone()));
        }
    });
    Ok(())
}

fn start(app: &AppHandle, hidden: bool) -> anyhow::Result<()> {
    let words = words::Words::load().context("the catalogue of words is damaged")?;
    let instance = instance::only_one(app, hidden);
    let settings = Stored::load(app);
    let interval = interval_of_a_test().unwrap_or_else(|| settings.current().interval());
    let (collector, collecting) =
        Collector::start(&Roots::default(), interval).context("could not start the collector")?;
    collector.ask_sleeping_gpus(settings.current().sleeping_gpus == SleepingGpus::Ask);
    tauri::async_runtime::spawn(collecting);
    let collector = Arc::new(collector);
    let feed: Arc<dyn Feed> = Arc::clone(&collector) as Arc<dyn Feed>;
    let (tasks, counts) = (Tasks::default(), Arc::<Counts>::default());
    tasks.keep("events", {
        let (app, feed, counts) = (app.clone(), Arc::clone(&feed), Arc::clone(&counts));
        move || events::publish(app.clone(), feed.subscribe(), Arc::clone(&counts))
    });
    app.manage(Shell {
        feed,
        collector,
        settings,
        saving: save::Saving::default(),
        counts,
        tasks,
        meter: Mutex::default(),
        window: window::Kept::load(app),
        alive: window::Alive::default(),
        tray: tray::Presence::default(),
        words: words.into(),
        instance,
    });
    let kept = app.clone();
    app.state::<Shell>().tasks.keep("window", move || window::save_changes(kept.clone()));
    let asked = app.clone();
    if let Err(error) = stop::when_asked(LONGEST_END, move || end(&asked)) {
        tracing::warn!(%error, "signals can't be heard");
    }
    match tray::start(app) {
        Ok(true) if hidden => return Ok(()),
        // At login the tray's host may come after us.
        Ok(false) if hidden => {
            tauri::async_runtime::spawn(tray::stay_reachable(app.clone()));
            return Ok(());
        }
        Ok(_) => {}
        Err(error) => tracing::info!("no tray: closing the window will quit: {error:#}"),
    }
    window::open(app, None).context("could not open the window")
}

/// Ends the program, as it was asked to. One that is started from now on waits for that, however busy the main thread is.
fn end(app: &AppHandle) {
    stop::at_the_latest(LONGEST_END, 0);
    instance::leave(app);
    save::leave_nothing_half(app);
    app.exit(0);
}

/// `TELLTALE_TEST_INTERVAL`, in seconds: shorter than a setting may be, so that a test sees a day's ticks in minutes. It
/// holds until a setting is changed.
fn interval_of_a_test() -> Option<Duration> {
    let seconds: f64 = std::env::var("TELLTALE_TEST_INTERVAL").ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|interval| *interval >= Duration::from_millis(1))
}

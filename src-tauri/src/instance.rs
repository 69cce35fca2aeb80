//! One Telltale per user's data. The session bus finds the first one (tauri-plugin-single-instance); where there is no
//! bus, or another one, a locked file does. The lock is the system's: it goes with its holder, however that ends.

#[cfg_attr(unix, path = "instance_unix.rs")]
#[cfg_attr(not(unix), path = "instance_portable.rs")]
mod signal;

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tauri::plugin::{self, TauriPlugin};
use tauri::{AppHandle, Manager as _, Wry};

use crate::{LONGEST_END, Shell, complain, window};

/// One that was killed lets go of the bus a moment before it lets go of the file.
const ENDING: Duration = Duration::from_secs(1);

/// One that says that it ends, or has not said yet who it is, has as long as an end may take.
const LEAVING: Duration = LONGEST_END.saturating_add(ENDING);

/// One that the bus names answers at once, but not while it is stopped (Ctrl+Z, a frozen group).
const ANSWER: Duration = Duration::from_secs(15);

/// What came of claiming to be the only one.
enum Claim {
    /// We are, as long as this lives.
    First(Instance),
    /// Another one runs; its process, once it can be told to show its window.
    Second(Option<u32>),
}

/// The lock, held.
pub(crate) struct Instance {
    file: File,
}

/// Two plugins for either side of the one that asks the bus: should that wait for longer than `ANSWER`, which it would for ever, this
/// process ends.
pub(crate) fn await_answer() -> (TauriPlugin<Wry>, TauriPlugin<Wry>) {
    let (going_on, waiting) = mpsc::channel::<()>();
    let wait = move || {
        if waiting.recv_timeout(ANSWER) == Err(RecvTimeoutError::Timeout) {
            complain(format_args!("another one runs, or the session bus does not answer"));
            std::process::exit(1);
        }
    };
    let before = plugin::Builder::new("answer").setup(|_, _| {
        // Without a thread it takes as long as it takes.
        let _ = thread::Builder::new().name("answer".into()).spawn(wait);
        Ok(())
    });
    let after = plugin::Builder::new("answered").setup(|_, _| {
        drop(going_on);
        Ok(())
    });
    (before.build(), after.build())
}

/// Another Telltale was started, as the bus tells: its user wants to see this one, unless it was to start hidden.
pub(crate) fn second(app: &AppHandle, arguments: &[String]) {
    if !arguments.iter().any(|argument| argument == "--hidden") {
        window::show(app, None);
    }
}

/// This one ends: one that is started now is not to ask for its window here, but to wait for the file. The bus may hang, and the home.
pub(crate) fn leave(app: &AppHandle) {
    let app = app.clone();
    let leave = move || {
        tauri_plugin_single_instance::destroy(&app);
        if let Some(instance) = app.try_state::<Shell>().as_ref().and_then(|shell| shell.instance.as_ref()) {
            let _ = instance.file.set_len(0); // else it is waited for less long
        }
    };
    // Without a thread the bus is left a moment later, by the plugin itself.
    let _ = thread::Builder::new().name("leave".into()).spawn(leave);
}

/// Makes this the only one by the file, or ends this process. `None` where that can't be known.
pub(crate) fn only_one(app: &AppHandle, hidden: bool) -> Option<Instance> {
    let claimed = app.path().app_data_dir().context("no folder for data").and_then(|folder| claim(&folder));
    match claimed {
        Ok(Claim::First(mut instance)) => {
            if let Err(error) = instance.answer(app) {
                tracing::warn!(%error, "a second start can't ask for the window");
            }
            Some(instance)
        }
        Ok(Claim::Second(Some(process))) if !signal::is_ours(process) => {
            tracing::info!(process, "one runs on another machine that has the same home");
            None
        }
        Ok(Claim::Second(process)) => {
            let shown = !hidden && process.is_some_and(signal::send);
            complain(format_args!("it runs already{}", if shown { "; its window is shown" } else { "" }));
            app.cleanup_before_exit();
            std::process::exit(0)
        }
        Err(error) => {
            tracing::warn!("whether another one runs can't be known: {error:#}");
            None
        }
    }
}

/// Claims the folder for this process.
///
/// # Errors
/// If there can be no such file there: then nothing is known of others.
fn claim(folder: &Path) -> anyhow::Result<Claim> {
    let path = folder.join("lock");
    let opened = fs::create_dir_all(folder)
        .and_then(|()| File::options().read(true).write(true).create(true).truncate(false).open(&path));
    let mut file = opened.with_context(|| path.display().to_string())?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).with_context(|| path.display().to_string())?;
                return Ok(Claim::First(Instance { file }));
            }
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Another system may lock the text too; that it is locked is all that must be known.
                let _ = file.rewind().and_then(|()| file.read_to_string(&mut process));
                let process = process.trim().parse().ok();
                if begun.elapsed() >= if process.is_some() { ENDING } else { LEAVING } {
                    return Ok(Claim::Second(process));
                }
                thread::sleep(ENDING / 20);
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| path.display().to_string()),
        }
    }
}

impl Instance {
    /// Shows the window whenever a second start asks for it. Says who we are only then: the signal would end a process
    /// that does not expect it.
    ///
    /// # Errors
    /// If signals can't be heard, or the file not be written.
    fn answer(&mut self, app: &AppHandle) -> std::io::Result<()> {
        let app = app.clone();
        signal::hear(move || window::show(&app, None))?;
        self.file.rewind()?;
        write!(self.file, "{}", std::process::id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_learns_who_is_the_first_and_a_file_left_over_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lock"), "4294967295 left over").unwrap();
        let Claim::First(mut first) = claim(folder.path()).unwrap() else { panic!("nobody holds it") };
        assert!(matches!(claim(folder.path()).unwrap(), Claim::Second(None)), "it can't be asked yet");
        write!(first.file, "17").unwrap();
        assert!(matches!(claim(folder.path()).unwrap(), Claim::Second(Some(17))));
        // One that ends and says so is waited for, longer than one that does not.
        first.file.set_len(0).unwrap();
        let ends = thread::spawn(move || {
            thread::sleep(ENDING * 3 / 2);
            drop(first);
        });
        assert!(matches!(claim(folder.path()).unwrap(), Claim::First(_)));
        ends.join().unwrap();

        fs::write(folder.path().join("file"), "").unwrap();
        assert!(claim(&folder.path().join("file")).is_err(), "a folder that can't be made");
    }
}

//! The log: to stderr, and to a file where that is no terminal, as when the desktop started the program.

use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use telltale_core::log_filter;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt as _};

use crate::IDENTIFIER;

/// Days that are kept.
const DAYS: usize = 7;

/// Lines that wait while a write takes long.
const WAITING: usize = 1_000;

/// What writes the log, until it is dropped: then what is still to be written has a second.
#[derive(Debug)]
pub(crate) struct Writers(Vec<WorkerGuard>);

/// Begins it. `TELLTALE_LOG` says what is worth a line; warnings are, where it says nothing. A terminal that was stopped, a
/// pipe that nobody reads and a home on a server that is gone never come back from a write: each is written to by a thread of
/// its own, and lines beyond what it can hold are dropped.
pub(crate) fn begin() -> Writers {
    let terminal = io::stderr().is_terminal();
    let (stderr, guard) = by_a_thread(io::stderr());
    let mut writers = Writers(vec![guard]);
    let (output, refused) = match folder().filter(|_| !terminal).map(file) {
        Some(Ok(file)) => {
            let (file, guard) = by_a_thread(file);
            writers.0.push(guard);
            (BoxMakeWriter::new(stderr.and(file)), None)
        }
        Some(Err(error)) => (BoxMakeWriter::new(stderr), Some(error)),
        None => (BoxMakeWriter::new(stderr), None),
    };
    log_filter::begin(|filter| {
        let log = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
        log.with_ansi(terminal).with_writer(output).init();
    });
    if let Some(error) = refused {
        tracing::warn!(%error, "the log is not kept in a file");
    }
    writers
}

fn by_a_thread(writer: impl io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(WAITING).thread_name("log").finish(writer)
}

/// Says on stderr why something could not be done, where there is no log yet or nobody would look for it; if it can be said.
pub fn complain(what: impl Display) {
    let _ = writeln!(io::stderr(), "telltale: {what}");
}

fn file(folder: PathBuf) -> anyhow::Result<RollingFileAppender> {
    // The appender looks for old ones first, and complains where there is no folder yet.
    fs::create_dir_all(&folder)?;
    let days = RollingFileAppender::builder().rotation(Rotation::DAILY).max_log_files(DAYS);
    Ok(days.filename_prefix("telltale").filename_suffix("log").build(folder)?)
}

/// Where the platform keeps them, as Tauri's `app_log_dir` has it, which is not to be had before the app is.
fn folder() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        Some(dirs::home_dir()?.join("Library/Logs").join(IDENTIFIER))
    } else {
        Some(dirs::data_local_dir()?.join(IDENTIFIER).join("logs"))
    }
}

#[cfg(test)]
mod tests {
    use super::IDENTIFIER;

    #[test]
    fn the_folder_has_the_apps_name() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        assert_eq!(config["identifier"], IDENTIFIER);
    }
}

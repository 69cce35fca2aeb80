//! The log: to stderr, and to a file where that is no terminal, as when the desktop started the program.

use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt as _};

use crate::IDENTIFIER;

/// Days that are kept.
const DAYS: usize = 7;

/// Begins it. `TELLTALE_LOG` says what is worth a line; warnings are, where it says nothing.
pub(crate) fn begin() {
    let filter = EnvFilter::try_from_env("TELLTALE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let terminal = io::stderr().is_terminal();
    let (writer, refused) = match folder().filter(|_| !terminal).map(file) {
        Some(Ok(file)) => (BoxMakeWriter::new(io::stderr.and(file)), None),
        Some(Err(error)) => (BoxMakeWriter::new(io::stderr), Some(error)),
        None => (BoxMakeWriter::new(io::stderr), None),
    };
    // A stderr that can't be written to (its terminal was closed, its disk is full) would have it panic with each line.
    let log = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    log.with_ansi(terminal).with_writer(writer).init();
    if let Some(error) = refused {
        tracing::warn!(%error, "the log is not kept in a file");
    }
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

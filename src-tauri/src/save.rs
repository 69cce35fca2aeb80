//! Saving what the window shows: the system's dialog, then a file that is written aside and put in place when whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tauri::WebviewWindow;
use tauri_plugin_dialog::DialogExt as _;
use tauri_specta::Event as _;
use telltale_core::export;
use telltale_core::history::MetricsHistory;
use tokio::sync::oneshot;

use crate::api::SaveProgress;
use crate::error::{CommandError, ErrorKind};

/// Whether the saving that is under way should stop.
#[derive(Debug, Default)]
pub(crate) struct Saving {
    stop: Arc<AtomicBool>,
}

impl Saving {
    /// Stops it at the next row.
    pub(crate) fn cancel(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Asks where to, and writes.
pub(crate) async fn save(
    window: &WebviewWindow,
    saving: &Saving,
    history: MetricsHistory,
    image: Vec<u8>,
) -> Result<Option<String>, CommandError> {
    let Some(path) = ask(window, &history).await else { return Ok(None) };
    saving.stop.store(false, Ordering::Relaxed);
    let stop = Arc::clone(&saving.stop);
    let report_to = window.clone();
    let to = path.clone();
    let report = move |share: f64| {
        // A page that is gone can't be told, and needs not to be.
        let _ = SaveProgress(share).emit_to(&report_to, report_to.label());
        !stop.load(Ordering::Relaxed)
    };
    let written = tauri::async_runtime::spawn_blocking(move || write(&to, &history, &image, report)).await;
    match written {
        Ok(Ok(())) => Ok(Some(path.display().to_string())),
        Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Ok(Err(error)) => Err(not_written(&path, &error)),
        Err(error) => Err(not_written(&path, &error)),
    }
}

fn not_written(path: &Path, error: &dyn std::fmt::Display) -> CommandError {
    let message = format!("{}: {error}", path.display());
    CommandError { kind: ErrorKind::NotWritten, message, field: None }
}

/// The path that the user chose in the system's dialog.
async fn ask(window: &WebviewWindow, history: &MetricsHistory) -> Option<PathBuf> {
    let (chosen, path) = oneshot::channel();
    let end = history.timestamps.last().copied().unwrap_or_default();
    let stamp: String =
        telltale_core::clock::rfc3339(end).chars().take(19).filter(|c| *c != ':' && *c != '-').collect();
    let dialog = window.dialog().file().set_parent(window).set_file_name(format!("telltale-{stamp}.csv"));
    dialog
        .add_filter("CSV (.csv)", &["csv"])
        .add_filter("JSON (.json)", &["json"])
        .add_filter("PNG (.png)", &["png"])
        .save_file(move |path| {
            // Nobody waits any more when the window was closed meanwhile.
            let _ = chosen.send(path);
        });
    path.await.ok().flatten()?.into_path().ok()
}

/// Writes beside the file and renames, so that a name never stands for half of it. The format is the name's ending;
/// any other than `.json` and `.png` is CSV.
fn write(path: &Path, history: &MetricsHistory, image: &[u8], report: impl FnMut(f64) -> bool) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let written = File::create(&aside).and_then(|file| {
        let mut out = BufWriter::new(file);
        match ending.as_deref() {
            Some("json") => export::json(history, &mut out, report)?,
            Some("png") => out.write_all(image)?,
            _ => export::csv(history, &mut out, report)?,
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&aside, path));
    if placed.is_err() {
        // It may never have been made.
        let _ = fs::remove_file(&aside);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_and_a_stop_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let history = MetricsHistory { timestamps: vec![0], ..MetricsHistory::default() };
        let text = |name: &str| {
            let path = folder.path().join(name);
            write(&path, &history, b"\x89PNG", |_| true).unwrap();
            fs::read(path).unwrap()
        };
        assert_eq!(text("a.csv"), b"time\r\n1970-01-01T00:00:00.000Z\r\n");
        assert_eq!(text("a"), text("a.csv"));
        assert!(text("a.JSON").starts_with(b"{\"timestamps\":[0]"));
        assert_eq!(text("a.png"), b"\x89PNG");

        let path = folder.path().join("a.csv");
        let stopped = write(&path, &history, b"", |_| false).unwrap_err();
        assert_eq!(stopped.kind(), io::ErrorKind::Interrupted);
        assert_eq!(fs::read(&path).unwrap(), b"time\r\n1970-01-01T00:00:00.000Z\r\n");
        assert!(write(&folder.path().join("no/such/folder.csv"), &history, b"", |_| true).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing half-written is left");
    }
}

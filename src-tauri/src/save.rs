//! Saving what the window shows: the system's dialog, then a file that is written aside and put in place when whole.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tauri::async_runtime::spawn_blocking;
use tauri::{AppHandle, Manager as _, WebviewWindow};
use tauri_plugin_dialog::DialogExt as _;
use tauri_specta::Event as _;
use telltale_core::files::resolved;
use telltale_core::history::MetricsHistory;
use telltale_core::{clock, export};
use tokio::sync::{oneshot, watch};

use crate::Shell;
use crate::api::SaveProgress;
use crate::error::{CommandError, ErrorKind};

/// Which saves have begun, and which of them should stop. They are numbered from 1: one that was cancelled while the disk
/// hung must still find itself stopped when the next has begun.
#[derive(Debug, Default)]
pub(crate) struct Saving {
    begun: AtomicU32,
    /// The newest that should stop, and with it all before.
    stopped: watch::Sender<u32>,
    /// The files that are being written.
    half: Mutex<Vec<PathBuf>>,
}

impl Saving {
    /// Stops what is under way.
    pub(crate) fn cancel(&self) {
        self.stopped.send_replace(self.begun.load(Ordering::Relaxed));
    }

    /// The program ends, and its threads with it: nothing half-written is left.
    pub(crate) fn end(&self) {
        self.cancel();
        self.with_half(|half| {
            for file in half.drain(..) {
                // It may just have been put in place.
                let _ = fs::remove_file(file);
            }
        });
    }

    /// Whether a save has not been cancelled, for the thread that it has.
    fn goes_on(&self, number: u32) -> impl Fn() -> bool + Clone + Send + 'static {
        let stopped = self.stopped.subscribe();
        move || *stopped.borrow() < number
    }

    /// Does some of a save on a thread of its own, which a disk that hangs may keep.
    async fn unless_cancelled<T: Send + 'static>(
        &self,
        number: u32,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let mut stopped = self.stopped.subscribe();
        tokio::select! {
            biased;
            done = spawn_blocking(work) => done.map_err(io::Error::other).flatten(),
            _ = stopped.wait_for(|newest| *newest >= number) => Err(io::ErrorKind::Interrupted.into()),
        }
    }

    fn with_half(&self, work: impl FnOnce(&mut Vec<PathBuf>)) {
        work(&mut self.half.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The program ends, which its main thread may never come to.
pub(crate) fn leave_nothing_half(app: &AppHandle) {
    let app = app.clone();
    let end = move || {
        if let Some(shell) = app.try_state::<Shell>() {
            shell.saving.end();
        }
    };
    // Without a thread the main one does it.
    let _ = thread::Builder::new().name("unsaved".into()).spawn(end);
}

/// Asks where to, and writes. A save that is cancelled ends at once, though a disk that hangs may keep its thread.
pub(crate) async fn save(
    window: &WebviewWindow,
    saving: &Saving,
    history: MetricsHistory,
    image: Vec<u8>,
) -> Result<Option<String>, CommandError> {
    let Some(chosen) = ask(window, &history).await else { return Ok(None) };
    // Of the name that was chosen: what it is a link to may have another one.
    let ending = ending(&chosen);
    if let Some(why) = nothing(&ending, &history, &image) {
        return Err(not_written(&chosen, &why));
    }
    let number = saving.begun.fetch_add(1, Ordering::Relaxed) + 1;
    let goes_on = saving.goes_on(number);
    let to_page = window.clone();
    let tell = move |share: f64| {
        // A page that is gone can't be told, and needs not to be.
        let _ = SaveProgress(share).emit_to(&to_page, to_page.label());
    };
    // Before its disk is asked anything: that may take long already.
    tell(0.0);
    let report = {
        let (tell, goes_on) = (tell.clone(), goes_on.clone());
        move |share| {
            // One that hung when it was cancelled comes back here later: the page must not hear of it again.
            let goes_on = goes_on();
            if goes_on {
                tell(share);
            }
            goes_on
        }
    };
    let ended = async {
        let to = chosen.clone();
        let path = saving.unless_cancelled(number, move || Ok(resolved(to))).await?;
        let aside = aside(&path, number);
        saving.with_half(|half| half.push(aside.clone()));
        let (from, to) = (aside.clone(), path.clone());
        let write = move || write(&from, &ending, &history, &image, report).and_then(|()| make_like(&from, &to));
        let mut written = saving.unless_cancelled(number, write).await;
        if written.is_ok() && goes_on() {
            // Waited for: what is cancelled changes no file, and once this is asked for nobody knows that.
            let (from, to) = (aside.clone(), path.clone());
            written = spawn_blocking(move || fs::rename(from, to)).await.map_err(io::Error::other).flatten();
        } else if written.is_ok() {
            written = Err(io::ErrorKind::Interrupted.into());
        }
        saving.with_half(|half| half.retain(|file| *file != aside));
        if written.is_err() {
            // Not waited for, as the disk may hang. It may also be gone already.
            spawn_blocking(move || fs::remove_file(aside));
        }
        written.map(|()| path)
    }
    .await;
    tell(1.0);
    match ended {
        Ok(path) => Ok(Some(path.display().to_string())),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(not_written(&chosen, &error)),
    }
}

/// Who may read and write what has a name may do so with the file that is to replace it. One that nobody may write is not replaced.
fn make_like(from: &Path, to: &Path) -> io::Result<()> {
    if let Ok(before) = fs::metadata(to).map(|there| there.permissions()) {
        if before.readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
        // Some servers know none to be set.
        if let Err(error) = fs::set_permissions(from, before) {
            tracing::warn!(%error, "{} has other permissions than before", to.display());
        }
    }
    Ok(())
}

fn not_written(path: &Path, error: &dyn std::fmt::Display) -> CommandError {
    let message = format!("{}: {error}", path.display());
    CommandError { kind: ErrorKind::NotWritten, message, field: None }
}

/// The path that the user chose in the system's dialog.
async fn ask(window: &WebviewWindow, history: &MetricsHistory) -> Option<PathBuf> {
    let (chosen, path) = oneshot::channel();
    let end = history.timestamps.last().copied().unwrap_or_else(|| clock::now().wall);
    let stamp: String = clock::rfc3339(end).chars().take(19).filter(|c| *c != ':' && *c != '-').collect();
    let title = &window.state::<Shell>().words.save_title;
    let name = format!("telltale-{stamp}Z.csv");
    let dialog = window.dialog().file().set_parent(window).set_title(title).set_file_name(name);
    let dialog = if cfg!(target_os = "linux") {
        // GTK's list of kinds leaves the name as it is, and the name decides: one to choose would be no choice.
        dialog.add_filter("CSV, JSON, PNG", &["csv", "json", "png"])
    } else {
        dialog.add_filter("CSV", &["csv"]).add_filter("JSON", &["json"]).add_filter("PNG", &["png"])
    };
    dialog.save_file(move |path| {
        // Nobody waits any more when the window was closed meanwhile.
        let _ = chosen.send(path);
    });
    path.await.ok().flatten()?.into_path().ok()
}

/// The file that is written first and then renamed, so that a name never stands for half of it. No two saves of a
/// process have the same one, and it begins with a dot: the dialog completes what is typed by what is there.
fn aside(path: &Path, number: u32) -> PathBuf {
    path.with_file_name(format!(".telltale-{}-{number}.part", std::process::id()))
}

/// What a name ends with, which decides the format.
fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// Why there is nothing to write; what is there under that name stays then.
fn nothing(ending: &str, history: &MetricsHistory, image: &[u8]) -> Option<&'static str> {
    if ending == "png" {
        image.is_empty().then_some("there is no chart on this page")
    } else {
        history.timestamps.is_empty().then_some("there are no samples of that time, or not any more")
    }
}

/// Writes a whole file, or leaves none. Any ending other than `json` and `png` is CSV. `report` gets the share done (0–1)
/// and answers whether to go on.
fn write(
    path: &Path,
    ending: &str,
    history: &MetricsHistory,
    image: &[u8],
    report: impl FnMut(f64) -> bool,
) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // Who else may write into that folder could have put a link under this name.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    let written = options.open(path).and_then(|file| {
        let mut out = BufWriter::new(file);
        match ending {
            "json" => export::json(history, &mut out, report)?,
            "png" => export::image(image, &mut out, report)?,
            _ => export::csv(history, &mut out, report)?,
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    });
    if written.is_err() {
        // It may never have been made.
        let _ = fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_and_a_stop_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let history = MetricsHistory { timestamps: vec![0], ..MetricsHistory::default() };
        let path = folder.path().join("a");
        let text = |name: &str| {
            write(&path, &ending(Path::new(name)), &history, b"\x89PNG", |_| true).unwrap();
            fs::read(&path).unwrap()
        };
        assert_eq!(text("a.csv"), b"time\r\n1970-01-01T00:00:00.000Z\r\n");
        assert_eq!(text("a"), text("a.csv"));
        assert!(text("a.JSON").starts_with(b"{\"timestamps\":[0]"));
        assert_eq!(text("a.png"), b"\x89PNG");

        for (name, history, image) in [
            ("a.csv", &history, &b""[..]),
            ("a.csv", &MetricsHistory::default(), b""),
            ("a.json", &MetricsHistory::default(), b""),
            ("a.png", &history, b""),
        ] {
            let stopped = write(&path, &ending(Path::new(name)), history, image, |_| false).unwrap_err();
            assert_eq!(stopped.kind(), io::ErrorKind::Interrupted, "{name}");
            assert!(!path.exists(), "{name}: nothing half-written is left");
        }
        assert!(write(&folder.path().join("no/such/folder"), "csv", &history, b"", |_| true).is_err());
        #[cfg(unix)]
        {
            let theirs = folder.path().join("theirs");
            fs::write(&theirs, "precious").unwrap();
            std::os::unix::fs::symlink(&theirs, &path).unwrap();
            assert!(write(&path, "csv", &history, b"", |_| true).is_err());
            assert_eq!(fs::read(&theirs).unwrap(), b"precious", "somebody put a link in its place");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_replaced_keeps_its_permissions_and_what_nobody_may_write_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let [new, old] = ["new", "old"].map(|name| folder.path().join(name));
        let put = |mode: u32| {
            fs::write(&new, "new").unwrap();
            let _ = fs::remove_file(&old);
            fs::write(&old, "old").unwrap();
            fs::set_permissions(&old, fs::Permissions::from_mode(mode)).unwrap();
            make_like(&new, &old).and_then(|()| fs::rename(&new, &old))
        };
        put(0o600).unwrap();
        let mode = fs::metadata(&old).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode, fs::read(&old).unwrap().as_slice()), (0o600, &b"new"[..]));
        assert!(put(0o444).unwrap_err().to_string().contains("read-only"));
        assert_eq!(fs::read(&old).unwrap(), b"old");
        fs::remove_file(&old).unwrap();
        make_like(&new, &old).unwrap();
    }

    #[test]
    fn a_page_without_charts_makes_no_picture_and_a_time_without_samples_no_table() {
        let [none, some] =
            [vec![], vec![0]].map(|timestamps| MetricsHistory { timestamps, ..MetricsHistory::default() });
        for (ending, history, image, refused) in [
            ("png", &none, &b"\x89PNG"[..], false),
            ("png", &some, b"", true),
            ("csv", &some, b"", false),
            ("csv", &none, b"\x89PNG", true),
            ("json", &none, b"\x89PNG", true),
            ("", &none, b"\x89PNG", true),
        ] {
            assert_eq!(nothing(ending, history, image).is_some(), refused, "{ending}");
        }
    }

    #[test]
    fn a_cancel_stops_all_that_have_begun_and_none_that_begin_later() {
        let saving = Saving::default();
        let stopped = saving.stopped.subscribe();
        saving.begun.fetch_add(2, Ordering::Relaxed);
        saving.cancel();
        assert!((1..=2).all(|number| *stopped.borrow() >= number) && *stopped.borrow() < 3);
        assert_ne!(aside(Path::new("a.csv"), 2), aside(Path::new("a.csv"), 3));
    }

    #[test]
    fn a_disk_that_hangs_keeps_no_save_that_is_cancelled() {
        let saving = Saving::default();
        let (answer, disk) = std::sync::mpsc::channel::<()>();
        let hangs = saving.unless_cancelled(1, move || disk.recv().map_err(io::Error::other));
        saving.begun.fetch_add(1, Ordering::Relaxed);
        saving.cancel();
        assert_eq!(tauri::async_runtime::block_on(hangs).unwrap_err().kind(), io::ErrorKind::Interrupted);
        drop(answer);
        assert_eq!(tauri::async_runtime::block_on(saving.unless_cancelled(2, || Ok(7))).unwrap(), 7);
    }
}

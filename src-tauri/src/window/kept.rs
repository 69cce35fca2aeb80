//! Where the window stood and what it showed, from one window to the next and from one start to the next.
//!
//! Written a moment after each change, not at the end: when the X server goes, GTK ends the program at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager as _, Monitor, PhysicalPosition, PhysicalSize, Url, WebviewWindow};
use telltale_core::files;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::view::View;

/// A window that is dragged changes its place many times a second.
const SETTLED: Duration = Duration::from_millis(300);

/// What is kept, and the file it is kept in.
pub(crate) struct Kept {
    state: watch::Sender<State>,
    /// None where there is no folder for data.
    file: Option<PathBuf>,
    /// Held while it is written: at the end that may be twice at once.
    writing: Mutex<()>,
    /// Whether the window that is being destroyed is to be opened again.
    reopen: AtomicBool,
    /// Where pages are: a view that has lost its process some times in a row has no address any more.
    base: OnceLock<Url>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    view: View,
    place: Option<Place>,
}

/// A window's place in physical pixels, and its size without the frame in logical ones: what each is set with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) maximized: bool,
}

impl Kept {
    /// Reads what the last start left. Whatever that is, there is something to show.
    pub(crate) fn load(app: &AppHandle) -> Self {
        let file = app.path().app_data_dir().map(|folder| folder.join("window.json")).ok();
        let state = file.as_deref().map(read).unwrap_or_default();
        Self {
            state: watch::Sender::new(state),
            file,
            writing: Mutex::default(),
            reopen: AtomicBool::default(),
            base: OnceLock::new(),
        }
    }

    /// What the window shows, or showed last.
    pub(crate) fn view(&self) -> View {
        self.state.borrow().view.clone()
    }

    /// Changes what it shows.
    pub(crate) fn set_view(&self, view: View) {
        self.set(|state| state.view = view);
    }

    /// Changes only since when the charts stand still.
    pub(crate) fn set_paused(&self, paused: Option<i64>) {
        self.set(|state| state.view.paused = paused);
    }

    /// Changes only the page.
    pub(super) fn set_page(&self, page: &str) {
        self.set(|state| page.clone_into(&mut state.view.page));
    }

    pub(super) fn set_reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }

    /// Notes where pages are, from a window that has just been opened.
    pub(super) fn note_base(&self, window: &WebviewWindow) {
        if let Ok(url) = window.url() {
            let _ = self.base.set(url); // of an earlier window it is the same
        }
    }

    /// Where to find what it shows.
    ///
    /// # Errors
    /// If no window has told where pages are.
    pub(super) fn url(&self) -> anyhow::Result<Url> {
        Ok(self.base.get().context("no window had an address")?.join(&self.view().address())?)
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.state.borrow().place
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        self.state.send_if_modified(|state| {
            let before = state.clone();
            change(state);
            *state != before
        });
    }

    /// Notes where a window stands; from the main thread, before the window is destroyed.
    pub(crate) fn note(&self, window: &WebviewWindow) {
        let Ok(maximized) = window.is_maximized() else { return };
        if window.is_minimized().unwrap_or(true) {
            return;
        }
        let read = || Some((window.outer_position().ok()?, window.inner_size().ok()?, window.scale_factor().ok()?));
        let Some((position, size, scale)) = read() else { return };
        let size = size.to_logical::<f64>(scale);
        self.set(|state| match &mut state.place {
            // The place to go back to stays.
            Some(place) if maximized => place.maximized = true,
            place => {
                *place =
                    Some(Place { x: position.x, y: position.y, width: size.width, height: size.height, maximized });
            }
        });
    }

    /// Word of each change: of the view, or of the place.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.state.subscribe())
    }

    /// Writes it, as the program ends.
    pub(crate) fn save(&self) {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state.borrow().clone();
        state.view.paused = None; // the moment will be out of sight by the next start
        let Some(file) = &self.file else { return };
        if let Err(error) = write(file, &state) {
            tracing::warn!(%error, file = %file.display(), "the window's place could not be kept");
        }
    }
}

/// Waits for changes.
pub(crate) struct Changes(watch::Receiver<State>);

impl Changes {
    /// Returns at the next change; false when the program ends.
    pub(crate) async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// Saves each change once no other follows it at once, until the program ends.
pub(crate) async fn save_changes(app: AppHandle) {
    let Some(mut changes) = app.try_state::<crate::Shell>().map(|shell| shell.window.changes()) else { return };
    while changes.next().await {
        tokio::time::sleep(SETTLED).await;
        changes.0.mark_unchanged();
        if let Some(shell) = app.try_state::<crate::Shell>() {
            // The home may be on a server that does not answer.
            block_in_place(|| shell.window.save());
        }
    }
}

/// A file that is missing or makes no sense is worth no word: the window opens as at the first start.
fn read(file: &Path) -> State {
    let state: State = fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if state.view.check().is_ok() { state } else { State { place: state.place, ..State::default() } }
}

fn write(to: &Path, state: &State) -> std::io::Result<()> {
    files::replace(to, serde_json::to_vec(state)?)
}

/// The smallest that a window may be, in logical pixels.
pub(super) const LEAST: [f64; 2] = [480.0, 360.0];

/// The same place, no larger than all monitors together: a window may be on several.
pub(super) fn fitted(place: Place, monitors: &[Monitor]) -> Place {
    let scale = monitors.iter().map(Monitor::scale_factor).fold(f64::INFINITY, f64::min);
    let sides = |monitor: &Monitor| {
        let (at, size) = (monitor.position(), monitor.size());
        [(at.x, size.width), (at.y, size.height)]
    };
    within(place, &monitors.iter().map(sides).collect::<Vec<_>>(), scale)
}

/// Of each monitor where it begins and how long it is, across and down, in physical pixels, of which a logical one has `scale`.
fn within(place: Place, monitors: &[[(i32, u32); 2]], scale: f64) -> Place {
    let fit = |wanted: f64, side: usize| {
        let ends = |monitor: &[(i32, u32); 2]| {
            let (begin, length) = monitor[side];
            (f64::from(begin), f64::from(begin) + f64::from(length))
        };
        let all = monitors.iter().map(ends).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
        wanted.min(all.map_or(wanted, |(first, last)| (last - first) / scale)).max(LEAST[side])
    };
    Place { width: fit(place.width, 0), height: fit(place.height, 1), ..place }
}

/// Whether enough of the window's top edge to grasp it lies on one of the monitors.
pub(super) fn is_reachable(place: &Place, monitors: &[Monitor]) -> bool {
    monitors.iter().any(|monitor| shows(place, *monitor.position(), *monitor.size(), monitor.scale_factor()))
}

fn shows(place: &Place, position: PhysicalPosition<i32>, size: PhysicalSize<u32>, scale: f64) -> bool {
    const GRASP: f64 = 100.0;
    let (left, top) = (f64::from(position.x), f64::from(position.y));
    let (right, bottom) = (left + f64::from(size.width), top + f64::from(size.height));
    let (x, y, width) = (f64::from(place.x), f64::from(place.y), place.width * scale);
    (x + width).min(right) - x.max(left) >= GRASP * scale && y >= top - 10.0 && y + GRASP * scale <= bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nonsense_is_the_first_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/window.json");
        assert_eq!(read(&file), State::default());
        let place = Some(Place { x: -7, y: 3, width: 900.5, height: 600.0, maximized: true });
        let state = State { view: View { page: "cpu".into(), range: 900, paused: None }, place };
        write(&file, &state).unwrap();
        assert_eq!(read(&file), state);
        for nonsense in ["", "{", "[]", r#"{"view": {"page": 7}}"#] {
            fs::write(&file, nonsense).unwrap();
            assert_eq!(read(&file), State::default(), "{nonsense}");
        }
        fs::write(&file, r#"{"view": {"page": "", "range": 0}, "place": null, "more": 1}"#).unwrap();
        assert_eq!(read(&file), State::default());
    }

    #[test]
    fn a_window_from_a_larger_screen_fits_onto_this_one() {
        let of = |width, height| Place { x: 0, y: 0, width, height, maximized: false };
        let laptop = [[(0, 1366), (0, 768)]];
        assert_eq!(within(of(3800.0, 2100.0), &laptop, 1.0), of(1366.0, 768.0));
        assert_eq!(within(of(1280.0, 700.0), &laptop, 1.0), of(1280.0, 700.0));
        assert_eq!(within(of(1280.0, 700.0), &laptop, 2.0), of(683.0, 384.0), "its pixels are larger now");
        assert_eq!(within(of(1e9, -3.0), &laptop, 1.0), of(1366.0, 360.0), "whatever the file says");
        let two = [[(-1920, 1920), (0, 1080)], [(0, 1920), (200, 1080)]];
        assert_eq!(within(of(3840.0, 1100.0), &two, 1.0), of(3840.0, 1100.0), "it may be on both");
        assert_eq!(within(of(3800.0, 2100.0), &[], f64::INFINITY), of(3800.0, 2100.0), "none is known");
    }

    #[test]
    fn a_window_on_a_monitor_that_is_gone_can_not_be_reached() {
        let at = |x, y| Place { x, y, width: 1280.0, height: 800.0, maximized: false };
        let on = |place: Place| shows(&place, PhysicalPosition::new(0, 0), PhysicalSize::new(1920, 1080), 1.0);
        assert!(on(at(0, 0)) && on(at(-1100, 500)) && on(at(1800, 900)));
        assert!(!on(at(1920, 0)) && !on(at(-1270, 0)) && !on(at(0, 1079)) && !on(at(0, -300)));
    }
}

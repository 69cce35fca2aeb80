//! Whether the page lives: it reports once it has drawn, and answers when it is asked. One that stays blank is drawn the
//! plainest way, one that hangs is loaded anew, and neither lets events queue up. That it loads slowly, from a disk that is busy
//! or into memory that has to be made room in, is neither.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tauri::{AppHandle, Manager as _, WebviewWindow};
use telltale_core::settings::Drawing;
use tokio::task::block_in_place;

use super::LABEL;
use crate::{Shell, rendering};

/// A page that has loaded, could be seen for so long since then and has drawn nothing is blank.
const BLANK: Duration = Duration::from_secs(5);

/// True once its scripts have run. Before it there is an empty one without an address of its own.
const HAS_LOADED: &str = "document.readyState === 'complete' && location.protocol !== 'about:'";

/// One of which nothing has come for so long, from whatever disk, hangs in what it draws with.
const BEGINS: Duration = Duration::from_secs(15);

/// While it loads it may be busy with that, and is not asked for a sign of life.
const LOADS: Duration = Duration::from_secs(5);

/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A page is asked no more often, with the events of a tick.
const ASKED: Duration = Duration::from_secs(5);

/// One that has not answered for so long gets no more events: they would queue in this process. It fills the hole from
/// history when it answers again.
const SILENT: Duration = Duration::from_secs(2);

/// One that has not answered for so long hangs, and is loaded anew.
const HANGS: Duration = Duration::from_secs(10);

/// A page whose process lived for no longer died early. After some early deaths in a row it is loaded again ever more
/// slowly, up to the longest wait.
const EARLY: Duration = Duration::from_secs(10);
const EARLY_DEATHS: u32 = 3;
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// So many that died in a row before they had drawn died of how they draw: one may have been killed for want of memory.
const BLANK_DEATHS: u32 = 2;

/// What is known of the page.
#[derive(Debug, Default)]
pub(crate) struct Alive(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Which page this is: each load makes another.
    page: u64,
    /// Whether it has loaded.
    loading: Loading,
    /// Whether it has drawn.
    drawn: bool,
    /// When it was asked what it has not answered yet.
    asked: Option<Instant>,
    /// For how many ticks it has got no events because of that.
    missed: u32,
    tick: u64, // the newest, of which there are more events where a source was late
    /// When it answered last.
    answered: Option<Instant>,
    /// Since when it loads.
    begun: Option<Instant>,
    /// Whether anything of it has come.
    began: bool,
    /// How many pages in a row died early.
    early_deaths: u32,
    /// And how many in a row before they had drawn.
    blank_deaths: u32,
}

/// What is known of a page's load.
#[derive(Debug, Default, PartialEq)]
enum Loading {
    /// It was not asked, or said no.
    #[default]
    Unknown,
    /// It has yet to answer.
    Asked,
    Done,
}

impl Alive {
    /// A new page loads; its number.
    fn loads(&self, now: Instant) -> u64 {
        let mut state = self.lock();
        let State { page, early_deaths, blank_deaths, .. } = *state;
        *state = State { page: page + 1, begun: Some(now), early_deaths, blank_deaths, ..State::default() };
        state.page
    }

    /// Whether it has loaded, and whether it is to be asked that.
    fn has_loaded(&self, page: u64) -> (bool, bool) {
        let mut state = self.lock();
        let ask = state.page == page && state.loading == Loading::Unknown;
        if ask {
            state.loading = Loading::Asked;
        }
        (state.loading == Loading::Done, ask)
    }

    /// The page begins, and can be asked: wry drops what is asked of a view that has no page yet.
    fn begins(&self) {
        self.lock().began = true;
    }

    fn has_begun(&self, page: u64) -> bool {
        let state = self.lock();
        state.page == page && state.began
    }

    /// It says whether it has loaded.
    fn says_loaded(&self, page: u64, loaded: bool) {
        let mut state = self.lock();
        if state.page == page {
            state.loading = if loaded { Loading::Done } else { Loading::Unknown };
        }
    }

    /// The page says that it has drawn.
    pub(crate) fn reports(&self) {
        self.lock().drawn = true;
    }

    /// Which page has drawn, of all that there have been; none while one loads.
    pub(crate) fn drawn(&self) -> Option<u64> {
        let state = self.lock();
        state.drawn.then_some(state.page)
    }

    fn is_blank(&self, page: u64) -> bool {
        let state = self.lock();
        state.page == page && !state.drawn
    }

    fn is_gone(&self, page: u64) -> bool {
        self.lock().page != page
    }

    fn answers(&self, page: u64, now: Instant) {
        let mut state = self.lock();
        if state.page != page {
            return;
        }
        (state.asked, state.answered) = (None, Some(now));
        let missed = std::mem::take(&mut state.missed);
        if missed > 0 {
            tracing::info!(missed, "the page answers again");
        }
    }

    /// Whether it hangs: for how many ticks it has got no events.
    fn hangs(&self, page: u64, now: Instant) -> Option<u32> {
        let state = self.lock();
        let hangs = state.page == page && state.asked.is_some_and(|asked| now.duration_since(asked) >= HANGS);
        hangs.then_some(state.missed)
    }

    /// Whether it takes events now, and the page to ask whether it still answers, if it is time to.
    fn at_tick(&self, tick: u64, now: Instant) -> (bool, Option<u64>) {
        let mut state = self.lock();
        let is_new = std::mem::replace(&mut state.tick, tick) != tick;
        if let Some(asked) = state.asked {
            let silent = now.duration_since(asked) >= SILENT;
            let misses = silent && is_new;
            if misses && state.missed == 0 {
                tracing::info!("the page does not answer: it gets no events");
            }
            state.missed += u32::from(misses);
            return (!silent, None);
        }
        // After a while any page is asked, also one that never reports.
        let loads = state.begun.is_some_and(|begun| now.duration_since(begun) < LOADS);
        let loaded = state.drawn || state.began && !loads;
        let ask = loaded && state.answered.is_none_or(|answered| now.duration_since(answered) >= ASKED);
        if ask {
            state.asked = Some(now);
        }
        (true, ask.then_some(state.page))
    }

    /// Its process died: whether of how it draws, as it seems, and how long to wait before it is loaded again.
    fn dies(&self, now: Instant) -> (bool, Duration) {
        let mut state = self.lock();
        let early = state.begun.is_some_and(|begun| now.duration_since(begun) < EARLY);
        state.early_deaths = if early { state.early_deaths.saturating_add(1) } else { 0 };
        let wait = match state.early_deaths.saturating_sub(EARLY_DEATHS) {
            0 => Duration::ZERO,
            more => Duration::from_secs(1 << more.min(5)).min(LONGEST_WAIT),
        };
        state.blank_deaths = if state.drawn { 0 } else { state.blank_deaths.saturating_add(1) };
        (state.blank_deaths >= BLANK_DEATHS, wait)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something of the page has come.
pub(super) fn begins(app: &AppHandle) {
    if let Some(shell) = app.try_state::<Shell>() {
        shell.alive.begins();
    }
}

/// Watches over the page that now loads.
pub(super) fn watch(app: &AppHandle) {
    let page = app.state::<Shell>().alive.loads(Instant::now());
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let (mut seen, mut waited) = (Duration::ZERO, Duration::ZERO);
        while seen < BLANK {
            tokio::time::sleep(LOOK).await;
            let Some(shell) = app.try_state::<Shell>() else { return };
            if !shell.alive.is_blank(page) {
                return;
            }
            let Some(window) = app.get_webview_window(LABEL) else { return };
            if !shell.alive.has_begun(page) {
                waited += LOOK;
                if waited < BEGINS {
                    continue;
                }
                tracing::warn!("the page has drawn nothing, nor begun, for {BEGINS:?}");
                draw_plainly(&app);
                return load_anew(&app);
            }
            let (loaded, ask) = shell.alive.has_loaded(page);
            if ask {
                let answering = app.clone();
                let asked = window.eval_with_callback(HAS_LOADED, move |answer| {
                    if let Some(shell) = answering.try_state::<Shell>() {
                        shell.alive.says_loaded(page, answer == "true");
                    }
                });
                if let Err(error) = asked {
                    tracing::warn!(%error, "the page can't be asked whether it has loaded");
                }
            }
            // One that nobody can see draws nothing.
            seen = if loaded && super::is_seen(&window) { seen + LOOK } else { Duration::ZERO };
        }
        tracing::warn!("the page has drawn nothing for {BLANK:?}");
        if draw_plainly(&app) {
            load_anew(&app);
        }
    });
}

/// Whether the window's page takes an event of this tick now. Asks it for a sign of life when it is time to.
pub(crate) fn takes_events(app: &AppHandle, window: &WebviewWindow, tick: u64) -> bool {
    let Some(shell) = app.try_state::<Shell>() else { return false };
    let (takes, ask) = shell.alive.at_tick(tick, Instant::now());
    if let Some(page) = ask {
        let answering = app.clone();
        let asked = window.eval_with_callback("0", move |_| {
            if let Some(shell) = answering.try_state::<Shell>() {
                shell.alive.answers(page, Instant::now());
            }
        });
        if let Err(error) = asked {
            tracing::warn!(%error, "the page can't be asked whether it lives");
        }
        tauri::async_runtime::spawn(reload_if_it_hangs(app.clone(), page));
    }
    takes
}

async fn reload_if_it_hangs(app: AppHandle, page: u64) {
    // In two steps: if it was this process that stood still, the answer is heard in the second.
    tokio::time::sleep(HANGS.saturating_sub(LOOK)).await;
    tokio::time::sleep(LOOK).await;
    let Some(shell) = app.try_state::<Shell>() else { return };
    // One that was closed answers no more.
    if !super::is_open(&app) {
        return;
    }
    if let Some(missed) = shell.alive.hangs(page, Instant::now()) {
        tracing::warn!(missed, "the page has not answered for {HANGS:?}");
        if shell.alive.is_blank(page) {
            tracing::warn!("the page has drawn nothing");
            draw_plainly(&app);
        }
        load_anew(&app);
    }
}

/// The web process died by itself. On the main thread.
#[cfg(target_os = "linux")]
pub(super) fn died(app: &AppHandle) {
    let alive = &app.state::<Shell>().alive;
    let (of_drawing, wait) = alive.dies(Instant::now());
    if of_drawing {
        draw_plainly(app);
    }
    if wait.is_zero() {
        if let Some(window) = app.get_webview_window(LABEL) {
            super::load(&window, false);
        }
        return;
    }
    tracing::error!(?wait, "it keeps dying; it is loaded again after a while");
    let (app, page) = (app.clone(), alive.loads(Instant::now()));
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(wait).await;
        if app.try_state::<Shell>().is_some_and(|shell| !shell.alive.is_gone(page)) {
            load_anew(&app);
        }
    });
}

/// Draws in the plainest way from now on; false where it does already, or where the user has decided by `WebKit`'s variables.
fn draw_plainly(app: &AppHandle) -> bool {
    let Some(shell) = app.try_state::<Shell>() else { return false };
    if rendering::decided_by_user() || shell.settings.current().drawing == Drawing::Plain {
        return false;
    }
    tracing::warn!("the page is drawn without acceleration from now on; the settings can change that");
    let plain = json!({ "drawing": Drawing::Plain });
    if let Err(error) = block_in_place(|| shell.settings.update(&plain)) {
        tracing::warn!(error = %error.message, "the next start will try the other way again");
    }
    true
}

/// Ends the page's process, whatever it does, and loads the page in another.
fn load_anew(app: &AppHandle) {
    let handle = app.clone();
    let done = app.run_on_main_thread(move || {
        if let Some(window) = handle.get_webview_window(LABEL) {
            super::load(&window, true);
        }
    });
    if let Err(error) = done {
        tracing::warn!(%error, "the page could not be loaded anew");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_page_is_blank_until_it_reports_and_only_the_one_that_loads() {
        let (alive, begun) = (Alive::default(), Instant::now());
        let first = alive.loads(begun);
        assert!(alive.is_blank(first));
        let second = alive.loads(begun);
        assert!(!alive.is_blank(first) && alive.is_gone(first) && alive.is_blank(second));
        alive.reports();
        assert!(!alive.is_blank(second));
    }

    #[test]
    fn a_page_that_does_not_answer_gets_no_more_events_and_hangs_after_a_while() {
        let (alive, begun) = (Alive::default(), Instant::now());
        let page = alive.loads(begun);
        alive.begins();
        assert_eq!(alive.at_tick(1, begun), (true, None), "it is asked nothing while it loads");
        alive.reports();
        assert_eq!(alive.at_tick(2, begun), (true, Some(page)));
        assert_eq!(alive.at_tick(3, begun + S(1)), (true, None));
        alive.answers(page, begun + S(1));
        assert_eq!(alive.at_tick(4, begun + S(5)), (true, None), "asked only so often");
        assert_eq!(alive.at_tick(5, begun + S(6)), (true, Some(page)));
        assert_eq!(alive.at_tick(6, begun + S(8)), (false, None));
        assert_eq!(alive.at_tick(7, begun + S(10)), (false, None));
        assert_eq!(alive.at_tick(7, begun + S(10)), (false, None), "a source was late");
        assert_eq!((alive.hangs(page, begun + S(15)), alive.hangs(page, begun + S(16))), (None, Some(2)));
        alive.answers(page, begun + S(17));
        assert_eq!(alive.hangs(page, begun + S(40)), None, "it came back by itself");
        assert_eq!(alive.at_tick(8, begun + S(17)), (true, None));

        assert_eq!(alive.at_tick(9, begun + S(30)), (true, Some(page)));
        let next = alive.loads(begun + S(50));
        let hang = [page, next].map(|page| alive.hangs(page, begun + S(60)));
        assert_eq!(hang, [None, None], "another page begins afresh");
        alive.begins();
        assert_eq!(alive.at_tick(10, begun + S(55)), (true, Some(next)), "one that never reports is asked too");
    }

    #[test]
    fn a_page_that_begins_late_is_asked_nothing_before() {
        let (alive, begun) = (Alive::default(), Instant::now());
        let page = alive.loads(begun);
        assert_eq!(alive.at_tick(11, begun + S(50)), (true, None), "nobody would answer");
        assert!(!alive.has_begun(page));
        alive.begins();
        assert!(alive.has_begun(page));
        assert_eq!(alive.at_tick(12, begun + S(51)), (true, Some(page)));
        assert_eq!(alive.hangs(page, begun + S(61)), Some(0), "if it never answers");
        let next = alive.loads(begun + S(62));
        assert!(!alive.has_begun(page) && !alive.has_begun(next), "another page begins afresh");
    }

    #[test]
    fn pages_that_die_early_are_loaded_at_once_and_then_ever_more_slowly() {
        let (alive, now) = (Alive::default(), Instant::now());
        let waits: Vec<u64> = (0..9)
            .map(|_| {
                alive.loads(now);
                alive.dies(now + S(9)).1.as_secs()
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 2, 4, 8, 16, 30, 30]);
        alive.loads(now);
        assert_eq!(alive.dies(now).1, S(30));
        alive.loads(now);
        alive.reports();
        assert_eq!(alive.dies(now + S(10)).1, S(0), "one that lived begins afresh");
    }

    #[test]
    fn the_second_page_in_a_row_that_dies_without_having_drawn_died_of_drawing() {
        let (alive, now) = (Alive::default(), Instant::now());
        let dies = |drew: bool| {
            alive.loads(now);
            if drew {
                alive.reports();
            }
            alive.dies(now).0
        };
        assert_eq!([false, true, false, false, false, true].map(dies), [false, false, false, true, true, false]);
    }

    #[test]
    fn whether_a_page_has_loaded_is_asked_until_it_says_so_and_once_at_a_time() {
        let alive = Alive::default();
        let page = alive.loads(Instant::now());
        assert_eq!(alive.has_loaded(page), (false, true));
        assert_eq!(alive.has_loaded(page), (false, false), "it has not answered");
        alive.says_loaded(page, false);
        assert_eq!(alive.has_loaded(page), (false, true), "that was the empty one before it");
        alive.says_loaded(page, true);
        assert_eq!(alive.has_loaded(page), (true, false));
        let next = alive.loads(Instant::now());
        alive.says_loaded(page, true);
        assert_eq!(alive.has_loaded(next), (false, true), "and the next is another");
    }
}

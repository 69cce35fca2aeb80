//! What is known of the page, and what follows from it: nothing here asks or does anything.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// While it loads it may be busy with that, and is not asked for a sign of life.
const LOADS: Duration = Duration::from_secs(5);

/// A page is asked no more often, with the events of a tick.
const ASKED: Duration = Duration::from_secs(5);

/// One that has not answered for so long gets no more events: they would queue in this process. It fills the hole from
/// history when it answers again.
const SILENT: Duration = Duration::from_secs(2);

/// One that has not answered for so long hangs, and is loaded anew.
pub(super) const HANGS: Duration = Duration::from_secs(10);

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
    /// Whether a frame of its window has begun since that was asked.
    frame: Frame,
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

/// What is known of the next frame of a page's window. A compositor asks for none of a window that nobody can see: one on another
/// workspace or behind the lock screen, say, which passes for visible.
#[derive(Debug, Default, PartialEq)]
enum Frame {
    #[default]
    NotAsked,
    /// It has yet to come.
    Asked,
    Came,
}

impl Alive {
    /// A new page loads; its number.
    pub(super) fn loads(&self, now: Instant) -> u64 {
        let mut state = self.lock();
        let State { page, early_deaths, blank_deaths, .. } = *state;
        *state = State { page: page + 1, begun: Some(now), early_deaths, blank_deaths, ..State::default() };
        state.page
    }

    /// Whether it has loaded, and whether it is to be asked that.
    pub(super) fn has_loaded(&self, page: u64) -> (bool, bool) {
        let mut state = self.lock();
        let ask = state.page == page && state.loading == Loading::Unknown;
        if ask {
            state.loading = Loading::Asked;
        }
        (state.loading == Loading::Done, ask)
    }

    /// The page begins, and can be asked: wry drops what is asked of a view that has no page yet.
    pub(super) fn begins(&self) {
        self.lock().began = true;
    }

    pub(super) fn has_begun(&self, page: u64) -> bool {
        let state = self.lock();
        state.page == page && state.began
    }

    /// It says whether it has loaded.
    pub(super) fn says_loaded(&self, page: u64, loaded: bool) {
        let mut state = self.lock();
        if state.page == page {
            state.loading = if loaded { Loading::Done } else { Loading::Unknown };
        }
    }

    /// Whether a frame came since the last question, and whether to ask for the next.
    pub(super) fn has_frame(&self, page: u64) -> (bool, bool) {
        let mut state = self.lock();
        let ask = state.page == page && state.frame != Frame::Asked;
        let came = state.frame == Frame::Came;
        if ask {
            state.frame = Frame::Asked;
        }
        (came, ask)
    }

    pub(super) fn frame_comes(&self, page: u64) {
        let mut state = self.lock();
        if state.page == page {
            state.frame = Frame::Came;
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

    pub(super) fn is_blank(&self, page: u64) -> bool {
        let state = self.lock();
        state.page == page && !state.drawn
    }

    pub(super) fn is_gone(&self, page: u64) -> bool {
        self.lock().page != page
    }

    pub(super) fn answers(&self, page: u64, now: Instant) {
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
    pub(super) fn hangs(&self, page: u64, now: Instant) -> Option<u32> {
        let state = self.lock();
        let hangs = state.page == page && state.asked.is_some_and(|asked| now.duration_since(asked) >= HANGS);
        hangs.then_some(state.missed)
    }

    /// Whether it takes events now, and the page to ask whether it still answers, if it is time to.
    pub(super) fn at_tick(&self, tick: u64, now: Instant) -> (bool, Option<u64>) {
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
    pub(super) fn dies(&self, now: Instant) -> (bool, Duration) {
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
    fn a_window_is_asked_for_one_frame_at_a_time() {
        let alive = Alive::default();
        let page = alive.loads(Instant::now());
        assert_eq!(alive.has_frame(page), (false, true));
        assert_eq!(alive.has_frame(page), (false, false), "nobody sees it");
        alive.frame_comes(page);
        assert_eq!(alive.has_frame(page), (true, true));
        alive.frame_comes(page);
        let next = alive.loads(Instant::now());
        alive.frame_comes(page);
        assert_eq!((alive.has_frame(page), alive.has_frame(next)), ((false, false), (false, true)));
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

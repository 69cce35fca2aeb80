//! Devices in full, read on a thread of their own and only when somebody asks: what costs too much for a tick must hold
//! up none, and a driver that hangs must not hold up whoever asks. A thread that hangs inside one device is replaced as
//! soon as somebody waits for another.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::HANGS;
use crate::clock;
use crate::gpu_details::GpuDetails;
use crate::metrics::Reason;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a thread may be inside one device while another is waited for. It takes some tenths of a second.
const LONG: Duration = Duration::from_secs(1);

/// Questions that may wait behind the one that is answered. Nobody asks twice before an answer came.
const WAITING: usize = 16;

/// Reads devices in full. It may block.
pub(crate) trait Inspect {
    /// Reads one device; what can't be had says why. `None` where it is not one of these.
    fn inspect(&mut self, gpu_id: &str) -> Option<GpuDetails>;
}

/// Where questions are put. Dropped, its threads end as soon as they are back from the driver.
#[derive(Debug)]
pub(crate) struct Inspector {
    shared: Arc<Shared>,
    patience: Duration,
}

#[derive(Debug)]
struct Question {
    gpu_id: String,
    answer: oneshot::Sender<GpuDetails>,
}

struct Shared {
    make: Box<dyn Fn() -> Box<dyn Inspect> + Send + Sync>,
    state: Mutex<State>,
    more: Condvar,
    /// The last answer of each device, for when there is no newer one.
    last: Mutex<BTreeMap<String, GpuDetails>>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Question>,
    /// The number of the thread that takes what waits. One with another number was replaced.
    on_duty: u64,
    /// The devices that threads are inside of: which thread, and since when.
    inside: BTreeMap<String, (u64, Duration)>,
    closed: bool,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Inspector {
    /// Starts the thread. `make` is called there, again after a panic, and on each thread that takes the place of one.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(crate) fn spawn<I: Inspect + 'static>(make: impl Fn() -> I + Send + Sync + 'static) -> io::Result<Self> {
        let make = Box::new(move || -> Box<dyn Inspect> { Box::new(make()) });
        let (state, more, last) = (Mutex::default(), Condvar::new(), Mutex::default());
        let shared = Arc::new(Shared { make, state, more, last });
        shared.spawn(0)?;
        Ok(Self { shared, patience: PATIENCE })
    }

    /// Asks for one device. Where no answer comes in time it is the last one, with the reason.
    pub(crate) fn ask(&self, gpu_id: &str) -> impl Future<Output = GpuDetails> + Send + use<> {
        let (answer, mut answered) = oneshot::channel();
        let (shared, gpu_id, patience) = (Arc::clone(&self.shared), gpu_id.to_owned(), self.patience);
        let asked = shared.put(Question { gpu_id: gpu_id.clone(), answer });
        async move {
            let silent = |shared: &Shared| shared.stale(&gpu_id, Reason::NotAnswering, HANGS);
            if !asked {
                return silent(&shared);
            }
            let answer = async {
                loop {
                    match timeout(LONG, &mut answered).await {
                        Ok(answer) => return answer,
                        Err(_) => shared.relieve(),
                    }
                }
            };
            match timeout(patience, answer).await {
                Ok(Ok(details)) => details,
                Ok(Err(_)) => shared.stale(&gpu_id, Reason::Failed, "This reading failed inside Telltale."),
                Err(_) => silent(&shared),
            }
        }
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> MutexGuard<'_, BTreeMap<String, GpuDetails>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last answer, marked as such.
    fn stale(&self, gpu_id: &str, reason: Reason, detail: &str) -> GpuDetails {
        let known = self.last().get(gpu_id).cloned();
        let details = known.unwrap_or_else(|| GpuDetails { gpu_id: gpu_id.into(), ..GpuDetails::default() });
        GpuDetails { reason: Some(reason), detail: Some(detail.into()), ..details }
    }

    fn spawn(self: &Arc<Self>, number: u64) -> io::Result<()> {
        let shared = Arc::clone(self);
        std::thread::Builder::new().name("gpu-details".into()).spawn(move || shared.serve(number)).map(drop)
    }

    /// False where too many wait.
    fn put(self: &Arc<Self>, question: Question) -> bool {
        let mut state = self.lock();
        state.waiting.retain(|waiting| !waiting.answer.is_closed());
        if state.waiting.len() >= WAITING {
            return false;
        }
        state.waiting.push_back(question);
        drop(state);
        self.more.notify_all();
        self.relieve();
        true
    }

    /// Where the thread on duty hangs inside a device while another device is waited for, a new one takes its place. So there
    /// are never more than devices that hang, and one.
    fn relieve(self: &Arc<Self>) {
        let mut state = self.lock();
        let (now, on_duty) = (clock::now().mono, state.on_duty);
        let hangs = |(number, since): &(u64, Duration)| *number == on_duty && now.saturating_sub(*since) >= LONG;
        let can_be_read = |it: &Question| !it.answer.is_closed() && !state.inside.contains_key(&it.gpu_id);
        if state.inside.values().any(hangs) && state.waiting.iter().any(can_be_read) {
            match self.spawn(on_duty + 1) {
                Ok(()) => state.on_duty += 1,
                Err(error) => tracing::warn!(%error, "no thread to read the other GPUs in full"),
            }
        }
    }

    /// The next question for this thread, which is inside that device from now on; `None` where its duty is over.
    fn next(&self, number: u64) -> Option<Question> {
        let mut state = self.lock();
        while !state.closed && state.on_duty == number {
            let Some(question) = state.waiting.pop_front() else {
                state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if question.answer.is_closed() {
                continue; // whoever asked waits no more: nothing is read for nobody
            }
            if state.inside.contains_key(&question.gpu_id) {
                // Never a second call in flight. Nobody may be there to hear it.
                let _ = question.answer.send(self.stale(&question.gpu_id, Reason::NotAnswering, HANGS));
                continue;
            }
            state.inside.insert(question.gpu_id.clone(), (number, clock::now().mono));
            return Some(question);
        }
        None
    }

    fn serve(&self, number: u64) {
        let mut inspect = None;
        while let Some(Question { gpu_id, answer }) = self.next(number) {
            let read = || inspect.get_or_insert_with(&self.make).inspect(&gpu_id);
            let read = catch_unwind(AssertUnwindSafe(read));
            self.lock().inside.remove(&gpu_id);
            match read {
                Ok(details) => {
                    let details = details.unwrap_or_else(|| {
                        let detail = "Its driver tells no more than what is shown.";
                        self.stale(&gpu_id, Reason::Unsupported, detail)
                    });
                    if details.reason.is_none() {
                        self.last().insert(gpu_id, details.clone());
                    }
                    let _ = answer.send(details); // nobody may be there to hear it
                }
                Err(_) => inspect = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Devices whose calls hang as long as their names stand here, and the threads that are inside of each.
    #[derive(Debug, Default)]
    struct Script {
        hangs: Mutex<BTreeSet<&'static str>>,
        changed: Condvar,
        inside: Mutex<Vec<String>>,
    }

    impl Script {
        fn hang(&self, devices: &[&'static str]) {
            *self.hangs.lock().unwrap() = devices.iter().copied().collect();
            self.changed.notify_all();
        }

        fn inside(&self) -> Vec<String> {
            self.inside.lock().unwrap().clone()
        }
    }

    /// What is asked for decides what happens.
    struct Scripted(Arc<Script>);

    impl Inspect for Scripted {
        fn inspect(&mut self, gpu_id: &str) -> Option<GpuDetails> {
            match gpu_id {
                "panics" => panic!("scripted"),
                "another's" => return None,
                _ => {}
            }
            let mut inside = self.0.inside.lock().unwrap();
            assert!(!inside.iter().any(|device| device == gpu_id), "never a second call in flight");
            inside.push(gpu_id.into());
            drop(inside);
            let hangs = self.0.hangs.lock().unwrap();
            drop(self.0.changed.wait_while(hangs, |hangs| hangs.contains(gpu_id)).unwrap());
            self.0.inside.lock().unwrap().retain(|device| device != gpu_id);
            let timestamp = clock::now().wall;
            Some(GpuDetails { gpu_id: gpu_id.into(), cores: Some(1), timestamp, ..GpuDetails::default() })
        }
    }

    fn start() -> (Arc<Script>, Inspector) {
        let script = Arc::new(Script::default());
        let for_threads = Arc::clone(&script);
        (script, Inspector::spawn(move || Scripted(Arc::clone(&for_threads))).unwrap())
    }

    #[tokio::test]
    async fn a_driver_that_hangs_is_waited_for_and_then_its_last_answer_is_given() {
        let (script, mut inspector) = start();
        let good = inspector.ask("one").await;
        assert_eq!((good.reason, good.cores), (None, Some(1)));
        script.hang(&["one"]);
        inspector.patience = Duration::from_millis(50);
        let stale = inspector.ask("one").await;
        assert_eq!((stale.reason, stale.cores), (Some(Reason::NotAnswering), Some(1)), "what was known stays");
        assert_eq!(stale.timestamp, good.timestamp);
        let waiting: Vec<_> = (0..WAITING + 2).map(|_| inspector.ask("one")).collect();
        assert_eq!(inspector.shared.lock().waiting.len(), WAITING, "also where too many wait");
        for one in waiting {
            assert_eq!(one.await.reason, Some(Reason::NotAnswering));
        }
        script.hang(&[]);
        inspector.patience = PATIENCE;
        assert_eq!(inspector.ask("one").await.reason, None, "it answers again by itself");
    }

    #[tokio::test]
    async fn devices_that_hang_hold_up_no_other_and_have_one_thread_each() {
        let (script, inspector) = start();
        let devices = ["one", "two", "three", "four"];
        for device in devices {
            assert_eq!(inspector.ask(device).await.reason, None);
        }
        script.hang(&["one", "three"]);
        for _ in 0..3 {
            let answers = devices.map(|device| inspector.ask(device));
            for (device, answer) in devices.into_iter().zip(answers) {
                let answer = answer.await;
                let hangs = matches!(device, "one" | "three");
                assert_eq!(answer.reason, hangs.then_some(Reason::NotAnswering), "{device}");
                assert_eq!(answer.cores, Some(1), "{device}: what was known stays");
            }
        }
        assert_eq!(script.inside(), ["one", "three"]);
        assert_eq!(inspector.shared.lock().on_duty, 2, "a thread for each that hangs, and one");
        script.hang(&[]);
        for device in devices {
            while inspector.ask(device).await.reason.is_some() {}
        }
        drop(inspector);
        while Arc::strong_count(&script) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await; // until no thread is left
        }
    }

    #[tokio::test]
    async fn a_panic_is_said_and_the_next_question_is_answered() {
        let (_script, inspector) = start();
        assert_eq!(inspector.ask("panics").await.reason, Some(Reason::Failed));
        assert_eq!(inspector.ask("fine").await.reason, None);
        assert_eq!(inspector.ask("another's").await.reason, Some(Reason::Unsupported));
    }
}

//! Devices in full, read on a thread of their own and only when somebody asks: what costs too much for a tick must hold
//! up none, and a driver that hangs must not hold up whoever asks.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::gpu_details::GpuDetails;
use crate::metrics::Reason;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Questions that may wait behind the one that is answered. Nobody asks twice before an answer came.
const WAITING: usize = 16;

/// Reads devices in full. It may block.
pub(crate) trait Inspect {
    /// Reads one device; what can't be had says why. `None` where it is not one of these.
    fn inspect(&mut self, gpu_id: &str) -> Option<GpuDetails>;
}

/// The end of the thread where questions are put.
#[derive(Debug)]
pub(crate) struct Inspector {
    questions: SyncSender<Question>,
    last: Arc<Last>,
    patience: Duration,
}

#[derive(Debug)]
struct Question {
    gpu_id: String,
    answer: oneshot::Sender<GpuDetails>,
}

/// The last answer of each device, for when there is no newer one.
#[derive(Debug, Default)]
struct Last(Mutex<BTreeMap<String, GpuDetails>>);

impl Last {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, GpuDetails>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last answer, marked as such.
    fn stale(&self, gpu_id: &str, reason: Reason, detail: &str) -> GpuDetails {
        let known = self.lock().get(gpu_id).cloned();
        let details = known.unwrap_or_else(|| GpuDetails { gpu_id: gpu_id.into(), ..GpuDetails::default() });
        GpuDetails { reason: Some(reason), detail: Some(detail.into()), ..details }
    }
}

impl Inspector {
    /// Starts the thread. `make` is called there, and again after a panic.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(crate) fn spawn<I: Inspect>(make: impl Fn() -> I + Send + 'static) -> io::Result<Self> {
        let (questions, received) = sync_channel(WAITING);
        let last = Arc::new(Last::default());
        let kept = Arc::clone(&last);
        std::thread::Builder::new().name("gpu-details".into()).spawn(move || serve(&received, &kept, make))?;
        Ok(Self { questions, last, patience: PATIENCE })
    }

    /// Asks for one device. Where no answer comes in time it is the last one, with the reason.
    pub(crate) fn ask(&self, gpu_id: &str) -> impl Future<Output = GpuDetails> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let (last, gpu_id, patience) = (Arc::clone(&self.last), gpu_id.to_owned(), self.patience);
        let asked = self.questions.try_send(Question { gpu_id: gpu_id.clone(), answer });
        async move {
            let answered = match asked {
                Ok(()) => tokio::time::timeout(patience, answered).await,
                Err(_) => return last.stale(&gpu_id, Reason::NotAnswering, "The driver has not answered yet."),
            };
            match answered {
                Ok(Ok(details)) => details,
                Ok(Err(_)) => last.stale(&gpu_id, Reason::Failed, "This reading failed inside Telltale."),
                Err(_) => last.stale(&gpu_id, Reason::NotAnswering, "The driver has not answered yet."),
            }
        }
    }
}

fn serve<I: Inspect>(questions: &Receiver<Question>, last: &Last, make: impl Fn() -> I) {
    let mut inspect = None;
    while let Ok(Question { gpu_id, answer }) = questions.recv() {
        if answer.is_closed() {
            continue; // whoever asked waits no more: nothing is read for nobody
        }
        let read = || inspect.get_or_insert_with(&make).inspect(&gpu_id);
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(details) => {
                let details = details.unwrap_or_else(|| {
                    let detail = "Its driver tells no more than what is shown.";
                    last.stale(&gpu_id, Reason::Unsupported, detail)
                });
                if details.reason.is_none() {
                    last.lock().insert(gpu_id, details.clone());
                }
                let _ = answer.send(details); // nobody may be there to hear it
            }
            Err(_) => inspect = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked for decides what happens.
    struct Scripted(Receiver<()>);

    impl Inspect for Scripted {
        fn inspect(&mut self, gpu_id: &str) -> Option<GpuDetails> {
            match gpu_id {
                "hangs" => self.0.recv().unwrap_or_default(),
                "panics" => panic!("scripted"),
                "another's" => return None,
                _ => {}
            }
            let timestamp = crate::clock::now().wall;
            Some(GpuDetails { gpu_id: gpu_id.into(), cores: Some(1), timestamp, ..GpuDetails::default() })
        }
    }

    #[tokio::test]
    async fn a_driver_that_hangs_is_waited_for_and_then_its_last_answer_is_given() {
        let (release, gate) = std::sync::mpsc::channel();
        let gate = Mutex::new(Some(gate));
        let mut inspector = Inspector::spawn(move || Scripted(gate.lock().unwrap().take().unwrap())).unwrap();
        release.send(()).unwrap();
        let good = inspector.ask("hangs").await;
        assert_eq!((good.reason, good.cores), (None, Some(1)));
        inspector.patience = Duration::from_millis(50);
        let stale = inspector.ask("hangs").await;
        assert_eq!((stale.reason, stale.cores), (Some(Reason::NotAnswering), Some(1)), "what was known stays");
        assert_eq!(stale.timestamp, good.timestamp);
        let waiting: Vec<_> = (0..WAITING + 2).map(|_| inspector.ask("other")).collect();
        for one in waiting {
            assert_eq!(one.await.reason, Some(Reason::NotAnswering), "also where too many wait");
        }
        release.send(()).unwrap();
        let answered = loop {
            let answer = inspector.ask("other").await;
            if answer.reason.is_none() {
                break answer;
            }
        };
        assert_eq!(answered.gpu_id, "other", "it answers again by itself");
    }

    #[tokio::test]
    async fn a_panic_is_said_and_the_next_question_is_answered() {
        let inspector = Inspector::spawn(|| Scripted(std::sync::mpsc::channel().1)).unwrap();
        assert_eq!(inspector.ask("panics").await.reason, Some(Reason::Failed));
        assert_eq!(inspector.ask("fine").await.reason, None);
        assert_eq!(inspector.ask("another's").await.reason, Some(Reason::Unsupported));
    }
}

//! Parts of the shell that run for as long as the program. One that panics is started anew, ever more slowly, and the
//! Diagnostics page says so: nothing dies in silence.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use telltale_core::diagnostics::{TaskStatus, panic_words};

/// First and longest wait before a task is started anew. One that ran for longer than the longest begins afresh.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// How the tasks do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<Vec<TaskStatus>>>);

impl Tasks {
    /// Runs what `make` returns until it ends by itself.
    pub(crate) fn keep<F>(&self, name: &'static str, make: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.lock().push(TaskStatus { name: name.into(), restarts: 0, last_panic: None });
        tauri::async_runtime::spawn(self.clone().run(name, WAIT, make));
    }

    /// How each does.
    pub(crate) fn statuses(&self) -> Vec<TaskStatus> {
        self.lock().clone()
    }

    async fn run<F>(self, name: &'static str, (first, longest): (Duration, Duration), make: impl Fn() -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut wait = first;
        loop {
            let begun = Instant::now();
            let Err(error) = tokio::spawn(make()).await else { return };
            let Ok(panic) = error.try_into_panic() else { return }; // the runtime ends
            let words = panic_words(&*panic);
            if begun.elapsed() > longest {
                wait = first;
            }
            tracing::error!(task = name, ?wait, "panicked and is started anew: {words}");
            if let Some(status) = self.lock().iter_mut().find(|status| status.name == name) {
                status.restarts += 1;
                status.last_panic = Some(words.into());
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(longest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<TaskStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_task_that_panics_is_started_anew_ever_more_slowly_until_it_ends_by_itself() {
        const STEP: Duration = Duration::from_millis(20);
        let tasks = Tasks(Arc::new(Mutex::new(vec![TaskStatus { name: "one".into(), restarts: 0, last_panic: None }])));
        let starts = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&starts);
        let task = move || {
            let start = counted.fetch_add(1, Ordering::SeqCst);
            async move { assert!(start >= 4, "scripted {start}") }
        };
        let begun = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(tasks.clone().run("one", (STEP, STEP * 4), task));
        assert_eq!(starts.load(Ordering::SeqCst), 5);
        assert!(begun.elapsed() >= STEP * (1 + 2 + 4 + 4), "{:?}", begun.elapsed());
        let status = &tasks.statuses()[0];
        assert_eq!((status.restarts, status.last_panic.as_deref()), (4, Some("scripted 3")));
    }
}

//! What stands between a command's work and its answer. Tauri runs a command as a task of its own: one that panicked would
//! leave the page waiting for ever. Here a panic becomes an error like any other.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use telltale_core::diagnostics::panic_words;

use crate::error::CommandError;

/// What the work of `command` comes to.
///
/// # Errors
/// Those of the work, and `Internal` where it panics. (What it shares with others is behind locks that bear that.)
pub(crate) async fn answer<T>(
    command: &'static str,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(command, &*panic))))
    })
    .await
}

/// Logged once for each command: the page may ask at every tick.
fn panicked(command: &'static str, panic: &(dyn Any + Send)) -> CommandError {
    static LOGGED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let words = panic_words(panic);
    if LOGGED.lock().unwrap_or_else(PoisonError::into_inner).insert(command) {
        tracing::error!(command, "panicked: {words}");
    }
    CommandError::internal(format_args!("{command} panicked: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn run<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(answer("get_all", work))
    }

    #[test]
    fn results_and_errors_pass_and_a_panic_is_an_error() {
        assert_eq!(run(async { Ok(7) }), Ok(7));
        let error = CommandError { kind: ErrorKind::InvalidQuery, message: "no".into(), field: None };
        assert_eq!(run(async { Err::<(), _>(error.clone()) }), Err(error));
        for yields in [0, 3] {
            let error = run(async {
                for _ in 0..yields {
                    tokio::task::yield_now().await;
                }
                assert!(yields > 3, "scripted after {yields}");
                Ok(())
            });
            let error = error.unwrap_err();
            assert_eq!((error.kind, error.field), (ErrorKind::Internal, None));
            assert_eq!(error.message, format!("Telltale is at fault: get_all panicked: scripted after {yields}"));
        }
    }
}

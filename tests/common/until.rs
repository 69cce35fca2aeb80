//! Waiting for a condition instead of for a time.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Asks again until the answer is `Ok`, and returns what is in it.
///
/// # Panics
/// After `limit`, with `what` was waited for and the last state seen.
pub(crate) async fn until<T, E: Debug>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(value) => return value,
            Err(state) if begun.elapsed() >= limit => {
                panic!("waited {limit:?} in vain until {what}; last seen: {state:#?}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// [`until`] for tests without a runtime: what it asks may have one of its own.
pub(crate) fn until_sync<T, E: Debug>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(value) => return value,
            Err(state) if begun.elapsed() >= limit => {
                panic!("waited {limit:?} in vain until {what}; last seen: {state:#?}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

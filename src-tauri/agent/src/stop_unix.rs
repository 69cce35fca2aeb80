//! SIGINT and SIGTERM end the program as its user expects: cleanly, after the line that was being written.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the program is asked to end.
///
/// # Errors
/// If the system refuses the handlers.
pub(crate) async fn asked() -> std::io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

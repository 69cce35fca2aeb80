//! A program ends as its user expects: cleanly, after the line that was being written.

/// Returns when the program is asked to end: by SIGINT or SIGTERM.
///
/// # Errors
/// If the system refuses the handlers.
#[cfg(unix)]
pub async fn asked() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// The same of Windows: by Ctrl+C.
///
/// # Errors
/// If the system refuses the handler.
#[cfg(not(unix))]
pub async fn asked() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

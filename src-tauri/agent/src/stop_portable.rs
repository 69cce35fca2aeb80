//! Windows: Ctrl+C ends the program cleanly.

/// Returns when the program is asked to end.
///
/// # Errors
/// If the system refuses the handler.
pub(crate) async fn asked() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

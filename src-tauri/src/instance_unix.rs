//! How a second start asks the first one to show its window: SIGUSR2. (`WebKit` takes SIGUSR1 for itself.)

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

/// Calls `asked` at each signal from now on.
///
/// # Errors
/// If the system refuses the handler.
pub(super) fn hear(asked: impl Fn() + Send + 'static) -> std::io::Result<()> {
    tauri::async_runtime::block_on(async move {
        let mut signals = signal(SignalKind::user_defined2())?;
        tauri::async_runtime::spawn(async move {
            while signals.recv().await.is_some() {
                asked();
            }
        });
        Ok(())
    })
}

/// Whether the process could be sent the signal.
pub(super) fn send(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| kill_process(process, Signal::USR2).is_ok())
}

//! When `watch` ends before its count: at a signal, or when its reader is gone. After the line that was being written, unless
//! nobody reads that line.

use std::io;
use std::thread;
use std::time::Duration;

use telltale_core::stop;
use tokio::sync::mpsc;

/// How long a line that is being written when a signal comes may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns when it is to end. Both are waited for on threads of their own: while the pipe is full the caller's waits in a
/// write, and while there is nothing to print it would not hear of its reader.
///
/// # Errors
/// If the system refuses the handlers or the threads.
pub(crate) async fn asked() -> io::Result<()> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let gone = tell.clone();
    stop::when_asked(PATIENCE, move || _ = tell.send(()))?;
    thread::Builder::new().name("reader".into()).spawn(move || {
        if reader_goes() {
            let _ = gone.send(());
        }
    })?;
    told.recv().await;
    Ok(())
}

/// Returns true once nobody reads what is printed (poll(2): POLLERR), and never where it is a file.
#[cfg(unix)]
fn reader_goes() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};

    let out = io::stdout();
    let mut out = [PollFd::new(&out, PollFlags::empty())];
    rustix::io::retry_on_intr(|| poll(&mut out, None)).is_ok()
}

#[cfg(not(unix))]
fn reader_goes() -> bool {
    false
}

//! A program ends as its user expects: cleanly when it is asked to, and even where it can't end cleanly.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime;

/// Calls `asked` once the program is asked to end, by SIGINT or SIGTERM (on Windows by Ctrl+C), and ends it with exit code 0 if
/// it is still there after `patience` or is asked again: what hangs may be what should end it, so this waits on a thread of its own.
/// `asked` gets the error if signals can't be heard.
///
/// # Errors
/// If the system refuses the thread, or what it waits with.
pub fn when_asked(patience: Duration, asked: impl FnOnce(io::Result<()>) + Send + 'static) -> io::Result<()> {
    let waiting = runtime::Builder::new_current_thread().enable_all().build()?;
    let wait = move || {
        waiting.block_on(async {
            let mut signals = match Signals::listen() {
                Ok(signals) => signals,
                Err(error) => return asked(Err(error)),
            };
            signals.next().await;
            asked(Ok(()));
            let _ = tokio::time::timeout(patience, signals.next()).await;
            std::process::exit(0);
        });
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}

/// Ends the program with `code` if it is still there after `patience`: it ends, but waits for something that may never answer.
pub fn at_the_latest(patience: Duration, code: i32) {
    let end = move || {
        thread::sleep(patience);
        std::process::exit(code);
    };
    // Without a thread it may take longer.
    let _ = thread::Builder::new().name("end".into()).spawn(end);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

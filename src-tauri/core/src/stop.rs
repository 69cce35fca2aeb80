//! A program ends as its user expects: cleanly when it is asked to, and even where it can't end cleanly.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime;

/// Calls `asked` once the program is asked to end, by SIGINT, SIGTERM or SIGHUP (on Windows by Ctrl+C), and ends it with exit
/// code 0 if it is still there after `patience` or is asked again, other than by the SIGHUP that a session's end sends after its
/// SIGTERM: what hangs may be what should end it, so this waits on a thread of its own. What comes from its return on is heard.
///
/// # Errors
/// If signals can't be heard, or the system refuses the thread or what it waits with.
pub fn when_asked(patience: Duration, asked: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // First the thread: a signal that is listened for ends no program by itself any more.
    let (hand_over, handed) = mpsc::channel::<(runtime::Runtime, Signals)>();
    let wait = move || {
        let Ok((waiting, mut signals)) = handed.recv() else { return };
        waiting.block_on(async {
            signals.first().await;
            asked();
            let _ = tokio::time::timeout(patience, signals.again()).await;
            std::process::exit(0);
        });
    };
    thread::Builder::new().name("signals".into()).spawn(wait)?;
    let waiting = runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _within = waiting.enter();
        Signals::listen()?
    };
    hand_over.send((waiting, signals)).map_err(io::Error::other)
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
    /// `None` where the program was started to outlive its terminal (nohup(1)).
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let hangup = (!ignores_hangup()).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hangup })
    }

    async fn first(&mut self) {
        let Self { interrupt, terminate, hangup } = self;
        let hung_up = async {
            match hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
        }
    }

    async fn again(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Whether SIGHUP was ignored when the program was started (proc(5): `SigIgn`, a mask).
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn first(&mut self) {
        self.0.recv().await;
    }

    async fn again(&mut self) {
        self.0.recv().await;
    }
}

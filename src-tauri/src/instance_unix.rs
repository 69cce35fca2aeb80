//! How a second start asks the first one to show its window: SIGUSR2. (`WebKit` takes SIGUSR1 for itself.)

use std::path::Path;
use std::{fs, io};

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

/// Whether it runs our program, here: the number may be of another machine that has the same home, or of another
/// container. Where there is no `/proc` that can't be told, and it is taken to be.
pub(super) fn is_ours(process: u32) -> bool {
    let program = |process: &str| {
        let path = fs::read_link(Path::new("/proc").join(process).join("exe"))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Of one that was upgraded while it runs (proc_pid_exe(5)).
        io::Result::Ok(name.trim_end_matches(" (deleted)").to_owned())
    };
    program("self").map_or(true, |own| program(&process.to_string()).is_ok_and(|other| other == own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_the_same_program_is_ours() {
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(is_ours(std::process::id()) && !is_ours(other.id()));
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(!is_ours(other.id()));
    }
}

//! `telltale` as a program: what it prints, and what its exit codes say.

use std::process::{Command, Output, Stdio};

use crate::common::agent::NO_GPUS;
use crate::common::desktop::{Desktop, SOON};
use crate::common::{among_others, built};

/// Runs it to its end where there is nothing: no screen, no bus, and a home of its own. Without a runtime folder of its own
/// too, libwayland finds the compositor of whoever runs the tests.
fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "60"]).arg(built("telltale")).args(arguments).stdin(Stdio::null());
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(NO_GPUS)
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    command.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path()).output().unwrap()
}

#[test]
fn help_and_version_are_printed_without_a_screen() {
    let _turn = among_others();
    let version = run(&["--version"]);
    let expected = format!("telltale {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.status.code(), String::from_utf8(version.stdout).unwrap()), (Some(0), expected));
    let help = run(&["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    assert_eq!(help.status.code(), Some(0));
    for words in ["--hidden", "TELLTALE_LOG", "Exit status"] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn wrong_usage_exits_with_2_and_a_start_that_fails_with_1() {
    let _turn = among_others();
    for arguments in [&["--hiden"][..], &["overview"], &["--hidden=yes"]] {
        let output = run(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("--help"), "{arguments:?}: what to do is said");
    }
    let no_screen = run(&[]);
    let words = String::from_utf8(no_screen.stderr).unwrap();
    assert!(no_screen.status.code() == Some(1) && words.contains("telltale: "), "{:?}: {words}", no_screen.status);

    let desktop = Desktop::open();
    let mut app = desktop.start(&[]);
    desktop.await_window(true);
    app.signal("TERM");
    assert_eq!(app.wait(SOON).code(), Some(0), "ended as asked");
    // Its stderr is no terminal, as where a desktop starts it.
    let logs = std::fs::read_dir(desktop.path("data/dev.telltale.desktop/logs")).unwrap();
    let logs: Vec<_> = logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap()).collect();
    let (kept, said) = (logs.concat(), desktop.log());
    assert!(kept.contains(" INFO telltale") && kept.lines().all(|line| said.contains(line)), "{kept}\n{said}");
    assert_eq!(kept.lines().next(), said.lines().next(), "and nothing is said before");
}

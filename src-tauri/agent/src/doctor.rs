//! `doctor`: what works on this machine and what does not. What only a desktop has is asked of the app, where it stands
//! beside this program: so this one needs none of the app's libraries, and says when one of them is missing.

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use telltale_core::collector::Roots;
use telltale_core::doctor::{self, Check, Report, State};
use tokio::process::Command;

use crate::out;

/// The app answers in a fraction of a second, or a bus that it asks does not.
const LONGEST: Duration = Duration::from_secs(10);

/// Prints the report; the exit code is its worst state.
///
/// # Errors
/// If the collector can't be started or the text can't be written.
pub(crate) async fn print(json: bool) -> anyhow::Result<ExitCode> {
    let mut checks = doctor::examine(&Roots::default()).await.context("could not start the collector")?;
    checks.extend(desktop().await);
    let report = Report::of(checks);
    report.print(json, out::stdout())?;
    Ok(ExitCode::from(report.state.exit_code()))
}

/// What the app finds.
async fn desktop() -> Vec<Check> {
    const NAME: &str = "desktop app";
    let app = std::env::current_exe()
        .ok()
        .map(|agent| agent.with_file_name(format!("telltale{}", std::env::consts::EXE_SUFFIX)));
    let Some(app) = app.filter(|app| app.is_file()) else {
        let detail = "It is not beside this program: nothing of the desktop was looked at.";
        return vec![Check::new(NAME, State::Fine, detail)];
    };
    let mut asked = Command::new(&app);
    asked.args(["doctor", "--desktop", "--json"]).stdin(Stdio::null()).kill_on_drop(true);
    let broken = |detail| vec![Check::new(NAME, State::Broken, detail)];
    match tokio::time::timeout(LONGEST, asked.output()).await {
        Err(_) => broken(format!("{} did not answer within {} s.", app.display(), LONGEST.as_secs())),
        Ok(Err(error)) => broken(format!("{}: {error}.", app.display())),
        Ok(Ok(answer)) => match serde_json::from_slice::<Report>(&answer.stdout) {
            Ok(report) => report.checks,
            // Such as the loader's words about a library that is missing.
            Err(_) => broken(format!("It does not run: {}", String::from_utf8_lossy(&answer.stderr).trim())),
        },
    }
}

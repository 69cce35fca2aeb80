//! telltale-agent: the same collector without a window or a web view, so that it runs on a server.

mod arguments;
mod details;
mod doctor;
mod end;
mod out;
mod snapshot;
mod watch;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use telltale_core::doctor::State;
use telltale_core::{log_filter, open_files};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder};

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    open_files::allow_many();
    // By a thread of its own: while nobody reads a full stderr, figures go on.
    let (stderr, _writes) = NonBlockingBuilder::default().buffered_lines_limit(1_000).finish(io::stderr());
    log_filter::begin(|filter| {
        let log = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
        log.with_ansi(io::stderr().is_terminal()).with_writer(stderr.clone()).init();
    });
    let failure = match arguments.command {
        Command::Doctor { .. } => State::Broken.exit_code(),
        Command::Snapshot { .. } | Command::Watch { .. } => 1,
    };
    match run(arguments.command, stderr) {
        Ok(code) => code,
        // Whoever read the output has enough of it.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "telltale-agent: {error:#}");
            ExitCode::from(failure)
        }
    }
}

fn run(command: Command, stderr: NonBlocking) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("could not start")?;
    runtime.block_on(async {
        match command {
            Command::Doctor { json } => return doctor::print(json).await,
            Command::Snapshot { json } => snapshot::print(json).await?,
            Command::Watch { interval, count, channels } => watch::print(interval, count, channels, stderr).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<io::Error>() {
        Some(error) => Some(error.kind()),
        None => cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind),
    };
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}

//! telltale-agent: the same collector without a window or a web view, so that it runs on a server.

mod snapshot;
#[cfg_attr(unix, path = "stop_unix.rs")]
#[cfg_attr(not(unix), path = "stop_portable.rs")]
mod stop;
mod watch;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use telltale_core::channel::{Selector, UnknownChannel};
use telltale_core::settings::{DEFINITIONS, Definition};
use tracing_subscriber::EnvFilter;

/// Telltale's collector without a window: GPU, CPU, memory, disk and network figures for terminals and scripts.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Environment:\n  TELLTALE_LOG       log filter, such as info (default: warn)\n  TELLTALE_NVML_LIB  another NVML library than the driver's own\n\nExit codes: 0 done, 1 failed, 2 wrong usage."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints one sample of everything. Reads twice, half a second apart, so that rates are real.
    Snapshot {
        /// Prints JSON as `get_current_metrics` returns it.
        #[arg(long)]
        json: bool,
    },
    /// Prints one NDJSON line per channel per tick until SIGINT, SIGTERM or a closed pipe.
    Watch {
        /// Seconds between ticks, 0.5 to 60.
        #[arg(long, value_name = "S", default_value = "2", value_parser = interval)]
        interval: Duration,
        /// Ends after so many ticks.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        count: Option<u64>,
        /// Only these channels: cpu, memory, disk, network, gpu, gpu/{id}.
        #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = channel)]
        channels: Option<Vec<Selector>>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("TELLTALE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has enough of it.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "telltale-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("could not start")?;
    runtime.block_on(async {
        match command {
            Command::Snapshot { json } => snapshot::print(json).await,
            Command::Watch { interval, count, channels } => watch::print(interval, count, channels).await,
        }
    })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<io::Error>() {
        Some(error) => Some(error.kind()),
        None => cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind),
    };
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}

/// The bounds are those of the setting of the same name.
fn interval(text: &str) -> Result<Duration, String> {
    let definition = DEFINITIONS.iter().find(|definition| definition.key == "interval").ok_or("no such setting")?;
    let seconds: f64 = text.parse().map_err(|_| refused(definition, text))?;
    let value = serde_json::json!(seconds);
    definition.check(&value).map_err(|_| refused(definition, text))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn refused(definition: &Definition, text: &str) -> String {
    definition
        .check(&serde_json::json!(text))
        .err()
        .map_or_else(String::new, |error| format!("it takes {}", error.allowed))
}

fn channel(text: &str) -> Result<Selector, UnknownChannel> {
    Selector::parse(text)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_interval_is_held_to_the_bounds_of_the_setting() {
        assert_eq!(interval("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "NaN", "inf", "1e9", "61", "two", ""] {
            assert_eq!(interval(text), Err("it takes a number from 0.5 to 60 s".into()), "{text:?}");
        }
    }
}

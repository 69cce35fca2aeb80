//! What `telltale-agent` can be told. Its man page and completions are made from this too (src-tauri/packaging/pages).

use std::time::Duration;

use clap::{Parser, Subcommand};
use telltale_core::channel::{Selector, UnknownChannel};
use telltale_core::settings::{DEFINITIONS, InvalidSetting};

const AFTER_HELP: &str = "\
Environment:
  TELLTALE_LOG       log filter, such as info or telltale_core=debug (default: warn)
  TELLTALE_NVML_LIB  another NVML library than the driver's own

Exit status:
  0  done
  1  failed
  2  wrong usage";

/// Telltale's collector without a window: GPU, CPU, memory, disk and network figures for terminals and scripts.
#[derive(Debug, Parser)]
#[command(name = "telltale-agent", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints one sample of everything. Reads twice, half a second apart, so that rates are real.
    Snapshot {
        /// Prints JSON as `get_current_metrics` returns it, with the GPUs in full under `gpu_details`.
        #[arg(long)]
        json: bool,
    },
    /// Prints one NDJSON line per channel per tick until SIGINT, SIGTERM, SIGHUP or a closed pipe.
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
    /// Says what works on this machine and what does not.
    #[command(after_help = telltale_core::doctor::EXIT_STATUS)]
    Doctor {
        /// Prints JSON: a state for all, and the checks with their states, details and advice.
        #[arg(long)]
        json: bool,
    },
}

/// The bounds are those of the setting of the same name.
fn interval(text: &str) -> Result<Duration, String> {
    let definition = DEFINITIONS.iter().find(|definition| definition.key == "interval").ok_or("no such setting")?;
    let seconds: Option<f64> = text.parse().ok();
    let refused = |error: InvalidSetting| format!("it takes {}", error.allowed);
    definition.check(&serde_json::json!(seconds)).map_err(refused)?;
    Duration::try_from_secs_f64(seconds.unwrap_or_default()).map_err(|error| error.to_string())
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

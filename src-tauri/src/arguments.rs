//! What `telltale` can be told. Its man page and completions are made from this too (src-tauri/packaging/pages).

use clap::{Parser, Subcommand};

const AFTER_HELP: &str = "\
Environment:
  TELLTALE_LOG       log filter, such as info or telltale=debug (default: warn)
  TELLTALE_NVML_LIB  another NVML library than the driver's own

Files:
  $XDG_CONFIG_HOME/dev.telltale.desktop/settings.json  the settings
  $XDG_DATA_HOME/dev.telltale.desktop/logs/            the log of seven days, where stderr is no terminal

Exit status:
  0  ended as asked
  1  could not start
  2  wrong usage";

/// System monitor and flight recorder for the workstation.
#[derive(Debug, Parser)]
#[command(name = "telltale", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Starts in the tray, where there is one.
    #[arg(long)]
    pub(crate) hidden: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Command {
    /// Says what works on this machine and what does not. Opens no window.
    #[command(after_help = telltale_core::doctor::EXIT_STATUS)]
    Doctor {
        /// Prints JSON: a state for all, and the checks with their states, details and advice.
        #[arg(long)]
        json: bool,
        /// Leaves out what telltale-agent can see itself, which asks so.
        #[arg(long, hide = true)]
        desktop: bool,
    },
}

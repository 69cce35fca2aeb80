//! What `telltale` can be told. Its man page and completions are made from this too (packaging/pages).

use clap::Parser;

const AFTER_HELP: &str = "\
Environment:
  TELLTALE_LOG       log filter, such as info or telltale=debug (default: warn)
  TELLTALE_NVML_LIB  another NVML library than the driver's own

Files:
  $XDG_CONFIG_HOME/dev.telltale.desktop/settings.json  the settings

Exit status:
  0  ended as asked
  1  could not start
  2  wrong usage";

/// System monitor and flight recorder for the workstation.
#[derive(Debug, Parser)]
#[command(name = "telltale", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Starts in the tray, where there is one.
    #[arg(long)]
    pub(crate) hidden: bool,
}

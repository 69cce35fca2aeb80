//! The desktop app's entry: arguments, then the shell.
#![cfg_attr(all(not(debug_assertions), target_os = "windows"), windows_subsystem = "windows")]

use std::process::ExitCode;

const HELP: &str = "\
Telltale: system monitor and flight recorder for the workstation

Usage: telltale [OPTIONS]

Options:
      --hidden   Start in the tray, where there is one
  -h, --help     Print help
  -V, --version  Print version

Environment:
  TELLTALE_LOG       log filter, such as info or telltale=debug (default: warn)
  TELLTALE_NVML_LIB  another NVML library than the driver's own
";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let hidden = std::env::args_os().nth(1).is_some_and(|argument| argument == "--hidden");
    match arguments.next().as_ref().map(|argument| argument.to_string_lossy()).as_deref() {
        None | Some("--hidden") => {}
        Some("-h" | "--help") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some("-V" | "--version") => {
            println!("telltale {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("telltale: unknown argument {other:?}; allowed are --hidden, --help and --version");
            return ExitCode::from(2);
        }
    }
    telltale::rendering::prepare();
    match telltale::run(hidden) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("telltale: {error:#}");
            ExitCode::FAILURE
        }
    }
}

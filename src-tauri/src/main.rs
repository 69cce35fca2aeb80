//! The desktop app's entry: arguments, then the shell.
#![cfg_attr(all(not(debug_assertions), target_os = "windows"), windows_subsystem = "windows")]

mod arguments;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telltale::rendering::prepare();
    match telltale::run(arguments.hidden) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("telltale: {error:#}");
            ExitCode::FAILURE
        }
    }
}

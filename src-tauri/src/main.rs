//! The desktop app's entry: arguments, then the shell.
#![cfg_attr(all(not(debug_assertions), target_os = "windows"), windows_subsystem = "windows")]

mod arguments;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telltale::rendering::prepare();
    let ran = match arguments.command {
        Some(Command::Doctor { json, desktop }) => telltale::doctor::print(json, desktop).map(ExitCode::from),
        None => telltale::run(arguments.hidden).map(|()| ExitCode::SUCCESS),
    };
    match ran {
        Ok(code) => code,
        Err(error) => {
            eprintln!("telltale: {error:#}");
            ExitCode::FAILURE
        }
    }
}

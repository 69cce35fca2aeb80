//! The desktop app's entry: arguments, then the shell.
#![cfg_attr(all(not(debug_assertions), target_os = "windows"), windows_subsystem = "windows")]

mod arguments;

use std::process::ExitCode;

use clap::Parser as _;
use telltale_core::doctor::State;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telltale::memory::share_heap();
    telltale::rendering::prepare();
    let (ran, failure) = match arguments.command {
        Some(Command::Doctor { json, desktop }) => {
            (telltale::doctor::print(json, desktop).map(State::exit_code), State::Broken.exit_code())
        }
        None => (telltale::run(arguments.hidden).map(|()| 0), 1),
    };
    ExitCode::from(ran.unwrap_or_else(|error| {
        telltale::complain(format_args!("{error:#}"));
        failure
    }))
}

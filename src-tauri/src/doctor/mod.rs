//! `telltale doctor`: what core finds, and what only a desktop has: settings, a display, a session bus, a tray, a web view.
//! Opens no window.

#[cfg_attr(target_os = "linux", path = "desktop_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "desktop_portable.rs")]
mod desktop;

use std::io;

use anyhow::Context as _;
use telltale_core::collector::Roots;
use telltale_core::doctor::{self, Check, Report, State};
use telltale_core::files;
use telltale_core::settings::file;

use crate::IDENTIFIER;
use crate::tray::host;

/// Prints the report, and returns its worst state. With `desktop_only` core's part is
/// left out: the agent has looked at that itself.
///
/// # Errors
/// If the collector can't be started or the text can't be written.
pub fn print(json: bool, desktop_only: bool) -> anyhow::Result<State> {
    let mut checks = Vec::new();
    if !desktop_only {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("could not start")?;
        let examined = runtime.block_on(doctor::examine(&Roots::default()));
        checks.extend(examined.context("could not start the collector")?);
    }
    checks.push(settings());
    checks.extend(desktop::display());
    checks.extend(bus_and_tray());
    checks.push(Check::new("web view", State::Fine, format!("{}.", crate::rendering::chosen())));
    let report = Report::of(checks);
    report.print(json, io::stdout().lock())?;
    Ok(report.state)
}

/// Whether the settings can be read, and kept.
fn settings() -> Check {
    const NAME: &str = "settings";
    let path = dirs::config_dir().map(|folder| files::resolved(folder.join(IDENTIFIER).join("settings.json")));
    let Some(path) = path else {
        return Check::new(NAME, State::Broken, "There is no folder for them.")
            .advising("Set HOME or XDG_CONFIG_HOME.");
    };
    let path_shown = path.display();
    if let Err(error) = files::try_writing(&path) {
        return Check::new(NAME, State::Broken, format!("{path_shown} can't be written: {error}."));
    }
    let faults = file::faults(&path);
    if !faults.is_empty() {
        let detail = format!("{path_shown}: {}.", faults.join("; "));
        return Check::new(NAME, State::Warning, detail)
            .advising("The next start keeps a copy of a file that it can't read whole and uses the default of a value that can't be; the next change leaves out what is no setting.");
    }
    let state = if path.is_file() { "can be read and written" } else { "is not there yet and can be written" };
    Check::new(NAME, State::Fine, format!("{path_shown} {state}."))
}

/// Without either, closing the window quits.
fn bus_and_tray() -> Vec<Check> {
    let (bus, tray) = ("session bus", "tray host");
    let quits = "Closing the window quits.";
    match host::Bus::connect() {
        Err(error) => {
            vec![
                Check::new(bus, State::Warning, format!("None: {}.", error.root_cause()))
                    .advising("Start Telltale from the desktop, or under dbus-run-session."),
                Check::new(tray, State::Warning, format!("None without a session bus. {quits}")),
            ]
        }
        Ok(connected) => {
            let has_host = connected.has_host();
            let found = if has_host {
                Check::new(tray, State::Fine, "There is one.")
            } else {
                Check::new(tray, State::Warning, format!("None. {quits}"))
                    .advising("On GNOME, install and switch on the AppIndicator extension.")
            };
            vec![Check::new(bus, State::Fine, "It answers."), found]
        }
    }
}

//! `doctor` of both programs, where things work and where each of them does not.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::agent::{NO_GPUS, NO_NVML, NO_REAL_GPUS, parse};
use crate::common::panel::Panel;
use crate::common::screen::Screen;
use crate::common::{among_others, built};

/// A patient: nothing around it but what a test gives it.
struct Patient {
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl Patient {
    /// Without a display, a bus or a GPU.
    fn bare() -> Self {
        let home = tempfile::tempdir().unwrap();
        let patient = Self { home, variables: Vec::new() };
        let config = patient.home.path().join("config");
        let config = config.to_str().unwrap().to_owned();
        let patient = patient.with(NO_REAL_GPUS.0, NO_REAL_GPUS.1);
        patient.with("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").with("XDG_CONFIG_HOME", &config)
    }

    /// On a desktop with a tray's host, or without.
    fn on(screen: &Screen) -> Self {
        screen.environment().into_iter().fold(Self::bare(), |patient, (name, value)| patient.with(name, value))
    }

    /// With this simulated driver (tests/nvml-sim/README.md has the language).
    fn driven_by(self, script: &str) -> Self {
        let file = self.home.path().join("gpus.sim");
        fs::write(&file, script).unwrap();
        self.with("TELLTALE_NVML_LIB", built("libnvml_sim.so").to_str().unwrap())
            .with("TELLTALE_NVML_SIM", file.to_str().unwrap())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.into(), value.into()));
        self
    }

    fn settings(&self, text: &str) {
        let folder = self.home.path().join("config/dev.telltale.desktop");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("settings.json"), text).unwrap();
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "60"]).arg(program).arg("doctor").args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.home.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).output().unwrap()
    }

    /// The report, from the agent, which asks the app for its part.
    fn examined(&self) -> Findings {
        Findings::of(&self.run(&built("telltale-agent"), &["--json"]))
    }
}

/// A report with the exit code that it came with.
struct Findings {
    code: i32,
    report: Value,
}

impl Findings {
    fn of(output: &Output) -> Self {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code().unwrap(), report: parse(&text) }
    }

    fn check(&self, name: &str) -> &Value {
        let checks = self.report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {:#}", self.report))
    }

    /// That a check has a state, and its detail or advice these words.
    fn says(&self, name: &str, state: &str, words: &str) {
        let check = self.check(name);
        assert_eq!(check["state"], state, "{check:#}");
        assert!(check["detail"].as_str().unwrap().contains(words), "{words} in {check:#}");
    }
}

const ONE_GPU: &str = "driver_version = 550.54.14\n[gpu]\nname = NVIDIA H100\nutilization = 5 %\n";

#[test]
fn where_all_is_well_it_says_so_and_ends_with_0_unless_this_machine_lacks_something() {
    let _turn = among_others();
    let screen = Screen::open();
    let _panel = Panel::open(&screen);
    let patient = Patient::on(&screen).driven_by(ONE_GPU);
    patient.settings(r#"{"version":1,"interval":1}"#);
    let found = patient.examined();
    found.says("NVIDIA driver", "fine", "Driver 550.54.14: GPU 0 NVIDIA H100.");
    for source in ["cpu", "memory", "disk", "network"] {
        found.says(source, "fine", "It answers.");
    }
    found.says("display", "fine", "answers");
    found.says("session bus", "fine", "answers");
    found.says("tray host", "fine", "There is one");
    found.says("settings", "fine", "settings.json can be read and written");
    found.says("web view", "fine", "WEBKIT_DISABLE_DMABUF_RENDERER");
    // A kernel without PSI, figures for root alone or a hidden /proc are this machine's own affair, and no more than a warning.
    let checks = found.report["checks"].as_array().unwrap().iter();
    let warnings: Vec<_> = checks.filter(|check| check["state"] != "fine").collect();
    for check in &warnings {
        let own = ["pressure", "permissions", "processes"].iter().any(|name| check["name"] == *name);
        assert!(own && check["state"] == "warning", "{check:#}");
    }
    assert_eq!(found.code, i32::from(!warnings.is_empty()), "{:#}", found.report);

    // The app says the same of itself, core's part included, in words too.
    let Output { status, stdout, .. } = patient.run(&built("telltale"), &[]);
    let text = String::from_utf8(stdout).unwrap();
    assert_eq!(status.code(), Some(found.code), "{text}");
    for check in found.report["checks"].as_array().unwrap() {
        assert!(text.contains(check["detail"].as_str().unwrap()), "{check} in {text}");
    }
}

#[test]
fn a_desktop_without_a_tray_host_is_told_what_closing_does() {
    let _turn = among_others();
    let screen = Screen::open();
    let found = Patient::on(&screen).examined();
    found.says("session bus", "fine", "answers");
    found.says("tray host", "warning", "Closing the window quits");
    assert!(found.check("tray host")["advice"].as_str().unwrap().contains("AppIndicator"));
}

#[test]
fn no_bus_no_display_no_driver_are_warnings() {
    let _turn = among_others();
    let found = Patient::bare().with(NO_NVML.0, NO_NVML.1).examined();
    found.says("session bus", "warning", "None");
    found.says("tray host", "warning", "without a session bus");
    found.says("display", "warning", "no window can be opened");
    found.says("NVIDIA driver", "warning", "/nonexistent/libnvidia-ml.so.1 is not installed");
    assert_eq!((found.code, &found.report["state"]), (1, &Value::from("warning")));
}

#[test]
fn a_driver_that_was_replaced_a_display_that_is_gone_and_settings_that_cant_be_kept_are_broken() {
    let _turn = among_others();
    let found = Patient::bare().driven_by(&format!("driver = mismatch\n{ONE_GPU}")).examined();
    found.says("NVIDIA driver", "broken", "Restart the computer");
    assert_eq!((found.code, &found.report["state"]), (2, &Value::from("broken")));

    let found = Patient::bare().with("DISPLAY", ":4711").with("XDG_CONFIG_HOME", "/proc").examined();
    found.says("display", "broken", "DISPLAY=:4711 does not answer");
    found.says("settings", "broken", "can't be written");
    assert_eq!(found.code, 2);
}

#[test]
fn a_report_that_can_not_be_printed_is_no_warning() {
    let _turn = among_others();
    for program in ["telltale", "telltale-agent"] {
        let mut command = Command::new(built(program));
        command.arg("doctor").envs(NO_GPUS).stdout(File::options().write(true).open("/dev/full").unwrap());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{program}: {said}");
        assert!(said.contains("No space left"), "{program}: {said}");
    }
}

#[test]
fn a_settings_file_is_judged_and_left_as_it_is() {
    let _turn = among_others();
    let patient = Patient::bare();
    patient.settings(r#"{"version":1,"interval":1000}"#);
    patient.examined().says("settings", "warning", "0.5 to 60");
    patient.settings("{");
    patient.examined().says("settings", "warning", "EOF");
    let left = fs::read_dir(patient.home.path().join("config/dev.telltale.desktop")).unwrap().count();
    assert_eq!(left, 1, "nothing is set aside");
}

#[test]
fn the_agent_alone_looks_at_no_desktop_and_says_when_the_app_cant_run() {
    let _turn = among_others();
    let folder = tempfile::tempdir().unwrap();
    let agent = folder.path().join("telltale-agent");
    fs::copy(built("telltale-agent"), &agent).unwrap();
    let patient = Patient::bare();
    let found = Findings::of(&patient.run(&agent, &["--json"]));
    found.says("desktop app", "fine", "not beside this program");

    // What the loader says where a library is missing.
    let app = folder.path().join("telltale");
    fs::write(
        &app,
        "#!/bin/sh\necho 'telltale: libwebkit2gtk-4.1.so.0: cannot open shared object file' >&2\nexit 127\n",
    )
    .unwrap();
    fs::set_permissions(&app, fs::Permissions::from_mode(0o755)).unwrap();
    let found = Findings::of(&patient.run(&agent, &["--json"]));
    found.says("desktop app", "broken", "libwebkit2gtk-4.1.so.0: cannot open");
    assert_eq!(found.code, 2);
}

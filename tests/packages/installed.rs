//! The .deb on a clean system: installed with apt, used on a desktop, and removed again. The .rpm by rpm in an empty root,
//! since there is no system of its kind here: without what it needs, and its programs run with this system's libraries.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::package;
use super::root::Root;
use crate::common::agent::parse;
use crate::common::desktop::{
    Desktop, SOON, await_the_end, below, egl_drivers, libraries, loads_no_real_driver, rows, web_process,
};
use crate::common::panel::Panel;
use crate::common::process::output;
use crate::common::until::until_sync;
use crate::common::{among_others, built};
use crate::tray::figures;

#[test]
fn apt_installs_it_with_all_that_it_needs_it_lives_on_a_desktop_and_goes_without_a_trace() {
    let _turn = among_others();
    let root = Root::new();
    let files = || root.output("find", &["/usr", "/etc", "-xdev", "-name", "*telltale*"]);
    assert_eq!(files(), "");
    root.install(&package("deb"));
    assert_eq!(root.output("dpkg", &["--verify", "telltale"]), "");

    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(root.output("telltale", &["--version"]), format!("telltale {version}\n"));
    assert_eq!(root.output("telltale-agent", &["--version"]), format!("telltale-agent {version}\n"));
    lives(&root);

    root.output("apt-get", &["purge", "--yes", "telltale"]);
    assert_eq!(files(), "");
}

#[test]
fn rpm_installs_it_whole_and_takes_it_away_again() {
    let _turn = among_others();
    assert_eq!(output("id", &["-u"]).trim(), "0", "root alone installs packages");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = folder.path().to_str().unwrap();
    let rpm = |arguments: &[&str]| output("rpm", &[&["--root", root], arguments].concat());
    rpm(&["--install", "--nodeps", package("rpm").to_str().unwrap()]);
    assert_eq!(rpm(&["--verify", "--nodeps", "telltale"]), "", "sizes, digests, owners and modes are the package's");

    let files = rpm(&["--query", "--list", "telltale"]);
    assert!(files.lines().count() > 20, "{files}");
    for file in files.lines() {
        let wanted = if file.starts_with("/usr/bin/") { 0o100_755 } else { 0o100_644 };
        let found = fs::metadata(format!("{root}{file}")).unwrap();
        assert_eq!((found.mode(), found.uid(), found.gid()), (wanted, 0, 0), "{file}: {:o}", found.mode());
        let folder = fs::metadata(Path::new(&format!("{root}{file}")).parent().unwrap()).unwrap();
        assert_eq!(folder.mode() & 0o777, 0o755, "{file}");
    }
    for program in ["telltale", "telltale-agent"] {
        let version = output(&format!("{root}/usr/bin/{program}"), &["--version"]);
        assert_eq!(version, format!("{program} {}\n", env!("CARGO_PKG_VERSION")));
    }

    rpm(&["--erase", "telltale"]);
    let left = files.lines().filter(|file| fs::exists(format!("{root}{file}")).unwrap());
    assert_eq!(left.collect::<Vec<_>>(), [""; 0]);
}

/// From its start through the tray to its end, as its user goes.
fn lives(root: &Root) {
    let desktop = Desktop::with_gpus(figures::GPUS);
    let panel = Panel::open(&desktop.screen);
    // The home is in there too, which the build's folder is not.
    let driver = desktop.path("libnvml_sim.so");
    fs::copy(built("libnvml_sim.so"), &driver).unwrap();
    let sees_gpus = |command: &mut Command| {
        command.env("TELLTALE_NVML_LIB", &driver);
    };
    let snapshot = || -> Value {
        let (enter, words) = root.inside("telltale-agent", &["snapshot", "--json"]);
        let mut command = Command::new(enter);
        desktop.environment(command.args(words));
        sees_gpus(&mut command);
        parse(&String::from_utf8(command.output().unwrap().stdout).unwrap())
    };
    let (enter, words) = root.inside("telltale", &[]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut app = desktop.run(enter, &words, sees_gpus);
    desktop.await_window(true);
    desktop.await_tray(&panel);
    desktop.await_report("itself", 0, |_| true);
    panel.line("Network");
    figures::agree(&panel, snapshot);
    assert!(web_process(&app).is_some(), "its page is drawn by a process of its own");
    let has_ours = egl_drivers(&app).iter().any(|driver| driver == "libtelltale_egl.so");
    let webkit = root.output("dpkg-query", &["--show", "--showformat", "${Version}", "libwebkit2gtk-4.1-0"]);
    assert_eq!(has_ours, loads_no_real_driver(&webkit), "{webkit}: {}", desktop.log());
    let speaks = |process| libraries(process).iter().any(|file| file.starts_with("libflite"));
    assert!(!speaks(web_process(&app).unwrap()), "{}", desktop.log());

    desktop.close_window();
    desktop.await_window(false);
    until_sync("its web process is gone", SOON, || match web_process(&app) {
        None => Ok(()),
        Some(_) => Err(below(app.id())),
    });
    assert_eq!(app.ended(), None, "the tray goes on");

    let before = desktop.reports();
    let most = before.iter().map(|report| rows(report)).max().unwrap();
    panel.click("Open Telltale");
    desktop.await_window(true);
    desktop.await_report("the history from before and since", before.len(), |report| rows(report) > most);

    let family = below(app.id());
    assert!(family.len() > 1, "{family:?}");
    panel.click("Quit");
    assert_eq!(app.wait(SOON).code(), Some(0), "{}", desktop.log());
    await_the_end(&family, "Quit");
}

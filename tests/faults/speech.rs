//! The speech synthesizer that `WebKitGTK` links: kept out of the web view's processes, where they would start without it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::common::desktop::{Desktop, below, libraries};
use crate::common::process::Group;
use crate::common::{among_others, built};

const OURS: &str = "libtelltale_speech.so";

/// Whether a process has loaded any of Flite's libraries, and whether ours.
fn has(process: u32) -> (bool, bool) {
    let loaded = libraries(process);
    (loaded.iter().any(|file| file.starts_with("libflite")), loaded.iter().any(|file| file == OURS))
}

/// Those that draw the page and get what it asks for.
fn web_view(app: &Group) -> Vec<u32> {
    let processes = below(app.id()).into_iter().filter(|(_, name)| name.starts_with("WebKit"));
    let processes: Vec<_> = processes.map(|(process, _)| process).collect();
    assert!(processes.len() >= 2, "{processes:?}");
    processes
}

#[test]
fn the_web_view_loads_no_speech() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let app = desktop.start_with(&[], |command| {
        command.env("LD_LIBRARY_PATH", "/nonexistent");
    });
    desktop.await_drawn();
    let (links_speech, _) = has(app.id());
    for process in web_view(&app) {
        assert_eq!(has(process), (false, links_speech), "{}", desktop.log());
        let environment = fs::read_to_string(format!("/proc/{process}/environ")).unwrap();
        let paths = environment.split('\0').find_map(|variable| variable.strip_prefix("LD_LIBRARY_PATH="));
        assert!(paths.unwrap().ends_with("/nonexistent"), "what was set before is looked in too: {paths:?}");
    }
}

#[test]
fn it_is_loaded_where_the_library_in_its_place_is_damaged_or_lacks_a_function() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let (program, ours) = (desktop.path("telltale"), desktop.path(OURS));
    fs::copy(built("telltale"), &program).unwrap();
    let mut before = 0;
    for (what, obstacle) in
        [("missing", None), ("damaged", Some(OURS)), ("without a function", Some(" is missing in ours"))]
    {
        match what {
            "damaged" => fs::write(&ours, "of another machine").unwrap(),
            "without a function" => {
                fs::remove_file(&ours).unwrap();
                symlink(built("libtelltale_egl.so"), &ours).unwrap();
            }
            _ => {}
        }
        let app = desktop.run(program.to_str().unwrap(), &[], |_| {});
        desktop.await_report("itself", before, |_| true);
        desktop.await_drawn();
        let (links_speech, _) = has(app.id());
        assert!(web_view(&app).into_iter().all(|process| has(process) == (links_speech, false)), "{what}");
        let log = desktop.log();
        assert!(!log.contains("the web process ended"), "{what}: {log}");
        let said = log.lines().rfind(|line| line.contains("speech is not kept out of the web view"));
        match obstacle {
            Some(words) if links_speech => assert!(said.is_some_and(|said| said.contains(words)), "{what}: {log}"),
            _ => assert_eq!(said, None, "{what}"),
        }
        before = desktop.reports().len();
    }
}

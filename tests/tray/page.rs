//! The page and the process that draws it: when it dies the page comes back, with its history.

use std::process::Command;
use std::time::Instant;

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON, rows, web_process};
use crate::common::process::output;
use crate::common::until::until_sync;

/// Colours in the picture of the window, without the frame that the window manager puts around it (whose gradients have
/// more colours than an empty page). None while there is no window.
fn colours(desktop: &Desktop) -> usize {
    let (display, picture) = (desktop.display(), desktop.path("window.png"));
    let search = ["search", "--onlyvisible", "--class", "telltale"];
    let found = Command::new("xdotool").args(search).env("DISPLAY", display).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let (Some(window), path) = (found.lines().next(), picture.to_str().unwrap()) else { return 0 };
    let taken = Command::new("import").args(["-display", display, "-window", window, path]).output().unwrap();
    // It fails where the window goes while its picture is taken.
    if !taken.status.success() {
        return 0;
    }
    output("identify", &["-format", "%k", path]).trim().parse().unwrap()
}
#[test]
fn a_web_process_that_is_killed_comes_back_with_its_page_and_its_history() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let app = desktop.start(&[]);
    let drawn = |what: &str| {
        until_sync(what, SOON, || {
            let colours = colours(&desktop);
            if colours > 100 { Ok(()) } else { Err(colours) }
        });
    };
    drawn("the page is drawn");
    desktop.await_report("itself", 0, |_| true);
    for _ in 0..3 {
        let first = web_process(&app).expect("what draws it is a process of its own");
        let before = desktop.reports();
        let most = before.iter().map(|report| rows(report)).max().unwrap();
        let begun = Instant::now();
        output("kill", &["-KILL", &first.to_string()]);
        desktop.await_report("its history and more", before.len(), |report| rows(report) > most);
        eprintln!("the page was back after {:?}", begun.elapsed());
        let second = web_process(&app).expect("it is drawn again");
        assert_ne!(first, second);
        drawn("the page is drawn again");
    }
}

//! No session bus at all, as under a bare X server or sudo: the window works, and closing it quits.

use crate::common::agent::LINE;
use crate::common::desktop::Desktop;
use crate::common::{among_others, built};

#[test]
fn without_a_session_bus_the_window_works_and_closing_it_quits() {
    let _turn = among_others();
    let desktop = Desktop::without_bus();
    let mut app = desktop.start(&[]);
    desktop.await_window(true);
    desktop.await_drawn();
    desktop.await_report("the overview", 0, |report| report.contains("page=overview"));
    desktop.close_window();
    assert_eq!(app.wait(LINE).code(), Some(0));
}

/// The library whose absence makes other trays panic.
#[test]
fn libayatana_is_not_even_looked_for() {
    let _turn = among_others();
    let program = std::fs::read(built("telltale")).unwrap();
    for library in ["libayatana-appindicator3.so", "libappindicator3.so"] {
        let name = library.as_bytes();
        assert!(!program.windows(name.len()).any(|part| part == name), "{library}");
    }
}

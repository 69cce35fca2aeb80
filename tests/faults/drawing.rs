//! EGL's drivers: where nothing is drawn with them, the one that can't draw takes their place; if it is there and whole.

use std::fs;

use crate::common::desktop::{Desktop, egl_drivers, loads_no_real_driver};
use crate::common::process::output;
use crate::common::{among_others, built, root};

/// Beside a program that is alone in its folder.
const LIBRARY: &str = "libtelltale_egl.so";
const DESCRIPTION: &str = "telltale_egl.json";

#[test]
fn a_page_drawn_without_acceleration_loads_no_driver() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let app = desktop.start_with(&[], |_| {});
    desktop.await_drawn();
    let drivers = egl_drivers(&app);
    if loads_no_real_driver(&output("pkg-config", &["--modversion", "webkit2gtk-4.1"])) {
        assert_eq!(drivers, [LIBRARY]);
    } else {
        assert!(!drivers.iter().any(|driver| driver == LIBRARY), "it can't draw: {drivers:?}");
    }
}

#[test]
fn where_the_driver_that_cant_draw_is_missing_or_damaged_the_systems_are_loaded() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let program = desktop.path("telltale");
    fs::copy(built("telltale"), &program).unwrap();
    fs::copy(root().join("src-tauri/egl").join(DESCRIPTION), desktop.path(DESCRIPTION)).unwrap();
    for damaged in [false, true] {
        if damaged {
            fs::write(desktop.path(LIBRARY), "of another machine").unwrap();
        }
        let before = desktop.reports().len();
        let app = desktop.run(program.to_str().unwrap(), &[], |_| {});
        desktop.await_report("itself", before, |_| true);
        desktop.await_drawn();
        assert!(!egl_drivers(&app).iter().any(|driver| driver == LIBRARY), "{}", desktop.log());
        assert!(!desktop.log().contains("the web process ended"), "{}", desktop.log());
    }
}

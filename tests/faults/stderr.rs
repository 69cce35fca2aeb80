//! Nothing can be written to stderr, as where the terminal that a program was started from is closed or stopped, the disk is full
//! that it goes to, or nobody reads the pipe: figures go on.

use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::process::Stdio;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON};
use crate::common::panel::Panel;
use crate::common::until::until_sync;
use crate::gpu::{Driver, GPU};

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

/// A pipe that has no room left. Whoever writes to it waits until somebody reads.
fn unread() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().unwrap();
    let waits = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, waits | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'x'; 512]).is_ok() {}
    fcntl_setfl(&writer, waits).unwrap();
    (reader, writer)
}

#[test]
fn the_agent_goes_on_where_its_warnings_can_not_be_written() {
    let _turn = among_others();
    goes_on(&Driver::start_saying(GPU, "gpu,memory", full()));
}

#[test]
fn the_agent_goes_on_where_nobody_reads_its_warnings() {
    let _turn = among_others();
    let (_reader, writer) = unread();
    goes_on(&Driver::start_saying(GPU, "gpu,memory", writer));
}

fn goes_on(driver: &Driver) {
    driver.until("it answers", |line| line["gpu_id"] == "GPU-a");
    driver.becomes(&GPU.replace("61 C", "hang"));
    for _ in 0..8 {
        driver.until("the others go on", |line| line["channel"] == "system/memory");
    }
    driver.becomes(GPU);
    driver.until("it answers again", |line| line["gpu_id"] == "GPU-a");
}

#[test]
fn the_app_goes_on_and_its_log_has_the_warning() {
    app_goes_on(full());
}

#[test]
fn the_app_goes_on_while_nobody_reads_its_warnings_and_ends_without_having_said_them() {
    let (_reader, writer) = unread();
    app_goes_on(writer);
}

/// What it has to say last has a second to be said, and for so long it is not gone.
#[test]
fn one_that_is_started_while_another_takes_its_time_to_end_is_there_then() {
    let _turn = among_others();
    let desktop = Desktop::open();
    let (_reader, writer) = unread();
    let mut first = desktop.start_with(&[], |command| {
        command.stderr(writer);
    });
    desktop.await_window(true);
    first.signal("TERM");
    // From when it has left the bus and emptied its file; else the second is one that asks the first for its window.
    let file = desktop.path("data/dev.telltale.desktop/lock");
    until_sync("it ends", SOON, || match fs::metadata(&file).unwrap().len() {
        0 => Ok(()),
        _ => Err(()),
    });
    let mut second = desktop.start(&[]);
    assert_eq!(first.wait(SOON).code(), Some(0));
    desktop.await_report("the second one's page", 0, |_| true);
    desktop.await_window(true);
    second.signal("TERM");
    assert_eq!(second.wait(SOON).code(), Some(0));
}

fn app_goes_on(stderr: impl Into<Stdio>) {
    let _turn = among_others();
    let desktop = Desktop::with_gpus(GPU);
    let panel = Panel::open(&desktop.screen);
    let mut app = desktop.start_with(&["--hidden"], |command| {
        command.stderr(stderr);
    });
    panel.await_item();
    panel.line("CPU");
    fs::write(desktop.path("gpus.sim"), GPU.replace("61 C", "hang")).unwrap();
    let folder = desktop.path("data/dev.telltale.desktop/logs");
    until_sync("the fault is in the log", SOON, || {
        let logs = fs::read_dir(&folder).unwrap().map(|log| fs::read_to_string(log.unwrap().path()).unwrap());
        let said: String = logs.collect();
        if said.contains("a fault begins") { Ok(()) } else { Err(said) }
    });
    let before = panel.lines();
    until_sync("its figures go on", SOON, || if panel.lines() == before { Err(before.clone()) } else { Ok(()) });
    panel.click("Quit");
    assert_eq!(app.wait(SOON).code(), Some(0));
}

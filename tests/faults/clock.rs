//! The wall clock jumps, and the program is stopped for longer than a rate can bridge.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::common::agent::{LINE, NO_GPUS, Watch, parse};
use crate::common::process::{Group, output};
use crate::common::{among_others, built};

const HOUR: i64 = 3_600_000;

/// Where the system's own architecture keeps libfaketime's library for programs with threads.
fn faketime() -> PathBuf {
    let listed = output("dpkg", &["-L", "libfaketime"]);
    listed.lines().find(|line| line.ends_with("/libfaketimeMT.so.1")).expect("`make test-packages` installs it").into()
}

#[test]
fn a_wall_clock_that_jumps_moves_labels_and_no_rate() {
    let _turn = among_others();
    let folder = tempfile::tempdir().unwrap();
    let (file, written) = (folder.path().join("now"), folder.path().join("next"));
    let set = |offset: &str| {
        fs::write(&written, offset).unwrap();
        fs::rename(&written, &file).unwrap();
    };
    set("+0");
    let mut agent = Group::start(built("telltale-agent"), |command| {
        command.args(["watch", "--interval", "0.5", "--channels", "cpu,memory"]).envs(NO_GPUS);
        // Only the wall clock is false, as when somebody sets it; and the file is looked at at every reading.
        command.env("LD_PRELOAD", faketime()).env("FAKETIME_TIMESTAMP_FILE", &file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    });
    let lines = agent.lines();
    let cpu = || loop {
        let line = parse(&lines.next(LINE).expect("the agent runs"));
        if line["channel"] == "system/cpu" {
            return (line["timestamp"].as_i64().unwrap(), line["utilization"].clone());
        }
    };
    let (mut before, _) = cpu();
    for (offset, jump) in [("+1h", HOUR), ("-1h", -2 * HOUR), ("+0", HOUR)] {
        set(offset);
        let mut jumped = 0;
        for _ in 0..4 {
            let (now, utilization) = cpu();
            assert!(utilization.as_f64().is_some_and(|busy| (0.0..=100.0).contains(&busy)), "{offset}: {utilization}");
            jumped += now - before;
            before = now;
        }
        assert!((jumped - jump).abs() < 60_000, "{offset}: the labels moved by {jumped} ms");
    }
    println!("three jumps of an hour and more: every rate is there and from 0 to 100 %");
}

/// As good as a suspend, but for the boot clock: nobody can run it ahead of the monotonic one.
#[test]
fn after_a_stop_the_next_rate_is_missing_with_its_reason_and_then_they_go_on() {
    let _turn = among_others();
    let watch = Watch::start(&["--interval", "0.5", "--channels", "cpu"]);
    let next = || watch.next().expect("the agent runs");
    let rated = |line: &Value| line["utilization"].is_number();
    next();
    while !rated(&next()) {}
    watch.group.signal("STOP");
    std::thread::sleep(Duration::from_millis(4_500)); // the longest that a rate bridges at this interval is 3 s
    watch.group.signal("CONT");
    let reason = loop {
        let line = next();
        if !rated(&line) {
            break line["missing"]["utilization"].clone();
        }
    };
    assert_eq!(reason, "not_answering");
    assert!(rated(&next()), "and the one after is there");
}

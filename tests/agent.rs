//! `telltale-agent` from outside: what it prints, when, and how it ends.

use std::collections::BTreeMap;
use std::io::{PipeReader, PipeWriter, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use rustix::fs::OFlags;
use serde_json::Value;

use crate::common::agent::{LINE, NO_GPUS, Watch, but_held_up, figure, parse, run};
use crate::common::process::{Group, output};
use crate::common::until::until_sync;
use crate::common::{among_others, built};

const CHANNELS: [&str; 4] = ["system/cpu", "system/disk", "system/memory", "system/network"];

/// A rate of each channel that has any: null in the first line, a number in all others.
const RATES: [(&str, &[&str]); 3] = [
    ("system/cpu", &["/utilization", "/per_core/0"]),
    ("system/disk", &["/read_rate", "/write_rate"]),
    // lo; in a container there may be no physical interface to make a total of
    ("system/network", &["/interfaces/0/upload_rate", "/interfaces/0/download_rate"]),
];

fn by_channel(text: &str) -> BTreeMap<String, Vec<Value>> {
    let mut lines: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        assert!(line.starts_with(r#"{"channel":""#), "the channel stands first: {line}");
        let line = parse(line);
        lines.entry(line["channel"].as_str().unwrap().into()).or_default().push(line);
    }
    lines
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn watch_prints_three_lines_per_channel_and_every_rate_but_the_first() {
    let _turn = among_others();
    let Output { status, stdout, stderr } = run(&["watch", "--count", "3", "--interval", "0.5"]);
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    let lines = by_channel(&text(&stdout));
    assert_eq!(lines.keys().collect::<Vec<_>>(), CHANNELS);
    for (channel, lines) in &lines {
        assert_eq!(lines.len(), 3, "{channel}: {lines:#?}");
        let times: Vec<_> = lines.iter().map(|line| line["timestamp"].as_i64().expect("an integer")).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{channel}: {times:?}");
        for line in lines {
            let time = line["time"].as_str().unwrap();
            assert!(time.ends_with('Z') && time.len() == "2026-01-02T03:04:05.678Z".len(), "{time}");
        }
    }
    for (channel, rates) in RATES {
        for rate in rates {
            let values: Vec<_> = lines[channel].iter().map(|line| figure(line, rate)).collect();
            assert_eq!(values[0], None, "{channel}{rate}: one sample makes no rate");
            assert!(
                values[1..].iter().all(|value| value.is_some_and(|rate| rate >= 0.0)),
                "{channel}{rate}: {values:?}"
            );
        }
    }
    assert!(lines["system/memory"].iter().all(|line| figure(line, "/ram_used") > Some(0.0)));
}

#[test]
fn the_default_interval_is_two_seconds() {
    let _turn = among_others();
    let Output { stdout, .. } = run(&["watch", "--count", "4", "--channels", "memory"]);
    let times: Vec<_> = text(&stdout).lines().map(|line| parse(line)["timestamp"].as_i64().unwrap()).collect();
    // A machine that stalls makes one tick late, and the next is on time again: the middle one is as it should be.
    let mut between: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    between.sort_unstable();
    assert!(between.len() == 3 && (1_750..=2_250).contains(&between[1]), "{times:?}");
}

#[test]
fn why_there_is_no_gpu_is_said_to_who_asks_for_one_or_all_and_to_nobody_else() {
    let _turn = among_others();
    for (channels, asks) in [("gpu", true), ("gpu/GPU-5", true), ("cpu", false)] {
        let Output { stderr, .. } = run(&["watch", "--count", "2", "--interval", "0.5", "--channels", channels]);
        let said = text(&stderr);
        assert_eq!(said.contains("libnvidia-ml.so.1 is not installed"), asks, "{channels}: {said}");
    }
}

#[test]
fn a_line_can_be_read_at_once() {
    let _turn = among_others();
    let mut watch = Watch::start(&["--interval", "60", "--channels", "memory,cpu"]);
    let mut channels = [watch.next().unwrap(), watch.next().unwrap()].map(|line| line["channel"].to_string());
    channels.sort(); // one that is late comes later
    assert_eq!(channels, [r#""system/cpu""#, r#""system/memory""#]);
    assert_eq!(watch.group.ended(), None, "it waits for the next tick, in a minute");
}

#[test]
fn wrong_arguments_are_refused_with_the_field_and_what_it_takes() {
    let _turn = among_others();
    let interval = ["--interval", "0.5 to 60"];
    let channels = ["--channels", "gpu, gpu/{gpu_id}, cpu, memory, disk and network"];
    let cases: [(&[&str], [&str; 2]); 9] = [
        (&["--interval", "0"], interval),
        (&["--interval=-1"], interval),
        (&["--interval", "NaN"], interval),
        (&["--interval", "1e9"], interval),
        (&["--interval", ""], interval),
        (&["--channels", "cpu,sound"], channels),
        (&["--channels", ""], channels),
        (&["--count", "0"], ["--count", "1.."]),
        (&["--count", "three"], ["--count", "three"]),
    ];
    for (arguments, expected) in cases {
        let Output { status, stdout, stderr } = run(&[&["watch"], arguments].concat());
        let stderr = text(&stderr);
        assert_eq!((status.code(), text(&stdout).as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(expected.iter().all(|part| stderr.contains(part)), "{arguments:?} wants {expected:?}: {stderr}");
    }
    for arguments in [&[][..], &["snapshoot"], &["snapshot", "--jason"]] {
        let Output { status, stdout, stderr } = run(arguments);
        assert_eq!((status.code(), stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(text(&stderr).contains("Usage"), "{arguments:?}: {}", text(&stderr));
    }
}

#[test]
fn signals_end_it_with_success() {
    let _turn = among_others();
    for signal in ["INT", "TERM", "HUP"] {
        let mut watch = Watch::start(&["--interval", "60", "--channels", "memory"]);
        watch.next().expect("a line, so that it runs");
        watch.group.signal(signal);
        let status = watch.group.wait(LINE);
        assert_eq!((status.code(), status.signal()), (Some(0), None), "{signal}");
        assert_eq!(watch.next(), None, "nothing is printed after the signal");
    }
}

#[test]
fn one_that_was_started_to_outlive_its_terminal_does() {
    let _turn = among_others();
    let mut group = Group::start("nohup", |command| {
        command.arg(built("telltale-agent")).args(["watch", "--interval", "0.5", "--channels", "memory"]);
        command.envs(NO_GPUS).stdout(Stdio::piped());
    });
    let lines = group.lines();
    lines.next(LINE).expect("a line, so that it runs");
    group.signal("HUP");
    for _ in 0..3 {
        lines.next(LINE).expect("it goes on");
    }
    group.signal("TERM");
    assert_eq!(group.wait(LINE).code(), Some(0));
}

#[test]
fn what_it_says_in_a_file_has_no_colours() {
    let _turn = among_others();
    let mut group = Group::start(built("telltale-agent"), |command| {
        command.args(["watch", "--count", "1", "--channels", "memory"]).envs(NO_GPUS).env("TELLTALE_LOG", "debug");
        command.env_remove("NO_COLOR").stdout(Stdio::null()).stderr(Stdio::piped());
    });
    let (code, said) = (group.wait(LINE).code(), group.errors());
    assert!(code == Some(0) && !said.is_empty() && !said.contains('\x1b'), "{code:?} {said:?}");
}

#[test]
fn a_closed_pipe_ends_it_with_success() {
    let _turn = among_others();
    let Watch { mut group, lines } = Watch::start(&["--interval", "0.5"]);
    lines.next(LINE).expect("a line");
    drop(lines);
    assert_eq!(group.wait(LINE).code(), Some(0));
    let errors = but_held_up(&group.errors());
    assert!(errors.lines().all(|line| line.contains("system/gpu")), "nothing is said of the pipe: {errors}");
}

#[test]
fn it_ends_though_its_reader_stalls_or_is_gone_before_there_is_a_line() {
    let _turn = among_others();
    let (reader, writer) = full_pipe();
    rustix::fs::fcntl_setfl(&writer, OFlags::empty()).unwrap();
    let mut stalled = watch_into(writer, &["--channels", "memory"]);
    until_in_call("write to stdout", &stalled, |arguments| arguments[0] == "0x1");
    stalled.signal("TERM");
    let status = stalled.wait(LINE);
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    drop(reader);

    let (reader, writer) = std::io::pipe().unwrap();
    let mut unread = watch_into(writer, &["--channels", "gpu"]);
    drop(reader);
    assert_eq!(unread.wait(LINE).code(), Some(0));
}

#[test]
fn a_full_stdout_that_does_not_wait_is_waited_for() {
    let _turn = among_others();
    let (mut reader, writer) = full_pipe();
    let mut watch = watch_into(writer, &["--channels", "memory,cpu", "--count", "2"]);
    until_in_call("poll of one file", &watch, |arguments| arguments[1] == "0x1");
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    let channels: Vec<String> =
        printed.trim_start_matches('x').lines().map(|line| parse(line)["channel"].to_string()).collect();
    assert_eq!(channels, [r#""system/cpu""#, r#""system/memory""#].repeat(2));
    assert_eq!(watch.wait(LINE).code(), Some(0));
}

/// As after hours of a reader that does not read, and which does not wait.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&writer, &[b'x'; 4096]).is_ok() {}
    (reader, writer)
}

fn watch_into(out: PipeWriter, arguments: &[&str]) -> Group {
    Group::start(built("telltale-agent"), |command| {
        command.args(["watch", "--interval", "0.5"]).args(arguments).envs(NO_GPUS);
        command.stdout(out).stderr(Stdio::null());
    })
}

/// Waits until the main thread of it is in a system call with such arguments.
fn until_in_call(what: &str, group: &Group, is_it: impl Fn(&[&str]) -> bool) {
    let call = format!("/proc/{}/syscall", group.id());
    until_sync(what, LINE, || {
        let call = std::fs::read_to_string(&call).unwrap();
        // Behind the call's number.
        let arguments: Vec<&str> = call.split_whitespace().skip(1).collect();
        if arguments.len() > 1 && is_it(&arguments) { Ok(()) } else { Err(call.clone()) }
    });
}

#[test]
fn help_and_version_say_what_it_is() {
    let _turn = among_others();
    for (argument, expected) in [("--help", "snapshot"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let Output { status, stdout, stderr } = run(&[argument]);
        assert_eq!((status.code(), stderr.len()), (Some(0), 0), "{argument}");
        assert!(text(&stdout).contains(expected), "{argument}: {}", text(&stdout));
    }
}

#[test]
fn snapshot_reads_twice_so_that_rates_are_real() {
    let _turn = among_others();
    let Output { status, stdout, stderr } = run(&["snapshot", "--json"]);
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    let snapshot = parse(&text(&stdout));
    for (channel, rates) in RATES {
        for rate in rates {
            let path = format!("{}{rate}", channel.trim_start_matches("system"));
            assert!(figure(&snapshot, &path).is_some_and(|rate| rate >= 0.0), "{path}: {snapshot:#}");
        }
    }
    assert!(figure(&snapshot, "/memory/ram_used") > Some(0.0));
    assert_eq!(snapshot["gpu"], Value::Array(vec![]));

    let Output { status, stdout, .. } = run(&["snapshot"]);
    assert_eq!(status.code(), Some(0));
    for name in ["CPU", "Memory", "Disk", "Network", "libnvidia-ml.so.1"] {
        assert!(text(&stdout).contains(name), "{name} in {}", text(&stdout));
    }
}

#[test]
fn it_links_neither_gtk_nor_webkit() {
    let _turn = among_others();
    let libraries = output("ldd", &[built("telltale-agent").to_str().unwrap()]).to_lowercase();
    assert!(libraries.contains("libc.so"), "{libraries}");
    for library in ["webkit", "gtk", "libgdk", "javascriptcore", "libsoup"] {
        assert!(!libraries.contains(library), "{libraries}");
    }
}

/// System calls by name of so many ticks at the shortest interval, all threads and the printed lines included (strace(1)).
fn system_calls(ticks: &str) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let counted = folder.path().join("counted");
    let mut agent = Group::start("strace", |command| {
        command.args(["-f", "-c", "-U", "calls,name", "-o"]).arg(&counted).arg(built("telltale-agent"));
        command.args(["watch", "--interval", "0.5", "--count", ticks]).envs(NO_GPUS);
        command.stdout(Stdio::null()).stderr(Stdio::null());
    });
    assert_eq!(agent.wait(LINE * 3).code(), Some(0));
    let table = std::fs::read_to_string(counted).unwrap();
    let row = |line: &str| {
        let (calls, name) = line.trim().split_once(' ')?;
        Some((name.trim().to_owned(), calls.parse().ok()?))
    };
    table.lines().filter_map(row).filter(|(name, _)| name != "total").collect()
}

#[test]
fn a_steady_tick_makes_few_system_calls() {
    let _turn = among_others();
    // The longer run has ten steady ticks more, and everything else as often.
    let (few, more) = std::thread::scope(|scope| {
        let few = scope.spawn(|| system_calls("4"));
        let more = system_calls("14");
        (few.join().unwrap(), more)
    });
    let per_tick: BTreeMap<&str, f64> = more
        .iter()
        .map(|(name, calls)| (&**name, (*calls as f64 - few.get(name).copied().unwrap_or(0) as f64) / 10.0))
        .collect();
    let all: f64 = per_tick.values().sum();
    let per_tick: BTreeMap<_, _> = per_tick.into_iter().filter(|(_, calls)| *calls != 0.0).collect();
    eprintln!("{all:.1} system calls a tick: {per_tick:?}");
    // Ten files of /proc, read and read once more for their ends; two writes for the line of each of four channels; two
    // directories that GPUs are looked for in; and the threads wake each other. Then one for each core that has a clock.
    let clocks = (0..).take_while(|core| Path::new(&format!("/sys/devices/system/cpu/cpu{core}/cpufreq")).exists());
    assert!(all <= 60.0 + clocks.count() as f64, "{all} in a tick: {per_tick:?}");
}

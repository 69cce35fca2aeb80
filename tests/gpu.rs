//! The agent over the simulated NVML library: every figure in the contract's unit, every fault with its reason, and
//! nothing that a GPU does touches another channel.

pub(crate) mod let_go;
mod slow;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::agent::{InTime, LINE, NO_REAL_GPUS, parse};
use crate::common::process::{Group, Lines};
use crate::common::{alone, among_others, built, root};

/// First re-initialization after 2 s, then ever more rarely: by then a driver that is back has been noticed.
const RECOVERY: Duration = Duration::from_secs(30);

/// A running agent and the script of the driver under it.
pub(crate) struct Driver {
    folder: TempDir,
    agent: Group,
    lines: Lines,
}

/// What the simulated library is told by.
fn environment(folder: &Path) -> [(&'static str, PathBuf); 4] {
    [
        (NO_REAL_GPUS.0, NO_REAL_GPUS.1.into()),
        ("TELLTALE_NVML_LIB", built("libnvml_sim.so")),
        ("TELLTALE_NVML_SIM", folder.join("gpu.sim")),
        ("TELLTALE_NVML_SIM_CALLS", folder.join("calls")),
    ]
}

/// Runs the agent to its end over a driver that stays as it is; one that hangs ends with exit code 124.
fn run(script: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gpu.sim"), script).unwrap();
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "60"]).arg(built("telltale-agent")).args(arguments);
    let output = command.envs(environment(folder.path())).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

impl Driver {
    pub(crate) fn start(script: &str, channels: &str) -> Self {
        Self::start_saying(script, channels, Stdio::piped())
    }

    /// With another stderr than the one that [`Driver::said`] reads.
    pub(crate) fn start_saying(script: &str, channels: &str, stderr: impl Into<Stdio>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("gpu.sim"), script).unwrap();
        let mut agent = Group::start(built("telltale-agent"), |command| {
            command
                .args(["watch", "--interval", "0.5", "--channels", channels])
                .envs(environment(folder.path()))
                .stdout(Stdio::piped())
                .stderr(stderr);
        });
        let lines = agent.lines();
        Self { folder, agent, lines }
    }

    /// Puts another script in the place of the one that runs. What was printed before is read no more.
    pub(crate) fn becomes(&self, script: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, script).unwrap();
        fs::rename(new, self.folder.path().join("gpu.sim")).unwrap();
        self.lines.skip();
    }

    fn calls(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    /// Ends the agent; all that it said on stderr.
    pub(crate) fn said(mut self) -> String {
        self.agent.signal("TERM");
        self.agent.wait(LINE);
        self.agent.errors()
    }

    fn line(&self) -> Value {
        parse(&self.lines.next(LINE).expect("the agent runs"))
    }

    /// The first line that is as wanted.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut last = Value::Null;
        while begun.elapsed() < RECOVERY {
            last = self.line();
            if wanted(&last) {
                return last;
            }
        }
        panic!("waited in vain until {what}; last line {last:#}");
    }
}

fn script(name: &str) -> String {
    fs::read_to_string(root().join(format!("tests/nvml-sim/scripts/{name}.sim"))).unwrap()
}

/// Figures that are the same for all devices here, so that none is missing.
macro_rules! rest {
    () => {
        "memory_bandwidth = 7 %\npower_limit = 450 W\nfan = 30 %\nsm_clock = 2310 MHz\nsm_clock_max = 2745 MHz\n\
         memory_clock = 10501 MHz\npcie_generation = 4\npcie_width = 16\n\
         performance_state = 2\nthrottle_reasons = 36\n"
    };
}

pub(crate) const GPU: &str = concat!(
    "[gpu]\nuuid = GPU-a\nname = NVIDIA Test\nmemory_total = 24 GiB\nmemory_reserved = 1 GiB\n",
    "memory_used = 6 GiB\nutilization = 42 %\ntemperature = 61 C\npower_draw = 123.456 W\n",
    rest!()
);

/// Devices `GPU-0`, `GPU-1`, …, no two with a figure in common; `state` of the one at `place`.
fn devices(count: usize, place: usize, state: &str) -> String {
    let mut text = String::new();
    for index in 0..count {
        let state = if index == place { state } else { "ok" };
        let _ = writeln!(
            text,
            "[gpu]\nuuid = GPU-{index}\nname = Number {index}\nstate = {state}\nmemory_total = {} GiB\nmemory_used = {} MiB\n\
             memory_reserved = 300 MiB\nutilization = {} %\ntemperature = {} C\npower_draw = {}.25 W\n{}",
            24 + index,
            1_000 + index,
            10 + index,
            40 + index,
            100 + index,
            rest!(),
        );
    }
    text
}

/// Whether a payload is what [`devices`] says of the device, in the contract's units and whatever its index is.
fn is_as_described(payload: &Value, device: u32) -> bool {
    let (gib, mib) = (1u64 << 30, 1u64 << 20);
    let expected = json!({
        "gpu_id": format!("GPU-{device}"), "name": format!("Number {device}"), "missing": {},
        "memory_total": (24 + u64::from(device)) * gib, "memory_used": (1_000 + u64::from(device)) * mib,
        "utilization": f64::from(10 + device), "temperature": f64::from(40 + device),
        "power_draw": f64::from(100 + device) + 0.25,
    });
    expected.as_object().unwrap().iter().all(|(field, value)| payload[field] == *value)
}

/// The third of eight devices gets into a state, which is a reason for its figures to be missing, and out of it again. The
/// others have lines as before.
fn one_of_eight_goes_and_comes_back(state: &str, reason: &str) {
    let driver = Driver::start(&devices(8, 2, "ok"), "gpu");
    driver.until("it is there", |line| is_as_described(line, 2));
    driver.becomes(&devices(8, 2, state));
    let third = driver.until("it is said", |line| line["gpu_id"] == "GPU-2" && line["utilization"].is_null());
    assert_eq!((&third["missing"]["temperature"], &third["name"]), (&json!(reason), &json!("Number 2")));
    let mut seen = BTreeSet::new();
    for _ in 0..16 {
        let line = driver.line();
        let described = (0..8).find(|device| is_as_described(&line, *device));
        assert!(
            described.is_some() || ["gpu_id", "missing"].iter().all(|field| line[field] == third[field]),
            "{line:#}"
        );
        seen.extend(described);
    }
    assert_eq!(seen, BTreeSet::from([0, 1, 3, 4, 5, 6, 7]));
    driver.becomes(&devices(8, 2, "ok"));
    driver.until("it is back", |line| is_as_described(line, 2));
    driver.until("and so are the others", |line| is_as_described(line, 7));
}

#[test]
fn a_snapshot_and_three_ticks_have_every_figure_of_every_device() {
    let _turn = alone(); // on a machine that has no time to answer, a tick has no line
    for count in [0, 1, 8] {
        let script = devices(count, 0, "ok");
        let snapshot = parse(&String::from_utf8(run(&script, &["snapshot", "--json"]).stdout).unwrap());
        let gpus = snapshot["gpu"].as_array().unwrap();
        assert_eq!(gpus.len(), count, "{snapshot:#}");
        for (gpu, index) in gpus.iter().zip(0..) {
            assert!(is_as_described(gpu, index) && gpu["index"] == index, "{index}: {gpu:#}");
        }

        let watched = run(&script, &["watch", "--interval", "0.5", "--count", "3", "--channels", "gpu"]);
        let mut lines: BTreeMap<u32, usize> = BTreeMap::new();
        for line in String::from_utf8(watched.stdout).unwrap().lines().map(parse) {
            let device = line["gpu_id"].as_str().and_then(|id| id.strip_prefix("GPU-")?.parse().ok()).unwrap();
            assert!(is_as_described(&line, device), "{line:#}");
            assert_eq!(line["channel"], format!("system/gpu/GPU-{device}"));
            *lines.entry(device).or_default() += 1;
        }
        assert_eq!(lines, (0..).take(count).map(|device| (device, 3)).collect());
    }
}

#[test]
fn a_driver_that_does_not_answer_says_why_in_words() {
    let _turn = among_others();
    for (script, reason, words) in [
        ("driver = not_loaded", "absent", "sudo modprobe nvidia"),
        ("driver = mismatch", "failed", "Restart the computer"),
        ("driver = no_permission", "no_permission", "/dev/nvidia*"),
        ("driver = ok", "absent", "reports no GPU"),
    ] {
        let snapshot = parse(&String::from_utf8(run(script, &["snapshot", "--json"]).stdout).unwrap());
        let channels = snapshot["channels"].as_array().unwrap();
        let gpu = channels.iter().find(|channel| channel["channel"] == "system/gpu").unwrap();
        assert_eq!((&gpu["reason"], &snapshot["gpu"]), (&json!(reason), &json!([])), "{script}");
        assert!(gpu["detail"].as_str().unwrap().contains(words), "{script}: {gpu:#}");
        assert!(!snapshot["cpu"].is_null() && !snapshot["memory"].is_null(), "{script}: the others are there");
        let text = String::from_utf8(run(script, &["snapshot"]).stdout).unwrap();
        assert!(text.contains(words), "{script}: {text}");
    }
}

#[test]
fn every_figure_is_in_the_contracts_unit() {
    let _turn = among_others();
    let mut line = Driver::start(GPU, "gpu").line();
    let fields = line.as_object_mut().unwrap();
    assert!(fields.remove("timestamp").unwrap().is_i64() && fields.remove("time").unwrap().is_string());
    let expected = json!({
        "channel": "system/gpu/GPU-a", "gpu_id": "GPU-a", "index": 0, "name": "NVIDIA Test", "utilization": 42.0,
        "memory_used": 6u64 << 30, "memory_total": 24u64 << 30, "temperature": 61.0, "power_draw": 123.456, "missing": {},
        "memory_bandwidth": 7.0, "power_limit": 450.0, "fan_speed": 30.0, "sm_clock": 2310.0,
        "memory_clock": 10501.0, "pcie_generation": 4.0, "pcie_width": 16.0,
        "performance_state": 2.0,
        "clock_limits": ["power_cap", "software_thermal"], "state": "software_thermal",
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&line[field], value, "{field} of {line:#}");
    }
}

#[test]
fn each_limit_of_the_clocks_is_a_state_and_one_that_is_not_told_has_its_reason() {
    let _turn = among_others();
    let driver = Driver::start(GPU, "gpu");
    for (bits, state) in [
        (0, "running_free"),
        (1, "idle"),
        (2, "application_clocks"),
        (4, "power_cap"),
        (8, "hardware_slowdown"),
        (16, "sync_boost"),
        (32, "software_thermal"),
        (64 | 8, "hardware_thermal"),
        (128 | 8, "power_brake"),
        (256, "display_clocks"),
        (4 | 32, "software_thermal"),
    ] {
        driver.becomes(&GPU.replace("throttle_reasons = 36", &format!("throttle_reasons = {bits}")));
        driver.until(&format!("{bits} is {state}"), |line| line["state"] == state);
    }
    driver.becomes(&GPU.replace("throttle_reasons = 36", "throttle_reasons = 4").replace("42 %", "0 %"));
    driver.until("nothing runs, so nothing is held back", |line| line["state"] == "idle");
    driver.becomes(&GPU.replace("throttle_reasons = 36", "throttle_reasons = error NOT_SUPPORTED"));
    let untold = driver.until("it does not tell", |line| line["state"].is_null());
    assert_eq!(untold["missing"], json!({"clock_limits": "unsupported", "state": "unsupported"}), "{untold:#}");
}

/// Each figure by itself, by not being there and by an error.
#[test]
fn a_figure_that_is_missing_takes_no_other_with_it() {
    let _turn = among_others();
    let others = ["utilization", "memory_used", "temperature", "power_draw"];
    let driver = Driver::start(GPU, "gpu");
    driver.line();
    for (named, field) in [("42 %", 0), ("6 GiB", 1), ("61 C", 2), ("123.456 W", 3)] {
        for (error, reason) in
            [("NOT_SUPPORTED", "unsupported"), ("NO_PERMISSION", "no_permission"), ("UNKNOWN", "failed")]
        {
            driver.becomes(&GPU.replace(named, &format!("error {error}")));
            let line = driver.until("the figure is missing for this reason", |line| {
                line[others[field]].is_null() && line["missing"][others[field]] == reason
            });
            for other in others.iter().filter(|other| **other != others[field]) {
                assert!(line[other].is_number(), "{other} without {}: {line:#}", others[field]);
            }
        }
    }
    driver.becomes(&GPU.replace("123.456 W", "4294967295 mW"));
    driver.until("power is -1 in NVML's way", |line| line["missing"] == json!({"power_draw": "unsupported"}));
}

#[test]
fn eight_devices_have_a_line_each_and_none_has_none() {
    let _turn = among_others();
    let driver = Driver::start(&script("eight"), "gpu");
    let ids: BTreeSet<_> = (0..8).map(|_| driver.line()["channel"].to_string()).collect();
    assert_eq!(ids.len(), 8, "{ids:?}");
    let none = Driver::start(&script("none"), "gpu,memory");
    for _ in 0..3 {
        assert_eq!(none.line()["channel"], "system/memory");
    }
}

#[test]
fn each_fault_stays_with_its_own_device_and_figure() {
    let _turn = among_others();
    let driver = Driver::start(&script("faults"), "gpu");
    let lines: Vec<_> = (0..4).map(|_| driver.line()).collect();
    let named = |name: &str| lines.iter().find(|line| line["name"] == name);
    let healthy = named("Healthy").unwrap();
    assert_eq!((&healthy["utilization"], &healthy["missing"]), (&json!(50.0), &json!({})));
    let reticent = named("Reticent").unwrap();
    assert_eq!((&reticent["power_draw"], &reticent["utilization"]), (&Value::Null, &json!(50.0)));
    assert_eq!(reticent["missing"], json!({"power_draw": "unsupported", "temperature": "unsupported"}));
    assert!(named("Lost").is_none(), "lost before its name was ever known");
}

#[test]
fn one_of_eight_is_lost_the_others_are_not_touched_and_it_comes_back() {
    let _turn = among_others();
    one_of_eight_goes_and_comes_back("lost", "lost");
}

#[test]
fn a_device_that_was_lost_from_the_start_gets_its_name_when_it_is_back() {
    let _turn = among_others();
    let driver = Driver::start(&devices(2, 0, "lost"), "gpu");
    let lost = driver.until("it is shown as lost", |line| line["index"] == 0);
    assert_eq!((&lost["utilization"], &lost["missing"]["utilization"]), (&Value::Null, &json!("lost")));
    driver.becomes(&devices(2, 0, "ok"));
    driver.until("it is back", |line| is_as_described(line, 0));
    for _ in 0..6 {
        let line = driver.line();
        assert!(
            is_as_described(&line, 0) || is_as_described(&line, 1),
            "nothing is left of what stood for it: {line:#}"
        );
    }
}

/// NVML's indices have no gaps: those behind it move up.
#[test]
fn a_device_that_is_taken_out_leaves_its_figures_to_no_other() {
    let _turn = among_others();
    let driver = Driver::start(&devices(3, 1, "ok"), "gpu");
    driver.until("it is there", |line| is_as_described(line, 1));
    driver.becomes(&devices(3, 1, "gone"));
    driver.until("it is lost", |line| line["gpu_id"] == "GPU-1" && line["missing"]["utilization"] == "lost");
    for _ in 0..6 {
        let line = driver.line();
        let lost = line["gpu_id"] == "GPU-1" && line["utilization"].is_null();
        assert!(lost || is_as_described(&line, 0) || is_as_described(&line, 2), "{line:#}");
    }
    driver.becomes(&devices(3, 1, "ok"));
    driver.until("it is back", |line| is_as_described(line, 1));
}

#[test]
fn a_driver_that_is_loaded_later_replaced_or_unloaded_needs_no_restart() {
    let _turn = among_others();
    let driver = Driver::start("driver = not_loaded\n", "gpu,memory");
    for _ in 0..3 {
        assert_eq!(driver.line()["channel"], "system/memory", "the others do not wait for it");
    }
    let gpu = |line: &Value| line["gpu_id"] == "GPU-a";
    driver.becomes(GPU);
    driver.until("it is loaded", |line| gpu(line) && line["utilization"] == 42.0);
    driver.becomes(&format!("driver = mismatch\n{GPU}"));
    driver.until("it was replaced", |line| gpu(line) && line["utilization"].is_null());
    driver.becomes(GPU);
    driver.until("it is back", |line| gpu(line) && line["utilization"] == 42.0);
    let said = driver.said();
    assert!(said.contains("modprobe nvidia") && said.contains("was replaced"), "{said}");
}

#[test]
fn a_call_that_hangs_holds_up_no_other_channel_and_no_second_call_is_made() {
    let _turn = alone(); // it measures times
    let driver = Driver::start(GPU, "gpu,cpu");
    let gpu = |line: &Value| line["gpu_id"] == "GPU-a";
    let cpu = |line: &Value| line["channel"] == "system/cpu";
    driver.until("it answers", |line| gpu(line));
    driver.becomes(&GPU.replace("61 C", "hang"));
    let row = InTime::default();
    driver.until("it hangs: two ticks of cpu in a row", |line| row.with(line, cpu(line)) >= 2);
    let calls = || nvml_sim::calls::read(&driver.calls()).unwrap()["nvmlDeviceGetTemperature"];
    let hanging = calls();
    driver.until("six more, and none late", |line| row.with(line, cpu(line)) >= 8);
    assert_eq!(calls(), hanging, "a source that is busy is not asked again");
    driver.becomes(GPU);
    driver.until("it answers again", |line| gpu(line) && line["temperature"] == 61.0);
}

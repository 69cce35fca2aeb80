//! The agent over the simulated NVML library: every figure in the contract's unit, every fault with its reason, and
//! nothing that a GPU does touches another channel.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::agent::{LINE, parse};
use crate::common::process::{Group, Lines};
use crate::common::{among_others, built, root};

/// First re-initialization after 2 s, then ever more rarely: by then a driver that is back has been noticed.
const RECOVERY: Duration = Duration::from_secs(30);

/// A running agent and the script of the driver under it.
struct Driver {
    folder: TempDir,
    _agent: Group,
    lines: Lines,
}

impl Driver {
    fn start(script: &str, channels: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("gpu.sim"), script).unwrap();
        let mut agent = Group::start(built("telltale-agent"), |command| {
            command
                .args(["watch", "--interval", "0.5", "--channels", channels])
                .env("TELLTALE_NVML_LIB", built("libnvml_sim.so"))
                .env("TELLTALE_NVML_SIM", folder.path().join("gpu.sim"))
                .env("TELLTALE_NVML_SIM_CALLS", folder.path().join("calls"))
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
        });
        let lines = agent.lines();
        Self { folder, _agent: agent, lines }
    }

    /// Puts another script in the place of the one that runs.
    fn becomes(&self, script: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, script).unwrap();
        fs::rename(new, self.folder.path().join("gpu.sim")).unwrap();
    }

    fn calls(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    fn line(&self) -> Value {
        parse(&self.lines.next(LINE).expect("the agent runs"))
    }

    /// The first line that is as wanted.
    fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
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

const GPU: &str = "[gpu]\nuuid = GPU-a\nname = NVIDIA Test\nmemory_total = 24 GiB\nmemory_reserved = 1 GiB\n\
    memory_used = 6 GiB\nutilization = 42 %\ntemperature = 61 C\npower_draw = 123.456 W\n";

#[test]
fn every_figure_is_in_the_contracts_unit() {
    let _turn = among_others();
    let mut line = Driver::start(GPU, "gpu").line();
    let fields = line.as_object_mut().unwrap();
    assert!(fields.remove("timestamp").unwrap().is_i64() && fields.remove("time").unwrap().is_string());
    let expected = json!({
        "channel": "system/gpu/GPU-a", "gpu_id": "GPU-a", "index": 0, "name": "NVIDIA Test", "utilization": 42.0,
        "memory_used": 6u64 << 30, "memory_total": 24u64 << 30, "temperature": 61.0, "power_draw": 123.456, "missing": {},
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&line[field], value, "{field} of {line:#}");
    }
}

#[test]
fn eight_devices_have_a_line_each_and_none_has_none() {
    let _turn = among_others();
    let driver = Driver::start(&script("eight"), "gpu");
    let ids: std::collections::BTreeSet<_> = (0..8).map(|_| driver.line()["channel"].to_string()).collect();
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
fn a_lost_device_is_shown_lost_and_back_when_it_is_back() {
    let _turn = among_others();
    let two = |state: &str| format!("{GPU}state = {state}\n[gpu]\nuuid = GPU-b\nutilization = 7 %\n");
    let driver = Driver::start(&two("ok"), "gpu");
    let a = |line: &Value| line["gpu_id"] == "GPU-a";
    let b = |line: &Value| line["gpu_id"] == "GPU-b";
    driver.until("both are there", |line| b(line) && line["utilization"] == 7.0);
    driver.becomes(&two("lost"));
    let lost = driver.until("the first is lost", |line| a(line) && line["utilization"].is_null());
    assert_eq!(lost["missing"]["temperature"], "lost");
    let other = driver.until("the second goes on", b);
    assert_eq!(other["utilization"], 7.0);
    driver.becomes(&two("ok"));
    driver.until("the first is back", |line| a(line) && line["utilization"] == 42.0);
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
}

#[test]
fn a_call_that_hangs_holds_up_no_other_channel_and_no_second_call_is_made() {
    let _turn = among_others();
    let driver = Driver::start(GPU, "gpu,memory");
    let gpu = |line: &Value| line["gpu_id"] == "GPU-a";
    let memory = |line: &Value| line["channel"] == "system/memory";
    driver.until("it answers", |line| gpu(line));
    driver.becomes(&GPU.replace("61 C", "hang"));
    driver.until("it hangs: two ticks of memory in a row", {
        let seen = std::cell::Cell::new(0);
        move |line| {
            seen.set(if memory(line) { seen.get() + 1 } else { 0 });
            seen.get() >= 2
        }
    });
    let calls = || nvml_sim::calls::read(&driver.calls()).unwrap()["nvmlDeviceGetTemperature"];
    let hanging = calls();
    let times: Vec<_> =
        (0..6).map(|_| driver.line()).map(|line| (memory(&line), line["timestamp"].as_i64().unwrap())).collect();
    assert!(times.iter().all(|(memory, _)| *memory), "nothing but memory while it hangs: {times:?}");
    for pair in times.windows(2) {
        let apart = pair[1].1 - pair[0].1;
        assert!((400..=600).contains(&apart), "at most 100 ms late: {times:?}");
    }
    assert_eq!(calls(), hanging, "a source that is busy is not asked again");
    driver.becomes(GPU);
    driver.until("it answers again", |line| gpu(line) && line["temperature"] == 61.0);
}

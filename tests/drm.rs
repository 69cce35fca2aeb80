//! The agent over the kernel's files of AMD's and Intel's GPUs: in a mount namespace, where it finds them in /sys like real
//! ones, beside the simulated NVML library.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::agent::{InTime, LINE, NO_REAL_GPUS, but_held_up, parse};
use crate::common::process::{Group, Lines};
use crate::common::{alone, among_others, built, plant_gpus};

/// Longer than the agent takes to notice what became of a GPU.
const SOON: Duration = Duration::from_secs(30);

const RX: &str = "devices/pci0000:00/0000:00:01.1/0000:01:00.0/0000:02:00.0/0000:03:00.0";
const RX_ID: &str = "AMD-6c4f2b1d9a83e057";
const NVIDIA: &str = "[gpu]\nuuid = GPU-a\nname = NVIDIA Test\nutilization = 42 %\ntemperature = 61 C\n";

/// A machine with the GPUs of these trees, and NVIDIA's if there is a script for its driver.
struct Machine(TempDir);

impl Machine {
    fn new(trees: &[&str], nvidia: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sys")).unwrap();
        plant_gpus(trees, &folder.path().join("sys"));
        let machine = Self(folder);
        if let Some(script) = nvidia {
            machine.nvidia(script);
        }
        machine
    }

    /// The agent with this machine's /sys.
    fn agent(&self, command: &mut Command, arguments: &[&str]) {
        self.program("telltale-agent", command, arguments);
    }

    fn program(&self, name: &str, command: &mut Command, arguments: &[&str]) {
        const IN_ITS_OWN_SYS: &str = "mount --bind \"$0\" /sys && exec \"$@\"";
        command.args(["--mount", "sh", "-c", IN_ITS_OWN_SYS]).arg(self.0.path().join("sys"));
        command.arg(built(name)).args(arguments);
        let script = self.0.path().join("gpu.sim");
        let library = if script.exists() { built("libnvml_sim.so") } else { "/nonexistent/libnvidia-ml.so.1".into() };
        command.env("TELLTALE_NVML_LIB", library).env("TELLTALE_NVML_SIM", script);
    }

    fn watch(&self, channels: &str) -> Watch {
        let mut agent = Group::start("unshare", |command| {
            self.agent(command, &["watch", "--interval", "0.5", "--channels", channels]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        Watch { lines: agent.lines(), agent }
    }

    fn snapshot(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("unshare");
        self.agent(&mut command, arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Puts another script in the place of the simulated driver's.
    fn nvidia(&self, script: &str) {
        fs::write(self.0.path().join("new"), script).unwrap();
        fs::rename(self.0.path().join("new"), self.0.path().join("gpu.sim")).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join("sys").join(file)
    }

    /// Puts a file in the place of one of the card's.
    fn set(&self, file: &str, text: &str) {
        let new = self.0.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(RX).join(file)).unwrap();
    }

    /// Makes a file of the card one that nobody can open without waiting for ever.
    fn trap(&self, file: &str) {
        let path = self.path(RX).join(file);
        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }
}

struct Watch {
    agent: Group,
    lines: Lines,
}

impl Watch {
    fn line(&self) -> Value {
        parse(&self.lines.next(LINE).expect("the agent runs"))
    }

    /// The first line that is as wanted.
    fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut last = Value::Null;
        while begun.elapsed() < SOON {
            last = self.line();
            if wanted(&last) {
                return last;
            }
        }
        panic!("waited in vain until {what}; last line {last:#}");
    }

    /// Ends the agent; all that it said on stderr.
    fn said(mut self) -> String {
        self.agent.signal("TERM");
        self.agent.wait(LINE);
        self.agent.errors()
    }
}

fn is(line: &Value, id: &str) -> bool {
    line["gpu_id"] == id
}

#[test]
fn an_amd_gpu_is_shown_and_nothing_is_said_of_nvidia() {
    let _turn = among_others();
    let machine = Machine::new(&["rx-7900-xtx"], None);
    let snapshot = parse(&machine.snapshot(&["snapshot", "--json"]));
    let gpu = &snapshot["gpu"][0];
    assert_eq!((&gpu["gpu_id"], &gpu["utilization"], &gpu["index"]), (&json!(RX_ID), &json!(87.0), &json!(0)));
    let channels: Vec<&str> = snapshot["channels"].as_array().unwrap().iter().map(name).collect();
    assert!(channels.contains(&"system/gpu/AMD-6c4f2b1d9a83e057") && !channels.contains(&"system/gpu"), "{channels:?}");
    let text = machine.snapshot(&["snapshot"]);
    assert!(text.contains("87.0 %  8.5 GiB of 24 GiB  62 °C  314 W  AMD ") && !text.contains("NVIDIA"), "{text}");

    let watch = machine.watch("gpu");
    assert_eq!(watch.line()["channel"], format!("system/gpu/{RX_ID}"));
    machine.set("gpu_busy_percent", "12");
    watch.until("it has less to do", |line| line["utilization"] == 12.0);
    assert_eq!(but_held_up(&watch.said()), "");
}

/// Else the tests would depend on the machine that they run on.
#[test]
fn a_card_is_hidden_from_all_programs_by_the_tests_that_have_none() {
    let _turn = among_others();
    let machine = Machine::new(&["rx-7900-xtx"], None);
    let printed = |program: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = Command::new("unshare");
        machine.program(program, &mut command, arguments);
        parse(&String::from_utf8(command.envs(variables.iter().copied()).output().unwrap().stdout).unwrap())
    };
    for (variables, cards, says) in
        [(&[][..], 1, "It answers."), (&[NO_REAL_GPUS], 0, "No GPU of AMD or Intel was found.")]
    {
        let snapshot = printed("telltale-agent", &["snapshot", "--json"], variables);
        assert_eq!(snapshot["gpu"].as_array().unwrap().len(), cards, "{variables:?}: {snapshot:#}");
        for program in ["telltale-agent", "telltale"] {
            let report = printed(program, &["doctor", "--json"], variables);
            let checks = report["checks"].as_array().unwrap();
            let check = checks.iter().find(|check| check["name"] == "AMD and Intel GPUs").unwrap();
            assert!(check["detail"].as_str().unwrap().contains(says), "{program} {variables:?}: {check:#}");
        }
    }
}

fn name(channel: &Value) -> &str {
    channel["channel"].as_str().unwrap()
}

/// Whatever reads another file of the card than its runtime status never comes back from it.
#[test]
fn a_card_asleep_is_not_touched_and_shown_when_something_else_wakes_it() {
    const FILES: [&str; 6] = [
        "gpu_busy_percent",
        "mem_info_vram_used",
        "pp_dpm_sclk",
        "hwmon/hwmon4/name",
        "hwmon/hwmon4/temp1_input",
        "current_link_speed",
    ];
    let _turn = among_others();
    let machine = Machine::new(&["rx-7900-xtx"], None);
    let texts = FILES.map(|file| fs::read_to_string(machine.path(RX).join(file)).unwrap());
    machine.set("power/runtime_status", "suspended");
    for file in FILES {
        machine.trap(file);
    }
    let watch = machine.watch("gpu");
    for _ in 0..4 {
        let line = watch.line();
        assert!(is(&line, RX_ID) && line["missing"]["temperature"] == "asleep", "{line:#}");
    }
    for (file, text) in FILES.iter().zip(texts) {
        machine.set(file, &text);
    }
    machine.set("power/runtime_status", "active");
    watch.until("it is awake", |line| line["temperature"] == 62.0);
}

#[test]
fn a_card_that_is_taken_out_is_lost_and_comes_back() {
    let _turn = among_others();
    let machine = Machine::new(&["rx-7900-xtx", "uhd-770"], None);
    let watch = machine.watch("gpu");
    let rx = |line: &Value| is(line, RX_ID);
    watch.until("it is there", |line| rx(line) && line["utilization"] == 87.0);
    let (class, away) = (machine.path("class/drm/card1"), machine.path("card1"));
    for node in ["card1", "renderD129"] {
        fs::rename(machine.path(&format!("class/drm/{node}")), machine.path(node)).unwrap();
    }
    watch.until("it is lost", |line| rx(line) && line["missing"]["utilization"] == "lost");
    watch.until("the other is there", |line| line["sm_clock"] == 1_300.0);
    fs::rename(away, class).unwrap();
    watch.until("it is back", |line| rx(line) && line["utilization"] == 87.0);
}

#[test]
fn a_driver_that_hangs_holds_up_no_gpu_of_another_driver() {
    let _turn = alone(); // it measures times
    let machine = Machine::new(&["rx-7900-xtx"], Some(NVIDIA));
    let watch = machine.watch("gpu");
    for (hanging, other) in [("GPU-a", RX_ID), (RX_ID, "GPU-a")] {
        for id in ["GPU-a", RX_ID] {
            let figure = |line: &Value| is(line, id) && line["utilization"].is_number();
            let line = watch.until("both are there", figure);
            assert_eq!(line["index"], u32::from(id == RX_ID), "{line:#}");
        }
        let busy = fs::read_to_string(machine.path(RX).join("gpu_busy_percent")).unwrap();
        if hanging == RX_ID {
            machine.trap("gpu_busy_percent");
        } else {
            machine.nvidia(&NVIDIA.replace("61 C", "hang"));
        }
        let row = InTime::default();
        watch.until("it hangs: seven lines of the other in a row, none late", |line| {
            row.with(line, is(line, other)) == 7
        });
        if hanging == RX_ID {
            // Whoever waits for the pipe gets the figure from it; the next reads the file.
            let pipe = machine.path("pipe");
            fs::rename(machine.path(RX).join("gpu_busy_percent"), &pipe).unwrap();
            machine.set("gpu_busy_percent", &busy);
            fs::write(pipe, busy).unwrap();
        } else {
            machine.nvidia(NVIDIA);
        }
    }
    watch.until("it answers again", |line| is(line, RX_ID) && line["utilization"] == 87.0);
}

//! The script: a text of `key = value` lines, first of the driver, then of each device under a line `[gpu]`.

use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::figures::Figure;
use crate::figures::{duration, quantity};
use crate::tables::{BYTES, ERRORS, FIGURES, NUMBER, PERCENT};

/// A whole script.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// What the driver as a whole is.
    pub driver: Driver,
    /// Such as `550.54.14`.
    pub driver_version: String,
    /// As NVML gives it: 12040 is 12.4.
    pub cuda_version: i32,
    /// How long each call takes.
    pub latency: Duration,
    /// The code that `nvmlDeviceGetCount` fails with, if it does.
    pub count_fails: Option<u32>,
    /// Whether `nvmlShutdown` does not return until the script says otherwise.
    pub shutdown_hangs: bool,
    /// In the order of their indices, those that are gone among them.
    pub devices: Vec<Device>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            driver: Driver::Ok,
            driver_version: "550.54.14".into(),
            cuda_version: 12_040,
            latency: Duration::ZERO,
            count_fails: None,
            shutdown_hangs: false,
            devices: Vec::new(),
        }
    }
}

/// States of the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// It answers.
    Ok,
    /// Each call fails with this code.
    Fails(u32),
}

/// States of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// It answers.
    #[default]
    Ok,
    /// Fallen off the bus: `GPU_IS_LOST`.
    Lost,
    /// Asleep: it answers, and each call counts as having woken it.
    Suspended,
    /// Calls on it don't return until the script says otherwise.
    Hang,
    /// Not counted any more.
    Gone,
    /// Counted only by a session that began while it was there.
    Late,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Device {
    /// Product name.
    pub name: String,
    /// UUID.
    pub uuid: String,
    /// PCI address such as `00000000:01:00.0`.
    pub pci: String,
    /// Version of its firmware; empty where it has none to tell.
    pub vbios: String,
    /// What it is now.
    pub state: State,
    /// Figures by name; one that is not named is not supported.
    pub figures: BTreeMap<String, Figure>,
    /// How long a figure's call takes, where the script says so.
    pub delays: BTreeMap<String, Duration>,
    /// What runs on it.
    pub processes: Vec<Process>,
    /// Its links to other devices.
    pub links: Vec<Link>,
    /// The parts that it is split into.
    pub instances: Vec<Instance>,
}

/// A link to another device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Link {
    /// Whether it is up.
    pub up: bool,
    /// Version of its protocol.
    pub version: u32,
    /// PCI address of its other end.
    pub remote: String,
    /// Transmission errors.
    pub errors: f64,
}

/// A part of a device (MIG).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Instance {
    /// Such as `1g.10gb`.
    pub profile: String,
    /// Bytes that it has.
    pub memory: f64,
    /// Bytes in use.
    pub used: f64,
    /// Multiprocessors.
    pub multiprocessors: f64,
}

/// A process on a device.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Whether it draws; else it computes.
    pub graphics: bool,
    /// Bytes; the driver does not always know.
    pub memory: Option<f64>,
    /// Percent of the multiprocessors; an idle one has none.
    pub utilization: Option<f64>,
    /// Percent of the encoder.
    pub encoder: Option<f64>,
    /// Percent of the decoder.
    pub decoder: Option<f64>,
    /// Which of the device's instances it runs on.
    pub instance: Option<usize>,
}

/// What stands behind each of the names, up to the next of them, and what stands before the first.
fn parts<'a>(text: &'a str, names: &[&str]) -> (String, Vec<(&'a str, String)>) {
    let (mut first, mut behind) = (Vec::new(), Vec::<(&str, Vec<&str>)>::new());
    for word in text.split_whitespace() {
        match behind.last_mut() {
            _ if names.contains(&word) => behind.push((word, Vec::new())),
            Some((_, words)) => words.push(word),
            None => first.push(word),
        }
    }
    (first.join(" "), behind.into_iter().map(|(name, words)| (name, words.join(" "))).collect())
}

impl Process {
    /// `PID compute|graphics [memory 6 GiB] [sm 40 %] [enc 3 %] [dec 4 %] [mig 0]`
    fn parse(text: &str) -> Result<Self, String> {
        const SHAPE: &str = "a process is PID compute or PID graphics, then memory 6 GiB, sm 40 %, enc 3 %, dec 4 %, mig 0 as it has them";
        let (first, rest) = parts(text, &["memory", "sm", "enc", "dec", "mig"]);
        let (pid, kind) = first.split_once(' ').ok_or(SHAPE)?;
        let graphics = match kind {
            "compute" => false,
            "graphics" => true,
            _ => return Err(SHAPE.into()),
        };
        let mut process = Self { pid: pid.parse().map_err(|_| SHAPE)?, graphics, ..Self::default() };
        for (name, value) in rest {
            match name {
                "memory" => process.memory = Some(quantity(&value, BYTES)?),
                "sm" => process.utilization = Some(quantity(&value, PERCENT)?),
                "enc" => process.encoder = Some(quantity(&value, PERCENT)?),
                "dec" => process.decoder = Some(quantity(&value, PERCENT)?),
                _ => process.instance = Some(value.parse().map_err(|_| SHAPE)?),
            }
        }
        Ok(process)
    }
}

impl Link {
    /// `up VERSION to ADDRESS [errors 3]`, or `down`
    fn parse(text: &str) -> Result<Self, String> {
        const SHAPE: &str = "a link is down, or up 4 to 00000000:02:00.0, and may have errors 3";
        let (first, rest) = parts(text, &["to", "errors"]);
        let mut link = match first.split_once(' ') {
            None if first == "down" => Self::default(),
            Some(("up", version)) => Self { up: true, version: version.parse().map_err(|_| SHAPE)?, ..Self::default() },
            Some(_) | None => return Err(SHAPE.into()),
        };
        for (name, value) in rest {
            match name {
                "to" => link.remote = value,
                _ => link.errors = quantity(&value, NUMBER)?,
            }
        }
        Ok(link)
    }
}

impl Instance {
    /// `PROFILE memory 9.5 GiB used 2 GiB sms 16`
    fn parse(text: &str) -> Result<Self, String> {
        let (profile, rest) = parts(text, &["memory", "used", "sms"]);
        if profile.is_empty() {
            return Err("an instance is 1g.10gb memory 9.5 GiB used 2 GiB sms 16".into());
        }
        let mut instance = Self { profile, ..Self::default() };
        for (name, value) in rest {
            match name {
                "memory" => instance.memory = quantity(&value, BYTES)?,
                "used" => instance.used = quantity(&value, BYTES)?,
                _ => instance.multiprocessors = quantity(&value, NUMBER)?,
            }
        }
        Ok(instance)
    }
}

/// A line that could not be taken.
#[derive(Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// Counted from 1.
    pub line: usize,
    /// What was wrong and what is allowed.
    pub message: String,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ScriptError {}

impl Script {
    /// Reads a whole script; the first line that can't be taken is the error.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
            let outcome = if line.is_empty() {
                Ok(())
            } else if line == "[gpu]" {
                script.begin_device()
            } else {
                script.set(line)
            };
            outcome.map_err(|message| ScriptError { line: index + 1, message })?;
        }
        Ok(script)
    }

    fn begin_device(&mut self) -> Result<(), String> {
        let index = self.devices.len();
        if index == 8 {
            return Err("at most 8 devices".into());
        }
        self.devices.push(Device {
            name: format!("Simulated GPU {index}"),
            uuid: format!("GPU-51b00000-0000-4000-8000-{index:012}"),
            pci: format!("00000000:{:02X}:00.0", index + 1),
            ..Device::default()
        });
        Ok(())
    }

    fn set(&mut self, line: &str) -> Result<(), String> {
        let (key, value) = line.split_once('=').ok_or("expected [gpu] or key = value")?;
        let (key, value) = (key.trim(), value.trim());
        match self.devices.last_mut() {
            Some(device) => device.set(key, value),
            None => self.set_driver(key, value),
        }
    }

    fn set_driver(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "driver" => {
                self.driver = match value {
                    "ok" => Driver::Ok,
                    "not_loaded" => Driver::Fails(9),
                    "mismatch" => Driver::Fails(18),
                    "no_permission" => Driver::Fails(4),
                    _ => return Err("driver is ok, not_loaded, mismatch or no_permission".into()),
                };
            }
            "driver_version" => self.driver_version = value.into(),
            "cuda_version" => {
                self.cuda_version = value.parse().map_err(|_| "cuda_version is a number such as 12040")?;
            }
            "latency" => self.latency = duration(value)?,
            "count" => {
                let error = value.strip_prefix("error ").ok_or("count is error and a name such as UNKNOWN")?;
                let known = ERRORS.iter().find(|(name, ..)| *name == error.trim());
                self.count_fails = Some(known.map(|(_, code, _)| *code).ok_or("count takes an error such as UNKNOWN")?);
            }
            "shutdown" if matches!(value, "ok" | "hang") => self.shutdown_hangs = value == "hang",
            "shutdown" => return Err("shutdown is ok or hang".into()),
            _ => {
                return Err(format!(
                    "{key}: the driver has driver, driver_version, cuda_version, latency, count, shutdown"
                ));
            }
        }
        Ok(())
    }
}

impl Device {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "name" => self.name = value.into(),
            "uuid" => self.uuid = value.into(),
            "pci" => self.pci = value.into(),
            "vbios" => self.vbios = value.into(),
            "process" => self.processes.push(Process::parse(value)?),
            "nvlink" => self.links.push(Link::parse(value)?),
            "instance" => self.instances.push(Instance::parse(value)?),
            "state" => {
                self.state = match value {
                    "ok" => State::Ok,
                    "lost" => State::Lost,
                    "suspended" => State::Suspended,
                    "hang" => State::Hang,
                    "gone" => State::Gone,
                    "late" => State::Late,
                    _ => return Err("state is ok, lost, suspended, hang, gone or late".into()),
                };
            }
            _ => {
                let Some((_, units)) = FIGURES.iter().find(|(name, _)| *name == key) else {
                    let names: Vec<_> = FIGURES.iter().map(|(name, _)| *name).collect();
                    return Err(format!(
                        "{key}: a device has name, uuid, pci, vbios, state, process, nvlink, instance, {}",
                        names.join(", ")
                    ));
                };
                let (value, delay) =
                    value.rsplit_once(" delay ").map_or((value, None), |(value, it)| (value, Some(it)));
                self.figures.insert(key.into(), Figure::parse(value.trim(), units)?);
                match delay {
                    Some(delay) => drop(self.delays.insert(key.into(), duration(delay)?)),
                    None => drop(self.delays.remove(key)),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_script_of_everything() {
        let script = Script::parse(
            "# a comment\ndriver_version = 560.1\nlatency = 5ms\n\n[gpu]\nname = NVIDIA H100\nmemory_total = 80 GiB # all of it\n\
             utilization = wave 20..95 % period 60s phase 5s\npower_draw = error NOT_SUPPORTED delay 2s\ntemperature = hang\n\
             process = 41 compute memory 6 GiB sm 40 %\nprocess = 42 graphics\n\
             [gpu]\nstate = lost\nsm_clock = 1.5 GHz\npcie_width = 16\n",
        )
        .unwrap();
        assert_eq!((script.driver, script.latency), (Driver::Ok, Duration::from_millis(5)));
        let [one, two] = script.devices.as_slice() else { panic!("two devices") };
        assert_eq!(one.figures["memory_total"], Figure::Constant(80.0 * 1_073_741_824.0));
        let (period, phase) = (Duration::from_mins(1), Duration::from_secs(5));
        assert_eq!(one.figures["utilization"], Figure::Wave { low: 20.0, high: 95.0, period, phase, square: false });
        assert_eq!((one.figures["power_draw"], one.figures["temperature"]), (Figure::Error(3), Figure::Hang));
        assert_eq!(one.delays, BTreeMap::from([("power_draw".into(), Duration::from_secs(2))]));
        let trainer = Process { pid: 41, memory: Some(6_442_450_944.0), utilization: Some(40.0), ..Process::default() };
        let window = Process { pid: 42, graphics: true, ..Process::default() };
        assert_eq!(one.processes, [trainer, window]);
        assert_eq!((two.state, two.figures["sm_clock"]), (State::Lost, Figure::Constant(1_500.0)));
        assert_ne!(one.uuid, two.uuid);
    }

    #[test]
    fn a_line_that_can_t_be_taken_is_named_with_what_is_allowed() {
        for (text, line, allowed) in [
            ("driver = broken", 1, "not_loaded"),
            ("speed = 5", 1, "driver_version"),
            ("shutdown = slow", 1, "hang"),
            ("count = 3", 1, "UNKNOWN"),
            ("\n[gpu]\nstate = asleep", 3, "suspended"),
            ("[gpu]\nutilization = 50 W", 2, "%"),
            ("[gpu]\nutilization = error NONE", 2, "NOT_SUPPORTED"),
            ("[gpu]\nutilization = wave 1..2 %", 2, "period"),
            ("[gpu]\nutilization = wave 1..2 % period 0s", 2, "longer"),
            ("[gpu]\nutilization = wave 2..1 % period 1s", 2, "LOW..HIGH"),
            ("[gpu]\nutilization = -5 %", 2, "%"),
            ("[gpu]\nutilization = 5 % delay soon", 2, "ms"),
            ("[gpu]\nutilization = hang 5 %", 2, "%"),
            ("[gpu]\nprocess = 5", 2, "compute"),
            ("[gpu]\nprocess = 5 compute memory 5 %", 2, "GiB"),
            ("[gpu]\nprocess = 5 compute mig x", 2, "mig 0"),
            ("[gpu]\nnvlink = sideways", 2, "down"),
            ("[gpu]\ninstance = memory 5 GiB", 2, "1g.10gb"),
            ("[gpu]\nspeed = 5", 2, "temperature"),
            ("[gpu]\nname", 2, "key = value"),
        ] {
            let error = Script::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.message.contains(allowed), "{text}: {error}");
        }
        assert_eq!(Script::parse(&"[gpu]\n".repeat(9)).unwrap_err().line, 9);
    }

    #[test]
    fn the_scripts_kept_here_parse() {
        for (name, devices) in [("none", 0), ("one", 1), ("eight", 8), ("faults", 4), ("full", 3)] {
            let path = format!("{}/scripts/{name}.sim", env!("CARGO_MANIFEST_DIR"));
            let script = Script::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
            assert_eq!(script.devices.len(), devices, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = Script::parse(&text);
        }

        /// Texts that come closer to a script, and the values at the ends of what can be written.
        #[test]
        fn no_script_panics(text in "((\\[gpu\\]|driver = [a-z_]{0,9}|process = [0-9]{0,12} (compute|graphics)( memory .{0,9})?( sm .{0,9})?|utilization = (wave |square )?[0-9.%]{0,9}( period [0-9]{0,25}s)?( phase [0-9]{0,25}s)?( delay .{0,9})?|latency = [0-9]{0,40}s|.{0,30})\n){0,9}") {
            if let Ok(script) = Script::parse(&text) {
                for figure in script.devices.iter().flat_map(|device| device.figures.values()) {
                    prop_assert!(figure.value(Duration::MAX).is_none_or(f64::is_finite));
                }
            }
        }

        /// What is written in any unit of any figure is read as that much of it.
        #[test]
        fn what_is_written_is_read(number in 0u32..1_000_000, figure in 0..FIGURES.len(), unit in 0..8usize, delay in 0u64..10_000) {
            let (name, units) = FIGURES[figure];
            let (unit, factor) = if units.is_empty() { ("", 1.0) } else { units[unit % units.len()] };
            let written = Figure::Constant(f64::from(number) * factor);
            let text = format!("[gpu]\n  {name}={number} {unit} delay {delay}ms # as said\n");
            let script = Script::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(script.devices[0].figures[name], written);
            prop_assert_eq!(script.devices[0].delays[name].as_millis(), u128::from(delay));
        }
    }
}

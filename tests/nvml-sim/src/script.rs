//! The script: a text of `key = value` lines, first of the driver, then of each device under a line `[gpu]`.

use std::collections::BTreeMap;
use std::time::Duration;

/// NVML's return codes by name, without `NVML_ERROR_` (nvml.h, `nvmlReturn_t`).
pub const ERRORS: [(&str, u32); 31] = [
    ("UNINITIALIZED", 1),
    ("INVALID_ARGUMENT", 2),
    ("NOT_SUPPORTED", 3),
    ("NO_PERMISSION", 4),
    ("ALREADY_INITIALIZED", 5),
    ("NOT_FOUND", 6),
    ("INSUFFICIENT_SIZE", 7),
    ("INSUFFICIENT_POWER", 8),
    ("DRIVER_NOT_LOADED", 9),
    ("TIMEOUT", 10),
    ("IRQ_ISSUE", 11),
    ("LIBRARY_NOT_FOUND", 12),
    ("FUNCTION_NOT_FOUND", 13),
    ("CORRUPTED_INFOROM", 14),
    ("GPU_IS_LOST", 15),
    ("RESET_REQUIRED", 16),
    ("OPERATING_SYSTEM", 17),
    ("LIB_RM_VERSION_MISMATCH", 18),
    ("IN_USE", 19),
    ("MEMORY", 20),
    ("NO_DATA", 21),
    ("VGPU_ECC_NOT_SUPPORTED", 22),
    ("INSUFFICIENT_RESOURCES", 23),
    ("FREQ_NOT_SUPPORTED", 24),
    ("ARGUMENT_VERSION_MISMATCH", 25),
    ("DEPRECATED", 26),
    ("NOT_READY", 27),
    ("GPU_NOT_FOUND", 28),
    ("INVALID_STATE", 29),
    ("RESET_TYPE_NOT_SUPPORTED", 30),
    ("UNKNOWN", 999),
];

/// The figures of a device that a script may set, with the units it may write them in. The first unit is the one
/// that NVML answers in here: percent, bytes, °C, W, MHz, bytes per second, joules or a plain number.
pub const FIGURES: [(&str, &[(&str, f64)]); 26] = [
    ("utilization", PERCENT),
    ("memory_bandwidth", PERCENT),
    ("memory_total", BYTES),
    ("memory_used", BYTES),
    ("memory_reserved", BYTES),
    ("temperature", CELSIUS),
    ("temperature_slowdown", CELSIUS),
    ("temperature_shutdown", CELSIUS),
    ("power_draw", WATTS),
    ("power_limit", WATTS),
    ("energy", &[("J", 1.0), ("kJ", 1e3), ("kWh", 3.6e6)]),
    ("fan", PERCENT),
    ("sm_clock", MEGAHERTZ),
    ("sm_clock_max", MEGAHERTZ),
    ("memory_clock", MEGAHERTZ),
    ("memory_clock_max", MEGAHERTZ),
    ("pcie_generation", NUMBER),
    ("pcie_generation_max", NUMBER),
    ("pcie_width", NUMBER),
    ("pcie_width_max", NUMBER),
    ("pcie_sent", RATE),
    ("pcie_received", RATE),
    ("performance_state", NUMBER),
    ("throttle_reasons", NUMBER),
    ("encoder", PERCENT),
    ("decoder", PERCENT),
];

const PERCENT: &[(&str, f64)] = &[("%", 1.0)];
const CELSIUS: &[(&str, f64)] = &[("C", 1.0)];
const WATTS: &[(&str, f64)] = &[("W", 1.0), ("mW", 1e-3)];
const MEGAHERTZ: &[(&str, f64)] = &[("MHz", 1.0), ("GHz", 1e3)];
const NUMBER: &[(&str, f64)] = &[];
const BYTES: &[(&str, f64)] = &[("B", 1.0), ("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0)];
const RATE: &[(&str, f64)] = &[("B/s", 1.0), ("KiB/s", 1024.0), ("MiB/s", 1_048_576.0), ("GiB/s", 1_073_741_824.0)];

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
    /// What it is now.
    pub state: State,
    /// Figures by name; one that is not named is not supported.
    pub figures: BTreeMap<String, Figure>,
}

/// What a figure's call does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// Answers this.
    Constant(f64),
    /// Answers something between `low` and `high` that repeats every `period`.
    Wave {
        /// Least value.
        low: f64,
        /// Largest value.
        high: f64,
        /// Of one repetition.
        period: Duration,
        /// Of its start.
        phase: Duration,
        /// Only the two ends, half the time each.
        square: bool,
    },
    /// Fails with this code.
    Error(u32),
    /// Does not return until the script says otherwise.
    Hang,
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
            _ => return Err(format!("{key}: the driver has driver, driver_version, cuda_version and latency")),
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
            "state" => {
                self.state = match value {
                    "ok" => State::Ok,
                    "lost" => State::Lost,
                    "suspended" => State::Suspended,
                    "hang" => State::Hang,
                    "gone" => State::Gone,
                    _ => return Err("state is ok, lost, suspended, hang or gone".into()),
                };
            }
            _ => {
                let Some((_, units)) = FIGURES.iter().find(|(name, _)| *name == key) else {
                    let names: Vec<_> = FIGURES.iter().map(|(name, _)| *name).collect();
                    return Err(format!("{key}: a device has name, uuid, pci, state, {}", names.join(", ")));
                };
                self.figures.insert(key.into(), figure(value, units)?);
            }
        }
        Ok(())
    }
}

fn figure(value: &str, units: &[(&str, f64)]) -> Result<Figure, String> {
    let (first, rest) = value.split_once(' ').unwrap_or((value, ""));
    match first {
        "hang" => Ok(Figure::Hang),
        "error" => {
            let code = ERRORS.iter().find(|(name, _)| *name == rest.trim());
            code.map(|(_, code)| Figure::Error(*code)).ok_or_else(|| "error takes a name such as NOT_SUPPORTED".into())
        }
        "wave" | "square" => wave(rest.trim(), units, first == "square"),
        _ => quantity(value, units).map(Figure::Constant),
    }
}

/// `LOW..HIGH UNIT period 60s [phase 10s]`
fn wave(text: &str, units: &[(&str, f64)], square: bool) -> Result<Figure, String> {
    const SHAPE: &str = "a wave is LOW..HIGH UNIT period 60s, and may end in phase 10s";
    let (range, times) = text.split_once("period").ok_or(SHAPE)?;
    let (low, high) = range.trim().split_once("..").ok_or(SHAPE)?;
    let unit = high.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-').trim();
    let (period, phase) = times.split_once("phase").unwrap_or((times, "0s"));
    let period = duration(period.trim())?;
    if period.is_zero() {
        return Err("a period is longer than nothing".into());
    }
    let [low, high] = [quantity(&format!("{low} {unit}"), units)?, quantity(high, units)?];
    Ok(Figure::Wave { low, high, period, phase: duration(phase.trim())?, square })
}

/// A number with one of these units, in the first of them.
fn quantity(text: &str, units: &[(&str, f64)]) -> Result<f64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim();
    let factor = match units {
        [] if unit.is_empty() => Some(1.0),
        _ => units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor),
    };
    let number = number.parse::<f64>().ok().filter(|number| *number >= 0.0);
    number.zip(factor).map(|(number, factor)| number * factor).ok_or_else(|| {
        let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
        format!("{text:?}: expected a number in {}", if names.is_empty() { "no unit".into() } else { names.join(", ") })
    })
}

/// `5ms`, `1.5s`.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = quantity(text, &[("s", 1.0), ("ms", 1e-3)])?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text:?} is too long"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_script_of_everything() {
        let script = Script::parse(
            "# a comment\ndriver_version = 560.1\nlatency = 5ms\n\n[gpu]\nname = NVIDIA H100\nmemory_total = 80 GiB # all of it\n\
             utilization = wave 20..95 % period 60s phase 5s\npower_draw = error NOT_SUPPORTED\ntemperature = hang\n\
             [gpu]\nstate = lost\nsm_clock = 1.5 GHz\npcie_width = 16\n",
        )
        .unwrap();
        assert_eq!((script.driver, script.latency), (Driver::Ok, Duration::from_millis(5)));
        let [one, two] = script.devices.as_slice() else { panic!("two devices") };
        assert_eq!(one.figures["memory_total"], Figure::Constant(80.0 * 1_073_741_824.0));
        let (period, phase) = (Duration::from_mins(1), Duration::from_secs(5));
        assert_eq!(one.figures["utilization"], Figure::Wave { low: 20.0, high: 95.0, period, phase, square: false });
        assert_eq!((one.figures["power_draw"], one.figures["temperature"]), (Figure::Error(3), Figure::Hang));
        assert_eq!((two.state, two.figures["sm_clock"]), (State::Lost, Figure::Constant(1_500.0)));
        assert_ne!(one.uuid, two.uuid);
    }

    #[test]
    fn a_line_that_can_t_be_taken_is_named_with_what_is_allowed() {
        for (text, line, allowed) in [
            ("driver = broken", 1, "not_loaded"),
            ("speed = 5", 1, "driver_version"),
            ("\n[gpu]\nstate = asleep", 3, "suspended"),
            ("[gpu]\nutilization = 50 W", 2, "%"),
            ("[gpu]\nutilization = error NONE", 2, "NOT_SUPPORTED"),
            ("[gpu]\nutilization = wave 1..2 %", 2, "period"),
            ("[gpu]\nutilization = wave 1..2 % period 0s", 2, "longer"),
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
        for (name, devices) in [("none", 0), ("one", 1), ("eight", 8), ("faults", 4)] {
            let path = format!("{}/scripts/{name}.sim", env!("CARGO_MANIFEST_DIR"));
            let script = Script::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
            assert_eq!(script.devices.len(), devices, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "((\\[gpu\\]|driver = [a-z_]{0,9}|utilization = (wave |square )?[0-9.%]{0,9}( period [0-9]{0,25}s)?|latency = [0-9]{0,40}s|.{0,30})\n){0,9}") {
            let _ = Script::parse(&text);
        }
    }
}

//! `telltale-agent` as users run it: its lines, its messages, its exit code.

use std::cell::RefCell;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::built;
use super::process::{Group, Lines};

/// Longer than any line takes on a busy machine.
pub(crate) const LINE: Duration = Duration::from_secs(20);

/// No test depends on whether this machine has a GPU: neither NVIDIA's driver is found, nor what the kernel says of others.
pub(crate) const NO_GPUS: [(&str, &str); 2] = [NO_NVML, NO_REAL_GPUS];
pub(crate) const NO_NVML: (&str, &str) = ("TELLTALE_NVML_LIB", "/nonexistent/libnvidia-ml.so.1");
/// Beside simulated ones too.
pub(crate) const NO_REAL_GPUS: (&str, &str) = ("TELLTALE_TEST_GPUS", "/nonexistent");

/// Runs the agent to its end; one that hangs ends with exit code 124.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "60"]).arg(built("telltale-agent")).args(arguments).envs(NO_GPUS);
    command.output().unwrap()
}

/// A running `telltale-agent watch`.
pub(crate) struct Watch {
    pub(crate) group: Group,
    pub(crate) lines: Lines,
}

impl Watch {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut group = Group::start(built("telltale-agent"), |command| {
            command.arg("watch").args(arguments).envs(NO_GPUS).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        let lines = group.lines();
        Self { group, lines }
    }

    /// The next line, parsed.
    pub(crate) fn next(&self) -> Option<Value> {
        self.lines.next(LINE).map(|line| parse(&line))
    }
}

/// A line as JSON.
pub(crate) fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
}

/// What was said on stderr, without that ticks were late: so they are where the machine stands still for a moment.
pub(crate) fn but_held_up(said: &str) -> String {
    said.split_inclusive('\n').filter(|line| !line.contains("channel=\"ticks\"")).collect()
}

/// Whether lines come in time: no more than a tenth of a second off the half that is between them.
#[derive(Debug, Default)]
pub(crate) struct InTime(RefCell<Vec<i64>>);

impl InTime {
    /// How many did in a row, with this one, which may be another source's. A moment in which the whole machine stands still begins
    /// the row anew; a source that holds up others holds them up at every tick.
    pub(crate) fn with(&self, line: &Value, is_its: bool) -> usize {
        let mut row = self.0.borrow_mut();
        let time = line["timestamp"].as_i64().unwrap();
        if row.last().is_some_and(|before| !is_its || !(400..=600).contains(&(time - before))) {
            row.clear();
        }
        if is_its {
            row.push(time);
        }
        row.len()
    }
}

/// A figure by its path in a payload; `None` where it is null.
pub(crate) fn figure(payload: &Value, path: &str) -> Option<f64> {
    let value = payload.pointer(path).unwrap_or_else(|| panic!("no {path} in {payload}"));
    assert!(value.is_null() || value.is_number(), "{path} is {value}");
    value.as_f64()
}

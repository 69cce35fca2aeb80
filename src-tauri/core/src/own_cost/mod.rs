//! What Telltale itself costs, with all processes of its web view: a monitor must stand in its own list.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "portable.rs")]
mod platform;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::clock::{self, Stamp};

pub use platform::children_named;

/// What this process and all below it take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Type)]
pub struct OwnCost {
    /// Percent of one core, averaged since the last look that was two seconds or more ago. What pidstat shows as `%CPU`,
    /// added up. `null` at the first look.
    pub cpu: Option<f64>,
    /// Seconds on a core since the start (`utime` + `stime` of `/proc/PID/stat`, in hundredths).
    pub cpu_seconds: f64,
    /// Bytes of memory, with what several processes share counted once among them (`Pss` of `/proc/PID/smaps_rollup`,
    /// proc(5)). Looked up every ten seconds at the most, because it takes milliseconds, and when processes came or went or a
    /// page was drawn. `null` where it may not be read.
    pub memory: Option<u64>,
    /// Processes that this was added up over.
    pub processes: u32,
}

/// Less than this apart, the kernel's hundredths of a second are too coarse.
const SHORTEST: Duration = Duration::from_secs(2);

/// How long a figure of memory stands.
const MEMORY_EVERY: Duration = Duration::from_secs(10);

/// Looks from time to time.
#[derive(Debug, Default)]
pub struct Meter {
    before: Option<(Stamp, f64)>,
    cpu: Option<f64>,
    memory: Option<Memory>,
}

/// A figure of memory, of whom, and since when.
#[derive(Debug)]
struct Memory {
    at: Stamp,
    family: Vec<u32>,
    bytes: Option<u64>,
}

impl Meter {
    /// The cost now; `None` on a system that does not tell it.
    pub fn look(&mut self) -> Option<OwnCost> {
        let now = clock::now();
        let family = platform::family()?;
        let cpu_seconds = platform::cpu_seconds(&family)?;
        let since = self.before.map(|(before, seconds)| (now.since(&before), seconds));
        match since {
            Some((elapsed, _)) if elapsed < SHORTEST => {}
            Some((elapsed, seconds)) => {
                self.cpu = Some(((cpu_seconds - seconds) / elapsed.as_secs_f64() * 100.0).max(0.0));
                self.before = Some((now, cpu_seconds));
            }
            None => self.before = Some((now, cpu_seconds)),
        }
        let processes = u32::try_from(family.len()).unwrap_or(u32::MAX);
        let known = self.memory.take().filter(|known| known.family == family && now.since(&known.at) < MEMORY_EVERY);
        let known = known.unwrap_or_else(|| Memory { at: now, bytes: platform::proportional_bytes(&family), family });
        let memory = self.memory.insert(known).bytes;
        Some(OwnCost { cpu: self.cpu, cpu_seconds, memory, processes })
    }

    /// Has memory looked up again at the next look: the processes are the same, but have grown at once.
    pub fn forget_memory(&mut self) {
        self.memory = None;
    }
}

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "a child to look for")]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_cost_and_a_child_adds_to_it() {
        let mut meter = Meter::default();
        let alone = meter.look().unwrap();
        assert_eq!(alone.cpu, None, "nothing to compare with yet");
        assert!(alone.memory.is_some_and(|bytes| bytes > 1 << 20), "{alone:?}");
        assert!(alone.processes >= 1);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let with_child = meter.look().unwrap();
        assert!(
            with_child.processes > alone.processes && with_child.memory != alone.memory,
            "{with_child:?} {alone:?}"
        );
        while children_named("sleep", Duration::ZERO) != [child.id()] {
            std::thread::yield_now(); // until it is what it is to be
        }
        assert!(children_named("sleep", Duration::from_secs(50)).is_empty(), "it is too young");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

//! What a rest costs on this machine: the same work again and again, and after two seconds each in which nothing is done. A tick comes after a
//! rest, and in a virtual machine others have used the processor and its caches meanwhile.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::median;

/// As long as from tick to tick.
const REST: Duration = Duration::from_secs(2);

/// Medians.
pub(crate) struct Rest {
    at_once: Duration,
    rested: Duration,
}

/// Reads some hundred KB of JSON as a thing that is used here: much code, much memory, and no system call.
pub(crate) fn rest() -> Rest {
    let row =
        |at: u64| json!({ "channel": format!("system/gpu/{at}"), "values": [at, at * 3, null, 0.25], "missing": {} });
    let text = Value::Array((0..3000).map(row).collect()).to_string();
    let work = || {
        let begun = Instant::now();
        black_box(serde_json::from_str::<Value>(&text).unwrap());
        begun.elapsed()
    };
    // The first ones have their memory given.
    let at_once = (0..30).map(|_| work()).skip(10).collect();
    let after_a_rest = |_| {
        std::thread::sleep(REST);
        work()
    };
    Rest { at_once: median(at_once), rested: median((0..10).map(after_a_rest).collect()) }
}

impl Rest {
    pub(crate) fn show(&self) -> String {
        let [at_once, rested] = [self.at_once, self.rested].map(|taken| taken.as_secs_f64() * 1e3);
        let times = rested / at_once;
        format!(
            "The same work (JSON that is read) took this machine {at_once:.1} ms again and again, and {rested:.1} ms after two \
             seconds of rest: {times:.1} × as long. What comes every two seconds is always rested."
        )
    }
}

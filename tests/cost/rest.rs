//! What a rest costs on this machine: memory that is there is touched again at once, and after two seconds each in which nothing is done. A tick
//! comes after a rest, and the host of a virtual machine may have taken its memory's mapping away meanwhile.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::median;

/// As long as from tick to tick.
const REST: Duration = Duration::from_secs(2);

const PAGES: usize = 10_000;
/// Bytes: the smallest page of the processors that this runs on.
const PAGE: usize = 4096;

/// How long it takes to touch so many pages; medians.
pub(crate) struct Rest {
    at_once: Duration,
    rested: Duration,
}

pub(crate) fn rest() -> Rest {
    let mut memory = vec![1_u8; PAGES * PAGE];
    let mut touch = || {
        let begun = Instant::now();
        memory.iter_mut().step_by(PAGE).for_each(|byte| *byte = black_box(*byte).wrapping_add(1));
        begun.elapsed()
    };
    let at_once = (0..20).map(|_| touch()).collect();
    let after_a_rest = |_| {
        std::thread::sleep(REST);
        touch()
    };
    Rest { at_once: median(at_once), rested: median((0..10).map(after_a_rest).collect()) }
}

impl Rest {
    pub(crate) fn show(&self) -> String {
        let [at_once, rested] = [self.at_once, self.rested].map(|taken| taken.as_secs_f64() * 1e6 / PAGES as f64);
        format!(
            "To touch a page of memory that was there took this machine {at_once:.3} µs again and again, and {rested:.3} µs after two seconds of \
             rest, as before each tick."
        )
    }
}

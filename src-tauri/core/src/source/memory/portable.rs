//! Windows and macOS: sysinfo's totals, whose available memory is each system's own estimate.

use std::path::Path;

use sysinfo::System;

use super::super::{Previous, Reading, Source, SourceError, Stamped};
use crate::metrics::MemoryMetrics;

/// The main memory of this machine.
#[derive(Debug)]
pub struct Memory {
    system: Option<System>,
}

impl Memory {
    /// The roots are Linux's; they have no meaning here.
    pub fn new(_proc: &Path, _sys: &Path) -> Self {
        Self { system: None }
    }
}

/// Bytes.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    total: u64,
    available: u64,
    swap_total: u64,
    swap_used: u64,
}

impl Source for Memory {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let system = match &mut self.system {
            Some(system) => system,
            None => self.system.insert(System::new()?),
        };
        system.refresh_memory();
        Ok(Sample {
            total: system.total_memory(),
            available: system.available_memory(),
            swap_total: system.total_swap(),
            swap_used: system.used_swap(),
        })
    }

    fn derive(_previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        Reading::Memory(MemoryMetrics {
            ram_used: Some(now.sample.total.saturating_sub(now.sample.available)),
            ram_total: Some(now.sample.total),
            swap_used: Some(now.sample.swap_used),
            swap_total: Some(now.sample.swap_total),
            timestamp: now.stamp.wall,
            ..MemoryMetrics::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Reason;

    /// Compiled and run on Linux too, so that it stays right where it can't be tried.
    #[test]
    fn answers_here_too() {
        let now =
            Stamped { stamp: crate::clock::now(), sample: Memory::new(Path::new("/"), Path::new("/")).read().unwrap() };
        let Reading::Memory(metrics) = Memory::derive(Err(Reason::Starting), &now) else {
            panic!("not a memory reading")
        };
        assert!(metrics.ram_used.zip(metrics.ram_total).is_some_and(|(used, total)| 0 < used && used < total));
    }
}

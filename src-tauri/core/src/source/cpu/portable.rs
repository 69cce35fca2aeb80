//! Windows and macOS: sysinfo computes utilization itself, between two refreshes.

use std::path::Path;

use sysinfo::System;

use super::super::{Previous, Reading, Source, SourceError, Stamped, figure};
use crate::metrics::{CpuMetrics, Missing};
use crate::rate;

/// The processors of this machine.
#[derive(Debug)]
pub struct Cpu {
    system: Option<System>,
}

impl Cpu {
    /// The roots are Linux's; they have no meaning here.
    pub fn new(_proc: &Path, _sys: &Path) -> Self {
        Self { system: None }
    }
}

/// Percent since the refresh before, in total and per core.
#[derive(Debug, Clone)]
pub struct Sample {
    all: f64,
    cores: Vec<f64>,
}

impl Source for Cpu {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        let system = match &mut self.system {
            Some(system) => system,
            None => self.system.insert(System::new()?),
        };
        system.refresh_cpu_usage();
        Ok(Sample {
            all: system.global_cpu_usage().into(),
            cores: system.cpus().iter().map(|cpu| cpu.usage().into()).collect(),
        })
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        let mut missing = Missing::new();
        // sysinfo's first figures are zero, not a measurement
        let utilization = previous.map(|_| rate::hundredths(now.sample.all.clamp(0.0, 100.0)));
        let known = previous.is_ok();
        Reading::Cpu(CpuMetrics {
            utilization: figure(&mut missing, "utilization", utilization),
            per_core: now
                .sample
                .cores
                .iter()
                .map(|percent| known.then_some(rate::hundredths(percent.clamp(0.0, 100.0))))
                .collect(),
            core_ids: (0..).take(now.sample.cores.len()).collect(),
            missing,
            timestamp: now.stamp.wall,
            ..CpuMetrics::default()
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
        let mut cpu = Cpu::new(Path::new("/"), Path::new("/"));
        cpu.read().unwrap();
        let sample = cpu.read().unwrap();
        assert!(!sample.cores.is_empty());
        let now = Stamped { stamp: crate::clock::now(), sample };
        let Reading::Cpu(first) = Cpu::derive(Err(Reason::Starting), &now) else { panic!("not a CPU reading") };
        assert_eq!((first.utilization, first.per_core[0]), (None, None));
        let Reading::Cpu(second) = Cpu::derive(Ok(&now), &now) else { panic!("not a CPU reading") };
        assert!(second.utilization.is_some_and(|percent| (0.0..=100.0).contains(&percent)));
    }
}

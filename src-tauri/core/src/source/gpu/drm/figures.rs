//! The figures of one GPU, and the payload that two samples of them make.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Identity, payload, plausible};
use super::fdinfo::{self, Client};
use crate::metrics::{ClockLimit, GpuMetrics, Reason};
use crate::rate;

/// The figures of one GPU. One that is not there is one that its driver does not give.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    /// By the payload's names.
    pub(super) numbers: BTreeMap<&'static str, Result<f64, Reason>>,
    pub(super) memory_used: Result<u64, Reason>,
    pub(super) memory_total: Result<u64, Reason>,
    pub(super) clock_limits: Result<Vec<ClockLimit>, Reason>,
    /// µJ used since the driver was loaded, where power comes from two of these.
    pub(super) energy: Result<u64, Reason>,
    /// Who uses it, where utilization comes from two of these.
    pub(super) clients: Result<Vec<Client>, Reason>,
    /// Whether a GT runs, or may, that no figure is of.
    pub(super) another_runs: bool,
}

impl Default for Figures {
    fn default() -> Self {
        const NONE: Reason = Reason::Unsupported;
        Self {
            numbers: BTreeMap::new(),
            memory_used: Err(NONE),
            memory_total: Err(NONE),
            clock_limits: Err(NONE),
            energy: Err(NONE),
            clients: Err(NONE),
            another_runs: false,
        }
    }
}

impl Figures {
    pub(super) fn put(&mut self, field: &'static str, value: Result<f64, Reason>) {
        self.numbers.insert(field, value);
    }

    pub(super) fn number(&self, field: &str) -> Result<f64, Reason> {
        self.numbers.get(field).copied().unwrap_or(Err(Reason::Unsupported))
    }

    /// Whether nothing runs on it, as far as its driver says.
    pub(super) fn is_idle(&self) -> bool {
        let rests = self.number("utilization") == Ok(0.0) || self.number("sm_clock") == Ok(0.0);
        rests && !self.another_runs
    }
}

/// The payload of one GPU; `before` has its figures of the sample before, where there are any, and how long ago that was.
pub(super) fn metrics(
    identity: &Identity,
    before: Result<(&Figures, Duration), Reason>,
    now: &Result<Figures, Reason>,
    timestamp: i64,
) -> GpuMetrics {
    let now = now.as_ref().map_err(|reason| *reason);
    let number = |field: &str| {
        let value = now.and_then(|now| match (now.number(field), field) {
            (Err(Reason::Unsupported), "utilization") => utilization(before, now),
            (Err(Reason::Unsupported), "power_draw") => power(before, now),
            (value, _) => value,
        });
        value.and_then(|value| believed(field, value)).map(rate::six_digits)
    };
    let memory = [now.and_then(|now| now.memory_used), now.and_then(|now| now.memory_total)];
    payload(identity, timestamp, number, memory, now.and_then(|now| now.clock_limits.clone()))
}

/// A figure, unless it can't be one.
pub(super) fn believed(field: &str, value: f64) -> Result<f64, Reason> {
    if plausible::believed(field).contains(&value) { Ok(value) } else { Err(Reason::Failed) }
}

/// Percent of the time in which the busiest engine worked for the programs in sight.
fn utilization(before: Result<(&Figures, Duration), Reason>, now: &Figures) -> Result<f64, Reason> {
    let clients = now.clients.as_ref().map_err(|reason| *reason)?;
    let (earlier, elapsed) = before?;
    fdinfo::busy(earlier.clients.as_deref().unwrap_or_default(), clients, elapsed).map(rate::hundredths)
}

/// W, from the energy used since the sample before.
fn power(before: Result<(&Figures, Duration), Reason>, now: &Figures) -> Result<f64, Reason> {
    let energy = now.energy?;
    let (earlier, elapsed) = before?;
    rate::per_second(earlier.energy?, energy, elapsed).map(|microwatts| microwatts * 1e-6)
}

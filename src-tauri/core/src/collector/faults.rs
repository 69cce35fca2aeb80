//! Faults as they begin and end: each is logged once when it begins and once when it ends, and kept for the account.

use std::collections::VecDeque;

use crate::clock::{Jumps, Stamp};
use crate::diagnostics::{FAULTS, Fault};
use crate::metrics::Reason;

/// Ticks in a row that must be well before a fault is over. A source slower than the interval would otherwise begin and
/// end one at every other tick.
const WELL: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Faults {
    open: Vec<Open>,
    over: VecDeque<Fault>,
    jumps: Jumps,
}

#[derive(Debug)]
struct Open {
    fault: Fault,
    /// All reasons that it has had so far, so that each is said once.
    said: Vec<Reason>,
    /// How many ticks in a row it was not seen, since when.
    well: u32,
    well_since: i64,
}

impl Faults {
    /// A tick begins. If the wall clock was set since the one before, all times move along, as those of the history do.
    pub(super) fn follow(&mut self, at: &Stamp) {
        let Some(jump) = self.jumps.at(at) else { return };
        for fault in self.over.iter_mut().chain(self.open.iter_mut().map(|open| &mut open.fault)) {
            fault.from += jump;
            fault.to = fault.to.map(|to| to + jump);
        }
        for open in &mut self.open {
            open.well_since += jump;
        }
    }

    /// Takes in how a channel is at a tick that was at `at`: its fault, or that it is well.
    pub(super) fn note(&mut self, channel: &str, at: i64, fault: Option<(Reason, Option<&str>)>) {
        let place = self.open.iter().position(|open| open.fault.channel == channel);
        match (place, fault) {
            (None, None) => {}
            (None, Some((reason, detail))) => self.begin(channel, at, reason, detail),
            (Some(place), Some((reason, detail))) => {
                let open = &mut self.open[place];
                open.well = 0;
                if !open.said.contains(&reason) {
                    open.said.push(reason);
                    say(channel, reason, detail);
                }
            }
            (Some(place), None) => {
                let open = &mut self.open[place];
                if open.well == 0 {
                    open.well_since = at;
                }
                open.well += 1;
                if open.well >= WELL {
                    let Open { mut fault, well_since, .. } = self.open.remove(place);
                    fault.to = Some(well_since);
                    self.end(fault);
                }
            }
        }
    }

    /// Ends the faults of channels that there are no more: GPUs that are known now end that of the GPU source.
    pub(super) fn retain(&mut self, at: i64, is_there: impl Fn(&str) -> bool) {
        let (stay, gone) = std::mem::take(&mut self.open).into_iter().partition(|open| is_there(&open.fault.channel));
        self.open = stay;
        for Open { mut fault, .. } in gone {
            fault.to = Some(at);
            self.end(fault);
        }
    }

    /// Those that are over and those that last, the oldest first.
    pub(super) fn all(&self) -> Vec<Fault> {
        let mut all: Vec<_> =
            self.over.iter().cloned().chain(self.open.iter().map(|open| open.fault.clone())).collect();
        all.sort_by_key(|fault| fault.from);
        all.split_off(all.len().saturating_sub(FAULTS))
    }

    fn begin(&mut self, channel: &str, at: i64, reason: Reason, detail: Option<&str>) {
        say(channel, reason, detail);
        let fault = Fault { channel: channel.into(), reason, detail: detail.map(Into::into), from: at, to: None };
        self.open.push(Open { fault, said: vec![reason], well: 0, well_since: at });
    }

    fn end(&mut self, fault: Fault) {
        let (channel, reason) = (&fault.channel, fault.reason);
        let seconds = fault.to.map_or(0, |to| (to - fault.from) / 1_000);
        if is_ordinary(reason) {
            tracing::info!(channel, ?reason, seconds, "the fault is over");
        } else {
            tracing::warn!(channel, ?reason, seconds, "the fault is over");
        }
        if self.over.len() >= FAULTS {
            self.over.pop_front();
        }
        self.over.push_back(fault);
    }
}

fn say(channel: &str, reason: Reason, detail: Option<&str>) {
    let detail = detail.unwrap_or_default();
    if is_ordinary(reason) {
        tracing::info!(channel, ?reason, detail, "a fault begins");
    } else {
        tracing::warn!(channel, ?reason, detail, "a fault begins");
    }
}

/// States that a machine is in for good reasons: worth a line, not a warning.
fn is_ordinary(reason: Reason) -> bool {
    match reason {
        Reason::Absent
        | Reason::Asleep
        | Reason::Idle
        | Reason::Shared
        | Reason::LinkDown
        | Reason::Suspended
        | Reason::Starting
        | Reason::Unsupported => true,
        Reason::NoPermission | Reason::NotAnswering | Reason::Lost | Reason::Failed | Reason::CounterReset => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HANG: Option<(Reason, Option<&str>)> = Some((Reason::NotAnswering, Some("no answer")));

    #[test]
    fn a_fault_that_comes_and_goes_is_one_fault() {
        let mut faults = Faults::default();
        for tick in 0..20 {
            faults.note("system/gpu", tick, if tick % 2 == 0 { HANG } else { None });
        }
        assert_eq!(faults.all().len(), 1);
        assert_eq!(faults.all()[0].to, None);
        for tick in 20..23 {
            faults.note("system/gpu", tick, None);
        }
        let fault = &faults.all()[0];
        assert_eq!((fault.from, fault.to, fault.reason), (0, Some(19), Reason::NotAnswering));
        assert_eq!(fault.detail.as_deref(), Some("no answer"));
    }

    #[test]
    fn times_move_along_with_a_clock_that_is_set() {
        const HOUR: i64 = 3_600_000;
        let mut faults = Faults::default();
        let tick = |faults: &mut Faults, seconds: u64, set: i64, a, b| {
            let mono = Duration::from_secs(seconds);
            let wall = i64::try_from(seconds).unwrap() * 1_000 + set;
            faults.follow(&Stamp { mono, boot: mono, wall });
            faults.note("a", wall, a);
            faults.note("b", wall, b);
        };
        let times = |faults: &Faults| faults.all().iter().map(|fault| (fault.from, fault.to)).collect::<Vec<_>>();
        tick(&mut faults, 1, 0, HANG, None);
        for second in 2..5 {
            tick(&mut faults, second, 0, None, HANG);
        }
        tick(&mut faults, 5, 500, None, None);
        assert_eq!(times(&faults), [(1_000, Some(2_000)), (2_000, None)], "it was only put right a little");
        tick(&mut faults, 6, -HOUR, None, None);
        tick(&mut faults, 7, -HOUR, None, None);
        let [first, second] = [(1_000 - HOUR, Some(2_000 - HOUR)), (2_000 - HOUR, Some(5_500 - HOUR))];
        assert_eq!(times(&faults), [first, second], "and well since before it was set");
    }

    #[test]
    fn another_reason_is_part_of_the_fault_and_another_channel_is_not() {
        let mut faults = Faults::default();
        faults.note("a", 1, HANG);
        faults.note("a", 2, Some((Reason::Failed, None)));
        faults.note("b", 2, HANG);
        assert_eq!(faults.all().iter().map(|fault| fault.channel.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        faults.retain(3, |channel| channel == "b");
        assert_eq!(faults.all()[0].to, Some(3));
    }

    #[test]
    fn the_list_is_bounded_and_keeps_the_newest() {
        let mut faults = Faults::default();
        for at in 0..1_000 {
            faults.note(&format!("channel {at}"), at, HANG);
            faults.retain(at, |_| false);
        }
        let all = faults.all();
        assert_eq!((all.len(), all[FAULTS - 1].from), (FAULTS, 999));
    }
}

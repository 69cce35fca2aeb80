//! What holds a GPU back over a range of the history, with the figures that this rests on. Kinds and numbers, no
//! sentences: who shows it words it. `rules.rs` is the table; nothing here claims more than it finds there.

mod moments;
mod rules;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use crate::channel::gpu_event;
use crate::gpu_details::UnknownGpu;
use crate::gpu_state::GpuState;
use crate::history::{self, History, HistoryGap, ReversedRange};
use crate::metrics::Reason;
use moments::Moment;

/// How far before `since` a stretch that lasts up to the newest sample is followed, in milliseconds.
const LOOK_BACK: i64 = 600_000;

/// Which verdict is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictQuery {
    /// The device, as `GpuMetrics` names it.
    pub gpu_id: String,
    /// Unix milliseconds of the oldest sample that counts, inclusive; the oldest there is if absent.
    #[specta(optional)]
    pub since: Option<i64>,
    /// Unix milliseconds of the newest sample that counts, inclusive; the newest there is if absent.
    #[specta(optional)]
    pub until: Option<i64>,
}

/// A query that can't be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerdictError {
    /// No such device has been seen.
    #[error(transparent)]
    UnknownGpu(#[from] UnknownGpu),
    /// It ends before it begins.
    #[error(transparent)]
    Range(#[from] ReversedRange),
}

/// What holds a GPU back, over a range. All shares are percent of `sampled`, 0–100.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct GpuVerdict {
    /// The device.
    pub gpu_id: String,
    /// Seconds that the samples of the device in the range stand for. A sample stands for the time since the one before.
    #[specta(type = Number)]
    pub sampled: f64,
    /// What it comes down to.
    pub headline: Finding,
    /// What was found besides, the largest share first.
    pub also: Vec<Finding>,
    /// How the time was shared out between the states, largest first: together 100 %, or none without a sample.
    pub shares: Vec<StateShare>,
    /// How the rest of the machine was meanwhile.
    pub machine: Machine,
    /// Time in the range in which the device was not sampled, by reason, longest first.
    pub unsampled: Vec<Unsampled>,
}

/// How much of the time a GPU was in a state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Type)]
pub struct StateShare {
    /// `null` where the device did not tell.
    pub state: Option<GpuState>,
    /// Percent.
    #[specta(type = Number)]
    pub percent: f64,
}

/// Time without samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Type)]
pub struct Unsampled {
    /// Why.
    pub reason: Reason,
    /// How long.
    #[specta(type = Number)]
    pub seconds: f64,
}

/// Means of the machine's figures over the time in which the GPU was sampled, percent. What the kernel does not tell is `null`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct Machine {
    /// How busy the busiest core of each moment was.
    pub busiest_core: Option<f64>,
    /// Time in which some thread waited for a core.
    pub cpu_pressure: Option<f64>,
    /// How busy the busiest disk of each moment was.
    pub disk_busy: Option<f64>,
    /// Time in which some thread waited for I/O.
    pub io_pressure: Option<f64>,
}

/// One thing found, with its evidence: means over the time in which it held, in the units of `GpuMetrics`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// Too little was sampled to say anything.
    NotEnoughData {
        /// Seconds that were sampled.
        #[specta(type = Number)]
        seconds: f64,
        /// Seconds that it takes.
        #[specta(type = Number)]
        needed: f64,
    },
    /// Nothing was sampled at all.
    Unavailable {
        /// Why not.
        reason: Reason,
    },
    /// It says that it is fully busy, at a power and a memory traffic of hardly any work, without a change.
    PossiblyHung {
        /// How long it has been so.
        #[specta(type = Number)]
        seconds: f64,
        /// Percent.
        #[specta(type = Number)]
        utilization: f64,
        /// W.
        #[specta(type = Number)]
        power_draw: f64,
        /// W.
        #[specta(type = Number)]
        power_limit: f64,
    },
    /// Something kept its clocks down.
    HeldBack {
        /// What: none of `idle` and `running_free`.
        by: GpuState,
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
        /// W.
        power_draw: Option<f64>,
        /// W, the newest.
        power_limit: Option<f64>,
        /// °C, the highest.
        temperature: Option<f64>,
        /// MHz.
        sm_clock: Option<f64>,
        /// MHz.
        sm_clock_max: Option<f64>,
    },
    /// It had little to do while something waited for a disk. That it was the GPU's program is likely, not known.
    WaitingForData {
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
        /// Percent.
        #[specta(type = Number)]
        utilization: f64,
        /// Percent.
        disk_busy: Option<f64>,
        /// Percent.
        io_pressure: Option<f64>,
    },
    /// It had little to do while a core was fully busy, or threads waited for one. That it was the GPU's program is
    /// likely, not known.
    WaitingForCpu {
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
        /// Percent.
        #[specta(type = Number)]
        utilization: f64,
        /// Percent.
        busiest_core: Option<f64>,
        /// Percent, over all cores.
        cpu_utilization: Option<f64>,
        /// Percent.
        cpu_pressure: Option<f64>,
    },
    /// It was busy behind a `PCIe` link below what that can be. What this cost is not known: it depends on how much the
    /// program moves.
    SlowLink {
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
        /// Percent.
        #[specta(type = Number)]
        utilization: f64,
        /// Its generation, the newest.
        generation: Option<f64>,
        /// What it can be.
        generation_max: Option<f64>,
        /// Its lanes, the newest.
        width: Option<f64>,
        /// What they can be.
        width_max: Option<f64>,
    },
    /// Hardly any of its memory was left.
    MemoryNearlyFull {
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
        /// Bytes, the most.
        #[specta(type = Number)]
        memory_used: f64,
        /// Bytes.
        #[specta(type = Number)]
        memory_total: f64,
    },
    /// It had nothing to do, for the largest part.
    Idle {
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
    },
    /// It worked, and nothing held its clocks back, for the largest part.
    RunningFree {
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
        /// Percent.
        utilization: Option<f64>,
        /// W.
        power_draw: Option<f64>,
        /// MHz.
        sm_clock: Option<f64>,
        /// MHz.
        sm_clock_max: Option<f64>,
    },
    /// The device does not tell what holds its clocks back.
    Untold {
        /// Share of the time.
        #[specta(type = Number)]
        percent: f64,
        /// Percent.
        utilization: Option<f64>,
    },
}

/// The verdict on one of `devices`, from the history alone: the same history gives the same verdict.
///
/// # Errors
/// [`VerdictError`] names the field that can't be and what is allowed.
pub(crate) fn of(
    history: &History,
    query: &VerdictQuery,
    devices: impl IntoIterator<Item = String>,
) -> Result<GpuVerdict, VerdictError> {
    let known: Vec<_> = devices.into_iter().collect();
    if !known.contains(&query.gpu_id) {
        return Err(UnknownGpu { found: query.gpu_id.clone(), known }.into());
    }
    let (since, until) = history::ends(query.since, query.until)?;
    let channel = gpu_event(&query.gpu_id);
    let part = history.part(since.saturating_sub(LOOK_BACK), until);
    let moments = moments::of(&part, &channel);
    let unsampled = match moments.as_slice() {
        [oldest, .., newest] => {
            unsampled(part.gaps(&channel), since.max(oldest.timestamp), until.min(newest.timestamp))
        }
        _ => Vec::new(),
    };
    Ok(rules::judge(&query.gpu_id, &moments, since, unsampled))
}

/// How long the gaps are inside a range, by reason, longest first.
fn unsampled<'a>(gaps: impl Iterator<Item = &'a HistoryGap>, since: i64, until: i64) -> Vec<Unsampled> {
    let mut found: Vec<Unsampled> = Vec::new();
    for gap in gaps {
        let length = gap.to.unwrap_or(until).min(until).saturating_sub(gap.from.max(since));
        if length <= 0 {
            continue;
        }
        let seconds = length as f64 / 1_000.0;
        match found.iter_mut().find(|known| known.reason == gap.reason) {
            Some(known) => known.seconds += seconds,
            None => found.push(Unsampled { reason: gap.reason, seconds }),
        }
    }
    found.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    found
}

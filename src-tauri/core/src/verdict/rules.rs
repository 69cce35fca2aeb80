//! The table of rules, and what becomes of moments by it.

use super::{Finding, GpuVerdict, Machine, Moment, StateShare, Unsampled};
use crate::gpu_state::GpuState;

/// Less than so many samples are not enough for any verdict.
const LEAST_SAMPLES: usize = 5;
/// Less than so many seconds of samples are not enough for any verdict.
pub(super) const LEAST_SECONDS: f64 = 10.0;

/// One row of the table: it finds something where its test holds for long enough.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// What it asks of each moment.
    test: Test,
    /// Which moments count.
    scope: Scope,
    /// For how much of the time it must hold at least, percent of what was sampled.
    percent: f64,
    /// For how long it must hold at least, in seconds.
    seconds: f64,
    /// What the moments in which it holds must show together.
    together: fn(&Held<'_>) -> bool,
    /// What it finds then.
    finding: fn(&Held<'_>) -> Option<Finding>,
}

/// What a rule asks of one moment.
#[derive(Debug, Clone, Copy)]
enum Test {
    /// That the GPU was in a state.
    State(GpuState),
    /// That figures were so. A figure that is missing never passes.
    Figures(fn(&Moment) -> bool),
}

/// Which moments a rule counts.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// All in which it holds.
    Any,
    /// The stretch up to the newest in which this figure stays within [`STEADY`], and which may begin before the range: what ended by
    /// itself is not meant. [`LATE`] samples do not break it, and do not count.
    UpToNow(fn(&Moment) -> Option<f64>),
}

/// By how much a figure may differ within a stretch that lasts up to the newest sample.
const STEADY: f64 = 5.0;

/// For so many rows in a row, and seconds, a sample may be missing in such a stretch: one that only comes late.
const LATE: (u32, f64) = (3, 10.0);

/// The table. "of the time" is of what was sampled in the range; with less than [`LEAST_SAMPLES`] and [`LEAST_SECONDS`]
/// of it, nothing is found.
///
/// | finding | in a moment | of the time | for | and together |
/// | --- | --- | --- | --- | --- |
/// | `possibly_hung` | utilization ≥ 95 %, power ≤ 30 % of its limit, memory bandwidth ≤ 5 % | unbroken up to the newest sample (but for up to 3 rows and 10 s without one), while the power differs by no more than 5 % of its limit | 60 s | 5 samples: fewer show no steady figure |
/// | `held_back` by `hardware_thermal`, `power_brake` | that state | 1 % | | |
/// | by `hardware_slowdown`, `software_thermal` | that state | 5 % | | |
/// | by `power_cap`, `sync_boost`, `application_clocks`, `display_clocks` | that state | 10 % | | |
/// | `waiting_for_data` | utilization < 50 %, and I/O pressure ≥ 20 % (where the kernel has none: a disk ≥ 80 % busy) | 30 % | 10 s | the GPU worked (utilization ≥ 5 %) in at least a fifth of it |
/// | `waiting_for_cpu` | utilization < 50 %, not waiting for data, and a core ≥ 95 % busy or CPU pressure ≥ 40 % | 30 % | 10 s | the same |
/// | `slow_link` | utilization ≥ 50 %, and the `PCIe` link below its full width or, unless the clock is below half of its maximum, its highest generation | 10 % | 10 s | |
/// | `memory_nearly_full` | used ≥ 95 % of the total | 5 % | | |
///
/// The headline is `possibly_hung`, else the finding of the largest share that tells what held the GPU back (in a tie
/// the one further up), else the largest of `idle`, `running_free` and `untold`. The others found stand beside it.
/// A busy disk without I/O pressure is not taken for waiting: nobody waits for it. A link below its best is not taken for what
/// held the GPU back, as nothing here tells how much went over it; nor is one while the GPU does little, which saves power so.
const RULES: [Rule; 13] = [
    Rule {
        test: Test::Figures(seems_hung),
        scope: Scope::UpToNow(power_share),
        percent: 0.0,
        seconds: 60.0,
        together: |held| held.moments.len() >= LEAST_SAMPLES,
        finding: |held| {
            Some(Finding::PossiblyHung {
                seconds: held.seconds,
                utilization: held.mean(|one| one.utilization)?,
                power_draw: held.mean(|one| one.power_draw)?,
                power_limit: held.last(|one| one.power_limit)?,
            })
        },
    },
    held_back(GpuState::HardwareThermal, 1.0),
    held_back(GpuState::PowerBrake, 1.0),
    held_back(GpuState::HardwareSlowdown, 5.0),
    held_back(GpuState::SoftwareThermal, 5.0),
    held_back(GpuState::PowerCap, 10.0),
    held_back(GpuState::SyncBoost, 10.0),
    held_back(GpuState::ApplicationClocks, 10.0),
    held_back(GpuState::DisplayClocks, 10.0),
    Rule {
        test: Test::Figures(lacks_data),
        scope: Scope::Any,
        percent: 30.0,
        seconds: 10.0,
        together: worked,
        finding: |held| {
            Some(Finding::WaitingForData {
                percent: held.percent,
                utilization: held.mean(|one| one.utilization)?,
                disk_busy: held.mean(|one| one.disk_busy),
                io_pressure: held.mean(|one| one.io_pressure),
            })
        },
    },
    Rule {
        test: Test::Figures(lacks_cpu),
        scope: Scope::Any,
        percent: 30.0,
        seconds: 10.0,
        together: worked,
        finding: |held| {
            Some(Finding::WaitingForCpu {
                percent: held.percent,
                utilization: held.mean(|one| one.utilization)?,
                busiest_core: held.mean(|one| one.busiest_core),
                cpu_utilization: held.mean(|one| one.cpu_utilization),
                cpu_pressure: held.mean(|one| one.cpu_pressure),
            })
        },
    },
    Rule {
        test: Test::Figures(has_slow_link),
        scope: Scope::Any,
        percent: 10.0,
        seconds: 10.0,
        together: |_| true,
        finding: |held| {
            Some(Finding::SlowLink {
                percent: held.percent,
                utilization: held.mean(|one| one.utilization)?,
                generation: held.last(|one| one.pcie_generation),
                generation_max: held.last(|one| one.pcie_generation_max),
                width: held.last(|one| one.pcie_width),
                width_max: held.last(|one| one.pcie_width_max),
            })
        },
    },
    Rule {
        test: Test::Figures(|one| {
            one.memory_used.zip(one.memory_total).is_some_and(|(used, total)| used >= total * 0.95)
        }),
        scope: Scope::Any,
        percent: 5.0,
        seconds: 0.0,
        together: |_| true,
        finding: |held| {
            Some(Finding::MemoryNearlyFull {
                percent: held.percent,
                memory_used: held.most(|one| one.memory_used)?,
                memory_total: held.last(|one| one.memory_total)?,
            })
        },
    },
];

const fn held_back(by: GpuState, percent: f64) -> Rule {
    Rule {
        test: Test::State(by),
        scope: Scope::Any,
        percent,
        seconds: 0.0,
        together: |_| true,
        finding: |held| {
            Some(Finding::HeldBack {
                by: held.last(|one| one.state)?,
                percent: held.percent,
                power_draw: held.mean(|one| one.power_draw),
                power_limit: held.last(|one| one.power_limit),
                temperature: held.most(|one| one.temperature),
                sm_clock: held.mean(|one| one.sm_clock),
                sm_clock_max: held.last(|one| one.sm_clock_max),
            })
        },
    }
}

fn seems_hung(one: &Moment) -> bool {
    one.utilization.is_some_and(|busy| busy >= 95.0)
        && power_share(one).is_some_and(|power| power <= 30.0)
        && one.memory_bandwidth.is_some_and(|busy| busy <= 5.0)
}

/// Power in percent of its limit.
fn power_share(one: &Moment) -> Option<f64> {
    share(one.power_draw?, one.power_limit?)
}

fn has_little_to_do(one: &Moment) -> bool {
    one.utilization.is_some_and(|busy| busy < 50.0)
}

fn lacks_data(one: &Moment) -> bool {
    let waits = match one.io_pressure {
        Some(pressure) => pressure >= 20.0,
        None => one.disk_busy.is_some_and(|busy| busy >= 80.0),
    };
    has_little_to_do(one) && waits
}

fn lacks_cpu(one: &Moment) -> bool {
    let waits =
        one.busiest_core.is_some_and(|busy| busy >= 95.0) || one.cpu_pressure.is_some_and(|waited| waited >= 40.0);
    has_little_to_do(one) && waits && !lacks_data(one)
}

fn has_slow_link(one: &Moment) -> bool {
    let below = |now: Option<f64>, most: Option<f64>| now.zip(most).is_some_and(|(now, most)| now < most);
    // Utilization is of what the clock allows: a desktop keeps a GPU busy that saves power, and its link with it.
    let saves_power = one.sm_clock.zip(one.sm_clock_max).is_some_and(|(now, most)| now < most / 2.0);
    one.utilization.is_some_and(|busy| busy >= 50.0)
        && (below(one.pcie_width, one.pcie_width_max)
            || !saves_power && below(one.pcie_generation, one.pcie_generation_max))
}

/// Whether something used the GPU at all, in a fifth of the time at least: an idle one waits for nothing.
fn worked(held: &Held<'_>) -> bool {
    let busy = held.moments.iter().filter(|one| one.utilization.is_some_and(|busy| busy >= 5.0));
    busy.map(|one| one.seconds).sum::<f64>() >= held.seconds / 5.0
}

/// Percent; `None` of nothing.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part * 100.0 / whole)
}

/// The moments in which a rule holds.
#[derive(Debug)]
pub(super) struct Held<'a> {
    moments: Vec<&'a Moment>,
    seconds: f64,
    /// Of what was sampled in the range.
    percent: f64,
}

impl<'a> Held<'a> {
    fn new(moments: Vec<&'a Moment>, sampled: f64) -> Self {
        let seconds = moments.iter().map(|one| one.seconds).sum();
        Self { moments, seconds, percent: share(seconds, sampled).unwrap_or_default().min(100.0) }
    }

    /// Mean over time of a figure, where it is known.
    fn mean(&self, figure: impl Fn(&Moment) -> Option<f64>) -> Option<f64> {
        let known = self.moments.iter().filter_map(|one| Some((figure(one)?, one.seconds)));
        let (sum, seconds) =
            known.fold((0.0, 0.0), |(sum, all), (value, seconds)| (sum + value * seconds, all + seconds));
        (seconds > 0.0).then(|| sum / seconds)
    }

    /// The largest.
    fn most(&self, figure: impl Fn(&Moment) -> Option<f64>) -> Option<f64> {
        self.moments.iter().filter_map(|one| figure(one)).reduce(f64::max)
    }

    /// The newest.
    fn last<T>(&self, figure: impl Fn(&Moment) -> Option<T>) -> Option<T> {
        self.moments.iter().rev().find_map(|one| figure(one))
    }
}

impl Rule {
    /// What it finds. `moments` are those of the range and those before it; `range` those of the range, `sampled` their seconds.
    fn find(&self, moments: &[Moment], range: &[Moment], sampled: f64) -> Option<Finding> {
        let holds = |one: &Moment| match self.test {
            Test::State(state) => one.state == Some(state),
            Test::Figures(passes) => passes(one),
        };
        let held = match self.scope {
            Scope::Any => range.iter().filter(|one| holds(one)).collect(),
            Scope::UpToNow(steady) => {
                let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
                let mut without = (0, 0.0);
                let goes_on = |one: &&Moment| {
                    if !one.is_sampled() {
                        without = (without.0 + 1, without.1 + one.seconds);
                        return without.0 <= LATE.0 && without.1 <= LATE.1;
                    }
                    without = (0, 0.0);
                    let Some(figure) = steady(one).filter(|_| holds(one)) else { return false };
                    (least, most) = (least.min(figure), most.max(figure));
                    most - least <= STEADY
                };
                let newest_first = moments.iter().rev().take_while(goes_on).filter(|one| one.is_sampled());
                let mut held: Vec<_> = newest_first.collect();
                held.reverse();
                held
            }
        };
        let held = Held::new(held, sampled);
        let enough = !held.moments.is_empty() && held.percent >= self.percent && held.seconds >= self.seconds;
        (enough && (self.together)(&held)).then(|| (self.finding)(&held)).flatten()
    }
}

impl Finding {
    /// Of the time in which the GPU did not run as it could for this; `None` for what does not tell that.
    fn held(&self) -> Option<f64> {
        match self {
            Self::PossiblyHung { .. } => Some(f64::INFINITY),
            Self::HeldBack { percent, .. }
            | Self::WaitingForData { percent, .. }
            | Self::WaitingForCpu { percent, .. } => Some(*percent),
            Self::NotEnoughData { .. }
            | Self::Unavailable { .. }
            | Self::SlowLink { .. }
            | Self::MemoryNearlyFull { .. }
            | Self::Idle { .. }
            | Self::RunningFree { .. }
            | Self::Untold { .. } => None,
        }
    }
}

/// The verdict on moments, oldest first; those before `since` only lengthen a stretch that lasts up to the newest.
pub(super) fn judge(gpu_id: &str, moments: &[Moment], since: i64, unsampled: Vec<Unsampled>) -> GpuVerdict {
    let range = &moments[moments.partition_point(|one| one.timestamp < since)..];
    let sampled: Vec<_> = range.iter().filter(|one| one.is_sampled()).collect();
    let count = sampled.len();
    let all = Held::new(sampled, 0.0);
    let shares = shares(&all);
    let mut found = Vec::new();
    let enough = count >= LEAST_SAMPLES && all.seconds >= LEAST_SECONDS;
    if enough {
        found.extend(RULES.iter().filter_map(|rule| rule.find(moments, range, all.seconds)));
        // Stable: in a tie the one further up in the table. What holds nothing back comes last.
        found.sort_by(|one, other| other.held().unwrap_or(-1.0).total_cmp(&one.held().unwrap_or(-1.0)));
    }
    let headline = match found.first() {
        Some(first) if first.held().is_some() => found.remove(0),
        Some(_) | None if enough => otherwise(&all, &shares),
        Some(_) | None => match unsampled.first().filter(|_| count == 0) {
            Some(longest) => Finding::Unavailable { reason: longest.reason },
            None => Finding::NotEnoughData { seconds: all.seconds, needed: LEAST_SECONDS },
        },
    };
    let machine = Machine {
        busiest_core: all.mean(|one| one.busiest_core),
        cpu_pressure: all.mean(|one| one.cpu_pressure),
        disk_busy: all.mean(|one| one.disk_busy),
        io_pressure: all.mean(|one| one.io_pressure),
    };
    GpuVerdict { gpu_id: gpu_id.into(), sampled: all.seconds, headline, also: found, shares, machine, unsampled }
}

/// How the sampled time was shared out between the states.
fn shares(all: &Held<'_>) -> Vec<StateShare> {
    let states = GpuState::ALL.into_iter().map(Some).chain([None]);
    let mut shares: Vec<_> = states
        .filter_map(|state| {
            let seconds: f64 = all.moments.iter().filter(|one| one.state == state).map(|one| one.seconds).sum();
            let percent = share(seconds, all.seconds).filter(|percent| *percent > 0.0)?;
            Some(StateShare { state, percent: percent.min(100.0) })
        })
        .collect();
    shares.sort_by(|one, other| other.percent.total_cmp(&one.percent));
    shares
}

/// The headline where nothing that holds it back was found.
fn otherwise(all: &Held<'_>, shares: &[StateShare]) -> Finding {
    let free = |share: &&StateShare| share.state.is_none_or(|state| !state.holds_back());
    // There is one: the states that hold back have less than half of the time while each is below its threshold.
    let StateShare { state, percent } =
        shares.iter().find(free).copied().unwrap_or(StateShare { state: None, percent: 0.0 });
    let then = Held::new(all.moments.iter().copied().filter(|one| one.state == state).collect(), all.seconds);
    match state {
        Some(GpuState::Idle) => Finding::Idle { percent },
        Some(_) => Finding::RunningFree {
            percent,
            utilization: then.mean(|one| one.utilization),
            power_draw: then.mean(|one| one.power_draw),
            sm_clock: then.mean(|one| one.sm_clock),
            sm_clock_max: then.last(|one| one.sm_clock_max),
        },
        None => Finding::Untold { percent, utilization: then.mean(|one| one.utilization) },
    }
}

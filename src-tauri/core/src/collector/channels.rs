//! The state of each channel between ticks: its last reading, and why it is not current.

use std::collections::BTreeMap;
use std::time::Duration;

use super::worker::{Outcome, Worker};
use crate::channel::{Channel, gpu_event};
use crate::clock::Stamp;
use crate::feed::Snapshot;
use crate::fields::{self, Unit};
use crate::gpu_state::GpuState;
use crate::history::History;
use crate::metrics::{ChannelStatus, CurrentMetrics, GpuMetrics, Reason};
use crate::source::gpu::{GONE, HANGS};
use crate::source::{GpuReading, Problem, Reading};

/// All channels, in the order of their sources. Several sources may feed the GPU channel, each for its own devices.
#[derive(Debug)]
pub(super) struct Channels {
    states: Vec<State>,
    metrics: CurrentMetrics,
}

/// One source.
#[derive(Debug)]
struct State {
    source: &'static str,
    channel: Channel,
    last: Option<Stamp>,
    /// What it said last, if it feeds the GPU channel.
    gpus: GpuReading,
    /// When each of these had a figure last.
    figured: BTreeMap<String, Stamp>,
    /// The error that the last answer was, if it was one.
    problem: Option<Problem>,
    /// It had not answered when the newest tick came.
    overdue: bool,
    /// It has answered since.
    late: bool,
    /// It was asked for the newest tick and has not answered.
    awaited: bool,
}

impl Channels {
    pub(super) fn new(workers: &[Worker]) -> Self {
        let state = |worker: &Worker| State::new(worker.source(), worker.channel());
        Self { states: workers.iter().map(state).collect(), metrics: CurrentMetrics::default() }
    }

    /// The events of all channels that are known now.
    pub(super) fn events(&self) -> Vec<String> {
        self.states.iter().flat_map(State::events).collect()
    }

    /// Those that a source feeds.
    pub(super) fn events_of(&self, source: &str) -> Vec<String> {
        self.states.iter().filter(|state| state.source == source).flat_map(State::events).collect()
    }

    /// Notes whether a source was free to be asked at the newest tick.
    pub(super) fn asked(&mut self, source: &str, asked: bool) {
        if let Some(state) = self.states.iter_mut().find(|state| state.source == source) {
            (state.late, state.overdue, state.awaited) = (false, !asked, asked);
        }
    }

    /// Those that have no sample of the newest tick, although their sources have answered since: to an earlier one.
    pub(super) fn late(&self) -> Vec<String> {
        self.states.iter().filter(|state| state.late).flat_map(State::events).collect()
    }

    /// Takes an answer in, and its values into the row of the tick it belongs to.
    pub(super) fn accept(&mut self, outcome: Outcome, history: &mut History) {
        let Some(state) = self.states.iter_mut().find(|state| state.source == outcome.source) else { return };
        (state.late, state.overdue, state.awaited) = (state.overdue, false, false);
        let (stamp, reading) = match outcome.result {
            Ok(answer) => answer,
            Err(problem) => {
                state.problem = Some(problem);
                return;
            }
        };
        state.last = Some(stamp);
        state.problem = None;
        let mut row = history.fill(outcome.tick);
        match reading {
            Reading::Gpu(mut reading) => {
                reading.devices.iter_mut().for_each(GpuState::tell);
                reading.devices.iter().for_each(|gpu| fields::of_gpu(gpu, &mut row));
                state.take(reading, stamp);
                self.metrics.gpu = one_list(self.gpu_sources());
            }
            Reading::Cpu(metrics) => fields::of_cpu(self.metrics.cpu.insert(metrics), &mut row),
            Reading::Memory(metrics) => fields::of_memory(self.metrics.memory.insert(metrics), &mut row),
            Reading::Disk(metrics) => fields::of_disk(self.metrics.disk.insert(metrics), &mut row),
            Reading::Network(metrics) => fields::of_network(self.metrics.network.insert(metrics), &mut row),
        }
        drop(row);
        let late = self.states.iter().filter(|state| state.late && state.source == outcome.source);
        late.flat_map(State::with_figures).for_each(|channel| history.came(&channel, outcome.tick));
    }

    /// What is published: the newest of everything, and how fresh each channel is at `now`.
    pub(super) fn snapshot(&self, tick: u64, at: &Stamp, now: &Stamp, interval: Duration) -> Snapshot {
        let metrics = CurrentMetrics {
            channels: self.statuses(now),
            tick,
            timestamp: at.wall,
            interval: interval.as_secs_f64(),
            ..self.metrics.clone()
        };
        Snapshot {
            metrics,
            gpu_driver: self.gpu_sources().find_map(|state| state.gpus.driver_version.clone()),
            gpu_drivers: self.gpu_sources().flat_map(|state| state.gpus.drivers.clone()).collect(),
            gpu_problem: self.gpu_problem(),
            awaited: self.states.iter().filter(|state| state.awaited).flat_map(State::events).collect(),
            gpu_awake: self.gpu_sources().flat_map(|state| state.gpus.awake.clone()).collect(),
        }
    }

    /// Why a source as a whole has no current sample.
    pub(super) fn problem(&self, source: &str) -> Option<Problem> {
        let state = self.states.iter().find(|state| state.source == source)?;
        state.trouble().or_else(|| state.gpus.problem.clone())
    }

    fn gpu_sources(&self) -> impl Iterator<Item = &State> + Clone {
        self.states.iter().filter(|state| state.channel == Channel::Gpu)
    }

    /// Why there is no GPU figure at all, or none of one source: that it does not answer, or what its driver said. That
    /// one source knows no device is worth a word only where no other knows any.
    fn gpu_problem(&self) -> Option<Problem> {
        let none = self.metrics.gpu.is_empty();
        let mut matter = self.gpu_sources().filter(|state| none || !state.gpus.devices.is_empty());
        let trouble = self.gpu_sources().find_map(State::trouble);
        trouble.or_else(|| matter.find_map(|state| state.gpus.problem.clone()))
    }

    fn statuses(&self, now: &Stamp) -> Vec<ChannelStatus> {
        let mut all = Vec::new();
        for state in self.gpu_sources() {
            let problem = |gpu: &GpuMetrics| state.trouble().or_else(|| state.device_problem(gpu));
            all.extend(state.gpus.devices.iter().map(|gpu| state.device_status(gpu, problem(gpu), now)));
        }
        // One word for the sources that know no device: of one that owes an answer, else of the first.
        let mut without = self.gpu_sources().filter(|state| state.gpus.devices.is_empty());
        let waiting = without.clone().find(|state| state.trouble().is_some());
        if let Some(state) = waiting.or_else(|| without.next().filter(|_| all.is_empty())) {
            let problem = state.trouble().or_else(|| self.gpu_problem());
            all.push(status(Channel::Gpu.event().into(), state.last, problem, now));
        }
        let others = self.states.iter().filter(|state| state.channel != Channel::Gpu);
        all.extend(others.map(|state| status(state.channel.event().into(), state.last, state.trouble(), now)));
        all
    }
}

fn status(channel: String, last: Option<Stamp>, problem: Option<Problem>, now: &Stamp) -> ChannelStatus {
    ChannelStatus {
        channel,
        timestamp: last.map(|last| last.wall),
        age: last.map(|last| now.since(&last).as_millis() as f64 / 1_000.0),
        reason: problem.as_ref().map(|problem| problem.reason),
        detail: problem.map(|problem| problem.detail).filter(|detail| !detail.is_empty()),
    }
}

/// Whether anything is known of a device now. What figures can be at most may be known from before.
fn has_figures(gpu: &GpuMetrics) -> bool {
    let mut some = false;
    fields::of_gpu(gpu, &mut |_: &str, path: &str, _: Unit, value: Option<f64>| {
        some |= value.is_some() && !path.ends_with("_max");
    });
    some
}

/// The devices of all sources. A source numbers its own; those of a later one move up behind those of the ones before.
fn one_list<'a>(sources: impl Iterator<Item = &'a State>) -> Vec<GpuMetrics> {
    let mut all: Vec<GpuMetrics> = Vec::new();
    for state in sources {
        let free = all.iter().map(|gpu| gpu.index + 1).max().unwrap_or(0);
        let lowest = state.gpus.devices.iter().map(|gpu| gpu.index).min().unwrap_or(0);
        let up = free.saturating_sub(lowest);
        all.extend(state.gpus.devices.iter().map(|gpu| GpuMetrics { index: gpu.index + up, ..gpu.clone() }));
    }
    all
}

impl State {
    fn new(source: &'static str, channel: Channel) -> Self {
        Self {
            source,
            channel,
            last: None,
            gpus: GpuReading::default(),
            figured: BTreeMap::new(),
            problem: None,
            overdue: false,
            late: false,
            awaited: false,
        }
    }

    fn events(&self) -> Vec<String> {
        match self.channel {
            Channel::Gpu => self.gpus.devices.iter().map(|gpu| gpu_event(&gpu.gpu_id)).collect(),
            Channel::Cpu | Channel::Memory | Channel::Disk | Channel::Network => vec![self.channel.event().into()],
        }
    }

    /// Those of its events that have a sample, as far as it has answered.
    fn with_figures(&self) -> Vec<String> {
        let without = |event: &String| {
            let gpu = self.gpus.devices.iter().find(|gpu| gpu_event(&gpu.gpu_id) == *event);
            gpu.is_some_and(|gpu| self.device_problem(gpu).is_some())
        };
        self.events().into_iter().filter(|event| !without(event)).collect()
    }

    /// Takes in what a source of GPUs said.
    fn take(&mut self, reading: GpuReading, at: Stamp) {
        self.gpus = reading;
        let Self { gpus, figured, .. } = self;
        figured.retain(|id, _| gpus.devices.iter().any(|gpu| gpu.gpu_id == *id));
        for gpu in gpus.devices.iter().filter(|gpu| has_figures(gpu)) {
            match figured.get_mut(&gpu.gpu_id) {
                Some(stamp) => *stamp = at,
                None => drop(figured.insert(gpu.gpu_id.clone(), at)),
            }
        }
    }

    /// One that is asleep or lost is sampled at every tick, without a figure: its last sample is the last that had one.
    fn device_status(&self, gpu: &GpuMetrics, problem: Option<Problem>, now: &Stamp) -> ChannelStatus {
        let last = if problem.is_some() { self.figured.get(&gpu.gpu_id).copied() } else { self.last };
        status(gpu_event(&gpu.gpu_id), last, problem, now)
    }

    /// A device none of whose figures can be had, for whichever reason it gives first; while one of them is still to come, it
    /// is starting.
    fn device_problem(&self, gpu: &GpuMetrics) -> Option<Problem> {
        let mut reasons = gpu.missing.values();
        let starting = reasons.clone().find(|reason| **reason == Reason::Starting);
        let reason = starting.or_else(|| reasons.next()).filter(|_| !has_figures(gpu))?;
        let of_device = self.gpus.words.get(&gpu.gpu_id).copied();
        let of_source = || self.gpus.problem.as_ref().map(|problem| problem.detail.as_str());
        let detail = of_device.or_else(of_source).unwrap_or_else(|| device_words(*reason));
        Some(Problem { reason: *reason, detail: detail.into() })
    }

    fn trouble(&self) -> Option<Problem> {
        let not_answering =
            || Problem { reason: Reason::NotAnswering, detail: "The source has not answered yet.".into() };
        let starting = || Problem { reason: Reason::Starting, detail: String::new() };
        match (self.overdue, &self.problem, self.last) {
            (true, _, _) => Some(not_answering()),
            (false, Some(problem), _) => Some(problem.clone()),
            (false, None, None) => Some(starting()),
            (false, None, Some(_)) => None,
        }
    }
}

fn device_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Lost => GONE,
        Reason::Unsupported => "The driver reports no figure of this GPU.",
        Reason::NoPermission => "This user may not ask the driver about this GPU.",
        Reason::Asleep => "The GPU is asleep, or was idle and is left alone so that it can fall asleep.",
        Reason::NotAnswering => HANGS,
        Reason::Starting
        | Reason::Absent
        | Reason::Failed
        | Reason::Suspended
        | Reason::CounterReset
        | Reason::Idle
        | Reason::Shared
        | Reason::LinkDown => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Missing;

    fn state() -> State {
        State::new("drm", Channel::Gpu)
    }

    fn problem(gpu: &GpuMetrics) -> Option<Reason> {
        state().device_problem(gpu).map(|problem| problem.reason)
    }

    #[test]
    fn a_device_that_sleeps_has_the_age_of_its_last_figure() {
        let mut state = state();
        let at = |second| {
            let mono = Duration::from_secs(second);
            Stamp { mono, boot: mono, wall: 1_000 * i64::try_from(second).unwrap() }
        };
        let awake = GpuMetrics { gpu_id: "a".into(), utilization: Some(3.0), ..GpuMetrics::default() };
        let asleep = GpuMetrics {
            missing: Missing::from([("utilization".to_owned(), Reason::Asleep)]),
            utilization: None,
            ..awake.clone()
        };
        let mut told = |gpu: &GpuMetrics, second| {
            (state.last, state.gpus.problem) = (Some(at(second)), None);
            state.take(GpuReading { devices: vec![gpu.clone()], ..GpuReading::default() }, at(second));
            let status = state.device_status(gpu, state.device_problem(gpu), &at(second));
            (status.timestamp, status.age, status.reason)
        };
        assert_eq!(told(&asleep, 1), (None, None, Some(Reason::Asleep)), "it had none yet");
        assert_eq!(told(&awake, 2), (Some(2_000), Some(0.0), None));
        assert_eq!(told(&asleep, 3_602), (Some(2_000), Some(3_600.0), Some(Reason::Asleep)));
    }

    #[test]
    fn a_device_has_a_reason_where_none_of_its_figures_can_be_had() {
        let missing = |reasons: &[(&str, Reason)]| -> Missing {
            reasons.iter().map(|(field, reason)| ((*field).to_owned(), *reason)).collect()
        };
        let first = missing(&[("memory_used", Reason::Shared), ("utilization", Reason::Starting)]);
        let mut gpu = GpuMetrics { missing: first, sm_clock_max: Some(2_000.0), ..GpuMetrics::default() };
        assert_eq!(problem(&gpu), Some(Reason::Starting), "an Intel GPU at its first sample");
        gpu.sm_clock = Some(300.0);
        assert_eq!(problem(&gpu), None, "its clock is a figure, too");
        let lost = missing(&[("memory_used", Reason::Lost), ("utilization", Reason::Lost)]);
        assert_eq!(problem(&GpuMetrics { missing: lost, ..GpuMetrics::default() }), Some(Reason::Lost));
    }
}

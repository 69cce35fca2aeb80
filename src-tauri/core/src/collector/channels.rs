//! The state of each channel between ticks: its last reading, and why it is not current.

use std::time::Duration;

use super::worker::{Outcome, Worker};
use crate::channel::{Channel, gpu_event};
use crate::clock::Stamp;
use crate::feed::Snapshot;
use crate::fields;
use crate::history::History;
use crate::metrics::{ChannelStatus, CurrentMetrics, GpuMetrics, Reason};
use crate::source::{GpuReading, Problem, Reading};

/// All channels, in the order of their sources.
#[derive(Debug)]
pub(super) struct Channels {
    states: Vec<State>,
    metrics: CurrentMetrics,
    gpu: GpuReading,
}

#[derive(Debug)]
struct State {
    channel: Channel,
    last: Option<Stamp>,
    /// The error that the last answer was, if it was one.
    problem: Option<Problem>,
    /// It had not answered when the newest tick came.
    overdue: bool,
}

impl Channels {
    pub(super) fn new(workers: &[Worker]) -> Self {
        let state = |worker: &Worker| State { channel: worker.channel(), last: None, problem: None, overdue: false };
        Self {
            states: workers.iter().map(state).collect(),
            metrics: CurrentMetrics::default(),
            gpu: GpuReading::default(),
        }
    }

    /// The events of all channels that are known now.
    pub(super) fn events(&self) -> Vec<String> {
        let events = |state: &State| match state.channel {
            Channel::Gpu => self.metrics.gpu.iter().map(|gpu| gpu_event(&gpu.gpu_id)).collect(),
            Channel::Cpu | Channel::Memory | Channel::Disk | Channel::Network => vec![state.channel.event().into()],
        };
        self.states.iter().flat_map(events).collect()
    }

    /// Notes whether a source was free to be asked at the newest tick.
    pub(super) fn asked(&mut self, channel: Channel, asked: bool) {
        if let Some(state) = self.states.iter_mut().find(|state| state.channel == channel) {
            state.overdue = !asked;
        }
    }

    /// Takes an answer in, and its values into the row of the tick it belongs to.
    pub(super) fn accept(&mut self, outcome: Outcome, history: &mut History) {
        let Some(state) = self.states.iter_mut().find(|state| state.channel == outcome.channel) else { return };
        state.overdue = false;
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
            Reading::Gpu(reading) => {
                reading.devices.iter().for_each(|gpu| fields::of_gpu(gpu, &mut row));
                self.metrics.gpu.clone_from(&reading.devices);
                self.gpu = reading;
            }
            Reading::Cpu(metrics) => fields::of_cpu(self.metrics.cpu.insert(metrics), &mut row),
            Reading::Memory(metrics) => fields::of_memory(self.metrics.memory.insert(metrics), &mut row),
            Reading::Disk(metrics) => fields::of_disk(self.metrics.disk.insert(metrics), &mut row),
            Reading::Network(metrics) => fields::of_network(self.metrics.network.insert(metrics), &mut row),
        }
    }

    /// What is published: the newest of everything, and how fresh each channel is at `now`.
    pub(super) fn snapshot(&self, tick: u64, at: &Stamp, now: &Stamp, interval: Duration) -> Snapshot {
        let metrics = CurrentMetrics {
            channels: self.states.iter().flat_map(|state| self.statuses(state, now)).collect(),
            tick,
            timestamp: at.wall,
            interval: interval.as_secs_f64(),
            ..self.metrics.clone()
        };
        Snapshot { metrics, gpu_driver: self.gpu.driver_version.clone(), gpu_problem: self.gpu_problem() }
    }

    /// Why there is no GPU figure at all: the source's own state, or what the driver said.
    fn gpu_problem(&self) -> Option<Problem> {
        let source = self.states.iter().find(|state| state.channel == Channel::Gpu)?;
        source.trouble().or_else(|| self.gpu.problem.clone())
    }

    fn statuses(&self, state: &State, now: &Stamp) -> Vec<ChannelStatus> {
        let status = |channel: String, problem: Option<Problem>| ChannelStatus {
            channel,
            timestamp: state.last.map(|last| last.wall),
            age: state.last.map(|last| now.since(&last).as_secs_f64()),
            reason: problem.as_ref().map(|problem| problem.reason),
            detail: problem.map(|problem| problem.detail).filter(|detail| !detail.is_empty()),
        };
        match state.channel {
            Channel::Gpu if self.metrics.gpu.is_empty() => {
                vec![status(Channel::Gpu.event().into(), self.gpu_problem())]
            }
            Channel::Gpu => {
                let one = |gpu: &GpuMetrics| {
                    let problem = state.trouble().or_else(|| self.device_problem(gpu));
                    status(gpu_event(&gpu.gpu_id), problem)
                };
                self.metrics.gpu.iter().map(one).collect()
            }
            Channel::Cpu | Channel::Memory | Channel::Disk | Channel::Network => {
                vec![status(state.channel.event().into(), state.trouble())]
            }
        }
    }

    /// A device none of whose figures can be had, for whichever reason it gives first.
    fn device_problem(&self, gpu: &GpuMetrics) -> Option<Problem> {
        let some = gpu.utilization.is_some()
            || gpu.memory_used.is_some()
            || gpu.temperature.is_some()
            || gpu.power_draw.is_some();
        let reason = gpu.missing.values().next().filter(|_| !some)?;
        let detail =
            self.gpu.problem.as_ref().map_or_else(|| device_words(*reason).into(), |problem| problem.detail.clone());
        Some(Problem { reason: *reason, detail })
    }
}

impl State {
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
        Reason::Lost => "The GPU does not answer: it fell off the bus or was removed.",
        Reason::Unsupported => "The driver reports no figure of this GPU.",
        Reason::NoPermission => "This user may not ask the driver about this GPU.",
        Reason::Asleep => "The GPU is asleep; asking would wake it.",
        Reason::Starting
        | Reason::NotAnswering
        | Reason::Absent
        | Reason::Failed
        | Reason::Suspended
        | Reason::CounterReset
        | Reason::Idle => "",
    }
}

//! History as a verdict sees it: one moment per row, with the figures of the GPU and those of the machine around it.

use crate::channel::Channel;
use crate::gpu_state::GpuState;
use crate::history::{Part, Series};

/// One row. Units are those of the metrics; a figure that is missing is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Moment {
    /// Unix milliseconds.
    pub timestamp: i64,
    /// How long it stands for: the time since the row before; behind an interruption, where that is not known, the time to the
    /// row after.
    pub seconds: f64,
    /// See [`GpuState::of`].
    pub state: Option<GpuState>,
    /// Percent.
    pub utilization: Option<f64>,
    /// Percent.
    pub memory_bandwidth: Option<f64>,
    /// W.
    pub power_draw: Option<f64>,
    /// W.
    pub power_limit: Option<f64>,
    /// °C.
    pub temperature: Option<f64>,
    /// MHz.
    pub sm_clock: Option<f64>,
    /// MHz.
    pub sm_clock_max: Option<f64>,
    /// Of the link now, and what it can be.
    pub pcie_generation: Option<f64>,
    /// The same.
    pub pcie_generation_max: Option<f64>,
    /// Lanes now, and what they can be.
    pub pcie_width: Option<f64>,
    /// The same.
    pub pcie_width_max: Option<f64>,
    /// Bytes.
    pub memory_used: Option<f64>,
    /// Bytes.
    pub memory_total: Option<f64>,
    /// Percent, of the core that was busiest.
    pub busiest_core: Option<f64>,
    /// Percent, over all cores.
    pub cpu_utilization: Option<f64>,
    /// Percent.
    pub cpu_pressure: Option<f64>,
    /// Percent, of the disk that was busiest.
    pub disk_busy: Option<f64>,
    /// Percent.
    pub io_pressure: Option<f64>,
}

impl Moment {
    /// Whether the GPU said anything.
    pub(super) fn is_sampled(&self) -> bool {
        self.state.is_some() || self.utilization.is_some() || self.power_draw.is_some() || self.memory_used.is_some()
    }
}

/// The moments of a part of the history, for the GPU of a channel.
pub(super) fn of(part: &Part<'_>, channel: &str) -> Vec<Moment> {
    let gpu = |field| part.series(channel, field);
    let (cpu, disk) = (Channel::Cpu.event(), Channel::Disk.event());
    let [state, utilization, memory_bandwidth, power_draw, power_limit] =
        ["state", "utilization", "memory_bandwidth", "power_draw", "power_limit"].map(gpu);
    let [temperature, sm_clock, sm_clock_max, memory_used, memory_total] =
        ["temperature", "sm_clock", "sm_clock_max", "memory_used", "memory_total"].map(gpu);
    let [pcie_generation, pcie_generation_max, pcie_width, pcie_width_max] =
        ["pcie_generation", "pcie_generation_max", "pcie_width", "pcie_width_max"].map(gpu);
    let cores = part.fields(cpu, |field| field.starts_with("per_core/"));
    let disks = part.fields(disk, |field| field.starts_with("devices/") && field.ends_with("/busy"));
    let cpu_utilization = part.series(cpu, "utilization");
    let cpu_pressure = part.series(cpu, "pressure_some");
    let io_pressure = part.series(disk, "pressure_some");
    let rows: Vec<_> = part.rows().collect();
    let lengths = lengths(&rows);
    let moment = |(row, (&(timestamp, _), seconds)): (usize, (&(i64, bool), f64))| {
        let at = |series: Option<Series<'_>>| series.and_then(|series| series.at(row));
        let most = |all: &[Series<'_>]| all.iter().filter_map(|one| one.at(row)).reduce(f64::max);
        Moment {
            timestamp,
            seconds,
            state: at(state).and_then(GpuState::from_code),
            utilization: at(utilization),
            memory_bandwidth: at(memory_bandwidth),
            power_draw: at(power_draw),
            power_limit: at(power_limit),
            temperature: at(temperature),
            sm_clock: at(sm_clock),
            sm_clock_max: at(sm_clock_max),
            pcie_generation: at(pcie_generation),
            pcie_generation_max: at(pcie_generation_max),
            pcie_width: at(pcie_width),
            pcie_width_max: at(pcie_width_max),
            memory_used: at(memory_used),
            memory_total: at(memory_total),
            busiest_core: most(&cores),
            cpu_utilization: at(cpu_utilization),
            cpu_pressure: at(cpu_pressure),
            disk_busy: most(&disks),
            io_pressure: at(io_pressure),
        }
    };
    rows.iter().zip(lengths).enumerate().map(moment).collect()
}

/// How long each row stands for, in seconds. After a suspend or a hang of the whole program a row does not stand for all
/// the time since the one before, but for as long as its neighbours do.
fn lengths(rows: &[(i64, bool)]) -> Vec<f64> {
    let step = |row: usize| match (rows.get(row.checked_sub(1)?)?, rows.get(row)?) {
        ((before, true), (now, true)) => Some((now - before) as f64 / 1_000.0),
        ((_, false), _) | (_, (_, false)) => None,
    };
    let mut last = 0.0;
    let length = |(row, (_, is_tick)): (usize, &(i64, bool))| {
        if !is_tick {
            return 0.0;
        }
        last = step(row).or_else(|| step(row + 1)).unwrap_or(last);
        last
    };
    rows.iter().enumerate().map(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(times: &[i64]) -> Vec<f64> {
        lengths(&times.iter().map(|time| (*time, true)).collect::<Vec<_>>())
    }

    #[test]
    fn a_row_stands_for_the_time_since_the_one_before_but_not_for_a_suspend() {
        let suspend = [(0, true), (2_000, true), (2_001, false), (904_000, true), (906_000, true), (906_001, false)];
        assert_eq!(lengths(&suspend), [2.0, 2.0, 0.0, 2.0, 2.0, 0.0]);
        let at_the_end = [(0, true), (2_000, true), (2_001, false), (904_000, true)];
        assert_eq!(lengths(&at_the_end), [2.0, 2.0, 0.0, 2.0]);
        assert_eq!((ticks(&[7]), ticks(&[])), (vec![0.0], vec![]));
    }

    #[test]
    fn each_row_stands_for_its_own_interval_where_that_was_changed() {
        assert_eq!(ticks(&[0, 10_000, 20_000, 21_000, 22_000, 23_000, 24_000]), [10.0, 10.0, 10.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(ticks(&[0, 1_000, 2_000, 3_000, 13_000, 23_000]), [1.0, 1.0, 1.0, 1.0, 10.0, 10.0]);
    }
}

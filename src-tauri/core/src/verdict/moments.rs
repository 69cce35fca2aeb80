//! History as a verdict sees it: one moment per row, with the figures of the GPU and those of the machine around it.

use crate::channel::Channel;
use crate::gpu_state::GpuState;
use crate::history::{Part, Series};

/// One row. Units are those of the metrics; a figure that is missing is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moment {
    /// Unix milliseconds.
    pub timestamp: i64,
    /// How long it stands for: the time since the row before, or the usual one where that is too long ago to know.
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
    pub fn is_sampled(&self) -> bool {
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
    let times: Vec<_> = part.timestamps().collect();
    let lengths = lengths(&times);
    let moment = |(row, (&timestamp, seconds)): (usize, (&i64, f64))| {
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
    times.iter().zip(lengths).enumerate().map(moment).collect()
}

/// How long each row stands for, in seconds. After a suspend or a hang of the whole program a row does not stand for all
/// the time since the one before, but for as long as most do.
fn lengths(times: &[i64]) -> Vec<f64> {
    let steps = || times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1_000.0);
    let mut sorted: Vec<_> = steps().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let longest = (usual * 3.0).max(3.0);
    let first = times.first().map(|_| usual);
    first.into_iter().chain(steps().map(|step| if step > longest { usual } else { step })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stands_for_the_time_since_the_one_before_but_not_for_a_suspend() {
        assert_eq!(lengths(&[0, 2_000, 4_000, 904_000, 906_000]), [2.0; 5]);
        assert_eq!(lengths(&[0, 2_000, 4_000, 4_500, 5_000]), [2.0, 2.0, 2.0, 0.5, 0.5], "the interval was changed");
        assert_eq!((lengths(&[7]), lengths(&[])), (vec![0.0], vec![]));
    }
}

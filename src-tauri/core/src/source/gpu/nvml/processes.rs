//! Who uses a device: NVML's lists of contexts, with what each process made the device do since the last look.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use nvml_wrapper::Device;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::{ProcessInfo, ProcessUtilizationSample};

use super::super::process;
use super::refusal;
use crate::clock;
use crate::gpu_details::{AwakeHolder, GpuDetails, GpuProcess, MigInstance};
use crate::metrics::Reason;

/// How far back the first look at a device goes, in µs; NVML keeps samples of minutes.
const FIRST_LOOK: u64 = 2_000_000;

/// How far ahead of our clock the driver's may be, in µs.
const AHEAD: u64 = 1_000_000;

/// NVML takes a sample at least so often (`nvmlUtilization_t`): until then, no newer one does not mean idle.
const PERIOD: Duration = Duration::from_secs(1);

/// Percent of multiprocessors, encoder and decoder.
type Utilization = [f64; 3];

/// What was seen of a device's processes last.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The driver's time of the newest sample taken in, in µs; the next question asks for what came after it.
    newest: u64,
    /// The last answer that had any samples, and when.
    last: Option<(Duration, BTreeMap<u32, Utilization>)>,
}

impl Seen {
    /// Puts in who uses the device, by their ids.
    pub(super) fn read(&mut self, device: &Device<'_>, details: &mut GpuDetails) {
        let listed = match list(device, &details.mig_instances) {
            Ok(listed) => listed,
            Err(error) => return details.set_processes(Err(refusal::reason(&error))),
        };
        let used = self.utilization(device);
        if let Err(reason) = used {
            details.missing.insert("processes/sm".into(), reason);
        }
        let processes = listed.into_iter().map(|process| {
            let of = |which: usize| Some(used.as_ref().ok()?.get(&process.pid).map_or(0.0, |used| used[which]));
            GpuProcess { sm: of(0), encoder: of(1), decoder: of(2), ..process }
        });
        details.set_processes(Ok(processes.collect()));
    }

    /// After which time and up to which samples count, in µs, by Unix time in ms. NVML's stamps are of the wall clock: those
    /// from before it was set back lie ahead of it.
    fn span(&mut self, wall: i64) -> (u64, u64) {
        let now = u64::try_from(wall).unwrap_or_default().saturating_mul(1_000);
        let until = now.saturating_add(AHEAD);
        if self.newest == 0 || self.newest > until {
            self.newest = now.saturating_sub(FIRST_LOOK);
        }
        (self.newest, until)
    }

    /// By process since the last look. One that did nothing has no sample, and where none did, NVML calls it an error.
    fn utilization(&mut self, device: &Device<'_>) -> Result<BTreeMap<u32, Utilization>, Reason> {
        let now = clock::now();
        let (since, until) = self.span(now.wall);
        let samples = match device.process_utilization_stats(since) {
            Ok(samples) => samples,
            Err(NvmlError::NotFound) => Vec::new(),
            Err(error) => return Err(refusal::reason(&error)),
        };
        let good: Vec<_> = samples.into_iter().filter(|sample| is_sound(sample, since, until)).collect();
        if good.is_empty() {
            let recent = self.last.as_ref().filter(|(at, _)| now.mono.saturating_sub(*at) < PERIOD);
            return Ok(recent.map(|(_, used)| used.clone()).unwrap_or_default());
        }
        self.newest = good.iter().map(|sample| sample.timestamp).fold(self.newest, u64::max);
        let used = means(&good);
        self.last = Some((now.mono, used.clone()));
        Ok(used)
    }
}

/// Whether a sample is one: drivers also hand out slots that nothing was written to, and old ones again.
fn is_sound(sample: &ProcessUtilizationSample, since: u64, until: u64) -> bool {
    let percents = [sample.sm_util, sample.mem_util, sample.enc_util, sample.dec_util];
    let in_time = sample.timestamp > since && sample.timestamp <= until;
    sample.pid != 0 && in_time && percents.iter().all(|percent| *percent <= 100)
}

/// The mean of each process's samples.
fn means(samples: &[ProcessUtilizationSample]) -> BTreeMap<u32, Utilization> {
    let mut sums: BTreeMap<u32, (f64, Utilization)> = BTreeMap::new();
    for sample in samples {
        let (count, sum) = sums.entry(sample.pid).or_default();
        *count += 1.0;
        for (sum, percent) in sum.iter_mut().zip([sample.sm_util, sample.enc_util, sample.dec_util]) {
            *sum += f64::from(percent);
        }
    }
    sums.into_iter().map(|(pid, (count, sum))| (pid, sum.map(|sum| sum / count))).collect()
}

/// The processes with a context on the device, each once and by its instance, with nothing but what NVML says of them.
fn list(device: &Device<'_>, instances: &[MigInstance]) -> Result<Vec<GpuProcess>, NvmlError> {
    let mut found: Vec<GpuProcess> = Vec::new();
    for instance in instances {
        let on_it = device.mig_device_by_index(instance.index).and_then(|it| running(&it, true));
        for info in on_it.unwrap_or_default() {
            found.push(GpuProcess { compute: true, mig_instance: Some(instance.index), ..plain(&info) });
        }
    }
    let mut refused = Vec::new();
    for computes in [true, false] {
        let infos = match running(device, computes) {
            Ok(infos) => infos,
            Err(error) => {
                refused.push(error);
                continue;
            }
        };
        for info in infos {
            let place = found.iter().position(|known| known.pid == info.pid).unwrap_or(found.len());
            if place == found.len() {
                found.push(plain(&info));
            }
            let process = &mut found[place];
            process.memory = process.memory.max(bytes(&info));
            process.compute |= computes;
            process.graphics |= !computes;
        }
    }
    match refused.pop() {
        Some(error) if !refused.is_empty() && found.is_empty() => Err(error),
        Some(_) | None => Ok(found),
    }
}

/// Those that compute on a device, or those that draw. Drivers before 510 have the second version of these calls.
fn running(device: &Device<'_>, computes: bool) -> Result<Vec<ProcessInfo>, NvmlError> {
    let answer = if computes { device.running_compute_processes() } else { device.running_graphics_processes() };
    match answer {
        Err(NvmlError::FunctionNotFound | NvmlError::FailedToLoadSymbol(_)) if computes => {
            device.running_compute_processes_v2()
        }
        Err(NvmlError::FunctionNotFound | NvmlError::FailedToLoadSymbol(_)) => device.running_graphics_processes_v2(),
        answer => answer,
    }
}

fn plain(info: &ProcessInfo) -> GpuProcess {
    GpuProcess { pid: info.pid, memory: bytes(info), ..GpuProcess::default() }
}

fn bytes(info: &ProcessInfo) -> Option<u64> {
    match info.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => Some(bytes),
        UsedGpuMemory::Unavailable => None,
    }
}

/// The instances of a device that is split.
pub(super) fn instances(device: &Device<'_>) -> Vec<MigInstance> {
    let instance = |index| {
        let it = device.mig_device_by_index(index).ok()?; // numbers have gaps
        let memory = it.memory_info().ok();
        Some(MigInstance {
            index,
            uuid: it.uuid().ok(),
            name: it.name().ok(),
            multiprocessors: it.attributes().ok().map(|has| has.multiprocessor_count),
            memory_used: memory.as_ref().map(|memory| memory.used),
            memory_total: memory.map(|memory| memory.total),
        })
    };
    (0..device.mig_device_count().unwrap_or_default()).filter_map(instance).collect()
}

/// What keeps a device awake: what it draws, and whoever has a context on it.
pub(super) fn held_by(processes: &[GpuProcess], display: Option<bool>) -> Vec<AwakeHolder> {
    let display = (display == Some(true)).then_some(AwakeHolder::Display);
    let process = |process: &GpuProcess| AwakeHolder::Process { pid: process.pid, name: process.name.clone() };
    display.into_iter().chain(processes.iter().map(process)).collect()
}

/// The same, asked of the device. Processes are known by their programs alone: this is asked at a tick.
pub(super) fn holders(device: &Device<'_>, proc: &Path) -> Vec<AwakeHolder> {
    let mut processes = list(device, &[]).unwrap_or_default();
    for process in &mut processes {
        process.name = process::program_at_once(proc, process.pid);
    }
    held_by(&processes, device.is_display_active().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(pid: u32, timestamp: u64, sm_util: u32) -> ProcessUtilizationSample {
        ProcessUtilizationSample { pid, timestamp, sm_util, mem_util: 0, enc_util: 4, dec_util: 0 }
    }

    #[test]
    fn junk_is_dropped_and_the_rest_averaged() {
        let samples =
            [sample(7, 11, 40), sample(7, 12, 60), sample(0, 12, 5), sample(8, 12, u32::MAX), sample(9, 10, 5)];
        let good: Vec<_> = samples.into_iter().filter(|sample| is_sound(sample, 10, 12)).collect();
        assert_eq!(means(&good), BTreeMap::from([(7, [50.0, 4.0, 0.0])]));
        assert!(!is_sound(&sample(7, 13, 40), 10, 12), "from before the clock was set back");
    }

    #[test]
    fn a_clock_that_is_set_back_begins_a_new_look() {
        let mut seen = Seen::default();
        assert_eq!(seen.span(10_000), (8_000_000, 11_000_000));
        seen.newest = 10_500_000;
        assert_eq!(seen.span(10_000), (10_500_000, 11_000_000), "the driver's clock may be a little ahead");
        assert_eq!(seen.span(5_000), (3_000_000, 6_000_000));
    }
}

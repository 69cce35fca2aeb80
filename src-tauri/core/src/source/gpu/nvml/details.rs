//! NVIDIA's devices in full. What does not change is asked once per session, what changes slowly every ten seconds, the
//! rest whenever somebody asks; a device that sleeps is not asked at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use nvml_wrapper::enum_wrappers::device::{
    Clock, ComputeMode as NvmlComputeMode, EccCounter, MemoryError, PcieUtilCounter, TemperatureThreshold,
};
use nvml_wrapper::enum_wrappers::nv_link::ErrorCounter;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::sys_exports::field_id as fields;
use nvml_wrapper::{Device, Nvml, cuda_driver_version_major, cuda_driver_version_minor};

use super::super::HANGS;
use super::super::details::Inspect;
use super::super::plausible::{FASTEST_FAN, HOTTEST, MOST, WIDEST};
use super::super::process;
use super::super::sleep::{Power, Powers};
use super::access::{self, Access, Open};
use super::figures::watts;
use super::{ASLEEP, Identity, figures, gpm, order, processes, refusal};
use crate::clock;
use crate::gpu_details::{ComputeMode, Fan, GpuDetails, NvLink};
use crate::metrics::{Missing, Reason};
use crate::source::figure;

/// How often what changes slowly is asked again.
const SLOW: Duration = Duration::from_secs(10);

/// Links that a device has at most today (`NVML_NVLINK_MAX_LINKS`).
const LINKS: u32 = 36;

/// Fans that are asked for at most: more than any device has.
const FANS: u32 = 16;

/// All that the details of NVIDIA's devices are read with. Those on other threads know the same of them.
#[derive(Debug, Clone)]
pub(crate) struct NvmlDetails {
    access: Arc<Access>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// The session that all else is of.
    session: Weak<Nvml>,
    /// By device; one that is being read has taken its own out.
    devices: BTreeMap<String, Kept>,
    speeds: BTreeMap<String, u64>,
}

/// What is known of a device from one question to the next.
#[derive(Debug, Default)]
struct Kept {
    /// What does not change; `None` as long as the device could not tell all of it.
    fixed: Option<GpuDetails>,
    /// That, and what changes slowly, with the time it was read.
    slow: Option<(Duration, GpuDetails)>,
    /// Energy as it was read first, and when.
    first_energy: Option<(f64, i64)>,
    processes: processes::Seen,
}

impl Kept {
    /// What does not change; kept once the device could tell all of it that it has.
    fn fixed(&mut self, nvml: &Nvml, device: &Device<'_>, identity: &Identity) -> GpuDetails {
        if let Some(fixed) = &self.fixed {
            return fixed.clone();
        }
        let details = fixed(nvml, device, identity);
        if details.missing.values().copied().all(figures::lasts) {
            self.fixed = Some(details.clone());
        }
        details
    }
}

/// Why a device was not read.
enum Refused {
    /// A call on it has not come back.
    Hangs,
    Error(NvmlError),
}

impl From<NvmlError> for Refused {
    fn from(error: NvmlError) -> Self {
        Self::Error(error)
    }
}

impl NvmlDetails {
    pub(crate) fn new(access: Arc<Access>) -> Self {
        Self { access, known: Arc::default() }
    }

    /// Nothing is done under the lock that could panic.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out what is known of a device, while it is read.
    fn take(&self, nvml: &Arc<Nvml>, gpu_id: &str) -> (Kept, BTreeMap<String, u64>) {
        let mut known = self.known();
        if !known.session.ptr_eq(&Arc::downgrade(nvml)) {
            *known = Known { session: Arc::downgrade(nvml), ..Known::default() };
        }
        (known.devices.remove(gpu_id).unwrap_or_default(), known.speeds.clone())
    }

    /// Puts it back, unless there is another session by now.
    fn put(&self, nvml: &Arc<Nvml>, gpu_id: &str, kept: Kept, speeds: BTreeMap<String, u64>) {
        let mut known = self.known();
        if known.session.ptr_eq(&Arc::downgrade(nvml)) {
            known.devices.insert(gpu_id.into(), kept);
            known.speeds.extend(speeds);
        }
    }

    /// Reads a device of an open session.
    fn read(&self, nvml: &Arc<Nvml>, identity: &Identity, open: &Open, powers: &Powers) -> Result<GpuDetails, Refused> {
        let (mut kept, mut speeds) = self.take(nvml, &identity.id);
        let read = self.read_parts(nvml, identity, open, powers, (&mut kept, &mut speeds));
        self.put(nvml, &identity.id, kept, speeds);
        read
    }

    /// The same part by part.
    fn read_parts(
        &self,
        nvml: &Nvml,
        identity: &Identity,
        open: &Open,
        powers: &Powers,
        (kept, speeds): (&mut Kept, &mut BTreeMap<String, u64>),
    ) -> Result<GpuDetails, Refused> {
        let now = clock::now();
        let device = self.inside(identity, || access::find_awake(nvml, identity, powers))??;
        if kept.slow.as_ref().is_none_or(|(at, _)| now.mono >= *at + SLOW) {
            let mut details = self.inside(identity, || {
                let mut details = kept.fixed(nvml, &device, identity);
                slow(&device, &mut details);
                details
            })?;
            // It is inside of the others in there, one by one.
            order::number(nvml, identity, open, &self.access, speeds, &mut details);
            kept.slow = Some((now.mono, details));
        }
        let power = powers.of(identity.pci_address.as_deref());
        let mut details = kept.slow.as_ref().map(|(_, details)| details.clone()).unwrap_or_default();
        details.timestamp = now.wall;
        details.can_sleep = power.map(|power| power != Power::AlwaysOn);
        self.inside(identity, || live(nvml, &device, &mut details))?;
        if let Some(energy) = details.energy {
            let (first, since) = *kept.first_energy.get_or_insert((energy, now.wall));
            details.energy_watched = Some((energy - first).max(0.0));
            details.energy_watched_since = Some(since);
        }
        self.inside(identity, || kept.processes.read(&device, &mut details))?;
        process::name(&self.access.proc, details.processes.as_deref_mut().unwrap_or_default());
        if power == Some(Power::Awake) {
            details.kept_awake_by =
                processes::held_by(details.processes.as_deref().unwrap_or_default(), details.display);
        }
        Ok(details)
    }

    /// Reads a part of a device. Each by itself, so that a device that is only slow is not taken for one that hangs.
    fn inside<T>(&self, identity: &Identity, read: impl FnOnce() -> T) -> Result<T, Refused> {
        let _visit = self.access.turns.visit(&identity.index).ok_or(Refused::Hangs)?;
        Ok(read())
    }

    /// What was known before, with the reason why it is not the present.
    fn stale(&self, identity: &Identity, reason: Reason, detail: Option<String>) -> GpuDetails {
        let fixed = self.known().devices.get(&identity.id).and_then(|kept| kept.fixed.clone());
        let known = fixed.unwrap_or_else(|| GpuDetails {
            gpu_id: identity.id.clone(),
            name: identity.name.clone(),
            index: Some(identity.index),
            pci_address: identity.pci_address.clone(),
            ..GpuDetails::default()
        });
        GpuDetails { timestamp: clock::now().wall, reason: Some(reason), detail, ..known }
    }
}

impl Inspect for NvmlDetails {
    fn inspect(&mut self, gpu_id: &str) -> Option<GpuDetails> {
        let open = self.access.open();
        let identity = open.known.iter().find(|known| known.id == gpu_id)?;
        let powers = self.access.powers();
        if let Some(reason) = powers.obstacle(identity.pci_address.as_deref()) {
            let asleep = reason == Reason::Asleep;
            let stale = self.stale(identity, reason, asleep.then(|| ASLEEP.into()));
            return Some(GpuDetails { can_sleep: asleep.then_some(true).or(stale.can_sleep), ..stale });
        }
        let Some(nvml) = &open.nvml else {
            let why = open.why.as_ref();
            let reason = match why.map(|why| why.reason) {
                Some(Reason::Asleep) => powers.reason(identity.pci_address.as_deref()),
                reason => reason.unwrap_or(Reason::Starting),
            };
            return Some(self.stale(identity, reason, why.map(|why| why.detail.clone())));
        };
        Some(match self.read(nvml, identity, &open, &powers) {
            Ok(details) => details,
            Err(Refused::Hangs) => self.stale(identity, Reason::NotAnswering, Some(HANGS.into())),
            Err(Refused::Error(error)) if refusal::ends_session(&error) => {
                let problem = refusal::problem(&error, &self.access.library);
                self.stale(identity, problem.reason, Some(problem.detail))
            }
            Err(Refused::Error(error)) => {
                self.stale(identity, refusal::reason(&error), refusal::words(&error).map(Into::into))
            }
        })
    }
}

/// Takes answers, and notes why there is none.
struct Answers<'a>(&'a mut Missing);

impl Answers<'_> {
    fn take<T>(&mut self, field: &str, answer: Result<T, NvmlError>) -> Option<T> {
        figure(self.0, field, answer.map_err(|error| refusal::reason(&error)))
    }

    /// A number that is one of NVML's huge ones for "not available" above `most`.
    fn number(&mut self, field: &str, answer: Result<impl Into<f64>, NvmlError>, most: f64) -> Option<f64> {
        let plausible =
            answer.map_err(|error| refusal::reason(&error)).and_then(|it| figures::plausible(it.into(), most));
        figure(self.0, field, plausible)
    }
}

/// What does not change while the driver is loaded.
fn fixed(nvml: &Nvml, device: &Device<'_>, identity: &Identity) -> GpuDetails {
    let mut missing = Missing::new();
    let mut answers = Answers(&mut missing);
    let cuda = |version| format!("{}.{}", cuda_driver_version_major(version), cuda_driver_version_minor(version));
    let threshold = |which| device.temperature_threshold(which);
    let limits = device.power_management_limit_constraints();
    let (min, max) = match limits {
        Ok(limits) => (Ok(watts(limits.min_limit)), Ok(watts(limits.max_limit))),
        Err(error) => (Err(refusal::reason(&error)), Err(refusal::reason(&error))),
    };
    let integrated = figures::is_integrated(device);
    let mut details = GpuDetails {
        gpu_id: identity.id.clone(),
        name: identity.name.clone(),
        pci_address: identity.pci_address.clone(),
        compute_capability: answers
            .take("compute_capability", device.cuda_compute_capability())
            .map(|it| format!("{}.{}", it.major, it.minor)),
        cores: answers.take("cores", device.num_cores()),
        driver_version: answers.take("driver_version", nvml.sys_driver_version()),
        cuda_version: answers.take("cuda_version", nvml.sys_cuda_driver_version()).map(cuda),
        vbios_version: answers.take("vbios_version", device.vbios_version()),
        sm_clock_max: answers.number("sm_clock_max", device.max_clock_info(Clock::SM), MOST),
        memory_clock_max: answers.number("memory_clock_max", device.max_clock_info(Clock::Memory), MOST),
        video_clock_max: answers.number("video_clock_max", device.max_clock_info(Clock::Video), MOST),
        power_limit_default: answers.number(
            "power_limit_default",
            device.power_management_limit_default().map(watts),
            MOST,
        ),
        slowdown_temperature: answers.number(
            "slowdown_temperature",
            threshold(TemperatureThreshold::Slowdown),
            HOTTEST,
        ),
        shutdown_temperature: answers.number(
            "shutdown_temperature",
            threshold(TemperatureThreshold::Shutdown),
            HOTTEST,
        ),
        max_temperature: answers.number("max_temperature", threshold(TemperatureThreshold::GpuMax), HOTTEST),
        memory_max_temperature: answers.number(
            "memory_max_temperature",
            threshold(TemperatureThreshold::MemoryMax),
            HOTTEST,
        ),
        shared_memory: Some(integrated),
        ..GpuDetails::default()
    };
    details.power_limit_min = figure(&mut missing, "power_limit_min", min);
    details.power_limit_max = figure(&mut missing, "power_limit_max", max);
    missing.insert("hotspot_temperature".into(), Reason::Unsupported);
    let mut answers = Answers(&mut missing);
    if integrated {
        // It sits beside the processor; the generation 1 with one lane that it reports is a placeholder.
        missing.extend(["pcie_generation_max", "pcie_width_max"].map(|field| (field.into(), Reason::Unsupported)));
    } else {
        details.pcie_generation_max = answers.number("pcie_generation_max", device.max_pcie_link_gen(), WIDEST);
        details.pcie_width_max = answers.number("pcie_width_max", device.max_pcie_link_width(), WIDEST);
    }
    details.missing = missing;
    details
}

/// What changes slowly: modes, errors, links.
fn slow(device: &Device<'_>, details: &mut GpuDetails) {
    let mut missing = std::mem::take(&mut details.missing);
    let mut answers = Answers(&mut missing);
    let ecc = answers.take("ecc", device.is_ecc_enabled());
    details.ecc = ecc.as_ref().map(|ecc| ecc.currently_enabled);
    details.ecc_pending = ecc.map(|ecc| ecc.pending_enabled);
    let errors = |kind, counter| device.total_ecc_errors(kind, counter);
    details.ecc_corrected = answers.take("ecc_corrected", errors(MemoryError::Corrected, EccCounter::Volatile));
    details.ecc_uncorrected = answers.take("ecc_uncorrected", errors(MemoryError::Uncorrected, EccCounter::Volatile));
    let lifetime = errors(MemoryError::Corrected, EccCounter::Aggregate);
    details.ecc_corrected_lifetime = answers.take("ecc_corrected_lifetime", lifetime);
    let lifetime = errors(MemoryError::Uncorrected, EccCounter::Aggregate);
    details.ecc_uncorrected_lifetime = answers.take("ecc_uncorrected_lifetime", lifetime);
    let count = |id| figures::field(device, id);
    let sum = |one, other| Ok(count(one)? + count(other)?);
    let flag = |id| figures::field(device, id).map(|flag| flag != 0);
    details.retired_pages =
        answers.take("retired_pages", sum(fields::NVML_FI_DEV_RETIRED_SBE, fields::NVML_FI_DEV_RETIRED_DBE));
    details.retired_pages_pending = answers.take("retired_pages_pending", flag(fields::NVML_FI_DEV_RETIRED_PENDING));
    details.remapped_rows =
        answers.take("remapped_rows", sum(fields::NVML_FI_DEV_REMAPPED_COR, fields::NVML_FI_DEV_REMAPPED_UNC));
    details.remapped_rows_pending = answers.take("remapped_rows_pending", flag(fields::NVML_FI_DEV_REMAPPED_PENDING));
    details.remapped_rows_failed = answers.take("remapped_rows_failed", flag(fields::NVML_FI_DEV_REMAPPED_FAILURE));
    let bar1 = answers.take("bar1_total", device.bar1_memory_info());
    details.bar1_total = bar1.as_ref().map(|bar1| bar1.total);
    details.bar1_used = bar1.map(|bar1| bar1.used);
    details.memory_reserved = answers.take("memory_reserved", device.memory_info()).map(|memory| memory.reserved);
    details.pcie_replays = answers.take("pcie_replays", device.pcie_replay_counter()).map(u64::from);
    details.persistence = answers.take("persistence", persistence(device));
    details.compute_mode = answers.take("compute_mode", device.compute_mode()).map(compute_mode);
    details.display = answers.take("display", device.is_display_active());
    details.mig = answers.take("mig", device.mig_mode()).map(|mode| mode.current != 0);
    details.mig_instances = if details.mig == Some(true) { processes::instances(device) } else { Vec::new() };
    details.nvlinks = answers.take("nvlinks", links(device)).unwrap_or_default();
    details.missing = missing;
}

/// Whether the driver stays loaded while nobody uses the device: only Linux would unload it.
#[cfg(target_os = "linux")]
fn persistence(device: &Device<'_>) -> Result<bool, NvmlError> {
    device.is_in_persistent_mode()
}

#[cfg(not(target_os = "linux"))]
fn persistence(_device: &Device<'_>) -> Result<bool, NvmlError> {
    Err(NvmlError::NotSupported)
}

/// What is of this very moment, some of it slow to ask: `PCIe` rates take 20 ms each, GPM two samples.
fn live(nvml: &Nvml, device: &Device<'_>, details: &mut GpuDetails) {
    let mut missing = std::mem::take(&mut details.missing);
    let first = gpm::begin(device);
    let mut answers = Answers(&mut missing);
    details.video_clock = answers.number("video_clock", device.clock_info(Clock::Video), MOST);
    // In mJ, counted since the driver was loaded.
    details.energy = answers.take("energy", device.total_energy_consumption()).map(|energy| energy as f64 / 1e3);
    details.fans = fans(device);
    details.memory_temperature = answers.number("memory_temperature", figures::memory_temperature(device), HOTTEST);
    details.encoder = answers.number("encoder", device.encoder_utilization().map(|it| it.utilization), 100.0);
    details.decoder = answers.number("decoder", device.decoder_utilization().map(|it| it.utilization), 100.0);
    // In KB/s, which are 1,024 bytes here.
    let rate = |which| device.pcie_throughput(which).map(|rate| f64::from(rate) * 1024.0);
    if details.shared_memory == Some(true) {
        missing.extend(["pcie_sent", "pcie_received"].map(|field| (field.into(), Reason::Unsupported)));
    } else {
        details.pcie_sent = answers.number("pcie_sent", rate(PcieUtilCounter::Send), 1e12);
        details.pcie_received = answers.number("pcie_received", rate(PcieUtilCounter::Receive), 1e12);
    }
    gpm::end(nvml, device, first, details, &mut missing);
    details.missing = missing;
}

/// All fans. That there is none is said by the tick's `fan_speed`.
fn fans(device: &Device<'_>) -> Vec<Fan> {
    let number = |answer: Result<u32, NvmlError>, most| {
        answer.ok().and_then(|value| figures::plausible(value.into(), most).ok())
    };
    let fan = |fan| Fan {
        speed: number(device.fan_speed(fan), FASTEST_FAN),
        revolutions: number(device.fan_speed_rpm(fan), MOST),
    };
    (0..device.num_fans().unwrap_or(0).min(FANS)).map(fan).collect()
}

fn compute_mode(mode: NvmlComputeMode) -> ComputeMode {
    match mode {
        NvmlComputeMode::Default => ComputeMode::Default,
        NvmlComputeMode::ExclusiveThread => ComputeMode::ExclusiveThread,
        NvmlComputeMode::Prohibited => ComputeMode::Prohibited,
        NvmlComputeMode::ExclusiveProcess => ComputeMode::ExclusiveProcess,
    }
}

/// Links to other devices. A device without any says that it does not support them.
fn links(device: &Device<'_>) -> Result<Vec<NvLink>, NvmlError> {
    let count = figures::field(device, fields::NVML_FI_DEV_NVLINK_LINK_COUNT)?;
    let count = (0..LINKS).take_while(|link| u64::from(*link) < count);
    Ok(count.map(|link| self::link(device, link)).collect())
}

fn link(device: &Device<'_>, link: u32) -> NvLink {
    const COUNTERS: [ErrorCounter; 4] =
        [ErrorCounter::DlReplay, ErrorCounter::DlRecovery, ErrorCounter::DlCrcFlit, ErrorCounter::DlCrcData];
    let wrapper = device.link_wrapper_for(link);
    let counted: Vec<u64> = COUNTERS.into_iter().filter_map(|counter| wrapper.error_counter(counter).ok()).collect();
    NvLink {
        link,
        active: wrapper.is_active().ok(),
        version: wrapper.version().ok(),
        remote: wrapper.remote_pci_info().ok().map(|pci| access::pci_address(&pci.bus_id)),
        errors: (!counted.is_empty()).then(|| counted.iter().sum()),
    }
}

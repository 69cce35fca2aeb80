//! A GPU of AMD or Intel in full: what its driver allows at most, temperatures beside the die's, and who uses it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::details::Inspect;
use super::super::process;
use super::super::sleep::Power;
use super::super::{GONE, HANGS};
use super::card::{Card, Driver};
use super::fdinfo::{self, Client};
use super::hwmon::{DEGREES, WATTS, or, sensor};
use super::{Access, Drm, figures, link};
use crate::clock;
use crate::gpu_details::{GpuDetails, GpuProcess};
use crate::metrics::Reason;
use crate::source::{figure, sysfs};

/// Engines that only compute or only draw, that encode and that decode, by the names of all drivers (kernel:
/// `amdgpu_fdinfo.c`, `Documentation/gpu/i915.rst`, `xe_drm_client.c`).
const COMPUTE: [&str; 2] = ["compute", "ccs"];
const GRAPHICS: [&str; 3] = ["gfx", "render", "rcs"];
const ENCODER: [&str; 2] = ["enc", "enc_1"];
const DECODER: [&str; 1] = ["dec"];

/// Reads devices in full, apart from the source that reads them at each tick.
#[derive(Debug)]
pub(crate) struct DrmDetails {
    drm: Drm,
    /// Who used each device at the last reading, and when that was.
    before: BTreeMap<String, (Duration, Vec<Client>)>,
}

impl DrmDetails {
    pub(crate) fn new(access: Arc<Access>) -> Self {
        Self { drm: Drm::beside(access), before: BTreeMap::new() }
    }

    /// Who uses a device, whose memory may be the system's too.
    fn processes(
        &mut self,
        gpu_id: &str,
        nodes: &[String],
        uses_system_memory: bool,
        now: Duration,
    ) -> Result<Vec<GpuProcess>, Reason> {
        let nodes = nodes.iter().map(|node| (node.clone(), gpu_id.to_owned())).collect();
        let clients = self.drm.clients.read(&nodes).remove(gpu_id).unwrap_or(Err(Reason::Failed))?;
        let (then, before) = self.before.remove(gpu_id).unwrap_or((now, Vec::new()));
        let elapsed = now.saturating_sub(then);
        let mut of_processes: BTreeMap<u32, Vec<&Client>> = BTreeMap::new();
        for client in &clients {
            of_processes.entry(client.process).or_default().push(client);
        }
        let held = |client: &Client| match client.system_memory.filter(|_| uses_system_memory) {
            Some(beside) => Some(client.memory.unwrap_or_default().saturating_add(beside)),
            None => client.memory,
        };
        let one = |(pid, clients): (u32, Vec<&Client>)| {
            let share =
                |kinds: &[&str]| fdinfo::busy_with(|name| kinds.contains(&name), &before, &clients, elapsed).ok();
            let has_used = |kinds: &[&str]| clients.iter().any(|client| client.has_used(kinds));
            GpuProcess {
                pid,
                compute: has_used(&COMPUTE),
                graphics: has_used(&GRAPHICS),
                memory: clients.iter().filter_map(|client| held(client)).reduce(u64::saturating_add),
                sm: fdinfo::busy(&before, &clients, elapsed).ok(),
                encoder: has_used(&ENCODER).then(|| share(&ENCODER)).flatten(),
                decoder: has_used(&DECODER).then(|| share(&DECODER)).flatten(),
                ..GpuProcess::default()
            }
        };
        let processes = of_processes.into_iter().map(one).collect();
        self.before.insert(gpu_id.into(), (now, clients));
        Ok(processes)
    }
}

impl Inspect for DrmDetails {
    fn inspect(&mut self, gpu_id: &str) -> Option<GpuDetails> {
        self.drm.find();
        let now = clock::now();
        let identity = self.drm.access.found().known.iter().find(|known| known.id == gpu_id).cloned()?;
        let mut details = GpuDetails {
            gpu_id: gpu_id.into(),
            name: identity.name,
            timestamp: now.wall,
            pci_address: identity.pci_address,
            ..GpuDetails::default()
        };
        let Some(card) = self.drm.cards.iter_mut().find(|card| card.identity.id == gpu_id) else {
            (details.reason, details.detail) = (Some(Reason::Lost), Some(GONE.into()));
            return Some(details);
        };
        let access = Arc::clone(&self.drm.access);
        let Some(visit) = access.turns.visit(&card.identity.id) else {
            (details.reason, details.detail) = (Some(Reason::NotAnswering), Some(HANGS.into()));
            return Some(details);
        };
        details.can_sleep = Some(card.power() != Power::AlwaysOn);
        details.shared_memory = Some(card.is_in_the_processor());
        if card.power() == Power::Asleep {
            details.reason = Some(Reason::Asleep);
            return Some(details);
        }
        tell(card, &mut details);
        let (nodes, uses_system_memory) = (card.nodes.clone(), card.uses_system_memory());
        details.set_processes(self.processes(gpu_id, &nodes, uses_system_memory, now.mono));
        drop(visit);
        process::name(&access.proc, details.processes.as_deref_mut().unwrap_or_default());
        Some(details)
    }
}

/// What the driver says of a card that is awake (kernel: `Documentation/hwmon/sysfs-interface.rst`).
fn tell(card: &mut Card, details: &mut GpuDetails) {
    let [sm_clock_max, memory_clock_max] = card.clocks_at_most();
    let hwmon = card.hwmon();
    let sensor = |file: &str, scale| sensor(hwmon.as_deref(), file, scale);
    let amd = |value: Result<f64, Reason>| if card.driver == Driver::Amdgpu { value } else { Err(Reason::Unsupported) };
    let missing = &mut details.missing;
    let mut put = |field: &str, value: Result<f64, Reason>| {
        figure(missing, field, value.and_then(|value| figures::believed(field, value)))
    };
    details.sm_clock_max = put("sm_clock_max", sm_clock_max);
    details.memory_clock_max = put("memory_clock_max", memory_clock_max);
    details.hotspot_temperature = put("hotspot_temperature", amd(sensor("temp2_input", DEGREES))); // "junction"
    details.memory_temperature = put("memory_temperature", sensor("temp3_input", DEGREES));
    let threshold =
        |name: &str| or(sensor(&format!("temp1_{name}"), DEGREES), || amd(sensor(&format!("temp2_{name}"), DEGREES)));
    details.slowdown_temperature = put("slowdown_temperature", threshold("crit"));
    details.shutdown_temperature = put("shutdown_temperature", threshold("emergency"));
    let limit = |amd: &str, intel: &str| sensor(if card.driver == Driver::Amdgpu { amd } else { intel }, WATTS);
    details.power_limit_default = put("power_limit_default", limit("power1_cap_default", "power1_rated_max"));
    details.power_limit_min = put("power_limit_min", amd(sensor("power1_cap_min", WATTS)));
    details.power_limit_max = put("power_limit_max", amd(sensor("power1_cap_max", WATTS)));
    let [generation, width] = link::most(&card.folder);
    details.pcie_generation_max = put("pcie_generation_max", generation);
    details.pcie_width_max = put("pcie_width_max", width);
    if card.driver == Driver::Amdgpu {
        let bytes = |field: &str| sysfs::count(&card.folder.join(format!("mem_info_{field}")));
        details.gtt_total = figure(&mut details.missing, "gtt_total", bytes("gtt_total"));
        details.gtt_used = figure(&mut details.missing, "gtt_used", bytes("gtt_used"));
    }
    let version = sysfs::text(&card.folder.join("vbios_version"));
    details.vbios_version = figure(&mut details.missing, "vbios_version", version);
    details.display = Some(card.shows_a_picture());
}

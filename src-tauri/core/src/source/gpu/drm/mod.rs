//! GPUs of AMD and Intel on Linux, by what their kernel drivers say in sysfs, hwmon and fdinfo. NVIDIA's are NVML's, but
//! for those that run on nouveau.
//!
//! A card that is suspended is left so: `power/runtime_status`, which wakes nothing, is read before anything else.

mod amdgpu;
mod card;
mod details;
mod fdinfo;
mod figures;
mod intel;
mod link;
#[cfg(test)]
mod machine;
mod names;
mod programs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::{GpuReading, Previous, Problem, Reading, Source, SourceError, Stamped, sysfs};
use super::Identity;
use crate::clock;
use crate::metrics::{GpuMetrics, Reason};
use card::{Card, Driver};
use figures::{Figures, metrics};
use programs::Clients;

pub(crate) use details::DrmDetails;

/// The GPUs of this machine that are not NVML's.
#[derive(Debug)]
pub struct Drm {
    sys: PathBuf,
    /// Where the lists of devices' names are.
    share: PathBuf,
    cards: Vec<Card>,
    /// Every GPU seen so far, numbered from 0: one that goes away is shown as lost, not forgotten.
    known: Vec<Identity>,
    /// How many GPUs are NVML's. Theirs are the first numbers, so that ours need not change when NVML has answered.
    nvmls: u32,
    /// The driver's name of each, by its id.
    drivers: BTreeMap<String, &'static str>,
    clients: Clients,
}

/// What the drivers said of all GPUs at one moment.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    gpus: Vec<(Identity, Result<Figures, Reason>)>,
    drivers: BTreeMap<String, &'static str>,
}

impl Drm {
    /// Will read under `proc` and `sys` (normally `/proc` and `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self::with_names(proc, sys, Path::new("/usr/share"))
    }

    fn with_names(proc: &Path, sys: &Path, share: &Path) -> Self {
        Self {
            sys: sys.into(),
            share: share.into(),
            cards: Vec::new(),
            known: Vec::new(),
            nvmls: 0,
            drivers: BTreeMap::new(),
            clients: Clients::new(proc),
        }
    }

    /// Asks the programs that use them how busy those GPUs are whose driver does not tell it.
    fn ask_programs(&mut self, read: &mut BTreeMap<String, Result<Figures, Reason>>) {
        let untold = |card: &&Card| {
            let figures = read.get(&card.identity.id).and_then(|figures| figures.as_ref().ok());
            let unsupported = figures.is_some_and(|figures| figures.number("utilization") == Err(Reason::Unsupported));
            card.driver != Driver::Nouveau && unsupported
        };
        let of_card = |card: &Card| {
            let id = card.identity.id.clone();
            card.nodes.iter().map(move |node| (node.clone(), id.clone())).collect::<Vec<_>>()
        };
        let nodes: BTreeMap<String, String> = self.cards.iter().filter(untold).flat_map(of_card).collect();
        if nodes.is_empty() {
            return;
        }
        for (id, clients) in self.clients.read(&nodes) {
            if let Some(Ok(figures)) = read.get_mut(&id) {
                figures.clients = clients;
            }
        }
    }

    /// Looks which GPUs are there now; what was known of those that stayed is kept.
    fn find(&mut self) {
        let mut nodes: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for entry in fs::read_dir(self.sys.join("class/drm")).into_iter().flatten().filter_map(Result::ok) {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let is_node = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<u32>().is_ok());
            if (is_node("card") || is_node("renderD"))
                && let Ok(folder) = fs::canonicalize(entry.path().join("device"))
            {
                nodes.entry(folder).or_default().push(name);
            }
        }
        self.cards.retain(|card| nodes.contains_key(&card.folder));
        for (folder, mut nodes) in nodes {
            nodes.sort_unstable();
            if let Some(card) = self.cards.iter_mut().find(|card| card.folder == folder) {
                card.nodes = nodes;
            } else if let Some(driver) = card::driver(&folder).and_then(|name| Driver::named(&name)) {
                let identity = self.identify(&folder, driver);
                self.cards.push(Card::new(folder, driver, identity, nodes));
            }
        }
    }

    /// Which GPU this is. amdgpu's `unique_id` stays with a card wherever it is put; reading it wakes nothing. Without one
    /// it is the slot that is known.
    fn identify(&mut self, folder: &Path, driver: Driver) -> Identity {
        let unique = sysfs::text(&folder.join("unique_id")).ok().filter(|_| driver == Driver::Amdgpu);
        let slot = || folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pci_address = Some(slot());
        let id = match unique.filter(|id| !id.is_empty()) {
            Some(id) => format!("AMD-{id}"),
            None => format!("PCI-{}", slot()),
        };
        self.nvmls = nvmls(&self.sys);
        self.drivers.insert(id.clone(), driver.name());
        let place = self.known.iter().position(|known| known.id == id).unwrap_or(self.known.len());
        let index = u32::try_from(place).unwrap_or(u32::MAX);
        let identity = Identity { id, index, name: names::name(folder, &self.share), pci_address };
        match self.known.get_mut(place) {
            Some(known) => known.clone_from(&identity),
            None => self.known.push(identity.clone()),
        }
        identity
    }
}

/// Counts the displays' devices that NVIDIA's own driver has.
fn nvmls(sys: &Path) -> u32 {
    let entries = fs::read_dir(sys.join("bus/pci/devices")).into_iter().flatten().filter_map(Result::ok);
    let is_nvmls = |folder: &PathBuf| {
        let is_display = || sysfs::text(&folder.join("class")).is_ok_and(|class| class.starts_with("0x03"));
        card::driver(folder).is_some_and(|driver| driver == "nvidia") && is_display()
    };
    u32::try_from(entries.map(|entry| entry.path()).filter(is_nvmls).count()).unwrap_or(0)
}

impl Source for Drm {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        self.find();
        let now = clock::now().mono;
        let mut read: BTreeMap<String, Result<Figures, Reason>> =
            self.cards.iter_mut().map(|card| (card.identity.id.clone(), card.read(now))).collect();
        self.ask_programs(&mut read);
        let figures = |known: &Identity| {
            let identity = Identity { index: self.nvmls + known.index, ..known.clone() };
            (identity, read.remove(&known.id).unwrap_or(Err(Reason::Lost)))
        };
        Ok(Sample { gpus: self.known.iter().map(figures).collect(), drivers: self.drivers.clone() })
    }

    fn derive(previous: Previous<'_, Sample>, now: &Stamped<Sample>) -> Reading {
        let gpu = |(identity, figures): &(Identity, Result<Figures, Reason>)| {
            let before = previous.and_then(|before| {
                let earlier = before.sample.gpus.iter().find(|(known, _)| known.id == identity.id);
                let figures = earlier.and_then(|(_, figures)| figures.as_ref().ok()).ok_or(Reason::Starting)?;
                Ok((figures, now.stamp.since(&before.stamp)))
            });
            metrics(identity, before, figures, now.stamp.wall)
        };
        let devices: Vec<GpuMetrics> = now.sample.gpus.iter().map(gpu).collect();
        let none = || Problem { reason: Reason::Absent, detail: "No GPU of AMD or Intel was found.".into() };
        let problem = devices.is_empty().then(none);
        Reading::Gpu(GpuReading { drivers: now.sample.drivers.clone(), devices, problem, ..GpuReading::default() })
    }
}

//! GPUs of AMD and Intel on Linux, by what their kernel drivers say in sysfs, hwmon and fdinfo. NVIDIA's are NVML's, but
//! for those that run on nouveau.
//!
//! A card that is suspended is left so: `power/runtime_status`, which wakes nothing, is read before anything else.

mod access;
mod amdgpu;
#[cfg(test)]
mod apu_tests;
mod card;
mod details;
mod fdinfo;
mod figures;
mod hwmon;
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
use std::sync::Arc;

use super::super::{GpuReading, Previous, Problem, Reading, Source, SourceError, Stamped, entries};
use super::{Identity, pci};
use crate::clock;
use crate::metrics::{GpuMetrics, Reason};
use access::Found;
use card::{Card, Driver};
use figures::{Figures, metrics};
use programs::Clients;

pub use access::Access;
pub(crate) use details::DrmDetails;

/// The GPUs of this machine that are not NVML's.
#[derive(Debug)]
pub struct Drm {
    access: Arc<Access>,
    /// Its number among those that share the access.
    turn: u64,
    cards: Vec<Card>,
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
        Self::sharing(Arc::new(Access::new(proc.into(), sys.into())))
    }

    /// Goes on where another reader with this access stands, whose place it takes.
    pub fn sharing(access: Arc<Access>) -> Self {
        Self { turn: access.turns.begin(), ..Self::beside(access) }
    }

    /// Reads no card by itself.
    fn beside(access: Arc<Access>) -> Self {
        Self { turn: 0, cards: Vec::new(), clients: Clients::new(&access.proc), access }
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
        for entry in entries(&self.access.sys.join("class/drm")) {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let is_node = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<u32>().is_ok());
            if (is_node("card") || is_node("renderD"))
                && let Ok(folder) = fs::canonicalize(entry.path().join("device"))
            {
                nodes.entry(folder).or_default().push(name);
            }
        }
        self.cards.retain(|card| nodes.contains_key(&card.folder));
        self.access.retain(|folder| nodes.contains_key(folder));
        for (folder, mut nodes) in nodes {
            nodes.sort_unstable();
            if let Some(card) = self.cards.iter_mut().find(|card| card.folder == folder) {
                card.nodes = nodes;
            } else if let Some((driver, identity)) = self.access.card(&folder) {
                self.cards.push(Card::new(folder, driver, identity, nodes));
            }
        }
    }
}

impl Source for Drm {
    type Sample = Sample;

    fn read(&mut self) -> Result<Sample, SourceError> {
        self.find();
        let now = clock::now().mono;
        let (turns, turn) = (&self.access.turns, self.turn);
        let ask = |card: &mut Card| match turns.enter(turn, &card.identity.id) {
            Some(_inside) => card.read(now),
            None => Err(Reason::NotAnswering), // an earlier call has not come back
        };
        let mut read: BTreeMap<String, Result<Figures, Reason>> =
            self.cards.iter_mut().map(|card| (card.identity.id.clone(), ask(card))).collect();
        self.ask_programs(&mut read);
        let Found { known, ahead, drivers, .. } = self.access.found().clone();
        let figures = |known: Identity| {
            let figures = read.remove(&known.id);
            if figures.is_none() && pci::is_lent(&self.access.sys, known.pci_address.as_deref()) {
                return None;
            }
            Some((Identity { index: ahead + known.index, ..known }, figures.unwrap_or(Err(Reason::Lost))))
        };
        Ok(Sample { gpus: known.into_iter().filter_map(figures).collect(), drivers })
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

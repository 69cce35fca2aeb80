//! What the readers of a machine's cards share: the one at each tick, another that takes its place, and that of the details.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::pci;
use super::super::turns::Turns;
use super::super::{Identity, id};
use super::card::Driver;
use super::names;
use crate::source::{entries, sysfs};

/// Which cards there are, and who reads which. No lock is held while a file is read.
#[derive(Debug)]
pub struct Access {
    pub(super) proc: PathBuf,
    pub(super) sys: PathBuf,
    /// Where the lists of devices' names are.
    share: PathBuf,
    /// By the cards' ids.
    pub(super) turns: Turns<String>,
    found: Mutex<Found>,
}

/// The cards seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Those that are there, by their folders: what does not change is not read again.
    cards: BTreeMap<PathBuf, (Driver, Identity)>,
    /// Every GPU, numbered from 0: one that goes away is shown as lost, not forgotten.
    pub(super) known: Vec<Identity>,
    /// How many GPUs NVML has. Theirs are the first numbers, so that ours need not change when NVML has answered.
    pub(super) ahead: u32,
    /// The driver's name of each, by its id.
    pub(super) drivers: BTreeMap<String, &'static str>,
}

impl Access {
    /// Will read under `proc` and `sys` (normally `/proc` and `/sys`).
    pub fn new(proc: PathBuf, sys: PathBuf) -> Self {
        Self::with_names(proc, sys, "/usr/share".into())
    }

    pub(super) fn with_names(proc: PathBuf, sys: PathBuf, share: PathBuf) -> Self {
        Self { proc, sys, share, turns: Turns::default(), found: Mutex::default() }
    }

    /// Whether the tick's reader hangs inside one of several cards, so that another could go on with the rest.
    pub fn hangs_in_one_of_several(&self) -> bool {
        self.found().known.len() > 1 && self.turns.hangs()
    }

    pub(super) fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the folders of cards that are no longer there; another may come into the slot.
    pub(super) fn retain(&self, is_there: impl Fn(&Path) -> bool) {
        self.found().cards.retain(|folder, _| is_there(folder));
    }

    /// The card in a folder; `None` where it is none that is read here.
    pub(super) fn card(&self, folder: &Path) -> Option<(Driver, Identity)> {
        if let Some(known) = self.found().cards.get(folder) {
            return Some(known.clone());
        }
        let driver = pci::driver(folder).and_then(|name| Driver::named(&name))?;
        Some((driver, self.identify(folder, driver)))
    }

    /// Which GPU this is. amdgpu's `unique_id` stays with a card wherever it is put; reading it wakes nothing. Without one
    /// it is the slot that is known.
    fn identify(&self, folder: &Path, driver: Driver) -> Identity {
        let unique = sysfs::text(&folder.join("unique_id")).ok().filter(|_| driver == Driver::Amdgpu);
        let slot = || folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pci_address = Some(slot());
        let id = match unique.filter(|id| !id.is_empty()) {
            Some(unique) => id(&format!("AMD-{unique}")),
            None => id(&format!("PCI-{}", slot())),
        };
        let (name, ahead) = (names::name(folder, &self.share), count_of_nvml(&self.sys));
        let mut found = self.found();
        found.ahead = ahead;
        found.drivers.insert(id.clone(), driver.name());
        let place = found.known.iter().position(|known| known.id == id).unwrap_or(found.known.len());
        let identity = Identity { id, index: u32::try_from(place).unwrap_or(u32::MAX), name, pci_address };
        match found.known.get_mut(place) {
            Some(known) => known.clone_from(&identity),
            None => found.known.push(identity.clone()),
        }
        found.cards.insert(folder.into(), (driver, identity.clone()));
        identity
    }
}

/// Counts the display devices that NVIDIA's own driver has.
fn count_of_nvml(sys: &Path) -> u32 {
    let has_driver = |folder: &Path| pci::driver(folder).is_some_and(|driver| driver == pci::NVIDIA_DRIVER);
    let folders = entries(&pci::devices(sys)).map(|entry| entry.path());
    u32::try_from(folders.filter(|folder| has_driver(folder) && pci::is_display(folder)).count()).unwrap_or(0)
}

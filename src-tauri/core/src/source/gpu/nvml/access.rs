//! How NVML is reached: the tick's thread opens and closes it, those of the details use it as long as it is open.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

use super::super::pci::NVIDIA_DRIVER;
use super::super::sleep::{Bus, Power, Powers};
use super::super::turns::Turns;
use super::Identity;
use crate::source::Problem;

/// The driver's library where none is named. The unversioned name belongs to development packages.
const LIBRARY: &str = if cfg!(windows) { "nvml.dll" } else { "libnvidia-ml.so.1" };

/// What all these threads share. A lock is held for no call of NVML.
#[derive(Debug)]
pub struct Access {
    pub(super) library: OsString,
    pub(super) proc: PathBuf,
    sys: PathBuf,
    bus: Mutex<Bus>,
    asks_sleeping: AtomicBool,
    open: Mutex<Open>,
    /// How many devices NVML counted last, also before they were all read for the first time.
    pub(super) counted: AtomicU32,
    /// By index.
    pub(super) turns: Turns<u32>,
}

/// What the tick's thread left when it was done last.
#[derive(Debug, Clone, Default)]
pub(super) struct Open {
    /// NVML itself; none while it is closed. It ends when no thread uses it any more.
    pub(super) nvml: Option<Arc<Nvml>>,
    /// Why there are no figures, where there are none.
    pub(super) why: Option<Problem>,
    /// Every device seen so far.
    pub(super) known: Vec<Identity>,
    /// The ids of those among them that NVML counts no more.
    pub(super) gone: Vec<String>,
}

impl Access {
    /// Will load `library`, or the driver's own where none is named (`TELLTALE_NVML_LIB` names one). Whether devices
    /// sleep is read under `sys` (normally `/sys`), processes under `proc`.
    pub fn new(library: Option<OsString>, proc: PathBuf, sys: PathBuf) -> Self {
        let library = library.unwrap_or_else(|| LIBRARY.into());
        Self {
            library,
            proc,
            sys,
            bus: Mutex::default(),
            asks_sleeping: AtomicBool::new(false),
            open: Mutex::default(),
            counted: AtomicU32::new(0),
            turns: Turns::default(),
        }
    }

    /// Whether devices are asked although that wakes them.
    pub(crate) fn ask_sleeping(&self, on: bool) {
        self.asks_sleeping.store(on, Ordering::Relaxed);
    }

    /// Which devices sleep: none, as far as anybody shall care, where they are asked anyway. And which are lent.
    pub(super) fn powers(&self) -> Powers {
        let powers = self.bus.lock().unwrap_or_else(PoisonError::into_inner).powers(&self.sys);
        if self.asks_sleeping.load(Ordering::Relaxed) { powers.awake() } else { powers }
    }

    /// Whether the kernel has NVIDIA's driver, which NVML's library tries to load where it has not.
    pub(super) fn has_driver(&self) -> bool {
        self.sys.join("module").join(NVIDIA_DRIVER).exists()
    }

    /// Whether the tick's reader hangs inside one of several devices, so that another could go on with the rest.
    pub fn hangs_in_one_of_several(&self) -> bool {
        let several = self.counted.load(Ordering::Relaxed) > 1 || self.lock().known.len() > 1;
        several && self.turns.hangs()
    }

    /// The session that it replaces may end here, which can take as long as the driver likes: not under the lock, which the
    /// collector's loop takes too.
    pub(super) fn publish(&self, open: Open) {
        let before = std::mem::replace(&mut *self.lock(), open);
        drop(before);
    }

    pub(super) fn open(&self) -> Open {
        self.lock().clone()
    }

    /// Nothing is done under the lock that could panic.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device without touching any other: NVML finds a UUID by looking at all of them.
pub(super) fn find<'nvml>(nvml: &'nvml Nvml, identity: &Identity) -> Result<Device<'nvml>, NvmlError> {
    match &identity.pci_address {
        Some(address) => nvml.device_by_pci_bus_id(address.as_str()),
        None => nvml.device_by_index(identity.index),
    }
}

/// The same to read it in full. A library that can't look for an address is asked by the index, where nobody sleeps who would be
/// woken by that; it may be another's by now.
pub(super) fn find_awake<'nvml>(
    nvml: &'nvml Nvml,
    identity: &Identity,
    powers: &Powers,
) -> Result<Device<'nvml>, NvmlError> {
    match find(nvml, identity) {
        Err(NvmlError::FunctionNotFound | NvmlError::FailedToLoadSymbol(_)) if powers.overall() != Power::Asleep => {
            let device = nvml.device_by_index(identity.index)?;
            if super::identity::id_of(&device, identity.index)? == identity.id {
                Ok(device)
            } else {
                Err(NvmlError::NotFound)
            }
        }
        found => found,
    }
}

/// NVML's `00000000:3B:00.0` as the kernel and lspci write it: `0000:3b:00.0`.
pub(super) fn pci_address(bus_id: &str) -> String {
    let (domain, rest) = bus_id.split_once(':').unwrap_or(("0", bus_id));
    let domain = u32::from_str_radix(domain, 16).unwrap_or_default();
    format!("{domain:04x}:{}", rest.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_kernel_does() {
        assert_eq!(pci_address("00000000:3B:00.0"), "0000:3b:00.0");
        assert_eq!(pci_address("0000000F:01:00.0"), "000f:01:00.0");
        assert_eq!(pci_address("00010000:01:00.0"), "10000:01:00.0", "a domain of a VMD controller");
    }
}

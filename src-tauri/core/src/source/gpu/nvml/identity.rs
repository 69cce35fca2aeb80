//! Which device is which: what it is known by, also when it does not say.

use std::collections::BTreeMap;

use nvml_wrapper::error::NvmlError;

use super::device::Device;
use super::figures::Fixed;
use super::{Identity, access, refusal};
use crate::metrics::Reason;

/// Which device has this index now. Asked anew at each sample, as the others move up when one is taken out.
pub(super) fn identify(
    device: &nvml_wrapper::Device<'_>,
    index: u32,
    known: &mut Vec<Identity>,
    fixed: &BTreeMap<String, Fixed>,
) -> Result<Identity, NvmlError> {
    let id = id_of(device, index)?;
    let pci_address = || match bus_id(device) {
        Err(error) if !is_unsupported(&error) => Err(error),
        bus_id => Ok(bus_id.ok().map(|bus_id| access::pci_address(&bus_id))),
    };
    let identity = match known.iter().position(|known| known.id == id) {
        Some(place) if fixed.contains_key(&id) => Identity { index, ..known.remove(place) },
        Some(place) => {
            let pci_address = pci_address()?;
            Identity { index, pci_address, ..known.remove(place) }
        }
        None => {
            let pci_address = pci_address()?;
            match device.name() {
                Ok(name) => Identity { id, index, name, pci_address },
                Err(error) if refusal::ends_session(&error) => return Err(error),
                // Not kept, so that it is asked for again.
                Err(_) => return Ok(Identity { id, index, name: unnamed(index), pci_address }),
            }
        }
    };
    known.push(identity.clone());
    Ok(identity)
}

/// What a device is known by: its UUID, or else its slot or its index.
pub(super) fn id_of(device: &nvml_wrapper::Device<'_>, index: u32) -> Result<String, NvmlError> {
    let known_by = match device.uuid() {
        Err(error) if is_unsupported(&error) => match bus_id(device) {
            Err(error) if is_unsupported(&error) => by_index(index),
            bus_id => bus_id?,
        },
        uuid => uuid?,
    };
    Ok(super::super::id(&known_by))
}

fn bus_id(device: &nvml_wrapper::Device<'_>) -> Result<String, NvmlError> {
    device.pci_info().map(|pci| pci.bus_id)
}

fn is_unsupported(error: &NvmlError) -> bool {
    refusal::reason(error) == Reason::Unsupported
}

/// The device that had this index last and is not found elsewhere, or one never seen before.
pub(super) fn probably(index: u32, known: &[Identity], devices: &[Device]) -> Identity {
    let elsewhere = |known: &Identity| devices.iter().any(|device| device.identity.id == known.id);
    let before = known.iter().rev().find(|known| known.index == index && !elsewhere(known));
    let unknown = || Identity { id: by_index(index), index, name: unnamed(index), pci_address: None };
    before.cloned().unwrap_or_else(unknown)
}

/// An id for a device that has none.
fn by_index(index: u32) -> String {
    format!("index-{index}")
}

fn unnamed(index: u32) -> String {
    format!("GPU {index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_does_not_say_which_it_is_is_the_last_that_had_its_index() {
        let identity = |id: &str, index| Identity { id: id.into(), index, name: id.into(), pci_address: None };
        let known = [identity("taken out", 1), identity("here", 0), identity("moved up", 1)];
        let here = Device::without_figures(identity("here", 0), Reason::Starting);
        let devices = std::slice::from_ref(&here);
        assert_eq!(probably(1, &known, devices), known[2]);
        assert_eq!(probably(0, &known, devices).id, "index-0", "that one has said that it is another");
        assert_eq!(
            probably(2, &known, devices),
            Identity { id: "index-2".into(), name: "GPU 2".into(), ..identity("", 2) }
        );
    }
}

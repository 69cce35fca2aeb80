//! Which numbers a device goes by: NVML's, and CUDA's under both values of `CUDA_DEVICE_ORDER`, so that
//! `CUDA_VISIBLE_DEVICES` can be written. (CUDA C++ Programming Guide, "CUDA Environment Variables")

use std::cmp::Reverse;
use std::collections::BTreeMap;

use nvml_wrapper::enum_wrappers::device::Clock;
use nvml_wrapper::{Device, Nvml};

use super::super::sleep::Powers;
use super::access::Open;
use super::{Access, Identity, access, refusal};
use crate::gpu_details::GpuDetails;
use crate::metrics::Reason;

/// Puts in the numbers of a device among those that there are. To compare them, all that are awake are asked how fast they are, but
/// for those whose speed is known.
pub(super) fn number(
    nvml: &Nvml,
    identity: &Identity,
    open: &Open,
    access: &Access,
    speeds: &mut BTreeMap<String, u64>,
    details: &mut GpuDetails,
) {
    details.index = Some(identity.index);
    let mut by_bus: Vec<&Identity> =
        open.known.iter().filter(|one| one.pci_address.is_some() && !open.gone.contains(&one.id)).collect();
    by_bus.sort_by_key(|one| &one.pci_address);
    let place =
        |list: &[&Identity]| list.iter().position(|one| one.id == identity.id).and_then(|at| u32::try_from(at).ok());
    details.cuda_index_by_bus = place(&by_bus);
    if details.cuda_index_by_bus.is_none() {
        let fields = ["cuda_index", "cuda_index_by_bus"];
        details.missing.extend(fields.map(|field| (field.into(), Reason::Unsupported)));
        return;
    }
    // Equal devices stay in the order of the bus.
    if by_bus.iter().all(|one| one.name == identity.name) {
        (details.cuda_index, details.cuda_index_guessed) = (details.cuda_index_by_bus, details.mig == Some(true));
        return;
    }
    let powers = access.powers();
    let mut known_speed = |one: &Identity| match speeds.get(&one.id) {
        Some(speed) => Ok(*speed),
        None => speed(nvml, one, &powers, access).inspect(|speed| {
            speeds.insert(one.id.clone(), *speed);
        }),
    };
    let all: Result<Vec<u64>, Reason> = by_bus.iter().map(|one| known_speed(one)).collect();
    match all {
        Ok(speeds) => {
            let mut ranked: Vec<(u64, &Identity)> = speeds.into_iter().zip(by_bus).collect();
            ranked.sort_by_key(|(speed, _)| Reverse(*speed));
            let ranked: Vec<&Identity> = ranked.into_iter().map(|(_, one)| one).collect();
            (details.cuda_index, details.cuda_index_guessed) = (place(&ranked), true);
        }
        Err(reason) => drop(details.missing.insert("cuda_index".into(), reason)),
    }
}

/// Cores by clock, which is what CUDA's own samples compare.
fn speed(nvml: &Nvml, identity: &Identity, powers: &Powers, access: &Access) -> Result<u64, Reason> {
    if let Some(reason) = powers.obstacle(identity.pci_address.as_deref()) {
        return Err(reason);
    }
    let _visit = access.turns.visit(&identity.index).ok_or(Reason::NotAnswering)?;
    let ask = |device: Device<'_>| Ok(u64::from(device.num_cores()?) * u64::from(device.max_clock_info(Clock::SM)?));
    access::find_awake(nvml, identity, powers).and_then(ask).map_err(|error| refusal::reason(&error))
}

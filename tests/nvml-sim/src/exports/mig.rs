//! The parts that a device is split into (MIG), each with a handle of its own.

use std::ffi::{c_uint, c_ulonglong};

use super::{Handle, INSTANCES, device_functions, put};
use crate::sim::{Code, NOT_FOUND, NOT_SUPPORTED, OnDevice};

/// Seven is what devices of today allow.
const MOST: c_uint = 7;

device_functions! {
    fn nvmlDeviceGetMaxMigDeviceCount(out: *mut c_uint) |on| {
        on.figure("mig")?;
        put(out, MOST)
    };
    fn nvmlDeviceGetMigDeviceHandleByIndex(index: c_uint, out: *mut Handle) |on| {
        on.device()?.instances.get(index as usize).ok_or(NOT_FOUND)?;
        put(out, ((on.place + 1) | ((index as usize + 1) << INSTANCES)) as Handle)
    };
    fn nvmlDeviceIsMigDeviceHandle(out: *mut c_uint) |on| put(out, c_uint::from(on.instance.is_some()));
    fn nvmlDeviceGetAttributes_v2(out: *mut Attributes) |on| {
        let instance = on.instance()?.ok_or(NOT_SUPPORTED)?;
        let multiprocessors = instance.multiprocessors as c_uint;
        put(out, Attributes { multiprocessors, shared: [1; 5], slices: [1; 2], memory: instance.memory as c_ulonglong >> 20 })
    };
}

/// A device's name, or an instance's: its device's with the profile.
pub(super) fn name(on: &OnDevice) -> Result<String, Code> {
    let name = &on.device()?.name;
    Ok(on.instance()?.map_or_else(|| name.clone(), |instance| format!("{name} MIG {}", instance.profile)))
}

/// A device's UUID, or an instance's.
pub(super) fn uuid(on: &OnDevice) -> Result<String, Code> {
    let uuid = &on.device()?.uuid;
    let rest = uuid.strip_prefix("GPU-").unwrap_or(uuid);
    Ok(on.instance.map_or_else(|| uuid.clone(), |instance| format!("MIG-{instance}-{rest}")))
}

/// `nvmlDeviceAttributes_t`.
#[repr(C)]
struct Attributes {
    multiprocessors: c_uint,
    /// Copy engines, decoders, encoders, JPEG and OFA.
    shared: [c_uint; 5],
    /// Of the GPU instance and the compute instance.
    slices: [c_uint; 2],
    /// In MB.
    memory: c_ulonglong,
}

//! Links to other devices (`NVLink`).

use std::ffi::{c_uint, c_ulonglong};

use super::device::PciInfo;
use super::{device_functions, put};
use crate::script::Link;
use crate::sim::{Code, INVALID_ARGUMENT, NOT_SUPPORTED, OnDevice};

device_functions! {
    fn nvmlDeviceGetNvLinkState(number: c_uint, out: *mut c_uint) |on| put(out, c_uint::from(link(&on, number)?.up));
    fn nvmlDeviceGetNvLinkVersion(number: c_uint, out: *mut c_uint) |on| put(out, up(&on, number)?.version);
    fn nvmlDeviceGetNvLinkRemotePciInfo_v2(number: c_uint, out: *mut PciInfo) |on| {
        put(out, PciInfo::of(&up(&on, number)?.remote))
    };
    /// All are of the first kind.
    fn nvmlDeviceGetNvLinkErrorCounter(number: c_uint, counter: c_uint, out: *mut c_ulonglong) |on| {
        let errors = up(&on, number)?.errors;
        put(out, if counter == 0 { errors as c_ulonglong } else { 0 })
    };
}

fn link(on: &OnDevice, number: c_uint) -> Result<&Link, Code> {
    on.device()?.links.get(number as usize).ok_or(INVALID_ARGUMENT)
}

fn up(on: &OnDevice, number: c_uint) -> Result<&Link, Code> {
    Some(link(on, number)?).filter(|link| link.up).ok_or(NOT_SUPPORTED)
}

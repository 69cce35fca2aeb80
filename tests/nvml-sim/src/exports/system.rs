//! The session, the driver, and how devices are found.

use std::ffi::{c_char, c_int, c_uint};

use super::{Handle, driver_functions, put, put_text, text};
use crate::script::{Device, Figure, Script};
use crate::sim::{self, Code, INVALID_ARGUMENT, NOT_FOUND};
use crate::tables::ERRORS;

/// Needs no session: it begins one.
#[unsafe(no_mangle)]
extern "C" fn nvmlInit_v2() -> Code {
    sim::code(|| sim::init("nvmlInit_v2"))
}

/// Attaches no differently: there is nothing to attach to.
#[unsafe(no_mangle)]
extern "C" fn nvmlInitWithFlags(_flags: c_uint) -> Code {
    sim::code(|| sim::init("nvmlInitWithFlags"))
}

/// Succeeds whatever the driver does.
#[unsafe(no_mangle)]
extern "C" fn nvmlShutdown() -> Code {
    sim::code(|| sim::shutdown("nvmlShutdown"))
}

/// Needs no session and no driver; not a call that anything is asked by, so it isn't counted.
#[unsafe(no_mangle)]
extern "C" fn nvmlErrorString(result: Code) -> *const c_char {
    let known = ERRORS.iter().find(|(_, code, _)| *code == result).map(|(.., words)| *words);
    known.unwrap_or(if result == 0 { c"Success" } else { c"Unknown Error" }).as_ptr()
}

/// Stores a device's handle; looking at one that sleeps wakes it.
///
/// # Safety
/// `out` is null or may be written.
unsafe fn put_handle(out: *mut Handle, found: Option<(usize, &Device)>, otherwise: Code) -> Result<(), Code> {
    let (place, device) = found.ok_or(otherwise)?;
    sim::wake(device);
    // SAFETY: the caller's to vouch for.
    unsafe { put(out, (place + 1) as Handle) }
}

fn find(script: &Script, wanted: impl Fn(&Device) -> bool) -> Option<(usize, &Device)> {
    sim::present(script).find(|(_, device)| wanted(device))
}

/// The numbers of a PCI address; `0000:01:00.0` and `00000000:01:00.0` are the same.
pub(super) fn pci_numbers(address: &str) -> Vec<u32> {
    address.split([':', '.']).map_while(|part| u32::from_str_radix(part, 16).ok()).collect()
}

driver_functions! {
    fn nvmlSystemGetDriverVersion(out: *mut c_char, length: c_uint) |script| {
        put_text(out, length, &script.driver_version)
    };
    fn nvmlSystemGetNVMLVersion(out: *mut c_char, length: c_uint) |script| {
        put_text(out, length, &format!("12.{}", script.driver_version))
    };
    fn nvmlSystemGetCudaDriverVersion(out: *mut c_int) |script| put(out, script.cuda_version);
    fn nvmlSystemGetCudaDriverVersion_v2(out: *mut c_int) |script| put(out, script.cuda_version);
    /// Lost devices are counted, those that are gone are not.
    fn nvmlDeviceGetCount_v2(out: *mut c_uint) |script| match script.count_fails {
        Some(code) => Err(code),
        None => put(out, sim::present(&script).count() as c_uint),
    };
    fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, out: *mut Handle) |script| {
        put_handle(out, sim::present(&script).nth(index as usize), INVALID_ARGUMENT)
    };
    fn nvmlDeviceGetHandleByUUID(uuid: *const c_char, out: *mut Handle) |script| {
        let uuid = text(uuid)?;
        put_handle(out, find(&script, |device| device.uuid == uuid), NOT_FOUND)
    };
    fn nvmlDeviceGetHandleByPciBusId_v2(address: *const c_char, out: *mut Handle) |script| {
        let address = pci_numbers(&text(address)?);
        let found = find(&script, |device| pci_numbers(&device.pci) == address);
        match found.and_then(|(_, device)| device.figures.get("lookup")) {
            Some(Figure::Error(code)) => Err(*code),
            Some(_) | None => put_handle(out, found, NOT_FOUND),
        }
    };
}

//! The functions by NVML's names and types (nvml.h). Each counts its call and answers from the script.

#![allow(non_snake_case, reason = "NVML's names")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "figures are small and never negative")]

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::time::Duration;

use crate::sim::{
    self, ARGUMENT_VERSION_MISMATCH, Code, INSUFFICIENT_SIZE, INVALID_ARGUMENT, NOT_FOUND, NOT_SUPPORTED, OnDevice,
    code,
};

/// A device's place in the script, plus one: a handle is never null.
type Handle = *mut c_void;

fn place(device: Handle) -> Option<usize> {
    (device as usize).checked_sub(1)
}

/// Stores an answer.
///
/// # Safety
/// `out` is null or points to a `T` that may be written.
unsafe fn put<T>(out: *mut T, value: T) -> Result<(), Code> {
    if out.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and the caller's to vouch for.
    unsafe { out.write(value) };
    Ok(())
}

/// Stores a text with its closing zero.
///
/// # Safety
/// `out` is null or points to `length` bytes that may be written.
unsafe fn put_text(out: *mut c_char, length: c_uint, text: &str) -> Result<(), Code> {
    if out.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= length as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    // SAFETY: the text and its zero fit into the caller's buffer.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), out, text.len());
        out.add(text.len()).write(0);
    }
    Ok(())
}

/// Functions of a device with one figure as the answer.
macro_rules! figures {
    ($($name:ident($field:literal, $type:ty) $factor:literal;)*) => {$(
        /// One figure, as nvml.h has it.
        ///
        /// # Safety
        /// `out` is null or may be written.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(device: Handle, out: *mut $type) -> Code {
            code(OnDevice::new(stringify!($name), place(device)).and_then(|on| {
                let value = on.figure($field)? * $factor;
                // SAFETY: the caller's to vouch for.
                unsafe { put(out, value.round() as $type) }
            }))
        }
    )*};
}

figures! {
    nvmlDeviceGetPowerUsage("power_draw", c_uint) 1000.0;
    nvmlDeviceGetEnforcedPowerLimit("power_limit", c_uint) 1000.0;
    nvmlDeviceGetPowerManagementLimit("power_limit", c_uint) 1000.0;
    nvmlDeviceGetTotalEnergyConsumption("energy", c_ulonglong) 1000.0;
    nvmlDeviceGetFanSpeed("fan", c_uint) 1.0;
    nvmlDeviceGetCurrPcieLinkGeneration("pcie_generation", c_uint) 1.0;
    nvmlDeviceGetMaxPcieLinkGeneration("pcie_generation_max", c_uint) 1.0;
    nvmlDeviceGetCurrPcieLinkWidth("pcie_width", c_uint) 1.0;
    nvmlDeviceGetMaxPcieLinkWidth("pcie_width_max", c_uint) 1.0;
    nvmlDeviceGetPerformanceState("performance_state", c_uint) 1.0;
    nvmlDeviceGetCurrentClocksThrottleReasons("throttle_reasons", c_ulonglong) 1.0;
    nvmlDeviceGetCurrentClocksEventReasons("throttle_reasons", c_ulonglong) 1.0;
}

/// Functions of a device that choose a figure by a number.
macro_rules! chosen {
    ($($name:ident($type:ty) { $($choice:literal => $field:literal),* } $factor:literal;)*) => {$(
        /// One figure by a selector, as nvml.h has it.
        ///
        /// # Safety
        /// `out` is null or may be written.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(device: Handle, which: c_uint, out: *mut $type) -> Code {
            code(OnDevice::new(stringify!($name), place(device)).and_then(|on| {
                let value = match which {
                    $($choice => on.figure($field)?,)*
                    _ => return Err(NOT_SUPPORTED),
                };
                // SAFETY: the caller's to vouch for.
                unsafe { put(out, (value * $factor).round() as $type) }
            }))
        }
    )*};
}

chosen! {
    nvmlDeviceGetTemperature(c_uint) { 0 => "temperature" } 1.0;
    nvmlDeviceGetTemperatureThreshold(c_uint) { 0 => "temperature_shutdown", 1 => "temperature_slowdown" } 1.0;
    nvmlDeviceGetFanSpeed_v2(c_uint) { 0 => "fan" } 1.0;
    nvmlDeviceGetClockInfo(c_uint) { 0 => "sm_clock", 1 => "sm_clock", 2 => "memory_clock" } 1.0;
    nvmlDeviceGetMaxClockInfo(c_uint) { 0 => "sm_clock_max", 1 => "sm_clock_max", 2 => "memory_clock_max" } 1.0;
}

/// `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> Code {
    code(sim::init("nvmlInit_v2"))
}

/// `nvmlInitWithFlags`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInitWithFlags(_flags: c_uint) -> Code {
    code(sim::init("nvmlInitWithFlags"))
}

/// `nvmlShutdown`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> Code {
    code(sim::shutdown("nvmlShutdown"))
}

/// `nvmlSystemGetDriverVersion`.
///
/// # Safety
/// `out` is null or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetDriverVersion(out: *mut c_char, length: c_uint) -> Code {
    let script = sim::call("nvmlSystemGetDriverVersion");
    // SAFETY: the caller's to vouch for.
    code(script.and_then(|script| unsafe { put_text(out, length, &script.driver_version) }))
}

/// `nvmlSystemGetNVMLVersion`.
///
/// # Safety
/// `out` is null or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetNVMLVersion(out: *mut c_char, length: c_uint) -> Code {
    let script = sim::call("nvmlSystemGetNVMLVersion");
    // SAFETY: the caller's to vouch for.
    code(script.and_then(|script| unsafe { put_text(out, length, &format!("12.{}", script.driver_version)) }))
}

/// `nvmlSystemGetCudaDriverVersion_v2`.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetCudaDriverVersion_v2(out: *mut c_int) -> Code {
    let script = sim::call("nvmlSystemGetCudaDriverVersion_v2");
    // SAFETY: the caller's to vouch for.
    code(script.and_then(|script| unsafe { put(out, script.cuda_version) }))
}

/// `nvmlDeviceGetCount_v2`: lost devices are counted, those that are gone are not.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCount_v2(out: *mut c_uint) -> Code {
    let script = sim::call("nvmlDeviceGetCount_v2");
    // SAFETY: the caller's to vouch for.
    code(script.and_then(|script| unsafe { put(out, sim::present(&script).count() as c_uint) }))
}

/// `nvmlDeviceGetHandleByIndex_v2`.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, out: *mut Handle) -> Code {
    code(sim::call("nvmlDeviceGetHandleByIndex_v2").and_then(|script| {
        let (place, _) = sim::present(&script).nth(index as usize).ok_or(INVALID_ARGUMENT)?;
        // SAFETY: the caller's to vouch for.
        unsafe { put(out, (place + 1) as Handle) }
    }))
}

/// `nvmlDeviceGetHandleByUUID`.
///
/// # Safety
/// `uuid` is a C string; `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByUUID(uuid: *const c_char, out: *mut Handle) -> Code {
    code(sim::call("nvmlDeviceGetHandleByUUID").and_then(|script| {
        if uuid.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        // SAFETY: not null, and a C string by contract.
        let wanted = unsafe { std::ffi::CStr::from_ptr(uuid) }.to_string_lossy();
        let (place, _) = sim::present(&script).find(|(_, device)| device.uuid == wanted).ok_or(NOT_FOUND)?;
        // SAFETY: the caller's to vouch for.
        unsafe { put(out, (place + 1) as Handle) }
    }))
}

/// `nvmlDeviceGetIndex`.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetIndex(device: Handle, out: *mut c_uint) -> Code {
    code(OnDevice::new("nvmlDeviceGetIndex", place(device)).and_then(|on| {
        let index = sim::present(&on.script).position(|(place, _)| place == on.place).ok_or(NOT_FOUND)?;
        // SAFETY: the caller's to vouch for.
        unsafe { put(out, index as c_uint) }
    }))
}

/// `nvmlDeviceGetName`.
///
/// # Safety
/// `out` is null or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetName(device: Handle, out: *mut c_char, length: c_uint) -> Code {
    let on = OnDevice::new("nvmlDeviceGetName", place(device));
    // SAFETY: the caller's to vouch for.
    code(on.and_then(|on| unsafe { put_text(out, length, &on.device()?.name) }))
}

/// `nvmlDeviceGetUUID`.
///
/// # Safety
/// `out` is null or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetUUID(device: Handle, out: *mut c_char, length: c_uint) -> Code {
    let on = OnDevice::new("nvmlDeviceGetUUID", place(device));
    // SAFETY: the caller's to vouch for.
    code(on.and_then(|on| unsafe { put_text(out, length, &on.device()?.uuid) }))
}

/// `nvmlUtilization_t`.
#[repr(C)]
pub struct Utilization {
    gpu: c_uint,
    memory: c_uint,
}

/// `nvmlDeviceGetUtilizationRates`.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetUtilizationRates(device: Handle, out: *mut Utilization) -> Code {
    code(OnDevice::new("nvmlDeviceGetUtilizationRates", place(device)).and_then(|on| {
        let gpu = on.figure("utilization")?.round() as c_uint;
        let memory = on.figure("memory_bandwidth").unwrap_or(0.0).round() as c_uint;
        // SAFETY: the caller's to vouch for.
        unsafe { put(out, Utilization { gpu, memory }) }
    }))
}

/// `nvmlMemory_t`.
#[repr(C)]
pub struct Memory {
    total: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// `nvmlMemory_v2_t`.
#[repr(C)]
pub struct MemoryV2 {
    version: c_uint,
    total: c_ulonglong,
    reserved: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// Bytes: total, reserved, free, used.
fn memory(on: &OnDevice) -> Result<[u64; 4], Code> {
    let total = on.figure("memory_total")? as u64;
    let reserved = (on.figure("memory_reserved").unwrap_or(0.0) as u64).min(total);
    let used = (on.figure("memory_used")? as u64).min(total - reserved);
    Ok([total, reserved, total - reserved - used, used])
}

/// `nvmlDeviceGetMemoryInfo`: counts the reserve as used, as the first version does.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMemoryInfo(device: Handle, out: *mut Memory) -> Code {
    code(OnDevice::new("nvmlDeviceGetMemoryInfo", place(device)).and_then(|on| {
        let [total, reserved, free, used] = memory(&on)?;
        // SAFETY: the caller's to vouch for.
        unsafe { put(out, Memory { total, free, used: used + reserved }) }
    }))
}

/// `nvmlDeviceGetMemoryInfo_v2`.
///
/// # Safety
/// `out` is null or a `nvmlMemory_v2_t` whose version is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMemoryInfo_v2(device: Handle, out: *mut MemoryV2) -> Code {
    code(OnDevice::new("nvmlDeviceGetMemoryInfo_v2", place(device)).and_then(|on| {
        // SAFETY: the caller's to vouch for; null is refused.
        let version = unsafe { out.as_ref() }.ok_or(INVALID_ARGUMENT)?.version;
        if version != size_of::<MemoryV2>() as c_uint | (2 << 24) {
            return Err(ARGUMENT_VERSION_MISMATCH);
        }
        let [total, reserved, free, used] = memory(&on)?;
        // SAFETY: not null.
        unsafe { put(out, MemoryV2 { version, total, reserved, free, used }) }
    }))
}

/// `nvmlPciInfo_t`.
#[repr(C)]
pub struct PciInfo {
    legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    device_id: c_uint,
    subsystem_id: c_uint,
    bus_id: [c_char; 32],
}

/// `nvmlDeviceGetPciInfo_v3`.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPciInfo_v3(device: Handle, out: *mut PciInfo) -> Code {
    code(OnDevice::new("nvmlDeviceGetPciInfo_v3", place(device)).and_then(|on| {
        let pci = &on.device()?.pci;
        let number = |at: usize| pci.split([':', '.']).nth(at).and_then(|part| c_uint::from_str_radix(part, 16).ok());
        let mut info = PciInfo {
            legacy: [0; 16],
            domain: number(0).unwrap_or(0),
            bus: number(1).unwrap_or(0),
            device: number(2).unwrap_or(0),
            device_id: 0x2684_10de,
            subsystem_id: 0,
            bus_id: [0; 32],
        };
        let fill = |into: &mut [c_char], text: &str| {
            for (to, from) in into.iter_mut().rev().skip(1).rev().zip(text.bytes()) {
                *to = c_char::from_ne_bytes([from]);
            }
        };
        fill(&mut info.legacy, pci.get(4..).unwrap_or(pci));
        fill(&mut info.bus_id, pci);
        // SAFETY: the caller's to vouch for.
        unsafe { put(out, info) }
    }))
}

/// `nvmlDeviceGetPcieThroughput`: takes 20 ms, as the real one does. In KB/s.
///
/// # Safety
/// `out` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPcieThroughput(device: Handle, which: c_uint, out: *mut c_uint) -> Code {
    code(OnDevice::new("nvmlDeviceGetPcieThroughput", place(device)).and_then(|on| {
        std::thread::sleep(Duration::from_millis(20));
        let field = if which == 0 { "pcie_sent" } else { "pcie_received" };
        // SAFETY: the caller's to vouch for.
        unsafe { put(out, (on.figure(field)? / 1024.0).round() as c_uint) }
    }))
}

/// Percent and the period it was measured over.
///
/// # Safety
/// Both are null or may be written.
unsafe fn engine(on: &OnDevice, field: &str, out: *mut c_uint, period: *mut c_uint) -> Result<(), Code> {
    let value = on.figure(field)?.round() as c_uint;
    // SAFETY: the caller's to vouch for. The period is in µs.
    unsafe { put(out, value).and_then(|()| put(period, 167_000)) }
}

/// `nvmlDeviceGetEncoderUtilization`.
///
/// # Safety
/// Both pointers are null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetEncoderUtilization(
    device: Handle,
    out: *mut c_uint,
    period: *mut c_uint,
) -> Code {
    let on = OnDevice::new("nvmlDeviceGetEncoderUtilization", place(device));
    // SAFETY: the caller's to vouch for.
    code(on.and_then(|on| unsafe { engine(&on, "encoder", out, period) }))
}

/// `nvmlDeviceGetDecoderUtilization`.
///
/// # Safety
/// Both pointers are null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetDecoderUtilization(
    device: Handle,
    out: *mut c_uint,
    period: *mut c_uint,
) -> Code {
    let on = OnDevice::new("nvmlDeviceGetDecoderUtilization", place(device));
    // SAFETY: the caller's to vouch for.
    code(on.and_then(|on| unsafe { engine(&on, "decoder", out, period) }))
}

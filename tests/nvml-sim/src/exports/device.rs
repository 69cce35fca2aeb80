//! What one device is and what it measures.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong};

use super::system::pci_numbers;
use super::{device_functions, mig, put, put_text};
use crate::sim::{self, ARGUMENT_VERSION_MISMATCH, Code, INVALID_ARGUMENT, NOT_FOUND, NOT_SUPPORTED, OnDevice};

/// Functions with one figure as the answer, in NVML's unit by a factor.
macro_rules! figures {
    ($($name:ident($field:literal, $type:ty) $factor:literal;)*) => {
        device_functions! { $(
            fn $name(out: *mut $type) |on| put(out, (on.figure($field)? * $factor).round() as $type);
        )* }
    };
}

figures! {
    nvmlDeviceGetPowerUsage("power_draw", c_uint) 1000.0;
    nvmlDeviceGetEnforcedPowerLimit("power_limit", c_uint) 1000.0;
    nvmlDeviceGetPowerManagementLimit("power_limit", c_uint) 1000.0;
    nvmlDeviceGetTotalEnergyConsumption("energy", c_ulonglong) 1000.0;
    nvmlDeviceGetFanSpeed("fan", c_uint) 1.0;
    nvmlDeviceGetNumFans("fans", c_uint) 1.0;
    nvmlDeviceGetCurrPcieLinkGeneration("pcie_generation", c_uint) 1.0;
    nvmlDeviceGetMaxPcieLinkGeneration("pcie_generation_max", c_uint) 1.0;
    nvmlDeviceGetCurrPcieLinkWidth("pcie_width", c_uint) 1.0;
    nvmlDeviceGetMaxPcieLinkWidth("pcie_width_max", c_uint) 1.0;
    nvmlDeviceGetPerformanceState("performance_state", c_uint) 1.0;
    nvmlDeviceGetCurrentClocksThrottleReasons("throttle_reasons", c_ulonglong) 1.0;
    nvmlDeviceGetCurrentClocksEventReasons("throttle_reasons", c_ulonglong) 1.0;
    nvmlDeviceGetPersistenceMode("persistence_mode", c_uint) 1.0;
    nvmlDeviceGetComputeMode("compute_mode", c_uint) 1.0;
    nvmlDeviceGetPowerManagementDefaultLimit("power_limit_default", c_uint) 1000.0;
    nvmlDeviceGetPcieReplayCounter("pcie_replays", c_uint) 1.0;
    nvmlDeviceGetNumGpuCores("cores", c_uint) 1.0;
    nvmlDeviceGetDisplayActive("display", c_uint) 1.0;
}

/// Functions that choose a figure by one of NVML's enums; the script has no other, and a real device not all.
macro_rules! chosen {
    ($($name:ident { $($choice:literal => $field:literal),* };)*) => {
        device_functions! { $(
            fn $name(which: c_uint, out: *mut c_uint) |on| {
                let field = match which {
                    $($choice => $field,)*
                    _ => return Err(NOT_SUPPORTED),
                };
                put(out, on.figure(field)?.round() as c_uint)
            };
        )* }
    };
}

chosen! {
    nvmlDeviceGetTemperature { 0 => "temperature" };
    nvmlDeviceGetTemperatureThreshold {
        0 => "temperature_shutdown", 1 => "temperature_slowdown", 2 => "memory_temperature_max", 3 => "temperature_max"
    };
    nvmlDeviceGetClockInfo { 0 => "sm_clock", 1 => "sm_clock", 2 => "memory_clock", 3 => "video_clock" };
    nvmlDeviceGetMaxClockInfo {
        0 => "sm_clock_max", 1 => "sm_clock_max", 2 => "memory_clock_max", 3 => "video_clock_max"
    };
}

device_functions! {
    fn nvmlDeviceGetIndex(out: *mut c_uint) |on| {
        let index = sim::present(&on.script).position(|(place, _)| place == on.place).ok_or(NOT_FOUND)?;
        put(out, index as c_uint)
    };
    fn nvmlDeviceGetName(out: *mut c_char, length: c_uint) |on| put_text(out, length, &mig::name(&on)?);
    fn nvmlDeviceGetUUID(out: *mut c_char, length: c_uint) |on| {
        let uuid = mig::uuid(&on)?;
        if uuid.is_empty() { Err(NOT_SUPPORTED) } else { put_text(out, length, &uuid) }
    };
    fn nvmlDeviceGetVbiosVersion(out: *mut c_char, length: c_uint) |on| {
        let vbios = &on.device()?.vbios;
        if vbios.is_empty() { Err(NOT_SUPPORTED) } else { put_text(out, length, vbios) }
    };
    fn nvmlDeviceGetUtilizationRates(out: *mut Utilization) |on| {
        let gpu = on.figure("utilization")?.round() as c_uint;
        put(out, Utilization { gpu, memory: on.figure_or_zero("memory_bandwidth")?.round() as c_uint })
    };
    /// Counts the reserve as used, as the first version does.
    fn nvmlDeviceGetMemoryInfo(out: *mut Memory) |on| {
        let [total, reserved, free, used] = memory(&on)?;
        put(out, Memory { total, free, used: used + reserved })
    };
    fn nvmlDeviceGetMemoryInfo_v2(out: *mut MemoryV2) |on| {
        let version = out.as_ref().ok_or(INVALID_ARGUMENT)?.version;
        if version != size_of::<MemoryV2>() as c_uint | (2 << 24) {
            return Err(ARGUMENT_VERSION_MISMATCH);
        }
        let [total, reserved, free, used] = memory(on.since_510()?)?;
        put(out, MemoryV2 { version, total, reserved, free, used })
    };
    fn nvmlDeviceGetBAR1MemoryInfo(out: *mut Bar1) |on| {
        let total = on.figure("bar1_total")? as u64;
        let used = (on.figure_or_zero("bar1_used")? as u64).min(total);
        put(out, Bar1 { total, free: total - used, used })
    };
    fn nvmlDeviceGetFanSpeed_v2(fan: c_uint, out: *mut c_uint) |on| {
        is_there(&on, fan)?;
        let second = fan == 1 && on.device()?.figures.contains_key("fan_2");
        put(out, on.figure(if second { "fan_2" } else { "fan" })?.round() as c_uint)
    };
    fn nvmlDeviceGetFanSpeedRPM(out: *mut FanSpeed) |on| {
        let FanSpeed { version, fan, .. } = out.as_ref().ok_or(INVALID_ARGUMENT)?.clone();
        if version != size_of::<FanSpeed>() as c_uint | (1 << 24) {
            return Err(ARGUMENT_VERSION_MISMATCH);
        }
        is_there(&on, fan)?;
        put(out, FanSpeed { version, fan, speed: on.figure("fan_rpm")?.round() as c_uint })
    };
    /// In KB/s.
    fn nvmlDeviceGetPcieThroughput(which: c_uint, out: *mut c_uint) |on| {
        let field = match which {
            0 => "pcie_sent",
            1 => "pcie_received",
            _ => return Err(INVALID_ARGUMENT),
        };
        put(out, (on.figure(field)? / 1024.0).round() as c_uint)
    };
    /// With the period it was measured over, in µs.
    fn nvmlDeviceGetEncoderUtilization(out: *mut c_uint, period: *mut c_uint) |on| {
        put(out, on.figure("encoder")?.round() as c_uint).and_then(|()| put(period, 167_000))
    };
    fn nvmlDeviceGetDecoderUtilization(out: *mut c_uint, period: *mut c_uint) |on| {
        put(out, on.figure("decoder")?.round() as c_uint).and_then(|()| put(period, 167_000))
    };
    /// Nothing is pending here: both are the same.
    fn nvmlDeviceGetMigMode(out: *mut c_uint, pending: *mut c_uint) |on| {
        let mode = on.figure("mig")? as c_uint;
        put(out, mode).and_then(|()| put(pending, mode))
    };
    fn nvmlDeviceGetEccMode(out: *mut c_uint, pending: *mut c_uint) |on| {
        let mode = on.figure("ecc")? as c_uint;
        put(out, mode).and_then(|()| put(pending, mode))
    };
    fn nvmlDeviceGetPciInfo_v3(out: *mut PciInfo) |on| put(out, PciInfo::of(&on.device()?.pci));
    fn nvmlDeviceGetPowerManagementLimitConstraints(min: *mut c_uint, max: *mut c_uint) |on| {
        let watts = |name| Ok::<_, Code>((on.figure(name)? * 1000.0).round() as c_uint);
        put(min, watts("power_limit_min")?).and_then(|()| put(max, watts("power_limit_max")?))
    };
    fn nvmlDeviceGetCudaComputeCapability(major: *mut c_int, minor: *mut c_int) |on| {
        let version = on.figure("compute_capability")?;
        put(major, version.trunc() as c_int).and_then(|()| put(minor, (version.fract() * 10.0).round() as c_int))
    };
    fn nvmlDeviceGetTotalEccErrors(kind: c_uint, counter: c_uint, out: *mut c_ulonglong) |on| {
        let field = match (kind, counter) {
            (0, 0) => "ecc_corrected",
            (1, 0) => "ecc_uncorrected",
            (0, 1) => "ecc_corrected_lifetime",
            (1, 1) => "ecc_uncorrected_lifetime",
            _ => return Err(INVALID_ARGUMENT),
        };
        put(out, on.figure(field)? as c_ulonglong)
    };
}

impl PciInfo {
    pub(super) fn of(address: &str) -> Self {
        let numbers = pci_numbers(address);
        let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
        let (mut legacy, mut bus_id) = ([0; 16], [0; 32]);
        fill(&mut legacy, address.get(4..).unwrap_or(address));
        fill(&mut bus_id, address);
        let (domain, bus, device) = (number(0), number(1), number(2));
        Self { legacy, domain, bus, device, device_id: 0x2684_10de, subsystem_id: 0, bus_id }
    }
}

/// Refuses a fan that the device does not have.
fn is_there(on: &OnDevice, fan: c_uint) -> Result<(), Code> {
    if f64::from(fan) < on.figure_or_zero("fans")?.max(1.0) { Ok(()) } else { Err(INVALID_ARGUMENT) }
}

/// Bytes: total, reserved, free, used.
fn memory(on: &OnDevice) -> Result<[u64; 4], Code> {
    if let Some(instance) = on.instance()? {
        let (total, used) = (instance.memory as u64, (instance.used as u64).min(instance.memory as u64));
        return Ok([total, 0, total - used, used]);
    }
    let total = on.figure("memory_total")? as u64;
    let reserved = (on.figure_or_zero("memory_reserved")? as u64).min(total);
    let used = (on.figure("memory_used")? as u64).min(total - reserved);
    Ok([total, reserved, total - reserved - used, used])
}

/// As much of a text as fits with its closing zero.
fn fill(into: &mut [c_char], text: &str) {
    let room = into.len().saturating_sub(1);
    for (to, from) in into.iter_mut().zip(text.bytes()).take(room) {
        *to = c_char::from_ne_bytes([from]);
    }
}

/// `nvmlUtilization_t`.
#[repr(C)]
struct Utilization {
    gpu: c_uint,
    memory: c_uint,
}

/// `nvmlMemory_t`.
#[repr(C)]
struct Memory {
    total: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// `nvmlMemory_v2_t`.
#[repr(C)]
struct MemoryV2 {
    version: c_uint,
    total: c_ulonglong,
    reserved: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// `nvmlFanSpeedInfo_v1_t`.
#[repr(C)]
#[derive(Clone)]
struct FanSpeed {
    version: c_uint,
    fan: c_uint,
    speed: c_uint,
}

/// `nvmlBAR1Memory_t`.
#[repr(C)]
struct Bar1 {
    total: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// `nvmlPciInfo_t`.
#[repr(C)]
pub(super) struct PciInfo {
    legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    device_id: c_uint,
    subsystem_id: c_uint,
    bus_id: [c_char; 32],
}

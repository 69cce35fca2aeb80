//! The figures of one device that are read at every tick.

use std::collections::BTreeMap;

use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::structs::device::{CudaComputeCapability, FieldId};

use super::super::Identity;
use super::super::plausible::{FASTEST_FAN, HOTTEST, MOST, WIDEST};
use super::device::{Device, Memory};
use super::refusal;
use crate::metrics::{ClockLimit, Reason};

/// What figures can be at most: asked once per session, since it does not change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixed {
    sm_clock: Result<f64, Reason>,
    pcie_generation: Result<f64, Reason>,
    pcie_width: Result<f64, Reason>,
    /// Whether the device uses the system's memory; it then sits beside the processor, and what it says of its link, one lane of
    /// the first generation, is a placeholder.
    integrated: Result<bool, Reason>,
}

/// Devices that use the system's memory, by their compute capability: Jetson TX2, Xavier, Orin, Thor (whose number
/// changed with CUDA 13), GB10.
const INTEGRATED: [(i32, i32); 6] = [(6, 2), (7, 2), (8, 7), (10, 1), (11, 0), (12, 1)];

/// Reads one device. A figure that it refuses takes only itself away; an error that ends the session is returned.
pub(super) fn read(
    device: &nvml_wrapper::Device<'_>,
    identity: Identity,
    fixed: &mut BTreeMap<String, Fixed>,
) -> Result<Device, NvmlError> {
    let most = match fixed.get(&identity.id) {
        Some(fixed) => *fixed,
        None => ask_fixed(device, &identity.id, fixed)?,
    };
    let rates = device.utilization_rates();
    let words = rates.as_ref().err().and_then(refusal::words);
    let rates = settled(rates)?;
    let clock = |clock| device.clock_info(clock).map(f64::from);
    let integrated = most.integrated == Ok(true);
    let link = |answer: Result<u32, NvmlError>| {
        if integrated { Ok(Err(Reason::Unsupported)) } else { value(answer.map(f64::from), WIDEST) }
    };
    Ok(Device {
        figures: [
            ("utilization", rates.clone().map(|rates| f64::from(rates.gpu)).and_then(|value| plausible(value, 100.0))),
            ("temperature", value(device.temperature(TemperatureSensor::Gpu).map(f64::from), HOTTEST)?),
            ("power_draw", value(device.power_usage().map(watts), MOST)?),
            ("power_limit", value(device.enforced_power_limit().map(watts), MOST)?),
            ("memory_bandwidth", rates.map(|rates| f64::from(rates.memory)).and_then(|value| plausible(value, 100.0))),
            ("fan_speed", value(device.fan_speed(0).map(f64::from), FASTEST_FAN)?),
            ("sm_clock", value(clock(Clock::SM), MOST)?),
            ("sm_clock_max", most.sm_clock),
            ("memory_clock", value(clock(Clock::Memory), MOST)?),
            ("pcie_generation", link(device.current_pcie_link_gen())?),
            ("pcie_width", link(device.current_pcie_link_width())?),
            ("pcie_generation_max", if integrated { Err(Reason::Unsupported) } else { most.pcie_generation }),
            ("pcie_width_max", if integrated { Err(Reason::Unsupported) } else { most.pcie_width }),
            ("performance_state", value(device.performance_state().map(|state| f64::from(state.as_c())), 15.0)?),
        ],
        memory: memory(device, integrated)?,
        clock_limits: settled(device.current_throttle_reasons())?.map(clock_limits),
        words,
        identity,
    })
}

/// Asks for what does not change, and keeps it unless the device could not tell for the moment.
fn ask_fixed(
    device: &nvml_wrapper::Device<'_>,
    id: &str,
    fixed: &mut BTreeMap<String, Fixed>,
) -> Result<Fixed, NvmlError> {
    let asked = Fixed {
        sm_clock: value(device.max_clock_info(Clock::SM).map(f64::from), MOST)?,
        pcie_generation: value(device.max_pcie_link_gen().map(f64::from), WIDEST)?,
        pcie_width: value(device.max_pcie_link_width().map(f64::from), WIDEST)?,
        integrated: settled(device.cuda_compute_capability())?.map(|it| integrated(&it)),
    };
    let refusals = [asked.sm_clock.err(), asked.pcie_generation.err(), asked.pcie_width.err(), asked.integrated.err()];
    if refusals.into_iter().flatten().all(lasts) {
        fixed.insert(id.into(), asked);
    }
    Ok(asked)
}

/// Whether asking again would be refused for the same reason.
pub(super) fn lasts(reason: Reason) -> bool {
    matches!(reason, Reason::Unsupported | Reason::NoPermission)
}

/// NVML has milliwatts.
pub(super) fn watts(milliwatts: u32) -> f64 {
    f64::from(milliwatts) / 1_000.0
}

/// °C of the device memory; only a field has it.
pub(super) fn memory_temperature(device: &nvml_wrapper::Device<'_>) -> Result<f64, NvmlError> {
    use nvml_wrapper::sys_exports::field_id::NVML_FI_DEV_MEMORY_TEMP;

    // NVML says 0 where there is no sensor.
    match field(device, NVML_FI_DEV_MEMORY_TEMP)? {
        0 => Err(NvmlError::NotSupported),
        celsius => Ok(celsius as f64),
    }
}

/// One of NVML's fields that count or measure in whole numbers.
pub(super) fn field(device: &nvml_wrapper::Device<'_>, id: u32) -> Result<u64, NvmlError> {
    let mut values = device.field_values_for(&[FieldId(id)])?;
    match values.pop().ok_or(NvmlError::NotSupported)??.value? {
        SampleValue::U32(value) => Ok(value.into()),
        SampleValue::U64(value) => Ok(value),
        SampleValue::I64(value) => u64::try_from(value).map_err(|_| NvmlError::NotSupported),
        SampleValue::F64(_) => Err(NvmlError::NotSupported),
    }
}

/// NVML's bits by their names here.
fn clock_limits(reasons: ThrottleReasons) -> Vec<ClockLimit> {
    const NAMES: [(ThrottleReasons, ClockLimit); 9] = [
        (ThrottleReasons::GPU_IDLE, ClockLimit::Idle),
        (ThrottleReasons::APPLICATIONS_CLOCKS_SETTING, ClockLimit::ApplicationClocks),
        (ThrottleReasons::SW_POWER_CAP, ClockLimit::PowerCap),
        (ThrottleReasons::HW_SLOWDOWN, ClockLimit::HardwareSlowdown),
        (ThrottleReasons::SYNC_BOOST, ClockLimit::SyncBoost),
        (ThrottleReasons::SW_THERMAL_SLOWDOWN, ClockLimit::SoftwareThermal),
        (ThrottleReasons::HW_THERMAL_SLOWDOWN, ClockLimit::HardwareThermal),
        (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, ClockLimit::PowerBrake),
        (ThrottleReasons::DISPLAY_CLOCK_SETTING, ClockLimit::DisplayClocks),
    ];
    NAMES.iter().filter(|(bit, _)| reasons.contains(*bit)).map(|(_, limit)| *limit).collect()
}

/// An answer, or the reason why there is none; an error that ends the session is returned.
pub(super) fn settled<T>(answer: Result<T, NvmlError>) -> Result<Result<T, Reason>, NvmlError> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(error) if refusal::ends_session(&error) => Err(error),
        Err(error) => Ok(Err(refusal::reason(&error))),
    }
}

/// One figure, or its reason.
fn value(answer: Result<f64, NvmlError>, most: f64) -> Result<Result<f64, Reason>, NvmlError> {
    Ok(settled(answer)?.and_then(|value| plausible(value, most)))
}

/// Above `most` it is one of the huge numbers that NVML uses for "not available".
pub(super) fn plausible(value: f64, most: f64) -> Result<f64, Reason> {
    if value <= most { Ok(value) } else { Err(Reason::Unsupported) }
}

/// Bytes in use and in all. A device without memory of its own says that it can't tell.
fn memory(device: &nvml_wrapper::Device<'_>, integrated: bool) -> Result<Result<Memory, Reason>, NvmlError> {
    let answer = match device.memory_info().map(|info| Memory { used: info.used, total: info.total }) {
        Err(NvmlError::NotSupported) if integrated => return Ok(Err(Reason::Shared)),
        Err(NvmlError::FunctionNotFound | NvmlError::FailedToLoadSymbol(_)) => first_memory(device),
        answer => answer,
    };
    let is_plausible = |memory: &Memory| memory.total > 0 && memory.used <= memory.total;
    Ok(settled(answer)?.and_then(|memory| if is_plausible(&memory) { Ok(memory) } else { Err(Reason::Unsupported) }))
}

/// By the call of drivers before 510, which counts the driver's reserve as used. nvml-wrapper has no safe one.
#[expect(unsafe_code, reason = "a C function of the driver's; it fills in what it is given, of a device that there is")]
fn first_memory(device: &nvml_wrapper::Device<'_>) -> Result<Memory, NvmlError> {
    let ask = device.nvml().lib().nvmlDeviceGetMemoryInfo.as_ref().map_err(|_| NvmlError::FunctionNotFound)?;
    // SAFETY: three numbers, for which zeros are values.
    let mut info = unsafe { std::mem::zeroed() };
    // SAFETY: the handle is of this session, which the device borrows, and the answer goes into what is ours.
    let code = unsafe { ask(device.handle(), &raw mut info) };
    nvml_wrapper::error::nvml_try(code)?;
    Ok(Memory { used: info.used, total: info.total })
}

/// Whether the device uses the system's memory.
pub(super) fn is_integrated(device: &nvml_wrapper::Device<'_>) -> bool {
    device.cuda_compute_capability().is_ok_and(|it| integrated(&it))
}

fn integrated(capability: &CudaComputeCapability) -> bool {
    INTEGRATED.contains(&(capability.major, capability.minor))
}

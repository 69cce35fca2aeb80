//! Figures that NVML has no function for, only a number to ask by.

use std::ffi::{c_int, c_longlong, c_uint, c_ulonglong};

use super::device_functions;
use crate::sim::{Code, INVALID_ARGUMENT, NOT_SUPPORTED, OnDevice};

device_functions! {
    /// Each has a code of its own.
    fn nvmlDeviceGetFieldValues(count: c_int, values: *mut FieldValue) |on| {
        if values.is_null() || count < 1 {
            return Err(INVALID_ARGUMENT);
        }
        for value in std::slice::from_raw_parts_mut(values, count as usize) {
            let answer = field(&on, value.id);
            value.kind = UNSIGNED_LONG_LONG;
            value.code = answer.err().unwrap_or_default();
            value.number = answer.unwrap_or_default() as c_ulonglong;
        }
        Ok(())
    };
}

const UNSIGNED_LONG_LONG: c_uint = 3;

/// By nvml.h's `NVML_FI_DEV_*`.
fn field(on: &OnDevice, id: c_uint) -> Result<f64, Code> {
    match id {
        29 => on.figure("retired_pages"),
        30 => on.figure("retired_pages").map(|_| 0.0), // all of one cause
        31 => on.figure("retired_pages_pending"),
        82 => on.figure("memory_temperature"),
        91 if !on.device()?.links.is_empty() => Ok(f64::from(on.device()?.links.len() as c_uint)),
        142 => on.figure("remapped_rows"),
        143 => on.figure("remapped_rows").map(|_| 0.0),
        144 => on.figure("remapped_rows_pending"),
        145 => on.figure("remapped_rows_failed"),
        _ => Err(NOT_SUPPORTED),
    }
}

/// `nvmlFieldValue_t`.
#[repr(C)]
struct FieldValue {
    id: c_uint,
    scope: c_uint,
    timestamp: c_longlong,
    latency: c_longlong,
    kind: c_uint,
    code: Code,
    number: c_ulonglong,
}

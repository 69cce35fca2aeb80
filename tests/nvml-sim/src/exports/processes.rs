//! What runs on a device.

use std::ffi::{c_uint, c_ulonglong};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{device_functions, put_list};
use crate::sim::{Code, NOT_FOUND, OnDevice};

/// `NVML_VALUE_NOT_AVAILABLE`, which is -1, in 64 bits.
const NOT_AVAILABLE: c_ulonglong = c_ulonglong::MAX;
/// The GPU and compute instance of a process on a device that is not partitioned.
const NO_INSTANCE: c_uint = c_uint::MAX;

device_functions! {
    fn nvmlDeviceGetComputeRunningProcesses_v3(count: *mut c_uint, out: *mut Process) |on| {
        put_list(out, count, &processes(&on, false)?)
    };
    fn nvmlDeviceGetGraphicsRunningProcesses_v3(count: *mut c_uint, out: *mut Process) |on| {
        put_list(out, count, &processes(&on, true)?)
    };
    /// Samples since a time in µs; an idle device has none, which is an error of its own.
    fn nvmlDeviceGetProcessUtilization(out: *mut Sample, count: *mut c_uint, since: c_ulonglong) |on| {
        let now = microseconds();
        let busy = on.device()?.processes.iter().filter_map(|process| {
            let sm = process.utilization.filter(|percent| *percent > 0.0)?.round() as c_uint;
            Some(Sample { pid: process.pid, timestamp: now, sm, memory: 0, encoder: 0, decoder: 0 })
        });
        let samples: Vec<_> = busy.filter(|sample| sample.timestamp > since).collect();
        if samples.is_empty() { Err(NOT_FOUND) } else { put_list(out, count, &samples) }
    };
}

#[expect(clippy::disallowed_methods, reason = "the driver's clock, not the program's")]
fn microseconds() -> c_ulonglong {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as c_ulonglong
}

fn processes(on: &OnDevice, graphics: bool) -> Result<Vec<Process>, Code> {
    let wanted = on.device()?.processes.iter().filter(|process| process.graphics == graphics);
    let process = |process: &crate::script::Process| Process {
        pid: process.pid,
        memory: process.memory.map_or(NOT_AVAILABLE, |bytes| bytes as c_ulonglong),
        gpu_instance: NO_INSTANCE,
        compute_instance: NO_INSTANCE,
    };
    Ok(wanted.map(process).collect())
}

/// `nvmlProcessInfo_t` of the third version.
#[repr(C)]
struct Process {
    pid: c_uint,
    memory: c_ulonglong,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// `nvmlProcessUtilizationSample_t`.
#[repr(C)]
struct Sample {
    pid: c_uint,
    timestamp: c_ulonglong,
    sm: c_uint,
    memory: c_uint,
    encoder: c_uint,
    decoder: c_uint,
}

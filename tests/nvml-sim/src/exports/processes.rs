//! What runs on a device.

use std::ffi::{c_uint, c_ulonglong};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{device_functions, put_list};
use crate::figures::Figure;
use crate::sim::{Code, NOT_FOUND, NOT_SUPPORTED, OnDevice};

/// `NVML_VALUE_NOT_AVAILABLE`, which is -1, in 64 bits.
const NOT_AVAILABLE: c_ulonglong = c_ulonglong::MAX;
/// The GPU and compute instance of a process on a device that is not partitioned.
const NO_INSTANCE: c_uint = c_uint::MAX;

device_functions! {
    fn nvmlDeviceGetComputeRunningProcesses_v3(count: *mut c_uint, out: *mut Process) |on| {
        put_list(out, count, &processes(on.since_510()?, false)?)
    };
    fn nvmlDeviceGetComputeRunningProcesses_v2(count: *mut c_uint, out: *mut Process) |on| {
        put_list(out, count, &processes(&on, false)?)
    };
    fn nvmlDeviceGetGraphicsRunningProcesses_v3(count: *mut c_uint, out: *mut Process) |on| {
        put_list(out, count, &processes(on.since_510()?, true)?)
    };
    fn nvmlDeviceGetGraphicsRunningProcesses_v2(count: *mut c_uint, out: *mut Process) |on| {
        put_list(out, count, &processes(&on, true)?)
    };
    /// Samples since a time in µs, one per busy process and tenth of a second; an idle device has none, which is an
    /// error of its own. Slots that nothing was written to come first, where the script wants some.
    fn nvmlDeviceGetProcessUtilization(out: *mut Sample, count: *mut c_uint, since: c_ulonglong) |on| {
        if on.device()?.figures.get("mig") == Some(&Figure::Constant(1.0)) {
            return Err(NOT_SUPPORTED);
        }
        let ahead = (on.figure_or_zero("samples_ahead")? * 1e6) as c_ulonglong;
        let timestamp = microseconds() / PERIOD * PERIOD + ahead;
        let percent = |value: Option<f64>| value.unwrap_or_default().round() as c_uint;
        let sample = |process: &crate::script::Process| Sample {
            pid: process.pid,
            timestamp,
            sm: percent(process.utilization),
            memory: 0,
            encoder: percent(process.encoder),
            decoder: percent(process.decoder),
        };
        let busy = |sample: &Sample| sample.sm + sample.encoder + sample.decoder > 0 && sample.timestamp > since;
        let mut samples: Vec<_> = on.device()?.processes.iter().map(sample).filter(busy).collect();
        if samples.is_empty() {
            return Err(NOT_FOUND);
        }
        for _ in 0..on.figure_or_zero("junk_samples")? as usize {
            let junk = c_uint::MAX;
            samples.insert(0, Sample { pid: 0, timestamp: 0, sm: junk, memory: junk, encoder: junk, decoder: junk });
        }
        put_list(out, count, &samples)
    };
}

/// Between two samples, in µs.
const PERIOD: c_ulonglong = 100_000;

#[expect(clippy::disallowed_methods, reason = "the driver's clock, not the program's")]
fn microseconds() -> c_ulonglong {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as c_ulonglong
}

fn processes(on: &OnDevice, graphics: bool) -> Result<Vec<Process>, Code> {
    let here = |process: &&crate::script::Process| {
        process.graphics == graphics && (on.instance.is_none() || process.instance == on.instance)
    };
    let process = |process: &crate::script::Process| Process {
        pid: process.pid,
        memory: process.memory.map_or(NOT_AVAILABLE, |bytes| bytes as c_ulonglong),
        gpu_instance: process.instance.map_or(NO_INSTANCE, |instance| instance as c_uint),
        compute_instance: process.instance.map_or(NO_INSTANCE, |_| 0),
    };
    Ok(on.device()?.processes.iter().filter(here).map(process).collect())
}

/// `nvmlProcessInfo_v2_t`, which is that of the third version of the calls, too.
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

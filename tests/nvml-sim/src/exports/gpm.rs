//! Performance counters of newer devices (GPM): two samples, and what lies between them. Here it is what the script says.

use std::ffi::{c_uint, c_void};

use super::{device_functions, driver_functions, put};
use crate::sim::{ARGUMENT_VERSION_MISMATCH, Code, INVALID_ARGUMENT, NOT_SUPPORTED, OnDevice};

/// Which device it was taken of, plus one.
struct Sample {
    place: usize,
}

driver_functions! {
    fn nvmlGpmSampleAlloc(out: *mut *mut c_void) |_script| put(out, Box::into_raw(Box::new(Sample { place: 0 })).cast());
    fn nvmlGpmSampleFree(sample: *mut c_void) |_script| {
        if sample.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        drop(Box::from_raw(sample.cast::<Sample>()));
        Ok(())
    };
    fn nvmlGpmMetricsGet(out: *mut Metrics) |script| {
        let wanted = out.as_mut().ok_or(INVALID_ARGUMENT)?;
        if wanted.version != 1 {
            return Err(ARGUMENT_VERSION_MISMATCH);
        }
        let (first, second) = (wanted.first.as_ref().ok_or(INVALID_ARGUMENT)?, wanted.second.as_ref().ok_or(INVALID_ARGUMENT)?);
        let place = first.place.checked_sub(1).filter(|_| first.place == second.place).ok_or(INVALID_ARGUMENT)?;
        let on = OnDevice::whole(script, place);
        for metric in wanted.list.iter_mut().take(wanted.count as usize) {
            let value = metric_of(&on, metric.id);
            metric.code = value.err().unwrap_or_default();
            metric.value = value.unwrap_or_default();
            if is_of_links(metric.id) {
                metric.value /= 1_048_576.0;
                metric.words[2] = c"MiB/sec".as_ptr().cast();
            }
        }
        Ok(())
    };
}

device_functions! {
    /// Where the script names such a figure.
    fn nvmlGpmQueryDeviceSupport(out: *mut Support) |on| {
        let supported = on.device()?.figures.contains_key("sm_activity");
        put(out, Support { version: 1, supported: c_uint::from(supported) })
    };
    fn nvmlGpmSampleGet(sample: *mut c_void) |on| {
        on.figure("sm_activity")?;
        sample.cast::<Sample>().as_mut().ok_or(INVALID_ARGUMENT)?.place = on.place + 1;
        Ok(())
    };
}

/// Those of `NVLink`, which are in MiB per second.
fn is_of_links(id: c_uint) -> bool {
    matches!(id, 60 | 61)
}

/// By nvml.h's `NVML_GPM_METRIC_*`; of the engines that there are several of, this device has one.
fn metric_of(on: &OnDevice, id: c_uint) -> Result<f64, Code> {
    on.figure(match id {
        2 => "sm_activity",
        3 => "sm_occupancy",
        5 => "tensor_activity",
        10 => "dram_activity",
        11 => "fp64_activity",
        12 => "fp32_activity",
        13 => "fp16_activity",
        40 => "jpeg",
        50 => "ofa",
        60 => "nvlink_received",
        61 => "nvlink_sent",
        _ => return Err(NOT_SUPPORTED),
    })
}

/// `nvmlGpmSupport_t`.
#[repr(C)]
struct Support {
    version: c_uint,
    supported: c_uint,
}

/// `nvmlGpmMetricsGet_t`. Older libraries have fewer metrics; `count` says how many are looked at.
#[repr(C)]
struct Metrics {
    version: c_uint,
    count: c_uint,
    first: *const Sample,
    second: *const Sample,
    list: [Metric; 210],
}

/// `nvmlGpmMetric_t`.
#[repr(C)]
struct Metric {
    id: c_uint,
    code: Code,
    value: f64,
    /// Short name, long name and unit: null here, but for the unit of rates.
    words: [*const c_void; 3],
}

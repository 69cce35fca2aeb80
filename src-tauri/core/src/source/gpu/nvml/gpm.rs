//! GPM, NVIDIA's performance counters of Hopper and newer: how busy the units are, not only whether any was. A figure is
//! the difference of two samples.

use std::time::{Duration, Instant};

use nvml_wrapper::enums::gpm::GpmMetricId as Id;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::gpm::{GpmSample, gpm_metrics_get};
use nvml_wrapper::{Device, Nvml};

use super::refusal;
use crate::gpu_details::GpuDetails;
use crate::metrics::{Missing, Reason};

/// Between the two samples; NVIDIA's own tools take no less.
const APART: Duration = Duration::from_millis(100);

const JPEG: [Id; 8] = [
    Id::Nvjpg0Util,
    Id::Nvjpg1Util,
    Id::Nvjpg2Util,
    Id::Nvjpg3Util,
    Id::Nvjpg4Util,
    Id::Nvjpg5Util,
    Id::Nvjpg6Util,
    Id::Nvjpg7Util,
];
const OFA: [Id; 2] = [Id::Nvofa0Util, Id::Nvofa1Util];

/// A field of [`GpuDetails`].
type Field = for<'a> fn(&'a mut GpuDetails) -> &'a mut Option<f64>;

/// The field with its name, the metrics whose mean it is, and the most that is believed.
const FIGURES: [(&str, Field, &[Id], f64); 11] = [
    ("sm_activity", |details| &mut details.sm_activity, &[Id::SmUtil], 100.0),
    ("sm_occupancy", |details| &mut details.sm_occupancy, &[Id::SmOccupancy], 100.0),
    ("tensor_activity", |details| &mut details.tensor_activity, &[Id::AnyTensorUtil], 100.0),
    ("dram_activity", |details| &mut details.dram_activity, &[Id::DramBwUtil], 100.0),
    ("fp64_activity", |details| &mut details.fp64_activity, &[Id::Fp64Util], 100.0),
    ("fp32_activity", |details| &mut details.fp32_activity, &[Id::Fp32Util], 100.0),
    ("fp16_activity", |details| &mut details.fp16_activity, &[Id::Fp16Util], 100.0),
    ("jpeg", |details| &mut details.jpeg, &JPEG, 100.0),
    ("ofa", |details| &mut details.ofa, &OFA, 100.0),
    ("nvlink_sent", |details| &mut details.nvlink_sent, &[Id::NvlinkTotalTxPerSec], 1e13),
    ("nvlink_received", |details| &mut details.nvlink_received, &[Id::NvlinkTotalRxPerSec], 1e13),
];

/// The first sample and when it was taken, or why there is none.
pub(super) type First<'nvml> = Result<(GpmSample<'nvml>, Instant), NvmlError>;

/// Takes the first sample, where the device has such counters.
pub(super) fn begin<'nvml>(device: &Device<'nvml>) -> First<'nvml> {
    if !device.gpm_support()? {
        return Err(NvmlError::NotSupported);
    }
    Ok((device.gpm_sample()?, Instant::now()))
}

/// Takes the second one, no sooner than it makes sense, and computes the figures.
pub(super) fn end<'nvml>(
    nvml: &'nvml Nvml,
    device: &Device<'nvml>,
    first: First<'nvml>,
    details: &mut GpuDetails,
    missing: &mut Missing,
) {
    let ids: Vec<Id> = FIGURES.iter().flat_map(|(.., ids, _)| ids.iter().copied()).collect();
    let values = first.and_then(|(first, at)| {
        std::thread::sleep(APART.saturating_sub(at.elapsed()));
        gpm_metrics_get(nvml, &first, &device.gpm_sample()?, &ids)
    });
    let values = values.map_err(|error| refusal::reason(&error));
    let value = |id: Id| -> Result<f64, Reason> {
        let values = values.as_ref().map_err(|reason| *reason)?;
        let at = ids.iter().position(|one| *one == id).ok_or(Reason::Unsupported)?;
        match values.get(at) {
            Some(Ok(metric)) if metric.value.is_finite() => Ok(metric.value * scale(id, &metric.metric_info.unit)),
            Some(Err(error)) => Err(refusal::reason(error)),
            Some(Ok(_)) | None => Err(Reason::Unsupported),
        }
    };
    for (name, field, ids, most) in FIGURES {
        let (mut known, mut why) = (Vec::new(), Reason::Unsupported);
        for id in ids {
            match value(*id) {
                Ok(value) if (0.0..=most).contains(&value) => known.push(value),
                Ok(_) => {}
                Err(reason) => why = reason,
            }
        }
        let mean = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
        if mean.is_none() {
            missing.insert(name.into(), why);
        }
        *field(details) = mean;
    }
}

/// What a metric is to be multiplied by: `NVLink`'s are rates, in the unit that the driver names with them, and in MiB/s by
/// nvml.h (`nvmlGpmMetricId_t`) where it names none that is known.
fn scale(id: Id, unit: &str) -> f64 {
    const UNITS: [(&str, f64); 6] =
        [("kib", 1024.0), ("mib", 1_048_576.0), ("gib", 1_073_741_824.0), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9)];
    if !matches!(id, Id::NvlinkTotalTxPerSec | Id::NvlinkTotalRxPerSec) {
        return 1.0;
    }
    let unit = unit.trim().to_lowercase();
    if unit.starts_with("b/") || unit.starts_with("byte") {
        return 1.0;
    }
    UNITS.iter().find(|(name, _)| unit.starts_with(name)).map_or(1_048_576.0, |(_, factor)| *factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "factors that nothing is computed of")]
    fn links_are_counted_in_the_unit_that_is_named_with_them() {
        for (unit, factor) in
            [("MiB/sec", 1_048_576.0), ("", 1_048_576.0), ("GB/s", 1e9), ("B/s", 1.0), ("bytes/s", 1.0)]
        {
            assert_eq!(scale(Id::NvlinkTotalTxPerSec, unit), factor, "{unit:?}");
        }
        assert_eq!(scale(Id::SmUtil, "%"), 1.0);
    }
}

//! What is believed of a device. Drivers have huge numbers for what is not available, and firmware writes tables while they are read.

use std::ops::RangeInclusive;

use crate::source::DEGREES_BELIEVED;

/// The most MHz, W and revolutions.
pub(super) const MOST: f64 = 100_000.0;

/// The most °C.
pub(super) const HOTTEST: f64 = *DEGREES_BELIEVED.end();

/// The most lanes.
pub(super) const WIDEST: f64 = 64.0;

/// Percent of a fan's speed, which may be more than what is rated.
pub(super) const FASTEST_FAN: f64 = 200.0;

/// What a figure can be, by its name in the payload.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "no drivers but NVIDIA's elsewhere"))]
pub(super) fn believed(field: &str) -> RangeInclusive<f64> {
    match field {
        "utilization" | "memory_bandwidth" => 0.0..=100.0,
        "fan_speed" => 0.0..=FASTEST_FAN,
        "pcie_generation" | "pcie_width" | "pcie_generation_max" | "pcie_width_max" => 0.0..=WIDEST,
        field if field.ends_with("temperature") => DEGREES_BELIEVED,
        _ => 0.0..=MOST,
    }
}

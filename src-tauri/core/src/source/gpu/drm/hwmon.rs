//! A card's sensors (kernel: `Documentation/hwmon/sysfs-interface.rst`), which the drivers share as far as they have them.

use std::path::Path;

use crate::metrics::Reason;
use crate::source::sysfs;

/// hwmon's units: millidegrees, microwatts, Hz.
pub(super) const DEGREES: f64 = 1e-3;
pub(super) const WATTS: f64 = 1e-6;
pub(super) const MEGAHERTZ: f64 = 1e-6;

/// The number in a file of the sensors' folder, times `scale`; `unsupported` for a card that has no such folder.
pub(super) fn sensor(hwmon: Option<&Path>, file: &str, scale: f64) -> Result<f64, Reason> {
    hwmon.map_or(Err(Reason::Unsupported), |hwmon| sysfs::number(&hwmon.join(file), scale))
}

/// The second where the driver does not have the first.
pub(super) fn or<T>(first: Result<T, Reason>, second: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    match first {
        Err(Reason::Unsupported) => second(),
        first => first,
    }
}

//! What a script may name: NVML's errors, and the figures of a device with their units.

use std::ffi::CStr;

/// NVML's return codes (nvml.h, `nvmlReturn_t`) by name without `NVML_ERROR_`, with what `nvmlErrorString` says of them;
/// of the rare ones it says `Unknown Error`.
pub const ERRORS: [(&str, u32, &CStr); 31] = [
    ("UNINITIALIZED", 1, c"Uninitialized"),
    ("INVALID_ARGUMENT", 2, c"Invalid Argument"),
    ("NOT_SUPPORTED", 3, c"Not Supported"),
    ("NO_PERMISSION", 4, c"Insufficient Permissions"),
    ("ALREADY_INITIALIZED", 5, c"Unknown Error"),
    ("NOT_FOUND", 6, c"Not Found"),
    ("INSUFFICIENT_SIZE", 7, c"Insufficient Size"),
    ("INSUFFICIENT_POWER", 8, c"Insufficient External Power"),
    ("DRIVER_NOT_LOADED", 9, c"Driver Not Loaded"),
    ("TIMEOUT", 10, c"Timeout"),
    ("IRQ_ISSUE", 11, c"Unknown Error"),
    ("LIBRARY_NOT_FOUND", 12, c"NVML Shared Library Not Found"),
    ("FUNCTION_NOT_FOUND", 13, c"Function Not Found"),
    ("CORRUPTED_INFOROM", 14, c"Corrupted infoROM"),
    ("GPU_IS_LOST", 15, c"GPU is lost"),
    ("RESET_REQUIRED", 16, c"GPU requires reset"),
    ("OPERATING_SYSTEM", 17, c"Unknown Error"),
    ("LIB_RM_VERSION_MISMATCH", 18, c"Driver/library version mismatch"),
    ("IN_USE", 19, c"In use by another client"),
    ("MEMORY", 20, c"Insufficient Memory"),
    ("NO_DATA", 21, c"No data"),
    ("VGPU_ECC_NOT_SUPPORTED", 22, c"Unknown Error"),
    ("INSUFFICIENT_RESOURCES", 23, c"Unknown Error"),
    ("FREQ_NOT_SUPPORTED", 24, c"Unknown Error"),
    ("ARGUMENT_VERSION_MISMATCH", 25, c"Unknown Error"),
    ("DEPRECATED", 26, c"Unknown Error"),
    ("NOT_READY", 27, c"Unknown Error"),
    ("GPU_NOT_FOUND", 28, c"Unknown Error"),
    ("INVALID_STATE", 29, c"Unknown Error"),
    ("RESET_TYPE_NOT_SUPPORTED", 30, c"Unknown Error"),
    ("UNKNOWN", 999, c"Unknown Error"),
];

/// Names of units, each with its factor to the first.
pub type Units = &'static [(&'static str, f64)];

/// The figures of a device that a script may set, with the units it may write them in. The first unit is the one
/// that NVML answers in here: percent, bytes, °C, W, MHz, bytes per second, joules or a plain number.
pub const FIGURES: [(&str, Units); 69] = [
    ("utilization", PERCENT),
    ("memory_bandwidth", PERCENT),
    ("memory_total", BYTES),
    ("memory_used", BYTES),
    ("memory_reserved", BYTES),
    ("temperature", CELSIUS),
    ("temperature_slowdown", CELSIUS),
    ("temperature_shutdown", CELSIUS),
    ("temperature_max", CELSIUS),
    ("power_draw", WATTS),
    ("power_limit", WATTS),
    ("energy", &[("J", 1.0), ("kJ", 1e3), ("kWh", 3.6e6)]),
    ("fan", PERCENT),
    ("fans", NUMBER),
    ("fan_2", PERCENT),
    ("fan_rpm", NUMBER),
    ("sm_clock", MEGAHERTZ),
    ("sm_clock_max", MEGAHERTZ),
    ("video_clock", MEGAHERTZ),
    ("memory_clock", MEGAHERTZ),
    ("video_clock_max", MEGAHERTZ),
    ("memory_clock_max", MEGAHERTZ),
    ("pcie_generation", NUMBER),
    ("pcie_generation_max", NUMBER),
    ("pcie_width", NUMBER),
    ("pcie_width_max", NUMBER),
    ("pcie_sent", RATE),
    ("pcie_received", RATE),
    ("performance_state", NUMBER),
    ("throttle_reasons", NUMBER),
    ("encoder", PERCENT),
    ("decoder", PERCENT),
    ("bar1_total", BYTES),
    ("bar1_used", BYTES),
    ("persistence_mode", NUMBER),
    ("compute_mode", NUMBER),
    ("mig", NUMBER),
    ("ecc", NUMBER),
    ("memory_version", NUMBER),
    ("memory_temperature", CELSIUS),
    ("memory_temperature_max", CELSIUS),
    ("power_limit_default", WATTS),
    ("power_limit_min", WATTS),
    ("power_limit_max", WATTS),
    ("pcie_replays", NUMBER),
    ("ecc_corrected", NUMBER),
    ("ecc_uncorrected", NUMBER),
    ("ecc_corrected_lifetime", NUMBER),
    ("ecc_uncorrected_lifetime", NUMBER),
    ("retired_pages", NUMBER),
    ("retired_pages_pending", NUMBER),
    ("remapped_rows", NUMBER),
    ("remapped_rows_pending", NUMBER),
    ("remapped_rows_failed", NUMBER),
    ("compute_capability", NUMBER),
    ("cores", NUMBER),
    ("display", NUMBER),
    ("junk_samples", NUMBER),
    ("sm_activity", PERCENT),
    ("sm_occupancy", PERCENT),
    ("tensor_activity", PERCENT),
    ("dram_activity", PERCENT),
    ("fp64_activity", PERCENT),
    ("fp32_activity", PERCENT),
    ("fp16_activity", PERCENT),
    ("jpeg", PERCENT),
    ("ofa", PERCENT),
    ("nvlink_sent", RATE),
    ("nvlink_received", RATE),
];

pub(crate) const PERCENT: Units = &[("%", 1.0)];
pub(crate) const CELSIUS: Units = &[("C", 1.0)];
pub(crate) const WATTS: Units = &[("W", 1.0), ("mW", 1e-3)];
pub(crate) const MEGAHERTZ: Units = &[("MHz", 1.0), ("GHz", 1e3)];
pub(crate) const NUMBER: Units = &[];
pub(crate) const BYTES: Units = &[("B", 1.0), ("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0)];
pub(crate) const RATE: Units = &[("B/s", 1.0), ("KiB/s", 1024.0), ("MiB/s", 1_048_576.0), ("GiB/s", 1_073_741_824.0)];

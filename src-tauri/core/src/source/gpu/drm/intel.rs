//! What i915 and xe say of a GPU (kernel: `Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon`,
//! `sysfs-driver-intel-xe-hwmon`, `xe_gt_freq.c`, `xe_gt_throttle.c`). How busy it is only the programs' fdinfo tells.

use std::path::{Path, PathBuf};

use super::figures::Figures;
use super::hwmon::{DEGREES, WATTS, or, sensor};
use crate::metrics::{ClockLimit, Reason};
use crate::source::sysfs::{count, number, numbered};

/// Reasons to hold the clocks back by the end of the file's name, in the payload's order: power and current, which board
/// and socket are rated for; heat, by which the firmware governs; what forces the clocks down. Others are no limit.
const LIMITS: [(&str, ClockLimit); 17] = [
    ("pl1", ClockLimit::PowerCap),
    ("pl2", ClockLimit::PowerCap),
    ("pl4", ClockLimit::PowerCap),
    ("psys_pl1", ClockLimit::PowerCap),
    ("psys_pl2", ClockLimit::PowerCap),
    ("psys_crit", ClockLimit::PowerCap),
    ("iccmax", ClockLimit::PowerCap),
    ("vr_tdc", ClockLimit::PowerCap),
    ("fastvmode", ClockLimit::HardwareSlowdown),
    ("thermal", ClockLimit::SoftwareThermal),
    ("ratl", ClockLimit::SoftwareThermal),
    ("soc_thermal", ClockLimit::SoftwareThermal),
    ("soc_avg_thermal", ClockLimit::SoftwareThermal),
    ("mem_thermal", ClockLimit::SoftwareThermal),
    ("prochot", ClockLimit::HardwareThermal),
    ("vr_thermalert", ClockLimit::HardwareThermal),
    ("vr_thermal", ClockLimit::HardwareThermal),
];

/// Reads a GPU of i915 that is awake. `card` is its node's folder, `…/drm/card0`.
pub(super) fn read_i915(card: &Path, hwmon: Option<&Path>) -> Figures {
    let gt = card.join("gt/gt0");
    let mut figures = sensors(hwmon, "temp1_input");
    figures.another_runs = numbered(&card.join("gt"), "gt").iter().any(|gt| runs(&gt.join("rps_act_freq_mhz")));
    figures.put("sm_clock", i915_clock(card, "act"));
    figures.put("sm_clock_max", i915_clock_at_most(card));
    figures.clock_limits = clock_limits(&gt.join("throttle_reason_status"), &gt, "throttle_reason_");
    figures
}

/// MHz that the GT of i915 can reach.
pub(super) fn i915_clock_at_most(card: &Path) -> Result<f64, Reason> {
    i915_clock(card, "RP0")
}

fn i915_clock(card: &Path, name: &str) -> Result<f64, Reason> {
    // Before 5.18 the one GT stood in the card's own folder.
    let old = || number(&card.join(format!("gt_{name}_freq_mhz")), 1.0);
    or(number(&card.join(format!("gt/gt0/rps_{name}_freq_mhz")), 1.0), old)
}

/// MHz that the GT of xe can reach.
pub(super) fn xe_clock_at_most(folder: &Path) -> Result<f64, Reason> {
    let clocks = xe_clocks(&numbered(folder, "tile")).ok_or(Reason::Unsupported)?;
    number(&clocks.join("rp0_freq"), 1.0)
}

/// The folder of the clocks of the first tile's first GT, which renders.
fn xe_clocks(tiles: &[PathBuf]) -> Option<PathBuf> {
    Some(numbered(tiles.first()?, "gt").first()?.join("freq0"))
}

/// Whether a GT with this clock runs, or may: media engines have one of their own (from Meteor Lake on).
fn runs(clock: &Path) -> bool {
    number(clock, 1.0).map_or_else(|reason| reason != Reason::Unsupported, |megahertz| megahertz > 0.0)
}

/// Reads a GPU of xe that is awake: clocks and limits are those of the first GT.
pub(super) fn read_xe(folder: &Path, hwmon: Option<&Path>) -> Figures {
    let tiles = numbered(folder, "tile");
    let mut figures = sensors(hwmon, "temp2_input"); // "pkg"
    if let Some(clocks) = xe_clocks(&tiles) {
        figures.put("sm_clock", number(&clocks.join("act_freq"), 1.0));
        figures.put("sm_clock_max", number(&clocks.join("rp0_freq"), 1.0));
        let throttle = clocks.join("throttle");
        figures.clock_limits = clock_limits(&throttle.join("status"), &throttle, "reason_");
    }
    let mut gts = tiles.iter().flat_map(|tile| numbered(tile, "gt"));
    figures.another_runs = gts.any(|gt| runs(&gt.join("freq0/act_freq")));
    figures.memory_total = memory_of(&tiles);
    figures
}

/// Bytes of a card of xe.
pub(super) fn xe_memory(folder: &Path) -> Result<u64, Reason> {
    memory_of(&numbered(folder, "tile"))
}

fn memory_of(tiles: &[PathBuf]) -> Result<u64, Reason> {
    let memory = tiles.iter().map(|tile| count(&tile.join("physical_vram_size_bytes")));
    memory.reduce(|sum, next| Ok(sum? + next?)).unwrap_or(Err(Reason::Unsupported))
}

/// Temperature, energy and power limit, which only discrete GPUs have.
fn sensors(hwmon: Option<&Path>, temperature: &str) -> Figures {
    let mut figures = Figures::default();
    let Some(hwmon) = hwmon else { return figures };
    figures.put("temperature", sensor(Some(hwmon), temperature, DEGREES));
    // The card's, or else the package's. A limit of 0 is none.
    let of_either = |[card, package]: [&str; 2]| or(count(&hwmon.join(card)), || count(&hwmon.join(package)));
    figures.energy = of_either(["energy1_input", "energy2_input"]);
    let limit = of_either(["power1_max", "power2_max"]).and_then(|microwatts| match microwatts {
        0 => Err(Reason::Unsupported),
        some => Ok(some as f64 * WATTS),
    });
    figures.put("power_limit", limit);
    figures
}

/// What holds the clocks back now; nothing does while the status is 0.
fn clock_limits(status: &Path, folder: &Path, prefix: &str) -> Result<Vec<ClockLimit>, Reason> {
    if count(status)? == 0 {
        return Ok(Vec::new());
    }
    let is_set = |name: &str| count(&folder.join(format!("{prefix}{name}"))) == Ok(1);
    let mut limits: Vec<ClockLimit> = LIMITS.iter().filter(|(name, _)| is_set(name)).map(|(_, limit)| *limit).collect();
    limits.dedup();
    Ok(limits)
}

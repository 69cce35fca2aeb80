//! What amdgpu says of a card (kernel: `Documentation/gpu/amdgpu/thermal.rst`, `driver-misc.rst`). Reading most of it
//! wakes a card that is suspended.

use std::path::Path;

use super::figures::Figures;
use super::hwmon::{DEGREES, MEGAHERTZ, WATTS, or, sensor};
use crate::metrics::{ClockLimit, Reason};
use crate::source::sysfs::{bytes, count, number, text};

/// What stays the same while the driver is loaded: read once, as the firmware has to be asked.
#[derive(Debug, Default)]
pub(super) struct Limits {
    graphics: Option<f64>,
    memory: Option<f64>,
    is_a_processors: Option<bool>,
}

/// Reads a card that is awake.
pub(super) fn read(folder: &Path, hwmon: Option<&Path>, limits: &mut Limits) -> Figures {
    let sensor = |file: &str, scale| sensor(hwmon, file, scale);
    let of_full_speed = |now: &str, full: &str| Ok(100.0 * sensor(now, 1.0)? / positive(sensor(full, 1.0)?)?);
    // One that is there and says nothing now is not replaced: a line is of one sensor.
    let has_edge = || hwmon.is_some_and(|folder| folder.join("temp1_input").exists());
    let junction = || if has_edge() { Err(Reason::Unsupported) } else { sensor("temp2_input", DEGREES) };
    let table = bytes(&folder.join("gpu_metrics"));
    let is_a_processors = is_a_processors(limits, &table);
    let memory = |what: &str| {
        let beside = if is_a_processors { count(&folder.join(format!("mem_info_gtt_{what}")))? } else { 0 };
        Ok(count(&folder.join(format!("mem_info_vram_{what}")))?.saturating_add(beside))
    };
    let mut figures = Figures {
        memory_used: memory("used"),
        memory_total: memory("total"),
        clock_limits: table.as_deref().map_err(|reason| *reason).and_then(clock_limits),
        ..Figures::default()
    };
    for (field, value) in [
        ("utilization", number(&folder.join("gpu_busy_percent"), 1.0)),
        ("memory_bandwidth", number(&folder.join("mem_busy_percent"), 1.0)),
        // "edge", or "junction" where a card of many chips has no other (MI300).
        ("temperature", or(sensor("temp1_input", DEGREES), junction)),
        ("power_draw", or(sensor("power1_average", WATTS), || sensor("power1_input", WATTS))),
        ("power_limit", sensor("power1_cap", WATTS)),
        ("fan_speed", or(sensor("pwm1", 100.0 / 255.0), || of_full_speed("fan1_input", "fan1_max"))),
        ("sm_clock", sensor("freq1_input", MEGAHERTZ)), // "sclk"
        ("sm_clock_max", once(&mut limits.graphics, &folder.join("pp_dpm_sclk"))),
        ("memory_clock", sensor("freq2_input", MEGAHERTZ)), // "mclk"
    ] {
        figures.put(field, value);
    }
    figures
}

/// Whether what a program holds of the system's memory is memory of this GPU.
pub(super) fn uses_system_memory(folder: &Path, limits: &mut Limits) -> bool {
    is_a_processors(limits, &bytes(&folder.join("gpu_metrics")))
}

/// Whether the GPU is a part of a processor, with little memory of its own, whose programs use the system's beside (GTT): tables
/// of revisions 2 and 3 are such chips' alone (`temperature_core` of `struct gpu_metrics_v2_0` and `v3_0`, kernel:
/// `kgd_pp_interface.h`). Those before Renoir have none. The first table tells it: one that is reset gives none for a while.
fn is_a_processors(limits: &mut Limits, table: &Result<Vec<u8>, Reason>) -> bool {
    if let Ok([_, _, format, ..]) = table.as_deref() {
        limits.is_a_processors.get_or_insert(matches!(format, 2 | 3));
    }
    limits.is_a_processors.unwrap_or_default()
}

fn positive(value: f64) -> Result<f64, Reason> {
    if value > 0.0 { Ok(value) } else { Err(Reason::Unsupported) }
}

/// MHz that its clocks can reach, of the multiprocessors and of the memory.
pub(super) fn clocks_at_most(folder: &Path, limits: &mut Limits) -> [Result<f64, Reason>; 2] {
    [once(&mut limits.graphics, &folder.join("pp_dpm_sclk")), once(&mut limits.memory, &folder.join("pp_dpm_mclk"))]
}

fn once(known: &mut Option<f64>, table: &Path) -> Result<f64, Reason> {
    if known.is_none() {
        *known = highest(&text(table)?);
    }
    known.ok_or(Reason::Unsupported)
}

/// The highest clock of a `pp_dpm_*` table in MHz: a level a line, `1: 2304Mhz *`, where the star is at the level now.
fn highest(table: &str) -> Option<f64> {
    let clock = |line: &str| {
        let (_level, rest) = line.split_once(':')?;
        let digits = rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?;
        let unit = rest.trim_start().get(digits.len()..digits.len() + 3)?;
        digits.parse::<u32>().ok().filter(|_| unit.eq_ignore_ascii_case("mhz")).map(f64::from)
    };
    table.lines().filter_map(clock).reduce(f64::max)
}

/// What holds the clocks back, by the firmware: bits that mean the same on every chip. It is in some revisions of the
/// table only (`indep_throttle_status` of `struct gpu_metrics_v1_3` and `v2_2`, kernel: `kgd_pp_interface.h`).
fn clock_limits(table: &[u8]) -> Result<Vec<ClockLimit>, Reason> {
    throttle_status(table).map(limits_of).ok_or(Reason::Unsupported)
}

/// The status word of a table, if it has one. All ones stand for a figure that the firmware lacks.
fn throttle_status(table: &[u8]) -> Option<u64> {
    let [_, _, format, content, ..] = *table else { return None };
    let at = match (format, content) {
        (1, 3) => 112,
        (2, 2..=4) => 120,
        _ => return None,
    };
    let word = table.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(word)).filter(|status| *status != u64::MAX)
}

/// The bits by their groups (`SMU_THROTTLER_*`, kernel: `amdgpu_smu.h`): power and current, which board and socket are
/// rated for; heat, by which the firmware governs; what forces the clocks down; and the rest.
fn limits_of(status: u64) -> Vec<ClockLimit> {
    const GROUPS: [(u64, ClockLimit); 4] = [
        (0xff | 0xff << 16, ClockLimit::PowerCap),
        (0x3 << 56, ClockLimit::HardwareSlowdown),
        (0xfff << 32, ClockLimit::SoftwareThermal),
        (0xf << 44, ClockLimit::HardwareThermal),
    ];
    GROUPS.iter().filter(|(bits, _)| status & bits != 0).map(|(_, limit)| *limit).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_highest_level_of_a_table() {
        assert_eq!(highest("0: 500Mhz *\n1: 2304Mhz \n2: 2482Mhz \n"), Some(2_482.0));
        assert_eq!(highest("S: 19Mhz *\n0: 500Mhz \n1: 3220Mhz \n"), Some(3_220.0), "asleep between two frames");
        for nothing in ["", "0: 2.5GT/s, x1 310Mhz", "0 500Mhz", "0: 500", "0: ⅻMhz"] {
            assert_eq!(highest(nothing), None, "{nothing:?}");
        }
    }

    proptest! {
        #[test]
        fn no_table_is_too_odd(text in "\\PC*") {
            highest(&text);
        }

        #[test]
        fn a_table_of_levels_has_a_highest(clocks in prop::collection::vec(1u32..10_000, 1..16), now in 0usize..16) {
            let star = |level: usize| if level == now { " *" } else { "" };
            let line = |(level, clock): (usize, &u32)| format!("{level}: {clock}Mhz{}\n", star(level));
            let table: String = clocks.iter().enumerate().map(line).collect();
            prop_assert_eq!(highest(&table), clocks.iter().max().map(|clock| f64::from(*clock)));
        }

        #[test]
        fn no_metrics_table_is_too_short(table in prop::collection::vec(any::<u8>(), 0..130)) {
            throttle_status(&table);
        }
    }

    #[test]
    fn a_table_that_can_t_be_read_is_not_one_that_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let limits = || read(folder.path(), None, &mut Limits::default()).clock_limits;
        assert_eq!(limits(), Err(Reason::Unsupported));
        std::fs::create_dir(folder.path().join("gpu_metrics")).unwrap();
        assert_eq!(limits(), Err(Reason::Failed), "a folder, which reads as an error");
    }

    #[test]
    fn what_the_firmware_says_holds_the_clocks_back() {
        let table = |format, content, length: usize, at: usize, status: u64| {
            let mut table = vec![0; length];
            (table[2], table[3]) = (format, content);
            table[at..at + 8].copy_from_slice(&status.to_le_bytes());
            table
        };
        assert_eq!(throttle_status(&table(1, 3, 120, 112, 1 << 36)), Some(1 << 36));
        assert_eq!(throttle_status(&table(2, 2, 128, 120, 1)), Some(1));
        assert_eq!(throttle_status(&table(1, 3, 120, 112, u64::MAX)), None, "not filled in");
        assert_eq!(throttle_status(&table(3, 0, 264, 120, 1)), None, "a revision without it");
        assert_eq!(limits_of(0), []);
        assert_eq!(limits_of(1 << 1 | 1 << 36), [ClockLimit::PowerCap, ClockLimit::SoftwareThermal]);
        assert_eq!(limits_of(1 << 16), [ClockLimit::PowerCap], "current");
        assert_eq!(limits_of(1 << 47), [ClockLimit::HardwareThermal], "PROCHOT");
    }
}

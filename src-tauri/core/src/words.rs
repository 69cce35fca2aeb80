//! Figures in words, where there is no page to do it: the agent's table, the tray.

use crate::metrics::Reason;

/// Bytes with the largest IEC prefix that leaves at least 1.
pub fn bytes(count: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    scaled(count, 1024.0, &UNITS)
}

/// Bytes per second.
pub fn rate(bytes_per_second: f64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// Bytes per second as bits per second, with SI prefixes.
pub fn bit_rate(bytes_per_second: f64) -> String {
    const UNITS: [&str; 5] = ["bit", "kbit", "Mbit", "Gbit", "Tbit"];
    format!("{}/s", scaled(bytes_per_second * 8.0, 1000.0, &UNITS))
}

/// Why there is no figure, where one would stand.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Starting => "waiting for the first sample",
        Reason::Unsupported => "not reported",
        Reason::NoPermission => "not permitted",
        Reason::Asleep => "asleep",
        Reason::NotAnswering => "not answering",
        Reason::Lost => "lost",
        Reason::Absent => "not present",
        Reason::Failed => "failed",
        Reason::Suspended => "suspended",
        Reason::CounterReset => "counter was reset",
        Reason::Idle => "idle",
        Reason::Shared => "uses the system's memory",
        Reason::LinkDown => "the link is down",
    }
}

/// Whole units without a decimal, all others with one.
fn scaled(value: f64, base: f64, units: &[&str; 5]) -> String {
    let mut value = value;
    let mut unit = units[0];
    for larger in &units[1..] {
        if value < base {
            break;
        }
        value /= base;
        unit = larger;
    }
    if unit == units[0] { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_iec_prefixes_and_bits_si_ones() {
        for (count, expected) in [
            (0.0, "0 B"),
            (1023.0, "1023 B"),
            (1024.0, "1.0 KiB"),
            (1.5 * 1024.0 * 1024.0, "1.5 MiB"),
            (3e15, "2728.5 TiB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
        assert_eq!((rate(2048.0).as_str(), bit_rate(125_000.0).as_str()), ("2.0 KiB/s", "1.0 Mbit/s"));
    }
}

//! Figures in words, where there is no page to do it: the agent's table, the tray.

use crate::metrics::Reason;

/// Bytes with the largest IEC prefix that leaves at least 1.
pub fn bytes(count: f64) -> String {
    let (mut value, mut unit) = (count, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// Bytes per second.
pub fn rate(bytes_per_second: f64) -> String {
    format!("{}/s", bytes(bytes_per_second))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_iec_prefixes() {
        for (count, expected) in [
            (0.0, "0 B"),
            (1023.0, "1023 B"),
            (1024.0, "1.0 KiB"),
            (1.5 * 1024.0 * 1024.0, "1.5 MiB"),
            (3e15, "2728.5 TiB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
        assert_eq!(rate(2048.0), "2.0 KiB/s");
    }
}

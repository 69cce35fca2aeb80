//! Figures in words, where there is no page to do it: the agent's table, the tray. They read as in the window
//! (`ui/src/base/units.ts`); `words.json` is what the tests of both hold them to.

use std::fmt;

use crate::metrics::Reason;

const BYTES: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const BYTES_PER_SECOND: [&str; 7] = ["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s", "PiB/s", "EiB/s"];
const BITS_PER_SECOND: [&str; 5] = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];

/// A figure and its unit, apart: two that have the same unit may share it. The signs in the number are English ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Such as `9.8`, `1,023` and `< 1`.
    pub value: String,
    /// Such as `GiB`.
    pub unit: &'static str,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.unit)
    }
}

/// What stands where there is no figure is a dash, never 0.
pub fn or_dash(figure: Option<impl fmt::Display>) -> String {
    figure.map_or_else(|| "–".into(), |figure| figure.to_string())
}

/// Bytes with the largest IEC prefix that leaves at least 1.
pub fn bytes(count: u64) -> Quantity {
    part(count, count)
}

/// Bytes in the unit of the amount that they are a part of, so that the two compare.
pub fn part(count: u64, whole: u64) -> Quantity {
    scaled(count as f64, whole as f64, 1024.0, &BYTES)
}

/// Bytes that something has room for, without needless decimals: 24 GiB, 31.2 GiB.
pub fn capacity(total: u64) -> Quantity {
    let (exponent, unit) = suited(total as f64, 1024.0, &BYTES);
    let amount = total as f64 / 1024_f64.powi(exponent);
    let decimals = usize::from((amount - amount.round()).abs() >= 0.05);
    Quantity { value: fixed(amount, decimals), unit }
}

/// What is used of a capacity, in bytes: `9.8 GiB of 31.2 GiB`.
pub fn used_of(used: Option<u64>, total: Option<u64>) -> String {
    let used = used.map(|used| part(used, total.unwrap_or(used)));
    format!("{} of {}", or_dash(used), or_dash(total.map(capacity)))
}

/// Bytes per second.
pub fn rate(bytes_per_second: f64) -> Quantity {
    scaled(bytes_per_second, bytes_per_second, 1024.0, &BYTES_PER_SECOND)
}

/// Bytes per second as bits per second, with SI prefixes.
pub fn bit_rate(bytes_per_second: f64) -> Quantity {
    let bits = bytes_per_second * 8.0;
    scaled(bits, bits, 1000.0, &BITS_PER_SECOND)
}

/// Percent, 0–100, whole; a little under 1 % is not called none.
pub fn percent(value: f64) -> Quantity {
    let value = if value > 0.0 && value < 0.5 { "< 1".into() } else { fixed(value, 0) };
    Quantity { value, unit: "%" }
}

/// Percent with a decimal, where a whole one would be most of it.
pub fn share(percent: f64) -> Quantity {
    Quantity { value: fixed(percent, 1), unit: "%" }
}

/// °C.
pub fn celsius(degrees: f64) -> Quantity {
    Quantity { value: fixed(degrees, 0), unit: "°C" }
}

/// °C as °F.
pub fn fahrenheit(celsius: f64) -> Quantity {
    Quantity { value: fixed(celsius * 1.8 + 32.0, 0), unit: "°F" }
}

/// Watts: whole ones from 10 up.
pub fn watts(value: f64) -> Quantity {
    Quantity { value: fixed(value, usize::from(value < 9.95)), unit: "W" }
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

/// In the unit that suits `like`: the smallest one whole, others with a decimal below a hundred. Nothing at all is a plain 0.
fn scaled(value: f64, like: f64, base: f64, units: &[&'static str]) -> Quantity {
    let (exponent, unit) = suited(like, base, units);
    let amount = value / base.powi(exponent);
    let decimals = usize::from(exponent > 0 && amount > 0.0 && amount < 99.95);
    Quantity { value: fixed(amount, decimals), unit }
}

/// The power of `base` that leaves a number below it when rounded, and the unit of that power.
fn suited(value: f64, base: f64, units: &[&'static str]) -> (i32, &'static str) {
    let (mut exponent, mut unit, mut rest) = (0, units[0], value.abs());
    for &larger in &units[1..] {
        if rest < base - 0.5 {
            break;
        }
        (exponent, unit, rest) = (exponent + 1, larger, rest / base);
    }
    (exponent, unit)
}

/// A number with that many decimals, 0 or 1. Halves are rounded up, as the window does, and not to the even digit.
fn fixed(value: f64, decimals: usize) -> String {
    let steps = if decimals == 0 { 1.0 } else { 10.0 };
    let text = format!("{:.decimals$}", (value * steps).round() / steps);
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(whole.len() - whole.trim_start_matches('-').len());
    let mut grouped = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// A function of `words.json`, by its name there.
    fn said(function: &str, arguments: &[Value]) -> Quantity {
        let (number, count) =
            (|at: usize| arguments[at].as_f64().unwrap(), |at: usize| arguments[at].as_u64().unwrap());
        match function {
            "bytes" => bytes(count(0)),
            "part" => part(count(0), count(1)),
            "capacity" => capacity(count(0)),
            "rate" => rate(number(0)),
            "bit_rate" => bit_rate(number(0)),
            "percent" => percent(number(0)),
            "celsius" => celsius(number(0)),
            "fahrenheit" => fahrenheit(number(0)),
            "watts" => watts(number(0)),
            other => panic!("no such words: {other}"),
        }
    }

    #[test]
    fn figures_read_as_in_the_window() {
        let table: Value = serde_json::from_str(include_str!("words.json")).unwrap();
        for (function, cases) in table.as_object().unwrap() {
            for case in cases.as_array().unwrap() {
                let (words, arguments) = case.as_array().unwrap().split_last().unwrap();
                assert_eq!(said(function, arguments).to_string(), words.as_str().unwrap(), "{function}{arguments:?}");
            }
        }
    }

    #[test]
    fn an_amount_that_is_missing_is_a_dash_and_the_other_keeps_its_unit() {
        let gib = 1 << 30;
        assert_eq!(used_of(Some(gib / 2), Some(24 * gib)), "0.5 GiB of 24 GiB");
        assert_eq!(used_of(None, Some(24 * gib)), "– of 24 GiB");
        assert_eq!(used_of(Some(gib / 2), None), "512 MiB of –");
        assert_eq!(or_dash(None::<Quantity>), "–");
    }
}

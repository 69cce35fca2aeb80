//! History as files that other programs read.

use std::io::{self, Write};

use crate::clock::rfc3339;
use crate::fields::Unit;
use crate::gpu_state::GpuState;
use crate::history::MetricsHistory;

/// Rows between two reports of progress.
const REPORT_EVERY: usize = 64;

/// CSV (RFC 4180): a header, then a line per row: time in RFC 3339 (UTC, milliseconds), and each series in its unit.
/// A missing value is empty, and a state is its name. `report` gets the share done (0–1) and answers whether to go on.
///
/// # Errors
/// What writing gives; `Interrupted` if `report` says to stop.
pub fn csv(history: &MetricsHistory, out: &mut impl Write, mut report: impl FnMut(f64) -> bool) -> io::Result<()> {
    write!(out, "time")?;
    for series in &history.series {
        let unit = unit(series.unit);
        let space = if unit.is_empty() { "" } else { " " };
        write!(out, ",{}", quoted(&format!("{}/{}{space}{unit}", series.channel, series.field)))?;
    }
    write!(out, "\r\n")?;
    let rows = history.timestamps.len();
    for (row, timestamp) in history.timestamps.iter().enumerate() {
        if row % REPORT_EVERY == 0 && !report(row as f64 / rows as f64) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        write!(out, "{}", rfc3339(*timestamp))?;
        for series in &history.series {
            match series.values.at(row) {
                Some(code) if series.unit == Unit::GpuState => {
                    write!(out, ",{}", GpuState::from_code(code).map_or("", GpuState::name))?;
                }
                Some(value) => write!(out, ",{value}")?,
                None => write!(out, ",")?,
            }
        }
        write!(out, "\r\n")?;
    }
    Ok(())
}

/// JSON: what `get_metrics_history` answers.
///
/// # Errors
/// What writing gives; `Interrupted` if `report` says to stop.
pub fn json(history: &MetricsHistory, out: &mut impl Write, mut report: impl FnMut(f64) -> bool) -> io::Result<()> {
    if !report(0.0) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    serde_json::to_writer(&mut *out, history)?;
    writeln!(out)
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => "%",
        Unit::Bytes => "B",
        Unit::BytesPerSecond => "B/s",
        Unit::Celsius => "°C",
        Unit::Watts => "W",
        Unit::Megahertz => "MHz",
        Unit::Seconds => "s",
        Unit::Count | Unit::GpuState => "",
        Unit::PerSecond => "1/s",
        Unit::BitsPerSecond => "bit/s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::HistorySeries;

    fn history(rows: i64) -> MetricsHistory {
        let series = |field: &str, unit, values| HistorySeries {
            channel: "system/cpu".into(),
            field: field.into(),
            unit,
            values,
            min: None,
            max: None,
        };
        let values = |odd: bool| (0..rows).map(|row| (row % 2 == 0 || odd).then_some(row as f64 / 2.0)).collect();
        MetricsHistory {
            timestamps: (0..rows).map(|row| 1_700_000_000_000 + row * 2_000).collect(),
            series: vec![
                series("utilization", Unit::Percent, values(true)),
                series("a,\"b\"", Unit::Count, values(false)),
            ],
            gaps: Vec::new(),
        }
    }

    fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_has_times_units_and_empty_fields() {
        let written = text(|out| csv(&history(2), out, |_| true));
        assert_eq!(
            written,
            "time,system/cpu/utilization %,\"system/cpu/a,\"\"b\"\"\"\r\n\
             2023-11-14T22:13:20.000Z,0,0\r\n2023-11-14T22:13:22.000Z,0.5,\r\n"
        );
    }

    #[test]
    fn csv_has_states_by_name() {
        let mut history = history(2);
        let values = [GpuState::PowerCap, GpuState::Idle].map(|state| Some(state.code())).to_vec();
        history.series[1] = HistorySeries {
            field: "state".into(),
            unit: Unit::GpuState,
            values: values.into(),
            ..history.series[1].clone()
        };
        let written = text(|out| csv(&history, out, |_| true));
        assert!(written.starts_with("time,system/cpu/utilization %,system/cpu/state\r\n"), "{written}");
        assert!(written.contains(",0,power_cap\r\n") && written.ends_with(",0.5,idle\r\n"), "{written}");
    }

    #[test]
    fn json_is_what_the_command_answers() {
        let written = text(|out| json(&history(3), out, |_| true));
        assert_eq!(serde_json::from_str::<MetricsHistory>(&written).unwrap(), history(3));
    }

    #[test]
    fn it_reports_and_stops_when_told() {
        let mut shares = Vec::new();
        let stopped = csv(&history(1_000), &mut Vec::new(), |share| {
            shares.push(share);
            share < 0.5
        });
        assert_eq!(stopped.unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert!(shares.is_sorted() && shares.len() > 5 && shares.last() < Some(&0.6), "{shares:?}");
    }
}

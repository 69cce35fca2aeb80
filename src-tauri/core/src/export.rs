//! History as files that other programs read.

use std::io::{self, Write};

use crate::clock::rfc3339;
use crate::fields::Unit;
use crate::gpu_state::GpuState;
use crate::history::{HistorySeries, MetricsHistory, digits};

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
    let mut text = Vec::new();
    go_on(report(0.0))?;
    for (row, timestamp) in history.timestamps.iter().enumerate() {
        if row % REPORT_EVERY == 0 {
            go_on(report(row as f64 / rows as f64))?;
        }
        write!(out, "{}", rfc3339(*timestamp))?;
        for series in &history.series {
            match series.values.at(row) {
                Some(code) if series.unit == Unit::GpuState => {
                    write!(out, ",{}", GpuState::from_code(code).map_or("", GpuState::name))?;
                }
                Some(value) => {
                    text.clear();
                    digits::write(value, &mut text);
                    out.write_all(b",")?;
                    out.write_all(&text)?;
                }
                None => write!(out, ",")?,
            }
        }
        write!(out, "\r\n")?;
    }
    Ok(())
}

/// JSON: what `get_metrics_history` answers. It reports at each series, like [`csv`].
///
/// # Errors
/// What writing gives; `Interrupted` if `report` says to stop.
pub fn json(history: &MetricsHistory, out: &mut impl Write, mut report: impl FnMut(f64) -> bool) -> io::Result<()> {
    let MetricsHistory { timestamps, series, gaps } = history;
    go_on(report(0.0))?;
    write!(out, "{{\"timestamps\":")?;
    serde_json::to_writer(&mut *out, timestamps)?;
    write!(out, ",\"series\":[")?;
    let mut text = Vec::new();
    for (at, one) in series.iter().enumerate() {
        go_on(report(at as f64 / series.len() as f64))?;
        if at > 0 {
            write!(out, ",")?;
        }
        text.clear();
        write_series(one, &mut text)?;
        out.write_all(&text)?;
    }
    write!(out, "],\"gaps\":")?;
    serde_json::to_writer(&mut *out, gaps)?;
    writeln!(out, "}}")
}

/// The same, as text.
///
/// # Errors
/// None that is known: memory takes everything.
pub fn json_text(history: &MetricsHistory) -> io::Result<String> {
    let mut out = Vec::new();
    json(history, &mut out, |_| true)?;
    String::from_utf8(out).map_err(io::Error::other)
}

fn write_series(series: &HistorySeries, out: &mut Vec<u8>) -> io::Result<()> {
    let HistorySeries { channel, field, unit, values, min, max } = series;
    write!(out, "{{\"channel\":")?;
    serde_json::to_writer(&mut *out, channel)?;
    write!(out, ",\"field\":")?;
    serde_json::to_writer(&mut *out, field)?;
    write!(out, ",\"unit\":")?;
    serde_json::to_writer(&mut *out, unit)?;
    for (name, values) in [("values", Some(values)), ("min", min.as_ref()), ("max", max.as_ref())] {
        write!(out, ",\"{name}\":")?;
        match values {
            Some(values) => values.write_json(out),
            None => write!(out, "null")?,
        }
    }
    write!(out, "}}")
}

/// A picture, as it is. It reports at each part, like [`csv`].
///
/// # Errors
/// What writing gives; `Interrupted` if `report` says to stop.
pub fn image(image: &[u8], out: &mut impl Write, mut report: impl FnMut(f64) -> bool) -> io::Result<()> {
    const PART: usize = 16 * 1024;
    go_on(report(0.0))?;
    for (at, part) in image.chunks(PART).enumerate() {
        go_on(report((at * PART) as f64 / image.len() as f64))?;
        out.write_all(part)?;
    }
    Ok(())
}

/// `Interrupted` unless it is to go on.
fn go_on(wanted: bool) -> io::Result<()> {
    if wanted { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
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
    use crate::history::HistoryGap;
    use crate::metrics::Reason;

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
        let mut history = history(2);
        history.series[1].min = Some([None, Some(2.25)].into_iter().collect());
        history.gaps.push(HistoryGap { channel: "system/cpu".into(), from: 1, to: None, reason: Reason::Lost });
        let written = json_text(&history).unwrap();
        assert_eq!(
            written,
            r#"{"timestamps":[1700000000000,1700000002000],"series":["#.to_owned()
                + r#"{"channel":"system/cpu","field":"utilization","unit":"percent","values":[0,0.5],"min":null,"max":null},"#
                + r#"{"channel":"system/cpu","field":"a,\"b\"","unit":"count","values":[0,null],"min":[null,2.25],"max":null}"#
                + r#"],"gaps":[{"channel":"system/cpu","from":1,"to":null,"reason":"lost"}]}"#
                + "\n"
        );
        assert_eq!(serde_json::from_str::<MetricsHistory>(&written).unwrap(), history);
    }

    #[test]
    fn each_reports_a_rising_share_and_stops_when_told() {
        let (long, mut broad, picture) = (history(1_000), history(1), vec![7; 200_000]);
        broad.series = vec![broad.series[0].clone(); 100];
        for format in ["csv", "json", "png"] {
            let (mut out, mut shares) = (Vec::new(), Vec::new());
            let report = |share| {
                shares.push(share);
                share < 0.5
            };
            let stopped = match format {
                "csv" => csv(&long, &mut out, report),
                "json" => json(&broad, &mut out, report),
                _ => image(&picture, &mut out, report),
            };
            assert_eq!(stopped.unwrap_err().kind(), io::ErrorKind::Interrupted, "{format}");
            assert!(shares.is_sorted() && shares.len() > 5 && shares.last() < Some(&0.6), "{format}: {shares:?}");
        }
    }
}

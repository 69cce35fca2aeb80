//! The goals beside what was measured. They judge nobody: a machine is slow or busy. They are to be looked at.

use std::fmt::Write as _;

/// What was to be reached, and whether it was.
pub(crate) struct Goal {
    what: &'static str,
    to_reach: String,
    measured: Option<(String, bool)>,
}

impl Goal {
    /// A figure that is to be at most so large.
    pub(crate) fn at_most(what: &'static str, most: f64, unit: &str, measured: Option<f64>) -> Self {
        Self::of(what, &format!("at most {most} {unit}"), unit, measured, |figure| figure <= most)
    }

    /// A figure that is to be less than this.
    pub(crate) fn under(what: &'static str, limit: f64, unit: &str, measured: Option<f64>) -> Self {
        Self::of(what, &format!("under {limit} {unit}"), unit, measured, |figure| figure < limit)
    }

    /// A figure that is to be at most another of the same run.
    pub(crate) fn at_most_that_of(
        what: &'static str,
        other: &str,
        unit: &str,
        measured: Option<f64>,
        most: Option<f64>,
    ) -> Self {
        let to_reach = match most {
            Some(most) => format!("at most {other}: {most:.2} {unit}"),
            None => format!("at most {other}, which was not measured"),
        };
        Self::of(what, &to_reach, unit, measured.filter(|_| most.is_some()), |figure| {
            most.is_some_and(|most| figure <= most)
        })
    }

    fn of(
        what: &'static str,
        to_reach: &str,
        unit: &str,
        measured: Option<f64>,
        met: impl FnOnce(f64) -> bool,
    ) -> Self {
        let digits =
            if unit == "MiB" || unit == "ms" && measured.is_some_and(|figure| figure >= 100.0) { 0 } else { 2 };
        let measured = measured.map(|figure| (format!("{figure:.digits$} {unit}"), met(figure)));
        Self { what, to_reach: to_reach.trim_end().into(), measured }
    }
}

/// All of them as a table.
pub(crate) fn table(goals: &[Goal]) -> String {
    let mut text = String::from("| | to reach | measured | |\n| --- | --- | --- | --- |\n");
    for Goal { what, to_reach, measured } in goals {
        let (figure, met) = match measured {
            Some((figure, true)) => (figure.trim_end(), "met"),
            Some((figure, false)) => (figure.trim_end(), "**not met**"),
            None => ("–", "not measured"),
        };
        writeln!(text, "| {what} | {to_reach} | {figure} | {met} |").unwrap();
    }
    text
}

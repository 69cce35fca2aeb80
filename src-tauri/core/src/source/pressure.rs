//! Pressure stall information: how much of the time threads waited for a core, for memory, for I/O
//! (kernel: Documentation/accounting/psi.rst).

use std::path::Path;
use std::time::Duration;

use super::Malformed;
use super::proc_file::ProcFile;
use crate::metrics::Reason;
use crate::rate;

/// One file of `/proc/pressure`.
#[derive(Debug)]
pub(crate) struct Pressure {
    file: ProcFile,
}

/// Microseconds since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stalled {
    /// In which some thread waited.
    pub(crate) some: u64,
    /// In which all did. The file for cores has had no such line, or one of zeros.
    pub(crate) full: u64,
}

/// What a pressure file says, or why it says nothing: a kernel built without it or started with psi=0.
pub(crate) type Sample = Result<Stalled, Reason>;

impl Pressure {
    /// `resource` is `cpu`, `memory` or `io`.
    pub(crate) fn new(proc: &Path, resource: &str) -> Self {
        Self { file: ProcFile::new(proc.join("pressure").join(resource)) }
    }

    pub(crate) fn read(&mut self) -> Sample {
        match self.file.read() {
            Ok(text) => parse(&text).map_err(|_| Reason::Failed),
            // With psi=0 the files are there and reading them fails with EOPNOTSUPP.
            Err(error) if error.reason() == Reason::Failed => Err(Reason::Unsupported),
            Err(error) => Err(error.reason()),
        }
    }
}

/// Percent of `elapsed` between two totals.
pub(crate) fn percent(
    earlier: Result<Sample, Reason>,
    later: Sample,
    elapsed: Duration,
    which: fn(&Stalled) -> u64,
) -> Result<f64, Reason> {
    let later = later?;
    let per_second = rate::per_second(which(&earlier??), which(&later), elapsed)?;
    Ok(rate::hundredths((per_second / 10_000.0).min(100.0)))
}

fn parse(text: &str) -> Result<Stalled, Malformed> {
    let mut stalled = Stalled::default();
    for line in text.lines() {
        let total = line.rsplit_once("total=").and_then(|(_, total)| total.trim().parse::<u64>().ok());
        let total = total.ok_or_else(|| Malformed::new("a line that ends in total=", line))?;
        match line.split_ascii_whitespace().next() {
            Some("some") => stalled.some = total,
            Some("full") => stalled.full = total,
            _ => return Err(Malformed::new("some or full", line)),
        }
    }
    Ok(stalled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_of_both_lines() {
        let text = "some avg10=0.17 avg60=0.71 avg300=0.64 total=19054625\nfull avg10=0.16 avg60=0.57 avg300=0.54 total=16920643\n";
        assert_eq!(parse(text), Ok(Stalled { some: 19_054_625, full: 16_920_643 }));
        assert_eq!(parse("some avg10=0 total=5\n"), Ok(Stalled { some: 5, full: 0 }));
        assert!(parse("some avg10=0\n").is_err());
        assert!(parse("most total=5\n").is_err());
    }

    #[test]
    fn half_a_second_in_two_is_a_quarter() {
        let at = |some| Ok(Stalled { some, full: 0 });
        let share = |earlier, later| percent(earlier, later, Duration::from_secs(2), |stalled| stalled.some);
        assert_eq!(share(Ok(at(1_000)), at(501_000)), Ok(25.0));
        assert_eq!(share(Ok(at(0)), at(123_456)), Ok(6.17), "two decimals, as the kernel prints them");
        assert_eq!(share(Ok(at(0)), at(9_000_000)), Ok(100.0), "rounding never gives more than all");
        assert_eq!(share(Err(Reason::Starting), at(5)), Err(Reason::Starting));
        assert_eq!(share(Ok(at(5)), Err(Reason::Unsupported)), Err(Reason::Unsupported));
        assert_eq!(share(Ok(at(5)), at(4)), Err(Reason::CounterReset));
    }

    #[test]
    fn a_kernel_without_it_says_unsupported() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Pressure::new(folder.path(), "io").read(), Err(Reason::Unsupported));
    }
}

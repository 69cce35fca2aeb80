//! How often each function was called, for a test to assert that none was. The file that `TELLTALE_NVML_SIM_CALLS`
//! names has one line of fixed width per function, so that another process reads whole numbers at any time.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Columns of the name; the longest that is exported has 42 letters.
const NAME: usize = 48;

struct Calls {
    file: Option<File>,
    /// Place of the line and the count, by function.
    lines: BTreeMap<&'static str, (u64, u64)>,
}

static CALLS: OnceLock<Mutex<Calls>> = OnceLock::new();

/// Counts a call. A file that can't be written loses counts and nothing else.
pub(crate) fn count(function: &'static str) {
    let calls = CALLS.get_or_init(|| {
        let file = std::env::var_os("TELLTALE_NVML_SIM_CALLS")
            .and_then(|path| OpenOptions::new().create(true).truncate(true).write(true).open(path).ok());
        Mutex::new(Calls { file, lines: BTreeMap::new() })
    });
    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    let next = calls.lines.len() as u64;
    let (place, count) = calls.lines.entry(function).or_insert((next, 0));
    *count += 1;
    let line = format!("{function:<NAME$} {count:012}\n");
    let place = *place * line.len() as u64;
    if let Some(file) = &calls.file {
        let _ = file.write_all_at(line.as_bytes(), place);
    }
}

/// Counts by function, from the file; `wakes` counts the calls on devices that were suspended. No file yet: no calls.
pub fn read(path: &Path) -> io::Result<BTreeMap<String, u64>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let line = |line: &str| {
        let (name, count) = line.split_once(' ')?;
        Some((name.to_owned(), count.trim().parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

//! What the targets share: a tree of files that the fuzzer writes and a source reads, twice, and what must hold of every
//! reading whatever stood in them.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use telltale_core::clock::Stamp;
use telltale_core::metrics::Reason;
use telltale_core::source::{Reading, Source, Stamped};
use tempfile::TempDir;

/// Files under a root, in memory where the system has /dev/shm.
pub struct Tree {
    folder: TempDir,
    files: Vec<PathBuf>,
}

impl Tree {
    /// Makes the folders of these files.
    pub fn new(files: &[&str]) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let files: Vec<_> = files.iter().map(|file| folder.path().join(file)).collect();
        for file in &files {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
        }
        Self { folder, files }
    }

    /// Where the source looks.
    pub fn root(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// Writes the texts, which zero bytes keep apart, to the files in their order; a file without a text is not there.
    /// Returns what is left.
    pub fn write<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let mut rest = data;
        for file in &self.files {
            let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
            if end == 0 {
                let _ = fs::remove_file(file);
            } else {
                fs::write(file, &rest[..end]).unwrap();
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        rest
    }
}

/// Reads a source over two versions of its files, a second apart. No text makes it panic, and no figure is negative or
/// not a number.
pub fn twice<S: Source>(tree: &Tree, source: &mut S, data: &[u8]) {
    let at = |seconds: u64, sample: S::Sample| {
        let mono = Duration::from_secs(seconds);
        Stamped { stamp: Stamp { mono, boot: mono, wall: 1_000 * seconds as i64 }, sample }
    };
    let rest = tree.write(data);
    let first = source.read().map(|sample| at(1, sample));
    if let Ok(first) = &first {
        check(&S::derive(Err(Reason::Starting), first));
    }
    tree.write(rest);
    if let Ok(second) = source.read().map(|sample| at(2, sample)) {
        check(&S::derive(first.as_ref().map_err(|_| Reason::Starting), &second));
    }
}

fn check(reading: &Reading) {
    let value = match reading {
        Reading::Gpu(reading) => serde_json::to_value(&reading.devices),
        Reading::Cpu(metrics) => serde_json::to_value(metrics),
        Reading::Memory(metrics) => serde_json::to_value(metrics),
        Reading::Disk(metrics) => serde_json::to_value(metrics),
        Reading::Network(metrics) => serde_json::to_value(metrics),
    };
    numbers(&value.unwrap(), "", reading);
}

/// A number is finite where JSON has it at all; that it is none says the payload's `missing`, which is not checked here.
fn numbers(value: &serde_json::Value, path: &str, reading: &Reading) {
    use serde_json::Value;
    match value {
        // The only figure that may lie below zero is a temperature.
        Value::Number(number) if !path.ends_with("temperature") => {
            assert!(number.as_f64().is_some_and(|number| number >= 0.0), "{path} is {number} in {reading:#?}");
        }
        Value::Array(list) => list.iter().for_each(|one| numbers(one, path, reading)),
        Value::Object(map) => map.iter().for_each(|(key, one)| numbers(one, &format!("{path}/{key}"), reading)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

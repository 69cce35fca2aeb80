//! `/proc/net/dev` for the counters of all interfaces in one read, `/sys/class/net` to tell which are physical.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped};
use super::Counters;
use crate::metrics::InterfaceKind;

/// The network interfaces of this machine (of this network namespace).
#[derive(Debug)]
pub struct Network {
    dev: ProcFile,
    class: PathBuf,
    /// The kind of each name of the sample before, so that /sys is asked once for each that appears.
    kinds: HashMap<String, InterfaceKind>,
}

impl Network {
    /// Reads `net/dev` under `proc` (normally `/proc`) and `class/net` under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self { dev: ProcFile::new(proc.join("net/dev")), class: sys.join("class/net"), kinds: HashMap::new() }
    }
}

impl Source for Network {
    type Sample = Vec<Counters>;

    fn read(&mut self) -> Result<Vec<Counters>, SourceError> {
        let path = self.dev.path().to_path_buf();
        let text = self.dev.read()?;
        let mut counters = Vec::new();
        let mut known = HashMap::with_capacity(self.kinds.len());
        for line in text.lines().skip(2) {
            let (name, received, sent) = parse_line(line).map_err(|malformed| malformed.at(&path))?;
            let (name, kind) = match self.kinds.remove_entry(name) {
                Some(entry) => entry,
                None => (name.to_owned(), kind(&self.class, name)),
            };
            counters.push(Counters { name: name.clone(), kind, sent, received });
            known.insert(name, kind);
        }
        self.kinds = known;
        Ok(counters)
    }

    fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
        super::derive(previous, now)
    }
}

/// A line of `/proc/net/dev` (proc(5)): the name, bytes received, and bytes sent eight fields on.
fn parse_line(line: &str) -> Result<(&str, u64, u64), Malformed> {
    let malformed = || Malformed::new("a name, a colon and 16 counters", line);
    // A name may hold a colon itself (an alias): the last one ends it.
    let (name, counters) = line.rsplit_once(':').ok_or_else(malformed)?;
    let mut fields = counters.split_ascii_whitespace();
    let mut bytes = |skip| fields.nth(skip).and_then(|field| field.parse::<u64>().ok()).ok_or_else(malformed);
    Ok((name.trim_start(), bytes(0)?, bytes(7)?))
}

/// An interface with a device behind it is physical, unless it is enslaved to another that has one too (the
/// virtual function under Hyper-V's interface): then its master counts the bytes already. A bond has no device,
/// so its slaves count. Where the tree can't be read (a container without /sys), the name decides.
fn kind(class: &Path, name: &str) -> InterfaceKind {
    if name == "lo" {
        return InterfaceKind::Loopback;
    }
    let folder = class.join(name);
    let physical = if folder.is_dir() {
        folder.join("device").exists() && !folder.join("master/device").exists()
    } else {
        ["en", "eth", "wl", "ww", "ib", "usb"].iter().any(|prefix| name.starts_with(prefix))
    };
    if physical { InterfaceKind::Physical } else { InterfaceKind::Virtual }
}

#[cfg(test)]
#[path = "linux_tests.rs"]
mod tests;

//! `/proc/net/dev` for the counters of all interfaces in one read, `/sys/class/net` to tell which are physical.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::proc_file::ProcFile;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped};
use super::{Counters, Link};
use crate::clock;
use crate::metrics::InterfaceKind;

/// How often speeds, states and addresses are asked for: some drivers take a lock for it, and they change rarely.
const LINKS_EVERY: Duration = Duration::from_secs(10);

/// The network interfaces of this machine (of this network namespace).
#[derive(Debug)]
pub struct Network {
    dev: ProcFile,
    class: PathBuf,
    /// The kind of each name of the sample before, so that /sys is asked once for each that appears.
    kinds: HashMap<String, InterfaceKind>,
    links: HashMap<String, Link>,
    /// When links are asked for again, by the monotonic clock.
    links_at: Duration,
}

impl Network {
    /// Reads `net/dev` under `proc` (normally `/proc`) and `class/net` under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            dev: ProcFile::new(proc.join("net/dev")),
            class: sys.join("class/net"),
            kinds: HashMap::new(),
            links: HashMap::new(),
            links_at: Duration::ZERO,
        }
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
            let stat = parse_line(line).map_err(|malformed| malformed.at(&path))?;
            let (name, kind) = match self.kinds.remove_entry(stat.name) {
                Some(entry) => entry,
                None => {
                    self.links_at = Duration::ZERO;
                    (stat.name.to_owned(), kind(&self.class, stat.name))
                }
            };
            counters.push(Counters {
                name: name.clone(),
                kind,
                sent: stat.sent,
                received: stat.received,
                packets_sent: stat.packets_sent,
                packets_received: stat.packets_received,
                errors: stat.errors,
                drops: stat.drops,
                link: Link::default(),
            });
            known.insert(name, kind);
        }
        self.kinds = known;
        let now = clock::now().mono;
        if now >= self.links_at {
            self.links_at = now + LINKS_EVERY;
            self.links = links(&self.class, counters.iter().map(|interface| interface.name.as_str()));
        }
        for interface in &mut counters {
            interface.link = self.links.get(&interface.name).cloned().unwrap_or_default();
        }
        Ok(counters)
    }

    fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
        super::derive(previous, now)
    }
}

/// Speed, state and addresses of these interfaces.
fn links<'a>(class: &Path, names: impl Iterator<Item = &'a str>) -> HashMap<String, Link> {
    let networks = sysinfo::Networks::new_with_refreshed_list().ok();
    let link = |name: &str| {
        let text = |file: &str| std::fs::read_to_string(class.join(name).join(file)).ok();
        // -1, or an error, where the link is down or has no speed. In Mbit/s.
        let megabits = text("speed").and_then(|speed| speed.trim().parse::<u64>().ok()).filter(|speed| *speed > 0);
        let known = networks.iter().flat_map(|all| all.iter()).find(|(known, _)| known.to_string_lossy() == name);
        Link {
            speed: megabits.map(|speed| speed.saturating_mul(1_000_000)),
            state: text("operstate").map(|state| state.trim().to_owned()).filter(|state| !state.is_empty()),
            addresses: known
                .map_or_else(Vec::new, |(_, data)| data.ip_networks().iter().map(ToString::to_string).collect()),
        }
    };
    names.map(|name| (name.to_owned(), link(name))).collect()
}

/// A line of `/proc/net/dev`.
#[derive(Debug, PartialEq, Eq)]
struct Stat<'a> {
    name: &'a str,
    received: u64,
    packets_received: u64,
    sent: u64,
    packets_sent: u64,
    errors: u64,
    drops: u64,
}

/// proc(5): the name, then bytes, packets, errs, drop, fifo, frame, compressed and multicast received, then the
/// same first four sent.
fn parse_line(line: &str) -> Result<Stat<'_>, Malformed> {
    let malformed = || Malformed::new("a name, a colon and 16 counters", line);
    // A name may hold a colon itself (an alias): the last one ends it.
    let (name, counters) = line.rsplit_once(':').ok_or_else(malformed)?;
    let mut fields = counters.split_ascii_whitespace();
    let mut counter = |skip| fields.nth(skip).and_then(|field| field.parse::<u64>().ok()).ok_or_else(malformed);
    let received = [counter(0)?, counter(0)?, counter(0)?, counter(0)?];
    let sent = [counter(4)?, counter(0)?, counter(0)?, counter(0)?];
    Ok(Stat {
        name: name.trim_start(),
        received: received[0],
        packets_received: received[1],
        sent: sent[0],
        packets_sent: sent[1],
        errors: received[2].saturating_add(sent[2]),
        drops: received[3].saturating_add(sent[3]),
    })
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

//! `/proc/net/dev` for the counters of all interfaces in one read, `/sys/class/net` to tell which are physical, and the routes
//! where none is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::super::every::Every;
use super::super::proc_file::ProcFile;
use super::super::roster::Roster;
use super::super::{Malformed, Previous, Reading, Source, SourceError, Stamped, sysfs};
use super::changes::Changes;
use super::{Counters, Link};
use crate::clock;
use crate::metrics::{InterfaceKind, Reason};

/// How soon after the last time speeds, states and addresses are asked for again, if something changed: some drivers
/// take a lock for it.
const LINKS_EVERY: Duration = Duration::from_secs(10);

/// The network interfaces of this machine (of this network namespace).
#[derive(Debug)]
pub struct Network {
    dev: ProcFile,
    proc: PathBuf,
    class: PathBuf,
    /// What each name of the sample before is, so that /sys is asked once for each that appears.
    known: Roster<Known>,
    changes: Changes,
    /// Something changed since links were asked for.
    changed: bool,
    /// When they may be asked for again, by the monotonic clock.
    links_at: Duration,
    /// Nothing has a device, as in a container with a network of its own: what leads out of it counts for one.
    bare: bool,
    /// Nobody says when a route changes: where they count they are read again.
    routes: Every,
    /// The sample to write over.
    spare: Vec<Counters>,
}

#[derive(Debug)]
struct Known {
    index: u64,
    kind: InterfaceKind,
    link: Arc<Link>,
}

impl Network {
    /// Reads `net/dev` under `proc` (normally `/proc`) and `class/net` under `sys` (normally `/sys`).
    pub fn new(proc: &Path, sys: &Path) -> Self {
        Self {
            dev: ProcFile::new(proc.join("net/dev")),
            proc: proc.into(),
            class: sys.join("class/net"),
            known: Roster::new(),
            changes: Changes::subscribe(),
            changed: false,
            links_at: Duration::ZERO,
            bare: false,
            routes: Every::minute(),
            spare: Vec::new(),
        }
    }

    /// Reads the counters of all interfaces. True if one is there that was not before.
    fn walk(&mut self, counters: &mut Vec<Counters>) -> Result<bool, SourceError> {
        let walked = walk(&self.dev.read()?, &self.class, &mut self.known, counters);
        walked.map_err(|malformed| malformed.at(self.dev.path()))
    }

    /// Whether a name now stands for another interface: they can be renamed, and take each other's.
    fn renamed(&mut self) -> bool {
        self.known.iter_mut().any(|(name, known)| known.index != index(&self.class, name))
    }

    /// Asks for kinds, speeds, states and addresses, if there is reason to; at once where an interface `appeared`.
    fn look_at_links(&mut self, appeared: bool) {
        let now = clock::now().mono;
        let asks_routes = self.bare && self.routes.is_due(now);
        if !appeared && !asks_routes && (!self.changed || now < self.links_at) {
            return;
        }
        (self.changed, self.links_at) = (false, now + LINKS_EVERY);
        let networks = sysinfo::Networks::new_with_refreshed_list().ok();
        for (name, known) in self.known.iter_mut() {
            (known.index, known.kind) = (index(&self.class, name), kind(&self.class, name));
            let link = link(&self.class, name, networks.as_ref());
            if *known.link != link {
                known.link = Arc::new(link);
            }
        }
        self.bare = self.known.iter().all(|(_, known)| known.kind != InterfaceKind::Physical);
        if self.bare {
            let ways = ways_out(&self.proc);
            for (name, known) in self.known.iter_mut() {
                if known.kind == InterfaceKind::Virtual && ways.iter().any(|way| **way == **name) {
                    known.kind = InterfaceKind::Physical;
                }
            }
        }
    }
}

impl Source for Network {
    type Sample = Vec<Counters>;

    fn read(&mut self) -> Result<Vec<Counters>, SourceError> {
        let mut counters = std::mem::take(&mut self.spare);
        // Drivers may let it wait. The counters are read after that, of the moment with which the sample is stamped.
        let changes = self.changes.any();
        self.changed |= changes;
        let renamed = changes && self.renamed();
        self.look_at_links(renamed);
        if self.walk(&mut counters)? {
            self.look_at_links(true);
            self.changed |= self.walk(&mut counters)?;
        }
        for (interface, (_, known)) in counters.iter_mut().zip(self.known.iter()) {
            (interface.index, interface.kind) = (known.index, known.kind);
            interface.link.clone_from(&known.link);
        }
        Ok(counters)
    }

    fn recycle(&mut self, sample: Vec<Counters>) {
        self.spare = sample;
    }

    fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
        super::derive(previous, now)
    }
}

/// The kinds of frames that a Wi-Fi interface has in monitor mode: bare, and with what the radio says of them (kernel:
/// `ARPHRD_IEEE80211`, `_PRISM` and `_RADIOTAP` in `if_arp.h`).
const MONITORS: std::ops::RangeInclusive<u64> = 801..=803;

/// The interfaces that a default route leaves by: of IPv4 in `/proc/net/route` (interface, destination, gateway, flags, three
/// counters, mask) and of IPv6 in `/proc/net/ipv6_route` (destination, its prefix's length, seven more, interface). None where
/// there are no such files.
fn ways_out(proc: &Path) -> Vec<String> {
    let text = |name: &str| std::fs::read_to_string(proc.join("net").join(name)).unwrap_or_default();
    let of_ipv4 = |line: &str| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        (fields.get(1) == Some(&"00000000") && fields.get(7) == Some(&"00000000")).then(|| fields[0].to_owned())
    };
    let of_ipv6 = |line: &str| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let is_default = fields.get(1) == Some(&"00") && fields[0].bytes().all(|digit| digit == b'0');
        fields.get(9).filter(|_| is_default).map(|&name| name.to_owned())
    };
    text("route").lines().filter_map(of_ipv4).chain(text("ipv6_route").lines().filter_map(of_ipv6)).collect()
}

/// Takes the counters of all interfaces out of the text of `/proc/net/dev`. True if one is there that was not before.
fn walk(text: &str, class: &Path, all: &mut Roster<Known>, counters: &mut Vec<Counters>) -> Result<bool, Malformed> {
    let mut appeared = false;
    counters.clear();
    all.begin();
    for line in text.lines().skip(2) {
        let stat = parse_line(line)?;
        let (name, known) = all.next(stat.name, || {
            appeared = true;
            let link = Arc::new(Link::unknown(Reason::Starting));
            Known { index: index(class, stat.name), kind: kind(class, stat.name), link }
        });
        counters.push(Counters {
            name: Arc::clone(name),
            index: known.index,
            kind: known.kind,
            sent: stat.sent,
            received: stat.received,
            packets_sent: stat.packets_sent,
            packets_received: stat.packets_received,
            errors: stat.errors,
            drops: Some(stat.drops),
            link: Arc::clone(&known.link),
        });
    }
    all.end();
    Ok(appeared)
}

/// Speed, state and addresses of an interface.
fn link(class: &Path, name: &str, networks: Option<&sysinfo::Networks>) -> Link {
    let folder = class.join(name);
    let state = sysfs::some_text(&folder.join("operstate"));
    // In Mbit/s. -1, or an error, where the link is down or the driver knows no speed.
    let speed = sysfs::some_text(&folder.join("speed")).and_then(|megabits| match megabits.parse::<u64>() {
        Ok(megabits) if megabits > 0 => Ok(megabits.saturating_mul(1_000_000)),
        Ok(_) | Err(_) => Err(Reason::Unsupported),
    });
    let is_down = matches!(state.as_deref(), Ok("down" | "lowerlayerdown" | "notpresent"));
    let known = networks.and_then(|networks| networks.get(OsStr::new(name)));
    Link {
        speed: speed.map_err(|reason| if is_down { Reason::LinkDown } else { reason }),
        state,
        addresses: known.map_or_else(Vec::new, |known| known.ip_networks().iter().map(ToString::to_string).collect()),
    }
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

/// The kernel's number of an interface.
fn index(class: &Path, name: &str) -> u64 {
    sysfs::count(&class.join(name).join("ifindex")).unwrap_or(0)
}

/// An interface with a device behind it is physical, unless another counts its bytes already: the one that it is enslaved
/// to, if that has a device too (the virtual function under Hyper-V's interface; a bond has none, so its slaves count), the
/// one that leads to the switch whose port it is (DSA, or the one in a card that has its functions' ports here), the one that
/// a Xen guest's traffic leaves by. Nor is one of Wi-Fi in monitor mode: its frames are others'. Where the tree can't be read (a
/// container without /sys), the name decides.
fn kind(class: &Path, name: &str) -> InterfaceKind {
    if name == "lo" {
        return InterfaceKind::Loopback;
    }
    let folder = class.join(name);
    let physical = if folder.is_dir() {
        let device = folder.join("device");
        let is_port =
            || sysfs::text(&folder.join("uevent")).is_ok_and(|text| text.lines().any(|it| it == "DEVTYPE=dsa"));
        let is_guests = || device.join("subsystem").canonicalize().is_ok_and(|bus| bus.ends_with("xen-backend"));
        let is_functions =
            || sysfs::text(&folder.join("phys_port_name")).is_ok_and(|name| stands_for_a_function(&name));
        let listens = || sysfs::count(&folder.join("type")).is_ok_and(|kind| MONITORS.contains(&kind));
        let has_master = || folder.join("master/device").exists();
        device.exists() && !has_master() && !is_port() && !is_guests() && !is_functions() && !listens()
    } else {
        ["en", "eth", "wl", "ww", "ib", "usb"].iter().any(|prefix| name.starts_with(prefix))
    };
    if physical { InterfaceKind::Physical } else { InterfaceKind::Virtual }
}

/// `pf0`, `pf0vf1`, `pf0sf8`, or one of them on another controller, `c1pf0`: the port of a card's switch that leads to a function
/// of the card, not `p0`, which leads out (kernel: Documentation/networking/representors.rst, devlink-port.rst).
fn stands_for_a_function(port: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    let on_controller = port.strip_prefix('c').map_or(port, |rest| rest.trim_start_matches(is_digit));
    on_controller.strip_prefix("pf").is_some_and(|rest| rest.starts_with(is_digit))
}

#[cfg(test)]
#[path = "linux_tests.rs"]
mod tests;

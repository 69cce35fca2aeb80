//! How busy a GPU is by what the kernel says of each program that has it open: `/proc/PID/fdinfo/FD` (kernel:
//! `Documentation/gpu/drm-usage-stats.rst`). It is the one source of utilization that i915 and xe give without privilege.
//!
//! Which descriptors are a GPU's is found out on a slow rhythm and a little at a time: a machine may have ten thousand
//! processes. Those of other users can't be seen without privilege.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock;
use crate::metrics::Reason;

/// From one look at all processes to the next, and how long it may take at each sample.
const EVERY: Duration = Duration::from_secs(10);
const BUDGET: Duration = Duration::from_millis(10);

/// Descriptors looked at in one process, and GPU descriptors followed in all: far above what programs use.
const MOST_OF_ONE: usize = 4_096;
const MOST: usize = 1_024;

/// One program's use of one GPU. A program that opened it twice counts as two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Client {
    /// Unique on its device (`drm-client-id`); descriptors that were passed on or duplicated share it.
    id: u64,
    engines: BTreeMap<String, Engine>,
}

/// A client's time on one kind of engine since it opened the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Engine {
    busy: u64,
    /// What `busy` is a part of, in the GPU's own cycles; `None` where it is nanoseconds of time.
    total: Option<u64>,
    /// How many engines of this kind there are.
    capacity: u64,
}

/// A descriptor of a GPU in a process.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Descriptor {
    process: u32,
    number: u32,
    /// The device node's name, such as `renderD128`.
    node: String,
}

/// The programs that have a GPU open.
#[derive(Debug)]
pub(super) struct Clients {
    proc: PathBuf,
    descriptors: Vec<Descriptor>,
    /// Processes still to be looked at in this round.
    queue: Vec<u32>,
    next_round: Duration,
    /// Whether some process could not be looked at, in this round and in the one before.
    refused: [bool; 2],
    /// The largest busy time seen of each client, which may fall behind for a moment.
    largest: BTreeMap<(String, u64, String), u64>,
}

impl Clients {
    pub(super) fn new(proc: &Path) -> Self {
        Self {
            proc: proc.into(),
            descriptors: Vec::new(),
            queue: Vec::new(),
            next_round: Duration::ZERO,
            refused: [false; 2],
            largest: BTreeMap::new(),
        }
    }

    /// The clients of each device that may be asked. `nodes` gives the device of each node's name.
    ///
    /// `no_permission` for a device that no program in sight uses, if there are programs out of sight.
    pub(super) fn read(&mut self, nodes: &BTreeMap<String, String>) -> BTreeMap<String, Result<Vec<Client>, Reason>> {
        self.look_around();
        let mut found: BTreeMap<&str, Vec<Client>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut largest = BTreeMap::new();
        let proc = &self.proc;
        self.descriptors.retain(|descriptor| {
            let Some(device) = nodes.get(&descriptor.node) else { return true };
            let path = proc.join(format!("{}/fdinfo/{}", descriptor.process, descriptor.number));
            let Some(mut client) = fs::read_to_string(path).ok().and_then(|text| parse(&text)) else { return false };
            if seen.insert((device.clone(), client.id)) {
                for (name, engine) in &mut client.engines {
                    let key = (device.clone(), client.id, name.clone());
                    engine.busy = engine.busy.max(self.largest.get(&key).copied().unwrap_or(0));
                    largest.insert(key, engine.busy);
                }
                found.entry(device).or_default().push(client);
            }
            true
        });
        self.largest = largest;
        let out_of_sight = self.refused.contains(&true);
        let devices: BTreeSet<&String> = nodes.values().collect();
        let mut clients = |device: &String| match found.remove(device.as_str()) {
            Some(clients) => Ok(clients),
            None if out_of_sight => Err(Reason::NoPermission),
            None => Ok(Vec::new()),
        };
        devices.into_iter().map(|device| (device.clone(), clients(device))).collect()
    }

    /// Looks at some processes: at all in the end, and then again.
    fn look_around(&mut self) {
        let begun = clock::now().mono;
        if self.queue.is_empty() {
            if begun < self.next_round {
                return;
            }
            let entries = fs::read_dir(&self.proc).into_iter().flatten().filter_map(Result::ok);
            self.queue = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
            self.next_round = begun + EVERY;
            // Where /proc is mounted with hidepid=2, the processes of others, the first one's too, are not even listed.
            self.refused = [!self.queue.contains(&1), self.refused[0]];
            let listed: BTreeSet<u32> = self.queue.iter().copied().collect();
            self.descriptors.retain(|descriptor| listed.contains(&descriptor.process));
        }
        while let Some(process) = self.queue.pop() {
            self.look_at(process);
            if clock::now().mono.saturating_sub(begun) > BUDGET {
                break;
            }
        }
    }

    fn look_at(&mut self, process: u32) {
        self.descriptors.retain(|descriptor| descriptor.process != process);
        let entries = match fs::read_dir(self.proc.join(format!("{process}/fd"))) {
            Ok(entries) => entries,
            Err(error) => {
                self.refused[0] |= error.kind() == ErrorKind::PermissionDenied;
                return;
            }
        };
        for entry in entries.filter_map(Result::ok).take(MOST_OF_ONE) {
            let Ok(target) = fs::read_link(entry.path()) else { continue };
            let node = target.strip_prefix("/dev/dri").ok().and_then(Path::to_str);
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let (Some(node), Some(number)) = (node, number)
                && self.descriptors.len() < MOST
            {
                self.descriptors.push(Descriptor { process, number, node: node.into() });
            }
        }
    }
}

/// The text of a GPU's fdinfo; `None` where it is something else's.
fn parse(text: &str) -> Option<Client> {
    let mut client = Client::default();
    let mut id = None;
    let (mut times, mut cycles, mut totals, mut capacities) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let Some(key) = key.strip_prefix("drm-") else { continue };
        let mut words = value.split_ascii_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
        if key == "client-id" {
            id = Some(number);
        } else if let Some(engine) = key.strip_prefix("engine-capacity-") {
            capacities.insert(engine, number);
        } else if let Some(engine) = key.strip_prefix("engine-").filter(|_| words.next() == Some("ns")) {
            times.insert(engine, number);
        } else if let Some(engine) = key.strip_prefix("total-cycles-") {
            totals.insert(engine, number);
        } else if let Some(engine) = key.strip_prefix("cycles-") {
            cycles.insert(engine, number);
        }
    }
    client.id = id?;
    let capacity = |engine: &str| capacities.get(engine).copied().unwrap_or(1).max(1);
    for (engine, busy) in &cycles {
        if let Some(total) = totals.get(engine) {
            let engine_now = Engine { busy: *busy, total: Some(*total), capacity: capacity(engine) };
            client.engines.insert((*engine).into(), engine_now);
        }
    }
    for (engine, busy) in &times {
        client.engines.insert((*engine).into(), Engine { busy: *busy, total: None, capacity: capacity(engine) });
    }
    Some(client)
}

/// Percent of the time between two samples in which the busiest kind of engine worked for these clients. Nobody who has
/// the device open is nobody who keeps it busy.
///
/// # Errors
/// `starting` if all clients are new, as what they did before is not known; `unsupported` if the driver tells no times.
pub(super) fn busy(before: &[Client], now: &[Client], elapsed: Duration) -> Result<f64, Reason> {
    if now.is_empty() {
        return Ok(0.0);
    }
    if now.iter().all(|client| client.engines.is_empty()) {
        return Err(Reason::Unsupported);
    }
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    let mut known = false;
    for client in now {
        let Some(earlier) = before.iter().find(|earlier| earlier.id == client.id) else { continue };
        known = true;
        for (name, engine) in &client.engines {
            let share = earlier.engines.get(name).map_or(0.0, |then| engine.share_since(then, elapsed));
            *shares.entry(name).or_default() += share;
        }
    }
    let busiest = shares.into_values().fold(0.0, f64::max);
    if known { Ok((busiest * 100.0).min(100.0)) } else { Err(Reason::Starting) }
}

impl Engine {
    /// The part of the time since `then` that it was busy, 0 to 1.
    fn share_since(&self, then: &Self, elapsed: Duration) -> f64 {
        let busy = self.busy.saturating_sub(then.busy) as f64;
        let whole = match (self.total, then.total) {
            (Some(total), Some(earlier)) => total.saturating_sub(earlier) as f64,
            (None, None) => elapsed.as_nanos() as f64,
            (Some(_), None) | (None, Some(_)) => 0.0,
        };
        if whole > 0.0 { busy / whole / self.capacity as f64 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;

    const I915: &str = "pos:\t0\nflags:\t02100002\nmnt_id:\t24\nino:\t1094\ndrm-driver:\ti915\ndrm-client-id:\t7\n\
        drm-pdev:\t0000:00:02.0\ndrm-total-system0:\t76808 KiB\ndrm-engine-render:\t2000000000 ns\n\
        drm-engine-copy:\t0 ns\ndrm-engine-video:\t500 ns\ndrm-engine-capacity-video:\t2\n";
    const XE: &str = "drm-driver:\txe\ndrm-client-id:\t42\ndrm-pdev:\t0000:03:00.0\ndrm-resident-vram0:\t300 MiB\n\
        drm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\ndrm-cycles-vcs:\t10\ndrm-total-cycles-vcs:\t7655183225\n\
        drm-engine-capacity-vcs:\t2\ndrm-cycles-ccs:\t5\n";

    fn engine(busy: u64, total: Option<u64>, capacity: u64) -> Engine {
        Engine { busy, total, capacity }
    }

    fn client(id: u64, engines: &[(&str, Engine)]) -> Client {
        Client { id, engines: engines.iter().map(|(name, engine)| ((*name).to_owned(), *engine)).collect() }
    }

    #[test]
    fn i915_tells_times_and_xe_tells_cycles() {
        let render = ("render", engine(2_000_000_000, None, 1));
        let i915 = client(7, &[render, ("copy", engine(0, None, 1)), ("video", engine(500, None, 2))]);
        assert_eq!(parse(I915), Some(i915));
        let total = Some(7_655_183_225);
        let xe = client(42, &[("rcs", engine(28_257_900, total, 1)), ("vcs", engine(10, total, 2))]);
        assert_eq!(parse(XE), Some(xe), "cycles without a total are no share");
        assert_eq!(parse("pos:\t0\nflags:\t02\nmnt_id:\t9\n"), None, "an ordinary file");
        let odd = "drm-client-id: 1\ndrm-engine-capacity-render: 0\ndrm-engine-render: 5 ns\ndrm-engine-copy: 5 s\n";
        assert_eq!(parse(odd), Some(client(1, &[("render", engine(5, None, 1))])));
    }

    #[test]
    fn the_busiest_kind_of_engine_counts_over_all_clients() {
        let second = Duration::from_secs(1);
        let at = |render: u64, video: u64| {
            [
                client(1, &[("render", engine(render, None, 1)), ("video", engine(video, None, 2))]),
                client(2, &[("render", engine(render / 2, None, 1))]),
            ]
        };
        assert_eq!(busy(&at(0, 0), &at(500_000_000, 900_000_000), second), Ok(75.0));
        assert_eq!(busy(&at(0, 0), &at(0, 1_000_000_000), second), Ok(50.0), "of two engines");
        assert_eq!(busy(&at(100, 100), &at(0, 0), second), Ok(0.0), "never negative");
        assert_eq!(busy(&at(0, 0), &at(u64::MAX, 0), second), Ok(100.0));
        let cycles = |busy, total| [client(1, &[("rcs", engine(busy, Some(total), 1))])];
        assert_eq!(busy(&cycles(10, 1_000), &cycles(260, 2_000), second), Ok(25.0));
        assert_eq!(busy(&cycles(10, 1_000), &cycles(10, 1_000), second), Ok(0.0));
    }

    #[test]
    fn what_a_new_client_did_before_is_not_known() {
        let (old, new) =
            (client(1, &[("render", engine(5, None, 1))]), client(2, &[("render", engine(1 << 40, None, 1))]));
        let second = Duration::from_secs(1);
        assert_eq!(busy(&[], std::slice::from_ref(&new), second), Err(Reason::Starting));
        assert_eq!(busy(std::slice::from_ref(&old), &[old.clone(), new], second), Ok(0.0));
        assert_eq!(busy(&[old], &[], second), Ok(0.0), "nobody uses it");
        assert_eq!(busy(&[], &[client(1, &[])], second), Err(Reason::Unsupported));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC*") {
            parse(&text);
        }

        #[test]
        fn no_line_is_too_odd(lines in prop::collection::vec("drm-(client-id|engine-|engine-capacity-|cycles-|total-cycles-)[a-z]{0,3}:[ \t]?[0-9]{0,22}( ns| KiB)?", 0..12)) {
            let text = format!("drm-client-id:\t1\n{}", lines.join("\n"));
            if let Some(client) = parse(&text) {
                prop_assert!(client.engines.values().all(|engine| engine.capacity > 0));
            }
        }

        #[test]
        fn a_share_is_a_percentage(times in prop::collection::vec((any::<u64>(), any::<u64>(), 1u64..5), 1..5), nanos: u64) {
            let clients = |pick: fn(&(u64, u64, u64)) -> u64| -> Vec<Client> {
                let one = |(id, time): (u64, &(u64, u64, u64))| client(id, &[("render", engine(pick(time), None, time.2))]);
                (0..).zip(&times).map(one).collect()
            };
            let share = busy(&clients(|time| time.0), &clients(|time| time.1), Duration::from_nanos(nanos)).unwrap();
            prop_assert!((0.0..=100.0).contains(&share), "{share}");
        }
    }

    /// A process with descriptors, each a device node and what its fdinfo says.
    fn process(proc: &Path, number: u32, descriptors: &[(u32, &str, &str)]) {
        let folder = proc.join(number.to_string());
        for sub in ["fd", "fdinfo"] {
            fs::create_dir_all(folder.join(sub)).unwrap();
        }
        for (descriptor, target, text) in descriptors {
            symlink(target, folder.join(format!("fd/{descriptor}"))).unwrap();
            fs::write(folder.join(format!("fdinfo/{descriptor}")), text).unwrap();
        }
    }

    fn one_node() -> BTreeMap<String, String> {
        BTreeMap::from([("renderD128".to_owned(), "gpu".to_owned())])
    }

    #[test]
    fn descriptors_of_one_client_count_once_and_those_of_other_files_not_at_all() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 1, &[(0, "/dev/null", "pos: 0\n")]);
        process(proc.path(), 20, &[(3, "/dev/dri/renderD128", I915), (4, "/dev/dri/renderD128", I915)]);
        process(proc.path(), 21, &[(9, "/dev/dri/renderD128", I915), (10, "/dev/dri/card1", XE)]);
        let mut clients = Clients::new(proc.path());
        let read = clients.read(&one_node());
        assert_eq!(read["gpu"].as_ref().unwrap().len(), 1, "{read:?}");
        assert_eq!(read.len(), 1);
    }

    #[test]
    fn a_client_that_ends_is_gone_and_one_that_falls_behind_keeps_what_it_had() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 1, &[]);
        process(proc.path(), 20, &[(3, "/dev/dri/renderD128", I915)]);
        let mut clients = Clients::new(proc.path());
        let first = clients.read(&one_node());
        let file = proc.path().join("20/fdinfo/3");
        fs::write(&file, I915.replace("2000000000 ns", "1999999999 ns")).unwrap();
        assert_eq!(clients.read(&one_node()), first);
        fs::remove_file(&file).unwrap();
        assert_eq!(clients.read(&one_node())["gpu"], Ok(Vec::new()));
    }

    #[test]
    fn where_programs_are_hidden_nobody_in_sight_is_not_nobody() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 20, &[]); // hidepid=2: not even the first process is listed
        let mut clients = Clients::new(proc.path());
        assert_eq!(clients.read(&one_node())["gpu"], Err(Reason::NoPermission));
    }

    #[test]
    fn a_sleeping_gpus_programs_are_not_asked() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 1, &[]);
        process(proc.path(), 20, &[(3, "/dev/dri/renderD128", I915)]);
        let mut clients = Clients::new(proc.path());
        clients.read(&one_node());
        let file = proc.path().join("20/fdinfo/3");
        fs::remove_file(&file).unwrap();
        assert!(clients.read(&BTreeMap::new()).is_empty());
        fs::write(&file, I915).unwrap();
        assert_eq!(clients.read(&one_node())["gpu"].as_ref().unwrap().len(), 1, "it was not even looked at");
    }
}

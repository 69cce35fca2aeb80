//! Which programs have a GPU open, and what the kernel says of each: found out on a slow rhythm and a little at a time, as
//! a machine may have ten thousand processes. Those of other users can't be seen without privilege.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{major, minor};

use super::super::process::is_contained;
use super::fdinfo::{Client, parse};
use crate::clock;
use crate::metrics::Reason;
use crate::source::entries;
use crate::source::every::Every;

/// From one look at all processes to the next.
const EVERY: Duration = Duration::from_secs(10);

/// How long the look may take at each sample: at least so long, or this part of the time since the sample before, so that it
/// is over as soon where samples are a minute apart. Where nobody asked for longer, that counts as the longest interval.
const BUDGET: Duration = Duration::from_millis(10);
const SHARE: u32 = 200;
const LONGEST: Duration = Duration::from_mins(1);

/// Descriptors looked at in one process, and GPU descriptors followed in all: far above what programs use.
const MOST_OF_ONE: usize = 4_096;
const MOST: usize = 1_024;

/// A descriptor of a GPU in a process.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Descriptor {
    process: u32,
    number: u32,
    /// The device node's name on this machine, such as `renderD128`.
    node: String,
}

/// The programs that have a GPU open.
#[derive(Debug)]
pub(super) struct Clients {
    proc: PathBuf,
    descriptors: Vec<Descriptor>,
    /// Processes still to be looked at in this round.
    queue: Vec<u32>,
    rounds: Every,
    /// When there was a look last.
    looked_at: Option<Duration>,
    /// How long a look may take at least.
    budget: Duration,
    /// Whether all processes have been looked at once.
    has_looked: bool,
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
            rounds: Every::new(EVERY),
            looked_at: None,
            budget: BUDGET,
            has_looked: false,
            refused: [false; 2],
            largest: BTreeMap::new(),
        }
    }

    /// The clients of each device that may be asked. `nodes` gives the device of each node's name.
    ///
    /// `starting` until all programs have been looked at once; `no_permission` for a device that none in sight uses, if there
    /// are programs out of sight.
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
            client.process = descriptor.process;
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
        let has_looked = self.has_looked;
        let mut clients = |device: &String| match found.remove(device.as_str()) {
            Some(_) | None if !has_looked => Err(Reason::Starting),
            Some(clients) => Ok(clients),
            None if out_of_sight => Err(Reason::NoPermission),
            None => Ok(Vec::new()),
        };
        devices.into_iter().map(|device| (device.clone(), clients(device))).collect()
    }

    /// Looks at some processes: at all in the end, and then again.
    fn look_around(&mut self) {
        let begun = clock::now().mono;
        let budget = self.budget.max(share(begun, self.looked_at.replace(begun)));
        if self.queue.is_empty() {
            if !self.rounds.is_due(begun) {
                return;
            }
            self.queue = entries(&self.proc).filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
            // Where /proc is mounted with hidepid=2, the processes of others, the first one's too, are not even listed.
            self.refused = [!self.queue.contains(&1) || is_contained(&self.proc), self.refused[0]];
            let listed: BTreeSet<u32> = self.queue.iter().copied().collect();
            self.descriptors.retain(|descriptor| listed.contains(&descriptor.process));
        }
        while let Some(process) = self.queue.pop() {
            self.look_at(process);
            if clock::now().mono.saturating_sub(begun) > budget {
                break;
            }
        }
        self.has_looked |= self.queue.is_empty();
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
            let Some(name) = target.strip_prefix("/dev/dri").ok().and_then(Path::to_str) else { continue };
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(number) = number
                && self.descriptors.len() < MOST
            {
                // Asking what it is opens nothing.
                let here = fs::metadata(entry.path()).ok().and_then(|node| name_here(node.rdev()));
                self.descriptors.push(Descriptor { process, number, node: here.unwrap_or_else(|| name.into()) });
            }
        }
    }
}

/// What a device node is called on this machine: in a container it may have the name of another. The kernel's DRM core numbers 64 nodes of
/// each kind so (`drm_minor_alloc`; its `Documentation/admin-guide/devices.txt` has the major), and those beyond as they come.
fn name_here(device: u64) -> Option<String> {
    match (major(device), minor(device)) {
        (226, number @ 0..64) => Some(format!("card{number}")),
        (226, number @ 128..192) => Some(format!("renderD{number}")),
        _ => None,
    }
}

/// How much of the time since the last look another may take.
fn share(now: Duration, last: Option<Duration>) -> Duration {
    last.map_or(Duration::ZERO, |last| now.saturating_sub(last).min(LONGEST) / SHARE)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::fdinfo::tests::{I915, XE};
    use super::*;

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

    /// One that looks at all in one go, however slow the machine is.
    fn unhurried(proc: &Path) -> Clients {
        Clients { budget: Duration::MAX, ..Clients::new(proc) }
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
        let mut clients = unhurried(proc.path());
        let read = clients.read(&one_node());
        assert_eq!(read["gpu"].as_ref().unwrap().len(), 1, "{read:?}");
        assert_eq!(read.len(), 1);
    }

    #[test]
    fn a_node_has_the_name_that_its_number_has_here() {
        use rustix::fs::makedev;
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(name_here(makedev(226, 0)), named("card0"));
        assert_eq!(name_here(makedev(226, 129)), named("renderD129"));
        assert_eq!(name_here(makedev(226, 200)), None, "of more than 64 GPUs the number does not tell");
        assert_eq!(name_here(makedev(195, 0)), None, "NVIDIA's own");
        assert_eq!(name_here(fs::metadata("/dev/null").unwrap().rdev()), None);
    }

    #[test]
    fn a_client_that_ends_is_gone_and_one_that_falls_behind_keeps_what_it_had() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 1, &[]);
        process(proc.path(), 20, &[(3, "/dev/dri/renderD128", I915)]);
        let mut clients = unhurried(proc.path());
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
        let mut clients = unhurried(proc.path());
        assert_eq!(clients.read(&one_node())["gpu"], Err(Reason::NoPermission));
        // A container has a first process of its own.
        process(proc.path(), 1, &[]);
        fs::create_dir_all(proc.path().join("self/ns")).unwrap();
        for (namespace, read) in [("pid:[4026532201]", Err(Reason::NoPermission)), ("pid:[4026531836]", Ok(Vec::new()))]
        {
            let _ = fs::remove_file(proc.path().join("self/ns/pid"));
            symlink(namespace, proc.path().join("self/ns/pid")).unwrap();
            assert_eq!(unhurried(proc.path()).read(&one_node())["gpu"], read, "{namespace}");
        }
    }

    #[test]
    fn nobody_found_yet_is_not_nobody() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 1, &[]);
        process(proc.path(), 20, &[(3, "/dev/dri/renderD128", I915)]);
        let mut clients = Clients { budget: Duration::ZERO, ..Clients::new(proc.path()) };
        assert_eq!(clients.read(&one_node())["gpu"], Err(Reason::Starting), "one of two was looked at");
        assert_eq!(clients.read(&one_node())["gpu"].as_ref().unwrap().len(), 1);
    }

    #[test]
    fn a_look_may_take_longer_where_samples_are_rare() {
        let second = Duration::from_secs(1);
        assert_eq!(share(5 * second, None), Duration::ZERO, "the first one");
        assert_eq!(share(7 * second, Some(5 * second)), BUDGET, "two seconds apart");
        assert_eq!(share(65 * second, Some(5 * second)), 30 * BUDGET);
        assert_eq!(share(9_000 * second, Some(5 * second)), 30 * BUDGET, "nobody asked for long");
    }

    #[test]
    fn a_sleeping_gpus_programs_are_not_asked() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 1, &[]);
        process(proc.path(), 20, &[(3, "/dev/dri/renderD128", I915)]);
        let mut clients = unhurried(proc.path());
        clients.read(&one_node());
        let file = proc.path().join("20/fdinfo/3");
        fs::remove_file(&file).unwrap();
        assert!(clients.read(&BTreeMap::new()).is_empty());
        fs::write(&file, I915).unwrap();
        assert_eq!(clients.read(&one_node())["gpu"].as_ref().unwrap().len(), 1, "it was not even looked at");
    }
}

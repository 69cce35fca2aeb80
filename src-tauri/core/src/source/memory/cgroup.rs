//! The memory limit that this process itself lives under: in a container the host's total is not what it may use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::every::Every;
use super::super::proc_file::Attribute;

/// The smallest limit among a cgroup and its ancestors, with what that cgroup uses. Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) max: u64,
    pub(crate) used: u64,
}

#[derive(Debug)]
pub(crate) struct Cgroup {
    membership: PathBuf,
    root: PathBuf,
    limited: Option<Files>,
    /// Looks for a limit that was set later.
    look: Every,
}

#[derive(Debug)]
struct Files {
    max: Attribute,
    used: Attribute,
}

impl Cgroup {
    pub(crate) fn new(proc: &Path, sys: &Path) -> Self {
        Self { membership: proc.join("self/cgroup"), root: sys.join("fs/cgroup"), limited: None, look: Every::minute() }
    }

    /// The limit at `now`; `None` if there is none or it can't be read. Without a limit most calls read nothing.
    pub(crate) fn limit(&mut self, now: Duration) -> Option<Limit> {
        if self.look.is_due(now) {
            self.limited = self.smallest();
        }
        self.limited.as_mut().and_then(Files::read)
    }

    fn smallest(&self) -> Option<Files> {
        let text = std::fs::read_to_string(&self.membership).ok()?;
        let (folder, path, v1) = text.lines().find_map(memory_hierarchy)?;
        let (max, used) =
            if v1 { ("memory.limit_in_bytes", "memory.usage_in_bytes") } else { ("memory.max", "memory.current") };
        let base = self.root.join(folder);
        // Inside a container the path is often the host's and does not exist here: then the mount's root is ours.
        let own = base.join(path.trim_start_matches('/'));
        let groups = if own.is_dir() {
            own.ancestors().take_while(|group| group.starts_with(&base)).map(Path::to_path_buf).collect()
        } else {
            vec![base]
        };
        let files = groups
            .into_iter()
            .map(|group| Files { max: Attribute::new(group.join(max)), used: Attribute::new(group.join(used)) });
        files
            .filter_map(|mut files| Some((files.read()?.max, files)))
            .min_by_key(|(max, _)| *max)
            .map(|(_, files)| files)
    }
}

impl Files {
    fn read(&mut self) -> Option<Limit> {
        // v2 says "max" for no limit, v1 the largest multiple of the page size
        let max = self.max.number(0).filter(|max| *max < 1 << 60)?;
        Some(Limit { max, used: self.used.number(0)? })
    }
}

/// A line of `/proc/self/cgroup` (cgroups(7)) that governs memory: the folder of its hierarchy, the path in it,
/// and whether it is version 1.
fn memory_hierarchy(line: &str) -> Option<(&'static str, &str, bool)> {
    let (_id, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    if controllers.split(',').any(|controller| controller == "memory") {
        return Some(("memory", path, true));
    }
    controllers.is_empty().then_some(("", path, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(membership: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, Cgroup) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
        std::fs::write(root.path().join("proc/self/cgroup"), membership).unwrap();
        for (name, text) in files {
            let path = root.path().join("sys/fs/cgroup").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let cgroup = Cgroup::new(&root.path().join("proc"), &root.path().join("sys"));
        (root, cgroup)
    }

    #[test]
    fn the_smallest_limit_of_all_ancestors_counts() {
        let (_root, mut cgroup) = tree(
            "0::/a/b/c\n",
            &[
                ("a/memory.max", "5000"),
                ("a/memory.current", "10"),
                ("a/b/memory.max", "3000"),
                ("a/b/memory.current", "20"),
                ("a/b/c/memory.max", "max"),
                ("a/b/c/memory.current", "1"),
            ],
        );
        assert_eq!(cgroup.limit(Duration::ZERO), Some(Limit { max: 3000, used: 20 }));
    }

    #[test]
    fn no_limit_is_none_in_both_versions() {
        let (_root, mut v2) = tree("0::/a\n", &[("a/memory.max", "max\n"), ("a/memory.current", "10\n")]);
        assert_eq!(v2.limit(Duration::ZERO), None);
        let unlimited = "9223372036854771712\n";
        let (_root, mut v1) = tree(
            "4:memory:/a\n0::/\n",
            &[("memory/a/memory.limit_in_bytes", unlimited), ("memory/a/memory.usage_in_bytes", "10\n")],
        );
        assert_eq!(v1.limit(Duration::ZERO), None);
    }

    #[test]
    fn version_1_and_a_container_whose_path_is_the_hosts() {
        let (_root, mut cgroup) = tree(
            "4:cpu,memory:/docker/0123\n0::/\n",
            &[("memory/memory.limit_in_bytes", "4096\n"), ("memory/memory.usage_in_bytes", "10\n")],
        );
        assert_eq!(cgroup.limit(Duration::ZERO), Some(Limit { max: 4096, used: 10 }));
    }

    #[test]
    fn a_limit_set_later_is_found_within_a_minute_however_rare_samples_are() {
        let (root, mut cgroup) = tree("0::/a\n", &[("a/memory.max", "max"), ("a/memory.current", "10")]);
        let second = Duration::from_secs(1);
        assert_eq!(cgroup.limit(second), None);
        std::fs::write(root.path().join("sys/fs/cgroup/a/memory.max"), "99").unwrap();
        assert_eq!(cgroup.limit(60 * second), None, "not at every sample");
        assert_eq!(cgroup.limit(61 * second), Some(Limit { max: 99, used: 10 }));
    }
}

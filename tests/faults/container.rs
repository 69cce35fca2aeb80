//! What a container or an administrator hides is said, figure by figure: nothing is silently absent, nothing is 0.

use serde_json::Value;
use tempfile::TempDir;

use crate::common::agent::{LINE, NO_GPUS, parse};
use crate::common::process::Group;
use crate::common::{among_others, built, namespace};

/// Figures whose `null` is not a fault: the machine has no such thing, as their documentation says.
const NOTHING_THERE: [&str; 2] = ["cgroup_limit", "cgroup_used"];

/// Other processes hidden, no /sys, no pressure files, nothing in those files of /proc that `$2` names; and not root. `$1` is an
/// empty file, and the rest the agent's arguments. The shell stays behind as the first process, which the agent is not to see.
const SCRIPT: &str = "
    set -e
    mount -t proc -o hidepid=2 none /proc
    # A kernel without them has nothing to be hidden.
    mount -t tmpfs none /proc/pressure || true
    mount -t tmpfs none /sys
    for file in $2; do mount --bind \"$1\" \"/proc/$file\"; done
    shift 2
    setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" \"$@\" || exit $?";

/// The agent where everybody may run it, and an empty file.
struct Container(TempDir);

impl Container {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(built("telltale-agent"), folder.path().join("telltale-agent")).unwrap();
        std::fs::write(folder.path().join("empty"), "").unwrap();
        open_to_all(folder.path());
        Self(folder)
    }

    /// Runs the agent where these files of /proc are hidden.
    fn start(&self, files: &str, arguments: &[&str]) -> Group {
        let [agent, empty] = ["telltale-agent", "empty"].map(|name| self.0.path().join(name));
        let words = [&[agent.to_str().unwrap(), empty.to_str().unwrap(), files], arguments].concat();
        namespace::start(&["--mount", "--pid", "--fork"], SCRIPT, &words, |command| {
            command.envs(NO_GPUS);
        })
    }
}

#[test]
fn what_is_hidden_is_said_and_the_rest_is_there() {
    let _turn = among_others();
    let container = Container::new();
    for files in ["loadavg", "loadavg diskstats"] {
        let mut group = container.start(files, &["watch", "--interval", "0.5", "--count", "4"]);
        let lines = group.lines();
        let mut channels: Vec<String> = Vec::new();
        let (mut figures, mut hidden) = (0, 0);
        while let Some(line) = lines.next(LINE) {
            let line = parse(&line);
            channels.push(line["channel"].as_str().unwrap().into());
            for (field, value) in line.as_object().unwrap() {
                figures += usize::from(value.is_number());
                if value.is_null() && !NOTHING_THERE.contains(&field.as_str()) {
                    hidden += 1;
                    assert!(line["missing"][field].is_string(), "{field} is missing without a reason: {line:#}");
                }
            }
            let text = |path: &str| line.pointer(path).and_then(Value::as_str).map(str::to_owned);
            if line["channel"] == "system/cpu" {
                assert_eq!(text("/missing/load_1").as_deref(), Some("failed"), "{line:#}");
                assert_eq!(text("/missing/pressure_some").as_deref(), Some("unsupported"), "{line:#}");
            }
            if line["channel"] == "system/disk" && files.contains("diskstats") {
                for rate in ["read_rate", "write_rate"] {
                    assert_eq!((&line[rate], &line["missing"][rate]), (&Value::Null, &"absent".into()), "{line:#}");
                }
            }
        }
        let (status, errors) = (group.wait(LINE), group.errors());
        assert!(status.success(), "{status}: {errors}");
        for channel in ["system/cpu", "system/memory", "system/disk", "system/network"] {
            assert!(channels.iter().any(|one| one == channel), "{channel} of {channels:?}: {errors}");
        }
        println!("{files} hidden: {figures} figures, and {hidden} missing ones, each with its reason");
    }
}

#[test]
fn the_doctor_says_that_other_users_processes_are_hidden() {
    let _turn = among_others();
    let container = Container::new();
    let mut group = container.start("", &["doctor", "--json"]);
    let lines = group.lines();
    let report: String = std::iter::from_fn(|| lines.next(LINE)).collect();
    assert!(report.starts_with('{'), "{}", group.errors());
    let report = parse(&report);
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "processes");
    let check = check.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(check["state"], "warning", "{check:#}");
    assert!(check["detail"].as_str().unwrap().contains("hidepid"), "{check:#}");
}

/// Lets everybody into a folder.
fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

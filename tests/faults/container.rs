//! What a container or an administrator hides is said, figure by figure: nothing is silently absent, nothing is 0.

use serde_json::Value;

use crate::common::agent::{LINE, NO_GPUS, parse};
use crate::common::{among_others, built, namespace};

/// Figures whose `null` is not a fault: the machine has no such thing, as their documentation says.
const NOTHING_THERE: [&str; 2] = ["cgroup_limit", "cgroup_used"];

/// Other processes hidden, no /sys, no pressure files, no /proc/diskstats; and not root.
const SCRIPT: &str = "
    mount -t proc -o hidepid=2 none /proc
    mount -t tmpfs none /proc/pressure
    mount -t tmpfs none /sys
    : > /tmp/.empty-$$ && mount --bind /tmp/.empty-$$ /proc/loadavg && rm /tmp/.empty-$$
    exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" watch --interval 0.5 --count 4";

#[test]
fn what_is_hidden_is_said_and_the_rest_is_there() {
    let _turn = among_others();
    let folder = tempfile::tempdir().unwrap();
    // Where everybody may run it.
    let agent = folder.path().join("telltale-agent");
    std::fs::copy(built("telltale-agent"), &agent).unwrap();
    open_to_all(folder.path());
    let mut group = namespace::start(&["--mount", "--pid", "--fork"], SCRIPT, &[agent.to_str().unwrap()], |command| {
        command.envs(NO_GPUS);
    });
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
    }
    for channel in ["system/cpu", "system/memory", "system/disk", "system/network"] {
        assert!(channels.iter().any(|one| one == channel), "{channel} of {channels:?}: {}", group.errors());
    }
    println!("{figures} figures, and {hidden} missing ones, each with its reason");
}

/// Lets everybody into a folder.
fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

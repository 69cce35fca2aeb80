//! The agent's user service under a user's service manager, with all its restrictions.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::unpacked;
use crate::common::agent::parse;
use crate::common::desktop::{SOON, await_the_end, below};
use crate::common::process::Group;
use crate::common::until::until_sync;
use crate::common::{among_others, root};

const UNIT: &str = "telltale-agent.service";

#[test]
fn the_service_starts_for_an_ordinary_user_and_samples_everything() {
    let _turn = among_others();
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    let units = path("config/systemd/user");
    fs::create_dir_all(units.join(format!("{UNIT}.d"))).unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(unpacked().join("usr/bin/telltale-agent"), path("telltale-agent")).unwrap();
    fs::copy(unpacked().join("usr/lib/systemd/user").join(UNIT), units.join(UNIT)).unwrap();
    // The same but for where it is, how often it looks, and that a test reads no journal.
    let drop_in = format!(
        "[Service]\nExecStart=\nExecStart={} watch --interval 0.5\nStandardOutput=file:{}\nStandardError=inherit\n",
        path("telltale-agent").display(),
        path("figures").display(),
    );
    fs::write(units.join(format!("{UNIT}.d/test.conf")), drop_in).unwrap();

    let mut manager = Group::start("unshare", |command| {
        command.arg("--mount").arg(root().join("tests/packages/user-manager.sh")).arg(home.path()).arg(UNIT);
    });
    let channels = ["system/cpu", "system/memory", "system/disk", "system/network"];
    until_sync("every channel is sampled twice", SOON, || {
        let figures = fs::read_to_string(path("figures")).unwrap_or_default();
        let twice = |channel: &&str| figures.matches(&format!("\"channel\":\"{channel}\"")).count() >= 2;
        if channels.iter().all(twice) { Ok(()) } else { Err((manager.ended(), figures)) }
    });
    let agents: Vec<_> = below(manager.id()).into_iter().filter(|(_, name)| name == "telltale-agent").collect();
    let [(agent, _)] = agents[..] else { panic!("{agents:?}") };
    let status = fs::read_to_string(format!("/proc/{agent}/status")).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000"] {
        assert!(status.contains(line), "{line} in {status}");
    }
    // What the restrictions take away would be missing: addresses come over a netlink socket, all else from files.
    let figures = fs::read_to_string(path("figures")).unwrap();
    let refused = figures
        .lines()
        .filter(|line| line.ends_with('}') && parse(line)["missing"].to_string().contains("no_permission"));
    assert_eq!(refused.collect::<Vec<_>>(), Vec::<&str>::new());

    manager.signal("TERM");
    manager.wait(SOON);
    await_the_end(&agents, "the manager's");
}

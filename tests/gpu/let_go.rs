//! An idle GPU that may sleep: after a minute NVML is let go of, and nothing is asked until something else wakes it.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use super::{GPU, environment};
use crate::common::agent::{LINE, NO_REAL_GPUS, parse};
use crate::common::built;
use crate::common::process::Group;

/// What the kernel says of the device's sleep.
fn power(folder: &Path, status: &str) {
    let device = folder.join("sys/bus/pci/devices/0000:01:00.0");
    fs::create_dir_all(device.join("power")).unwrap();
    for (file, text) in
        [("vendor", "0x10de"), ("class", "0x030200"), ("power/control", "auto"), ("power/runtime_status", status)]
    {
        fs::write(device.join(file), text).unwrap();
    }
}

/// Watches an agent over such a GPU, beside a test that lasts more than a minute anyway; whoever joins sees it fail.
pub(crate) fn watch() -> JoinHandle<()> {
    const IN_ITS_OWN_SYS: &str = "mount --bind \"$1\" /sys && exec \"$0\" watch --interval 0.5 --channels gpu";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gpu.sim"), GPU.replace("42 %", "0 %")).unwrap();
    power(folder.path(), "active");
    let mut agent = Group::start("unshare", |command| {
        command.args(["--mount", "sh", "-c", IN_ITS_OWN_SYS]).arg(built("telltale-agent"));
        command.arg(folder.path().join("sys")).envs(environment(folder.path())).env_remove(NO_REAL_GPUS.0);
        command.stdout(Stdio::piped());
    });
    spawn(move || {
        let lines = agent.lines();
        let line = || parse(&lines.next(LINE).expect("the agent runs"));
        let calls = || nvml_sim::calls::read(&folder.path().join("calls")).unwrap();
        assert_eq!(line()["utilization"], 0.0);
        let begun = Instant::now();
        while line()["missing"]["utilization"] != "asleep" {
            assert!(begun.elapsed() < Duration::from_mins(3), "it is let go of");
        }
        assert!(begun.elapsed() > Duration::from_secs(55), "but not before a minute: {:?}", begun.elapsed());
        let before = calls();
        assert_eq!(before["nvmlShutdown"], 1, "{before:?}");
        power(folder.path(), "suspended");
        for _ in 0..3 {
            assert_eq!(line()["missing"]["utilization"], "asleep");
        }
        assert_eq!(calls(), before, "not one call while it sleeps");
        power(folder.path(), "active");
        let begun = Instant::now();
        while line()["utilization"] != 0.0 {
            assert!(begun.elapsed() < LINE, "it is asked again when something woke it");
        }
    })
}

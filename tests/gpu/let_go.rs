//! A GPU that may sleep: nothing is asked of one that does, and of one that is idle NVML is let go of after a minute.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use super::{GPU, RECOVERY, environment};
use crate::common::agent::{LINE, NO_REAL_GPUS, parse};
use crate::common::namespace::{IN_ITS_OWN_SYS, gpu_power};
use crate::common::process::Group;
use crate::common::{among_others, built};

/// An agent over the driver and the kernel's files that lie in a folder, which it finds like the real ones.
fn agent(folder: &Path, channels: &str) -> Group {
    let script = format!("{IN_ITS_OWN_SYS} exec \"$0\" watch --interval 0.5 --channels {channels}");
    Group::start("unshare", |command| {
        command.args(["--mount", "sh", "-c", &script]).arg(built("telltale-agent")).arg(folder.join("sys"));
        command.envs(environment(folder)).env_remove(NO_REAL_GPUS.0).stdout(Stdio::piped());
    })
}

/// What the kernel says of the device's sleep.
fn power(folder: &Path, status: &str) {
    gpu_power(&folder.join("sys"), status);
}

#[test]
fn a_sleeping_gpu_is_not_asked_and_shown_when_something_else_wakes_it() {
    let _turn = among_others();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gpu.sim"), GPU).unwrap();
    power(folder.path(), "suspended");
    let mut agent = agent(folder.path(), "gpu,memory");
    let lines = agent.lines();
    for _ in 0..4 {
        assert_eq!(parse(&lines.next(LINE).expect("the agent runs"))["channel"], "system/memory");
    }
    assert!(!folder.path().join("calls").exists(), "not one call to NVML");
    power(folder.path(), "active");
    let begun = Instant::now();
    loop {
        let line = parse(&lines.next(LINE).expect("the agent runs"));
        if line["gpu_id"] == "GPU-a" && line["utilization"] == 42.0 {
            break;
        }
        assert!(begun.elapsed() < RECOVERY, "its figures come: {line:#}");
    }
}

/// Watches an agent over such a GPU, beside a test that lasts more than a minute anyway; whoever joins sees it fail.
pub(crate) fn watch() -> JoinHandle<()> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gpu.sim"), GPU.replace("42 %", "0 %")).unwrap();
    power(folder.path(), "active");
    let mut agent = agent(folder.path(), "gpu");
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

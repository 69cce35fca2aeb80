//! The driver's library is installed, and taken away, while Telltale runs.

use std::fs;
use std::process::Stdio;

use crate::common::agent::{LINE, NO_REAL_GPUS, parse};
use crate::common::process::Group;
use crate::common::{among_others, built};
use crate::gpu::GPU;

#[test]
fn a_driver_that_is_installed_later_is_found_without_a_restart_and_its_removal_ends_nothing() {
    let _turn = among_others();
    let folder = tempfile::tempdir().unwrap();
    let (library, script) = (folder.path().join("libnvidia-ml.so.1"), folder.path().join("gpu.sim"));
    fs::write(&script, GPU).unwrap();
    let mut agent = Group::start(built("telltale-agent"), |command| {
        command.args(["watch", "--interval", "0.5", "--channels", "gpu,memory"]);
        command.envs([NO_REAL_GPUS]).env("TELLTALE_NVML_LIB", &library).env("TELLTALE_NVML_SIM", &script);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    });
    let lines = agent.lines();
    let line = || parse(&lines.next(LINE).expect("the agent runs"));
    for _ in 0..3 {
        assert_eq!(line()["channel"], "system/memory", "nothing waits for a driver that is not there");
    }
    // Whole at once: it is looked for all the time.
    let beside = folder.path().join("unpacked");
    fs::copy(built("libnvml_sim.so"), &beside).unwrap();
    fs::rename(&beside, &library).unwrap();
    let mut ticks = 0;
    while line()["gpu_id"] != "GPU-a" {
        ticks += 1;
        assert!(ticks < 60, "it is found within half a minute");
    }
    println!("found after {ticks} ticks of half a second");
    fs::remove_file(&library).unwrap();
    for _ in 0..6 {
        line();
    }
    agent.signal("TERM");
    assert_eq!(agent.wait(LINE).code(), Some(0));
    let said = agent.errors();
    assert!(said.contains("is not installed"), "{said}");
}

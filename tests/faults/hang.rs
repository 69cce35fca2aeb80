//! A source hangs: a file system that never answers is not asked, and a hang is said once, not at every tick.

use std::fs;

use crate::common::agent::{LINE, NO_GPUS, parse};
use crate::common::{among_others, built, namespace};
use crate::gpu::{Driver, GPU};

/// Mounts a FUSE file system that nobody serves, so that whoever asks it waits for ever, as if it lay on a disk of this
/// machine; proves that it hangs; then starts the agent.
const SCRIPT: &str = "
    mkdir -p \"$1\"
    exec 3<>/dev/fuse
    mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 \"/dev/$2\" \"$1\" || exit 8
    timeout -s KILL 1 stat -f \"$1\"
    [ $? = 137 ] || exit 9
    echo hangs
    exec \"$0\" watch --interval 0.5 --channels disk";

#[test]
fn a_file_system_that_never_answers_is_never_asked() {
    let _turn = among_others();
    let folder = tempfile::tempdir().unwrap();
    let mut disks = fs::read_dir("/sys/block").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let disk = disks.find(|name| !["loop", "ram", "zram"].iter().any(|built| name.starts_with(built))).expect("a disk");
    let point = folder.path().join("mount");
    let agent = built("telltale-agent");
    let arguments = [agent.to_str().unwrap(), point.to_str().unwrap(), &disk];
    let mut group = namespace::start(&["--mount"], SCRIPT, &arguments, |command| {
        command.envs(NO_GPUS);
    });
    let lines = group.lines();
    assert_eq!(lines.next(LINE).as_deref(), Some("hangs"), "statfs on it does not return");
    for _ in 0..4 {
        let line = parse(&lines.next(LINE).expect("the agent runs"));
        assert_eq!(line["channel"], "system/disk");
        assert!(!line.to_string().contains(point.to_str().unwrap()), "{line:#}");
    }
}

#[test]
fn a_hang_is_logged_once_when_it_begins_and_once_when_it_is_over() {
    let _turn = among_others();
    let driver = Driver::start(GPU, "gpu,memory");
    let memory = |line: &serde_json::Value| line["channel"] == "system/memory";
    driver.until("it answers", |line| line["gpu_id"] == "GPU-a");
    driver.becomes(&GPU.replace("61 C", "hang"));
    for _ in 0..8 {
        driver.until("the others go on", memory);
    }
    driver.becomes(GPU);
    driver.until("it answers again", |line| line["gpu_id"] == "GPU-a");
    for _ in 0..8 {
        driver.until("all go on", memory);
    }
    let said = driver.said();
    let about = |what: &str| said.lines().filter(|line| line.contains(what) && line.contains("system/gpu")).count();
    assert_eq!((about("a fault begins"), about("the fault is over")), (1, 1), "{said}");
    assert!(said.contains("NotAnswering"), "{said}");
}

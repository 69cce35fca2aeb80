//! A machine that is full: 10,000 processes, 256 cores, 8 GPUs. Descriptors and memory stay as they are, and a tick stays
//! inside its budget.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use crate::common::agent::{LINE, NO_REAL_GPUS, parse};
use crate::common::{alone, built, namespace, root};

const CORES: usize = 256;
const PROCESSES: usize = 10_000;

/// The processes wait for a pipe that nobody opens; the agent sees a /proc/stat of 256 cores.
const SCRIPT: &str = "
    mkfifo \"$1/pipe\"
    count=0
    while [ $count -lt $2 ]; do (read -r _ < \"$1/pipe\") & count=$((count + 1)); done
    mount --bind \"$1/stat\" /proc/stat
    ls -d /proc/[0-9]* | wc -l
    \"$0\" watch --interval 0.5 &
    echo $!
    wait $!";

/// Open files and bytes of memory of a process in the script's own namespace of processes, seen from here.
fn size(process: &str) -> (usize, u64) {
    let folder = format!("/proc/{process}");
    let descriptors = fs::read_dir(format!("{folder}/fd")).unwrap().count();
    let rollup = fs::read_to_string(format!("{folder}/smaps_rollup")).unwrap();
    let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    (descriptors, pss.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024)
}

fn milliseconds_of_processor(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split_whitespace().collect();
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

#[test]
fn ten_thousand_processes_256_cores_and_8_gpus_leave_files_memory_and_ticks_as_they_are() {
    const TICKS: u64 = 40;
    let _turn = alone(); // it takes the machine's table of processes
    let folder = tempfile::tempdir().unwrap();
    let mut stat = String::from("cpu  1000 0 1000 90000 0 0 0 0 0 0\n");
    for core in 0..CORES {
        let _ = writeln!(stat, "cpu{core} 1000 0 1000 90000 0 0 0 0 0 0");
    }
    fs::write(folder.path().join("stat"), stat).unwrap();
    let (agent, at) = (built("telltale-agent"), folder.path().to_str().unwrap());
    let arguments = [agent.to_str().unwrap(), at, &PROCESSES.to_string()];
    let mut group = namespace::start(&["--mount"], SCRIPT, &arguments, |command| {
        command.envs([NO_REAL_GPUS]).env("TELLTALE_NVML_LIB", built("libnvml_sim.so"));
        command.env("TELLTALE_NVML_SIM", root().join("tests/nvml-sim/scripts/eight.sim"));
    });
    let lines = group.lines();
    let patience = Duration::from_mins(2);
    let processes: usize = lines.next(patience).unwrap().trim().parse().unwrap();
    assert!(processes > PROCESSES, "{processes}");
    let process = lines.next(patience).unwrap();
    let next = |channel: &str| loop {
        let line = parse(&lines.next(LINE).expect("the agent runs"));
        if line["channel"].as_str().unwrap().starts_with(channel) {
            return line;
        }
    };
    for _ in 0..10 {
        let cpu = next("system/cpu");
        assert_eq!(cpu["per_core"].as_array().unwrap().len(), CORES);
    }
    let gpus: std::collections::BTreeSet<_> = (0..8).map(|_| next("system/gpu/")["gpu_id"].to_string()).collect();
    assert_eq!(gpus.len(), 8);
    let ((files, memory), spent) = (size(&process), milliseconds_of_processor(&process));
    for _ in 0..TICKS {
        next("system/memory");
    }
    let (files_after, memory_after) = size(&process);
    let per_tick = (milliseconds_of_processor(&process) - spent) / TICKS;
    println!(
        "{processes} processes, {CORES} cores, 8 GPUs: {files} → {files_after} files, {} → {} KiB, {per_tick} ms of a core per tick",
        memory >> 10,
        memory_after >> 10
    );
    assert_eq!(files, files_after);
    assert!(memory_after < memory + (4 << 20), "an hour of history grows into its room, and nothing else does");
    assert!(per_tick < 80, "a tick's deadline is 80 ms: {per_tick} ms");
}

//! The agent's figures beside those of other meters, under load: within 3 points, or 5 %.
//!
//! Rates are compared by what they add up to: the load begins after the agent's first line and ends before its last,
//! so rate × time over all lines is what the kernel's counter went up by, whenever either was read.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::common::agent::{LINE, NO_GPUS, Watch, figure, parse};
use crate::common::process::{Group, Lines, output};
use crate::common::until::until_sync;
use crate::common::{alone, built};

const POINTS: f64 = 3.0;
const PART: f64 = 0.05;
const MIB: f64 = 1024.0 * 1024.0;

/// Seconds that the other meter runs, and so the number of ticks compared.
const SECONDS: usize = 8;

fn assert_near(what: &str, ours: f64, theirs: f64) {
    println!("{what}: {ours:.0} beside {theirs:.0}");
    assert!((ours - theirs).abs() <= theirs * PART, "{what}: {ours:.0}, but by the other meter {theirs:.0}");
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// What a rate adds up to over lines that follow one another: each covers the time since the line before.
fn carried(lines: &[Value], rate: impl Fn(&Value) -> Option<f64>) -> f64 {
    let milliseconds = |line: &Value| line["timestamp"].as_i64().unwrap();
    lines
        .windows(2)
        .map(|pair| rate(&pair[1]).unwrap() * (milliseconds(&pair[1]) - milliseconds(&pair[0])) as f64 / 1000.0)
        .sum()
}

fn take(watch: &Watch, count: usize) -> Vec<Value> {
    (0..count).map(|_| watch.next().expect("the agent runs on")).collect()
}

fn stress(arguments: &[&str]) -> Group {
    Group::start("stress-ng", |command| {
        command.args(arguments).args(["--quiet", "--timeout", "60"]).stdout(Stdio::null()).stderr(Stdio::null());
    })
}

/// A sysstat program that reports once a second.
struct Sysstat {
    program: Group,
    lines: Lines,
    report: String,
}

impl Sysstat {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut program = Group::start(program, |command| {
            command.args(arguments).args(["-o", "JSON", "1", &SECONDS.to_string()]).stdout(Stdio::piped());
        });
        let lines = program.lines();
        Self { program, lines, report: String::new() }
    }

    /// Waits for the first line of a report with this word.
    fn until(&mut self, word: &str) {
        while !self.report.contains(word) {
            self.report += &self.lines.next(LINE).expect("it goes on");
        }
    }

    /// All of them.
    fn reports(mut self) -> Vec<Value> {
        while let Some(line) = self.lines.next(LINE) {
            self.report += &line;
        }
        assert!(self.program.wait(LINE).success(), "{}", self.report);
        parse(&self.report)["sysstat"]["hosts"][0]["statistics"].as_array().unwrap().clone()
    }
}

/// The first core that this process may run on: a container may have any of the machine's.
fn first_core() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    cores.trim().chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn cpu_is_what_mpstat_says() {
    let _turn = alone();
    let core = first_core();
    let _load = stress(&["--cpu", "1", "--cpu-load", "60", "--cpu-method", "matrixprod", "--taskset", &core]);
    let watch = Watch::start(&["--interval", "1", "--channels", "cpu"]);
    watch.next().expect("the first line; the next covers the first second of mpstat");
    let reports = Sysstat::start("mpstat", &["-P", "ALL"]).reports();
    let lines = take(&watch, SECONDS);

    let theirs = |cpu: &str| {
        mean(reports.iter().map(|report| {
            let cores = report["cpu-load"].as_array().unwrap();
            let core = cores.iter().find(|core| core["cpu"] == cpu).unwrap_or_else(|| panic!("no {cpu} in {report}"));
            100.0 - core["idle"].as_f64().unwrap() - core["iowait"].as_f64().unwrap()
        }))
    };
    let ours = |path: &str| mean(lines.iter().map(|line| figure(line, path).unwrap()));
    let cores = lines[0]["core_ids"].as_array().unwrap().iter().enumerate();
    let pairs = cores.map(|(index, id)| (format!("/per_core/{index}"), id.to_string()));
    for (path, cpu) in pairs.chain([("/utilization".into(), "all".into())]) {
        let (ours, theirs) = (ours(&path), theirs(&cpu));
        println!("{path}: {ours:.1} beside {theirs:.1}");
        assert!((ours - theirs).abs() <= POINTS, "{path}: {ours:.1} %, but mpstat says {theirs:.1} %");
    }
    assert!(theirs(&core) > 40.0, "there was a load on core {core}: {}", theirs(&core));
}

fn meminfo() -> HashMap<String, f64> {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let line = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        Some((name.to_owned(), rest.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0))
    };
    text.lines().filter_map(line).collect()
}

/// A column of free(1)'s table.
fn free(row: &str, column: &str) -> f64 {
    let table = output("env", &["LC_ALL=C", "free", "--bytes"]);
    let index = table.lines().next().unwrap().split_whitespace().position(|name| name == column).unwrap();
    let row = table.lines().find_map(|line| line.strip_prefix(row)).unwrap();
    row.split_whitespace().nth(index).unwrap().parse().unwrap()
}

#[test]
fn memory_is_what_meminfo_and_free_say() {
    let _turn = alone();
    let watch = Watch::start(&["--interval", "1", "--channels", "memory"]);
    let compare = || {
        steady(PART / 5.0);
        let line = parse(&watch.lines.fresh(LINE));
        let (meminfo, available) = (meminfo(), free("Mem:", "available"));
        let (used, total) = (figure(&line, "/ram_used").unwrap(), figure(&line, "/ram_total").unwrap());
        assert_near("used, by meminfo", used, meminfo["MemTotal"] - meminfo["MemAvailable"]);
        assert_near("used, by free", used, free("Mem:", "total") - available);
        let swap = (figure(&line, "/swap_used").unwrap(), figure(&line, "/swap_total").unwrap());
        assert_near("swap used", swap.0, free("Swap:", "used"));
        assert_eq!((total, swap.1), (meminfo["MemTotal"], meminfo["SwapTotal"]));
        used
    };
    steady(PART / 20.0); // what ran before may still be giving memory back
    let before = compare();
    let load = stress(&["--vm", "1", "--vm-bytes", "1g", "--vm-keep", "--vm-hang", "0"]);
    let filled = |used: f64| used > before + 512.0 * MIB;
    assert!((0..10).any(|_| filled(compare())), "1 GiB is in use now");
    drop(load);
    // How fast the kernel has it back is its own affair: under a hypervisor that is told of free pages, a minute.
    until_sync("it is given back", Duration::from_mins(3), || {
        let (meminfo, wanted) = (meminfo(), before + 512.0 * MIB);
        let used = meminfo["MemTotal"] - meminfo["MemAvailable"];
        if used <= wanted { Ok(()) } else { Err((used, wanted)) }
    });
    assert!((0..10).any(|_| !filled(compare())), "and no more");
}

/// Waits until memory in use stays about the same for a second: two meters never read it at the same instant.
fn steady(part: f64) {
    let used = || {
        let meminfo = meminfo();
        meminfo["MemTotal"] - meminfo["MemAvailable"]
    };
    let mut before = used();
    until_sync("memory in use is steady", Duration::from_mins(3), || {
        std::thread::sleep(Duration::from_secs(1));
        let (then, now) = (before, used());
        before = now;
        if (now - then).abs() < then * part { Ok(()) } else { Err((then, now)) }
    });
}

/// Bytes read and written by a device since the start of the machine.
fn diskstats(device: &str) -> (f64, f64) {
    let text = fs::read_to_string("/proc/diskstats").unwrap();
    let fields = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let fields = fields.into_iter().find(|fields| fields[2] == device).unwrap();
    let bytes = |field: usize| fields[field].parse::<f64>().unwrap() * 512.0;
    (bytes(5), bytes(9))
}

/// Writes to and reads from the disk under `folder` for some seconds, past the page cache.
fn disk_load(folder: &Path) -> Group {
    const SCRIPT: &str = "
        while :; do
            dd if=/dev/zero of=load bs=1M count=8 oflag=direct conv=fsync status=none || exit
            dd if=load of=/dev/null bs=1M iflag=direct status=none || exit
            sleep 0.1
        done";
    Group::start("timeout", |command| {
        command.args(["5", "sh", "-c", SCRIPT]).current_dir(folder).stderr(Stdio::piped());
    })
}

#[test]
fn disk_rates_add_up_to_what_iostat_and_the_kernel_count() {
    let _turn = alone();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    output("sync", &[]); // what a build has left to write would be written beside the load
    let watch = Watch::start(&["--interval", "1", "--channels", "disk"]);
    let mut lines = take(&watch, 1);
    let devices: Vec<_> = lines[0]["devices"].as_array().unwrap().clone();
    let names: Vec<_> = devices.iter().map(|device| device["name"].as_str().unwrap().to_owned()).collect();
    assert!(!names.is_empty(), "this machine has a disk");

    let before: Vec<_> = names.iter().map(|name| diskstats(name)).collect();
    let mut iostat = Sysstat::start("iostat", &["-d", "-k", "-y"]);
    iostat.until("disk_device"); // what it reports later is counted from then, and the load with it
    let mut load = disk_load(folder.path());
    let reports = iostat.reports();
    let ended = load.wait(LINE).code();
    assert_eq!(ended, Some(124), "the load ran until its time was up: {}", load.errors());
    // The last line is waited for, so that the counters are read as it comes: nobody else's writing lies between.
    lines.extend(take(&watch, SECONDS + 2));
    let after: Vec<_> = names.iter().map(|name| diskstats(name)).collect();

    let (mut read_in_all, mut written_in_all) = (0.0, 0.0);
    for (index, name) in names.iter().enumerate() {
        let read = after[index].0 - before[index].0;
        let written = after[index].1 - before[index].1;
        (read_in_all, written_in_all) = (read_in_all + read, written_in_all + written);
        let device = |line: &Value| line["devices"].as_array().unwrap().iter().find(|it| it["name"] == **name).cloned();
        let ours = |rate: &str| carried(&lines, |line| figure(&device(line).unwrap(), rate));
        let iostat = |field: &str| {
            let disks = reports.iter().flat_map(|report| report["disk"].as_array().unwrap());
            let kib = disks.filter(|disk| disk["disk_device"] == **name).map(|disk| disk[field].as_f64().unwrap());
            kib.sum::<f64>() * 1024.0
        };
        // A disk that was next to idle has no load to compare.
        for (what, rate, counted, field) in
            [("read", "/read_rate", read, "kB_read"), ("written", "/write_rate", written, "kB_wrtn")]
        {
            if counted > 32.0 * MIB {
                assert_near(&format!("{name}, {what}, by diskstats"), ours(rate), counted);
                assert_near(&format!("{name}, {what}, by iostat"), ours(rate), iostat(field));
            }
        }
    }
    let real = read_in_all.min(written_in_all);
    assert!(
        real > 32.0 * MIB,
        "target/ is on a disk and the load reached it: {read_in_all} and {written_in_all} bytes"
    );
    assert_near("read in all", carried(&lines, |line| figure(line, "/read_rate")), read_in_all);
    assert_near("written in all", carried(&lines, |line| figure(line, "/write_rate")), written_in_all);
}

/// A network of its own: a cable with both ends in it, and nothing else that could send.
struct Cable {
    holder: Group,
}

impl Cable {
    const NEAR: &str = "tt0";
    const FAR: &str = "tt1";

    fn lay() -> Self {
        const SCRIPT: &str = "set -e
            mount -t sysfs sysfs /sys
            ip link add tt0 type veth peer name tt1
            ip address add 10.213.0.1/24 dev tt0
            ip link set tt1 up
            ip link set tt0 up
            ip neighbour replace 10.213.0.2 lladdr $(cat /sys/class/net/tt1/address) dev tt0 nud permanent
            echo laid
            exec sleep infinity";
        let mut holder = Group::start("unshare", |command| {
            command.args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c", SCRIPT]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        let laid = holder.lines().next(LINE);
        assert!(
            laid.as_deref() == Some("laid"),
            "a network namespace is needed, which takes root or unprivileged user namespaces (on Ubuntu: sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0): {}",
            holder.errors()
        );
        Self { holder }
    }

    /// The arguments of nsenter(1) that run `program` at this cable.
    fn at<'a>(&self, program: &[&'a str]) -> Vec<std::borrow::Cow<'a, str>> {
        let enter = ["--user", "--net", "--mount", "--preserve-credentials", "--target"];
        let enter = enter.into_iter().map(Into::into).chain([self.holder.id().to_string().into(), "--".into()]);
        enter.chain(program.iter().copied().map(Into::into)).collect()
    }

    fn counter(&self, interface: &str, counter: &str) -> f64 {
        let path = format!("/sys/class/net/{interface}/statistics/{counter}");
        let arguments = self.at(&["cat", &path]);
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        output("nsenter", &arguments).trim().parse().unwrap()
    }
}

#[test]
fn network_rates_add_up_to_what_the_kernel_counts() {
    const SEND: &str = "exec 3>/dev/udp/10.213.0.2/9
        while [ $SECONDS -lt 5 ]; do dd if=/dev/zero bs=1400 count=500 status=none >&3; sleep 0.05; done";
    let _turn = alone();
    let cable = Cable::lay();
    let agent = built("telltale-agent");
    let mut group = Group::start("nsenter", |command| {
        let watch = [agent.to_str().unwrap(), "watch", "--interval", "1", "--channels", "network"];
        command.args(cable.at(&watch).iter().map(AsRef::<str>::as_ref));
        command.envs(NO_GPUS).stdout(Stdio::piped());
    });
    let watch = Watch { lines: group.lines(), group };
    let mut lines = take(&watch, 1);

    let counters = || (cable.counter(Cable::NEAR, "tx_bytes"), cable.counter(Cable::FAR, "rx_bytes"));
    let before = counters();
    let load = cable.at(&["bash", "-c", SEND]);
    output("nsenter", &load.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    let after = counters();
    let enough = lines[0]["timestamp"].as_i64().unwrap() + 8_000;
    while lines.last().unwrap()["timestamp"].as_i64().unwrap() < enough {
        lines.extend(take(&watch, 1));
    }

    let (sent, received) = (after.0 - before.0, after.1 - before.1);
    assert!(sent > 32.0 * MIB, "there was a load: {sent} bytes");
    let interface = |line: &Value, name: &str| {
        let all = line["interfaces"].as_array().unwrap();
        all.iter().find(|one| one["name"] == *name).unwrap_or_else(|| panic!("no {name} in {line}")).clone()
    };
    let ours = |name: &str, rate: &str| carried(&lines, |line| figure(&interface(line, name), rate));
    assert_near("sent", ours(Cable::NEAR, "/upload_rate"), sent);
    assert_near("received", ours(Cable::FAR, "/download_rate"), received);
    assert!(ours(Cable::NEAR, "/download_rate") < sent * PART, "nothing comes back");
    assert_eq!(interface(&lines[0], Cable::NEAR)["kind"], "virtual");
    let in_all = |line: &Value| figure(line, "/upload_rate").unwrap_or(0.0);
    assert!(lines.iter().all(|line| in_all(line) < 1.0), "a virtual cable is not in the totals: {:#}", lines[3]);
}

//! Fixture trees of /proc/net/dev and /sys/class/net, with interfaces that come and go.

use proptest::prelude::*;

use super::*;
use InterfaceKind::{Loopback, Physical, Virtual};

const HEADER: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
";

fn line(name: &str, received: u64, sent: u64) -> String {
    format!("{name:>6}: {received} 1 2 3 4 5 6 7 {sent} 1 2 3 4 5 6 7\n")
}

/// A machine with one wired interface under a bond, Wi-Fi, and what containers and virtual machines add.
fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let class = root.path().join("sys/class/net");
    for name in ["lo", "bond0", "docker0", "veth12ab", "virbr0", "tun0", "wg0"] {
        std::fs::create_dir_all(class.join(name)).unwrap();
    }
    for name in ["enp5s0", "enp6s0", "wlp3s0", "hv0", "vf0", "lan1", "vif3.0", "port0", "rep0vf1", "wlp3s0mon"] {
        std::fs::create_dir_all(class.join(name).join("device")).unwrap();
    }
    for (slave, master) in [("enp5s0", "bond0"), ("enp6s0", "bond0"), ("vf0", "hv0")] {
        std::os::unix::fs::symlink(format!("../{master}"), class.join(slave).join("master")).unwrap();
    }
    std::fs::write(class.join("lan1/uevent"), "DEVTYPE=dsa\nINTERFACE=lan1\nIFINDEX=4\n").unwrap();
    let bus = root.path().join("sys/bus/xen-backend");
    std::fs::create_dir_all(&bus).unwrap();
    std::os::unix::fs::symlink(bus, class.join("vif3.0/device/subsystem")).unwrap();
    for (name, port) in [("port0", "p0\n"), ("rep0vf1", "pf0vf1\n")] {
        std::fs::write(class.join(name).join("phys_port_name"), port).unwrap();
    }
    for (name, kind) in [("wlp3s0", "1\n"), ("wlp3s0mon", "803\n")] {
        std::fs::write(class.join(name).join("type"), kind).unwrap();
    }
    std::fs::create_dir_all(root.path().join("proc/net")).unwrap();
    root
}

fn write(root: &tempfile::TempDir, names: &[&str]) {
    let lines: String = names.iter().map(|name| line(name, 10, 20)).collect();
    std::fs::write(root.path().join("proc/net/dev"), format!("{HEADER}{lines}")).unwrap();
}

#[test]
fn each_byte_is_counted_once() {
    let root = tree();
    let all = [
        "lo",
        "bond0",
        "docker0",
        "veth12ab",
        "virbr0",
        "tun0",
        "wg0",
        "enp5s0",
        "enp6s0",
        "wlp3s0",
        "hv0",
        "vf0",
        "lan1",
        "vif3.0",
        "port0",
        "rep0vf1",
        "wlp3s0mon",
    ];
    write(&root, &all);
    let sample = Network::new(&root.path().join("proc"), &root.path().join("sys")).read().unwrap();
    assert_eq!(sample.len(), all.len());
    let of_kind = |kind| sample.iter().filter(|i| i.kind == kind).map(|i| &*i.name).collect::<Vec<_>>();
    assert_eq!(of_kind(Physical), ["enp5s0", "enp6s0", "wlp3s0", "hv0", "port0"]);
    assert_eq!(of_kind(Loopback), ["lo"]);
    assert_eq!(of_kind(Virtual).len(), 11);
    assert_eq!((sample[7].received, sample[7].sent), (10, 20));
}

/// As the kernel names ports (`devlink_port_phys_port_name_get`): those of functions, and those that lead out.
#[test]
fn a_port_to_a_function_of_a_card_is_told_from_one_that_leads_out() {
    for port in ["pf0vf1", "pf0sf8", "c1pf0", "c1pf0vf2", "c12pf0sf88", "pf1"] {
        assert!(stands_for_a_function(port), "{port}");
    }
    for port in ["p0", "p1s0", "", "c1", "pfx", "1", "c1p0"] {
        assert!(!stands_for_a_function(port), "{port}");
    }
}

/// As in a container: the default routes' interfaces count, and only where no interface has a device.
#[test]
fn where_nothing_has_a_device_its_ways_out_count() {
    let root = tree();
    let (proc, sys) = (root.path().join("proc"), root.path().join("sys"));
    let counted = |names: &[&str]| -> Vec<String> {
        write(&root, names);
        let sample = Network::new(&proc, &sys).read().unwrap();
        sample.iter().filter(|one| one.kind == Physical).map(|one| one.name.to_string()).collect()
    };
    let bare = ["lo", "tun0", "veth12ab", "docker0", "wg0"];
    assert_eq!(counted(&bare), [""; 0], "there are no routes");
    let ipv4 = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                veth12ab\t00000000\t0100D50A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                tun0\t00000000\t0100D50A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n\
                docker0\t0000D60A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
    std::fs::write(proc.join("net/route"), ipv4).unwrap();
    assert_eq!(counted(&bare), ["veth12ab"]);
    let nowhere = "0".repeat(32);
    let route = |to: &str, length: &str, name: &str| {
        format!("{to} {length} {nowhere} 00 {nowhere} 00000400 00000001 00000000 00000003 {name:>8}\n")
    };
    let ipv6 = [route(&nowhere, "00", "wg0"), route(&nowhere, "00", "lo"), route(&nowhere, "80", "docker0")].concat();
    std::fs::write(proc.join("net/ipv6_route"), ipv6).unwrap();
    assert_eq!(counted(&bare), ["veth12ab", "wg0"]);
    assert_eq!(counted(&["lo", "veth12ab", "wlp3s0"]), ["wlp3s0"]);
}

/// Or else a driver that takes long would make a rate of many seconds one of a few.
#[test]
fn counters_are_of_the_moment_after_what_may_wait() {
    let root = tree();
    write(&root, &["enp5s0"]);
    let mut network = Network::new(&root.path().join("proc"), &root.path().join("sys"));
    network.read().unwrap();
    let speed = root.path().join("sys/class/net/enp5s0/speed");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &speed,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    (network.changed, network.links_at) = (true, Duration::ZERO);
    let dev = root.path().join("proc/net/dev");
    let driver = std::thread::spawn(move || {
        // Opens as soon as the other end is read.
        let mut answer = std::fs::File::options().write(true).open(speed).unwrap();
        std::fs::write(dev, format!("{HEADER}{}", line("enp5s0", 1_000, 2_000))).unwrap();
        std::io::Write::write_all(&mut answer, b"100\n").unwrap();
    });
    let sample = network.read().unwrap();
    driver.join().unwrap();
    assert_eq!((sample[0].received, sample[0].sent, sample[0].link.speed), (1_000, 2_000, Ok(100_000_000)));
}

/// Scripts that put a bridge in an interface's place do so.
#[test]
fn one_that_takes_the_name_of_another_is_taken_for_itself() {
    let root = tree();
    let class = root.path().join("sys/class/net");
    let number =
        |name: &str, index: u32| std::fs::write(class.join(name).join("ifindex"), format!("{index}\n")).unwrap();
    number("enp5s0", 2);
    number("veth12ab", 9);
    write(&root, &["enp5s0", "veth12ab"]);
    let mut network = Network::new(&root.path().join("proc"), &root.path().join("sys"));
    let sample = network.read().unwrap();
    assert_eq!((sample[0].index, sample[0].kind), (2, Physical));
    for (from, to) in [("enp5s0", "away"), ("veth12ab", "enp5s0"), ("away", "veth12ab")] {
        std::fs::rename(class.join(from), class.join(to)).unwrap();
    }
    assert!(network.renamed(), "as the kernel announces it");
    network.look_at_links(true);
    let sample = network.read().unwrap();
    assert_eq!((sample[0].index, sample[0].kind), (9, Virtual));
    assert_eq!((sample[1].index, sample[1].kind), (2, Physical));
}

#[test]
fn interfaces_come_and_go() {
    let root = tree();
    let mut network = Network::new(&root.path().join("proc"), &root.path().join("sys"));
    write(&root, &["lo", "enp5s0"]);
    assert_eq!(network.read().unwrap().len(), 2);
    write(&root, &["lo", "veth12ab"]);
    assert_eq!(network.read().unwrap()[1].kind, Virtual);
    assert_eq!(network.known.iter().count(), 2, "what is gone is forgotten");
    // the same name comes back as another device
    write(&root, &["lo"]);
    network.read().unwrap();
    std::fs::create_dir(root.path().join("sys/class/net/veth12ab/device")).unwrap();
    write(&root, &["lo", "veth12ab"]);
    assert_eq!(network.read().unwrap()[1].kind, Physical);
}

#[test]
fn speed_and_state_come_from_sys_and_a_link_without_a_speed_says_why() {
    let root = tree();
    let class = root.path().join("sys/class/net");
    // virtio's driver knows no speed; a Wi-Fi's file can't be read at all, up or down.
    for (name, speed, state) in [
        ("enp5s0", Some("2500\n"), "up\n"),
        ("enp6s0", Some("-1\n"), "down\n"),
        ("hv0", Some("-1\n"), "up\n"),
        ("wlp3s0", None, "up\n"),
        ("vf0", None, "lowerlayerdown\n"),
    ] {
        std::fs::write(class.join(name).join("operstate"), state).unwrap();
        if let Some(speed) = speed {
            std::fs::write(class.join(name).join("speed"), speed).unwrap();
        }
    }
    write(&root, &["enp5s0", "enp6s0", "hv0", "wlp3s0", "vf0", "tun0"]);
    let sample = Network::new(&root.path().join("proc"), &root.path().join("sys")).read().unwrap();
    let links: Vec<_> = sample.iter().map(|one| (one.link.speed, one.link.state.as_deref().map_err(|e| *e))).collect();
    assert_eq!(
        links,
        [
            (Ok(2_500_000_000), Ok("up")),
            (Err(Reason::LinkDown), Ok("down")),
            (Err(Reason::Unsupported), Ok("up")),
            (Err(Reason::Unsupported), Ok("up")),
            (Err(Reason::LinkDown), Ok("lowerlayerdown")),
            (Err(Reason::Unsupported), Err(Reason::Unsupported)),
        ]
    );
}

#[test]
fn this_machines_lo_has_its_address() {
    let sample = Network::new(Path::new("/proc"), Path::new("/sys")).read().unwrap();
    let lo = sample.iter().find(|interface| &*interface.name == "lo").unwrap();
    assert!(lo.link.addresses.iter().any(|address| address == "127.0.0.1/8"), "{:?}", lo.link.addresses);
}

#[test]
fn without_sys_the_names_decide() {
    let nowhere = Path::new("/nonexistent");
    for (name, expected) in [
        ("lo", Loopback),
        ("eth0", Physical),
        ("enp1s0", Physical),
        ("wlan0", Physical),
        ("veth1", Virtual),
        ("docker0", Virtual),
        ("br-1f", Virtual),
        ("tap0", Virtual),
    ] {
        assert_eq!(kind(nowhere, name), expected, "{name}");
    }
}

#[test]
fn a_crowded_line_an_alias_and_a_foreign_shape() {
    let bytes = |line: &'static str| parse_line(line).map(|stat| (stat.name, stat.received, stat.sent)).unwrap();
    assert_eq!(bytes("eth0:18446744073709551615 1 2 3 4 5 6 7 9 1 2 3 4 5 6 7"), ("eth0", u64::MAX, 9));
    assert_eq!(bytes(" eth0:1: 5 1 2 3 4 5 6 7 9 1 2 3 4 5 6 7"), ("eth0:1", 5, 9));
    let stat = parse_line("eth0: 5 10 2 3 4 5 6 7 9 20 1 4 0 0 0 0").unwrap();
    assert_eq!((stat.packets_received, stat.packets_sent, stat.errors, stat.drops), (10, 20, 3, 7));
    for line in ["eth0", "eth0: 1 2 3", "eth0: x 1 2 3 4 5 6 7 8"] {
        assert_eq!(parse_line(line).unwrap_err().found, line);
    }
}

#[test]
fn this_machines_counters_are_those_of_sys() {
    let sample = Network::new(Path::new("/proc"), Path::new("/sys")).read().unwrap();
    let lo = sample.iter().find(|interface| &*interface.name == "lo").unwrap();
    assert_eq!(lo.kind, Loopback);
    let later: u64 = std::fs::read_to_string("/sys/class/net/lo/statistics/rx_bytes").unwrap().trim().parse().unwrap();
    assert!(later >= lo.received);
}

proptest! {
    #[test]
    fn no_text_panics(line in "([a-z]{0,9}:?( ?[0-9]{1,21}){0,17}|.{0,60})") {
        let _ = parse_line(&line);
    }
}

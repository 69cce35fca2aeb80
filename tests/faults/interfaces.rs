//! Network interfaces come, go, and come back under the same name: the list follows, and no rate is ever impossible. And
//! in a container, where nothing has a device, its way out is counted.

use serde_json::Value;

use crate::common::agent::{LINE, NO_GPUS, parse};
use crate::common::process::Group;
use crate::common::{among_others, built, namespace};

const SCRIPT: &str = "
    mount -t sysfs none /sys
    up() { ip link add veth-t type veth peer name veth-p && ip link set veth-t up && ip link set veth-p up; }
    \"$0\" watch --interval 0.5 --channels network &
    read -r _; up
    read -r _; ip link del veth-t
    read -r _; up
    wait";

/// A network whose one way out is one end of a pair, as that of a container; within it the way to another, and a pair of its own.
const CONTAINER: &str = "set -e
    mount -t sysfs none /sys
    unshare --net sleep infinity & outside=$!
    trap \"kill $outside\" EXIT
    while [ /proc/$outside/ns/net -ef /proc/self/ns/net ]; do :; done
    for pair in eth0:10.213.0.2/24 cali0:169.254.1.1/32; do
        ip link add ${pair%%:*} type veth peer name out-${pair%%:*}
        ip link set out-${pair%%:*} netns $outside
        ip address add ${pair#*:} dev ${pair%%:*}
        ip link set ${pair%%:*} up
    done
    ip route add default via 10.213.0.1
    ip link add here type veth peer name there
    ip address add 10.214.0.1/24 dev here
    \"$0\" watch --interval 0.5 --channels network --count 3";

/// Runs a script with the agent as `$0`, in a network of its own.
fn in_a_network(script: &str) -> Group {
    let agent = built("telltale-agent");
    namespace::start(&["--mount", "--net"], script, &[agent.to_str().unwrap()], |command| {
        command.envs(NO_GPUS);
    })
}

#[test]
fn in_a_container_its_way_out_is_counted() {
    let _turn = among_others();
    let mut group = in_a_network(CONTAINER);
    let lines = group.lines();
    let last = std::iter::from_fn(|| lines.next(LINE)).last();
    let line = parse(&last.unwrap_or_else(|| panic!("{}", group.errors())));
    let counted: Vec<&Value> = line["interfaces"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["kind"] == "physical")
        .map(|one| &one["name"])
        .collect();
    assert_eq!(counted, ["eth0"], "{line:#}");
    assert!(line["upload_rate"].is_number() && line["download_rate"].is_number(), "{line:#}");
}

#[test]
fn an_interface_that_comes_goes_and_comes_back_makes_no_impossible_rate() {
    let _turn = among_others();
    let mut group = in_a_network(SCRIPT);
    let lines = group.lines();
    let (mut seen, mut most) = (0, 0.0f64);
    let mut until = |what: &str, wanted: &dyn Fn(Option<&Value>) -> bool| {
        for _ in 0..40 {
            let line = parse(&lines.next(LINE).expect("the agent runs"));
            let all = line["interfaces"].as_array().unwrap();
            for rate in all
                .iter()
                .flat_map(|one| [&one["upload_rate"], &one["download_rate"], &one["upload_packets"], &one["errors"]])
            {
                seen += 1;
                most = most.max(rate.as_f64().unwrap_or(0.0));
                assert!(rate.is_null() || rate.as_f64().is_some_and(|rate| (0.0..1e9).contains(&rate)), "{line:#}");
            }
            let found = all.iter().find(|one| one["name"] == "veth-t");
            if let Some(found) = found.filter(|found| found["upload_rate"].is_null()) {
                let why = &line["missing"]["interfaces/veth-t/upload_rate"];
                assert!(why == "starting" || why == "counter_reset", "{found:#} {why}");
            }
            if wanted(found) {
                return;
            }
        }
        panic!("waited in vain until {what}");
    };
    until("the agent prints", &|found| found.is_none());
    for step in ["it is there", "it is gone", "it is back"] {
        group.input("\n");
        let gone = step == "it is gone";
        until(step, &|found| found.map_or(gone, |one| !gone && one["upload_rate"].is_number()));
    }
    println!("{seen} rates, none negative, the largest {most:.0}");
}

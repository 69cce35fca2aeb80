//! Network interfaces come, go, and come back under the same name: the list follows, and no rate is ever impossible.

use serde_json::Value;

use crate::common::agent::{LINE, NO_GPUS, parse};
use crate::common::{among_others, built, namespace};

const SCRIPT: &str = "
    mount -t sysfs none /sys
    up() { ip link add veth-t type veth peer name veth-p && ip link set veth-t up && ip link set veth-p up; }
    \"$0\" watch --interval 0.5 --channels network &
    read -r _; up
    read -r _; ip link del veth-t
    read -r _; up
    wait";

#[test]
fn an_interface_that_comes_goes_and_comes_back_makes_no_impossible_rate() {
    let _turn = among_others();
    let agent = built("telltale-agent");
    let mut group = namespace::start(&["--mount", "--net"], SCRIPT, &[agent.to_str().unwrap()], |command| {
        command.envs(NO_GPUS);
    });
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

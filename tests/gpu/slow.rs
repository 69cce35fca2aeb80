//! Several GPUs that take long to answer, and one of them that does not.

use serde_json::{Value, json};

use super::{Driver, devices, is_as_described, others_go_on, run};
use crate::common::agent::parse;
use crate::common::among_others;

/// Opening NVML and reading eight devices takes longer than a tick waits: the last tick is done once they are in. The second
/// does not wait for them at all, and is not yet one before which they are asked.
#[test]
fn the_last_tick_of_a_count_has_the_figures_of_devices_that_answer_slowly() {
    let _turn = among_others();
    let script = format!("latency = 1ms\n{}", devices(8, 0, "ok"));
    for (interval, count) in [("10", 1), ("5", 2)] {
        let ticks = count.to_string();
        let output = run(&script, &["watch", "--interval", interval, "--count", &ticks, "--channels", "gpu"]);
        let lines = String::from_utf8(output.stdout).unwrap();
        for device in 0..8 {
            let of_it = lines.lines().map(parse).filter(|line| is_as_described(line, device)).count();
            assert_eq!(of_it, count, "GPU-{device}: {lines}");
        }
    }
}

/// Its call keeps a thread for itself: another one reads the rest, and no second call goes into it.
#[test]
fn one_of_eight_hangs_the_others_are_read_on_and_it_comes_back() {
    let _turn = among_others();
    let driver = Driver::start(&devices(8, 2, "ok"), "gpu");
    let third = |line: &Value| line["gpu_id"] == "GPU-2";
    driver.until("it is there", |line| is_as_described(line, 2));
    driver.becomes(&devices(8, 2, "hang"));
    let hung = driver.until("it is said", |line| third(line) && line["utilization"].is_null());
    assert_eq!((&hung["missing"]["temperature"], &hung["name"]), (&json!("not_answering"), &json!("Number 2")));
    others_go_on(&driver, &hung);
    driver.becomes(&devices(8, 2, "ok"));
    driver.until("it is back", |line| is_as_described(line, 2));
    driver.until("and so are the others", |line| is_as_described(line, 7));
}

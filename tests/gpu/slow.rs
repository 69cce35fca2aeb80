//! Several GPUs that take long to answer, and one of them that does not.

use serde_json::json;

use super::{Driver, devices, is_as_described, one_of_eight_goes_and_comes_back, run};
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

/// Starting NVML takes longer than all ticks that were asked for: the count ends with the first line, not without one.
#[test]
fn a_count_does_not_end_before_a_gpu_that_starts_slowly_has_a_line() {
    let _turn = among_others();
    let script = format!("latency = 130ms\n{}", devices(1, 0, "ok"));
    let output = run(&script, &["watch", "--interval", "0.5", "--count", "1", "--channels", "gpu"]);
    let lines: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(parse).collect();
    assert!(lines.len() == 1 && is_as_described(&lines[0], 0), "{lines:?}");
}

#[test]
fn so_has_a_single_tick_where_one_of_them_is_asked_for_alone() {
    let _turn = among_others();
    let script = format!("latency = 1ms\n{}", devices(8, 0, "ok"));
    let output = run(&script, &["watch", "--interval", "10", "--count", "1", "--channels", "gpu/GPU-5"]);
    let lines: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(parse).collect();
    assert!(lines.len() == 1 && is_as_described(&lines[0], 5), "{lines:?}");
}

/// Its call keeps a thread for itself: another one reads the rest, and no second call goes into it.
#[test]
fn one_of_eight_hangs_the_others_are_read_on_and_it_comes_back() {
    let _turn = among_others();
    one_of_eight_goes_and_comes_back("hang", "not_answering");
}

/// Who starts it then looks for the one that hangs.
#[test]
fn one_that_hangs_from_the_start_hides_no_other() {
    let _turn = among_others();
    let driver = Driver::start(&devices(3, 1, "hang"), "gpu");
    driver.until("the first is there", |line| is_as_described(line, 0));
    driver.until("and the last", |line| is_as_described(line, 2));
    let hangs = driver.until("the other is said to hang", |line| line["index"] == 1);
    assert_eq!((&hangs["missing"]["temperature"], &hangs["name"]), (&json!("not_answering"), &json!("GPU 1")));
    driver.becomes(&devices(3, 1, "ok"));
    driver.until("it is back", |line| is_as_described(line, 1));
}

//! A link below what it can be, while the GPU works: told beside the headline, and never of one that saves power.

use super::*;

#[test]
fn a_slow_link_stands_beside_the_headline_with_what_it_is_and_could_be() {
    let slow = Moment { pcie_generation: Some(1.0), pcie_width: Some(4.0), ..AT_WORK };
    let expected = Finding::SlowLink {
        percent: 10.0,
        utilization: 80.0,
        generation: Some(1.0),
        generation_max: Some(4.0),
        width: Some(4.0),
        width_max: Some(16.0),
    };
    let found = first(10, slow);
    assert!(matches!(found.headline, Finding::RunningFree { .. }), "what it cost is not known: {found:#?}");
    assert_eq!(found.also, [expected]);
    assert!(runs_free(&first(9, slow)));
    let short = verdict(&moments(40, |at| Moment { seconds: 0.5, ..if at < 19 { slow } else { AT_WORK } }));
    assert!(runs_free(&short), "half of the time, but only 9.5 s of it: {short:#?}");
}

/// A desktop on a GPU that saves power.
const IN_P8: Moment = Moment { utilization: Some(60.0), sm_clock: Some(210.0), pcie_generation: Some(1.0), ..AT_WORK };

#[test]
fn each_part_of_a_link_counts_by_itself_and_only_while_the_gpu_works() {
    let at_4 = Moment { pcie_width: Some(4.0), ..AT_WORK };
    for (case, then, expected) in [
        ("fewer lanes", at_4, true),
        ("a lower generation", Moment { pcie_generation: Some(3.0), ..AT_WORK }, true),
        ("fewer lanes, generation unknown", Moment { pcie_generation: None, ..at_4 }, true),
        ("hardly busy enough", Moment { utilization: Some(50.0), ..at_4 }, true),
        ("less: it saves power", Moment { utilization: Some(49.9), pcie_generation: Some(1.0), ..at_4 }, false),
        ("a clock that saves power, and its link with it", IN_P8, false),
        ("lanes that are missing all the same", Moment { pcie_width: Some(4.0), ..IN_P8 }, true),
        ("half the clock", Moment { sm_clock: Some(1_372.5), ..IN_P8 }, true),
        ("a clock without a maximum", Moment { sm_clock_max: None, ..IN_P8 }, true),
        ("utilization unknown", Moment { utilization: None, ..at_4 }, false),
        ("the maximum unknown", Moment { pcie_width_max: None, ..at_4 }, false),
        ("more than was said to be the maximum", Moment { pcie_generation: Some(5.0), ..AT_WORK }, false),
    ] {
        let found = first(60, then);
        assert_eq!(
            found.also.iter().any(|one| matches!(one, Finding::SlowLink { .. })),
            expected,
            "{case}: {found:#?}"
        );
    }
}

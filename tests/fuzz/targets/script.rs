//! The simulated driver's script: any text is a script or an error that names its line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nvml_sim::script::Script;

fuzz_target!(|text: &str| {
    if let Err(error) = Script::parse(text) {
        assert!(error.line >= 1 && error.line <= text.lines().count().max(1), "{error}");
    }
});

//! The processors' files: /proc/stat, load averages, pressure, a clock and a sensor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telltale_core::source::cpu::Cpu;
use telltale_fuzz::{Tree, twice};

fuzz_target!(|data: &[u8]| {
    let tree = Tree::new(&["stat", "loadavg", "pressure/cpu", "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "class/hwmon/hwmon0/name", "class/hwmon/hwmon0/temp1_input"]);
    twice(&tree, &mut Cpu::new(&tree.root(), &tree.root()), data);
});

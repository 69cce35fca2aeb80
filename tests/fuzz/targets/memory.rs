//! The memory's files: meminfo, vmstat, pressure, zram, and a cgroup's limit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telltale_core::source::memory::Memory;
use telltale_fuzz::{Tree, twice};

fuzz_target!(|data: &[u8]| {
    let tree = Tree::new(&["meminfo", "vmstat", "pressure/memory", "block/zram0/mm_stat", "self/cgroup", "fs/cgroup/memory.max", "fs/cgroup/memory.current"]);
    twice(&tree, &mut Memory::new(&tree.root(), &tree.root()), data);
});

//! The disks' files: diskstats, pressure, what a disk is, and what is mounted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telltale_core::source::disk::Disk;
use telltale_fuzz::{Tree, twice};

fuzz_target!(|data: &[u8]| {
    let tree = Tree::new(&["diskstats", "pressure/io", "block/sda/size", "block/sda/device/model", "self/mountinfo"]);
    twice(&tree, &mut Disk::new(&tree.root(), &tree.root()), data);
});

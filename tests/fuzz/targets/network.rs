//! The network's files: /proc/net/dev, and what an interface is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telltale_core::source::network::Network;
use telltale_fuzz::{Tree, twice};

fuzz_target!(|data: &[u8]| {
    let tree = Tree::new(&["net/dev", "class/net/eth0/speed", "class/net/eth0/operstate"]);
    twice(&tree, &mut Network::new(&tree.root(), &tree.root()), data);
});

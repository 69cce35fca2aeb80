//! The .deb on a clean system: installed with apt, used, and removed again.

use super::package;
use super::root::Root;
use crate::common::agent::parse;
use crate::common::among_others;

#[test]
fn apt_installs_it_with_all_that_it_needs_and_removes_it_without_a_trace() {
    let _turn = among_others();
    let root = Root::new();
    let files = || root.output("find", &["/usr", "/etc", "-xdev", "-name", "*telltale*"]);
    assert_eq!(files(), "");
    root.install(&package("deb"));
    assert_eq!(root.output("dpkg", &["--verify", "telltale"]), "");

    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(root.output("telltale", &["--version"]), format!("telltale {version}\n"));
    assert_eq!(root.output("telltale-agent", &["--version"]), format!("telltale-agent {version}\n"));
    let snapshot = parse(&root.output("telltale-agent", &["snapshot", "--json"]));
    assert!(snapshot["memory"]["ram_used"].as_u64() > Some(0), "{snapshot:#}");

    root.output("apt-get", &["purge", "--yes", "telltale"]);
    assert_eq!(files(), "");
}

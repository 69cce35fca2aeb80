//! What the whole-program tests share: the programs under test, what they are run with, and turns on a small machine.

pub(crate) mod agent;
pub(crate) mod desktop;
pub(crate) mod namespace;
pub(crate) mod panel;
pub(crate) mod process;
pub(crate) mod screen;
#[path = "../../src-tauri/core/src/source/gpu/drm/fixtures/tree.rs"]
mod tree;
pub(crate) mod until;

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Tests that load the machine on purpose would disturb any other, and be disturbed by it.
static MACHINE: RwLock<()> = RwLock::new(());

/// Every test but those that take [`alone`] holds this while it runs.
pub(crate) fn among_others() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// No other test of this binary runs while this is held.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file that `cargo build --workspace` puts beside this test's `deps/`: a program or a library.
pub(crate) fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build --workspace` first", path.display());
    path
}

/// Puts kinds of GPUs under `sys` as the kernel has them in /sys, by the names of their trees.
pub(crate) fn plant_gpus(trees: &[&str], sys: &Path) {
    let fixtures = root().join("src-tauri/core/src/source/gpu/drm/fixtures");
    for name in trees {
        tree::plant(&std::fs::read_to_string(fixtures.join(name).with_extension("tree")).unwrap(), sys);
    }
}

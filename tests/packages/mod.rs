//! What users install, made by `tauri bundle --debug` from the very programs that the other tests run.
//!
//! `make test` makes both packages between building and testing: bundling writes to the app's binary for a moment, which
//! no other test may see. A release is made by the same configuration and script, from optimized programs.

mod contents;
mod installed;
mod root;
mod service;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::common::built;
use crate::common::process::output;

/// The package of this version, made of the programs that stand beside it now.
fn package(kind: &str) -> PathBuf {
    let folder = built("telltale").with_file_name("bundle").join(kind);
    let version = env!("CARGO_PKG_VERSION");
    let found = std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()).find(|path| {
        path.extension().is_some_and(|extension| extension == kind) && path.to_string_lossy().contains(version)
    });
    found.unwrap_or_else(|| panic!("no package in {}: run `make test-bundles` first", folder.display()))
}

/// The .deb's files, unpacked once for all tests, in the place of those of the run before: nothing is dropped that lasts as
/// long as the program.
fn unpacked() -> &'static Path {
    static FILES: OnceLock<PathBuf> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unpacked");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        output("dpkg-deb", &["--extract", package("deb").to_str().unwrap(), folder.to_str().unwrap()]);
        let agent = std::fs::read(folder.join("usr/bin/telltale-agent")).unwrap();
        assert!(agent == std::fs::read(built("telltale-agent")).unwrap(), "the package is older: `make test-bundles`");
        folder
    })
}

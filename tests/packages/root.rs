//! A clean system to install a package in: the smallest of this distribution, thrown away with its test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::common::process::{Group, output};
use crate::common::root as repository;

/// Making the base takes a minute, and several on a busy machine. It happens once.
const MADE: Duration = Duration::from_mins(15);

/// Dropped, its mounts go with the process that holds them.
pub(super) struct Root {
    holder: Group,
    work: TempDir,
}

impl Root {
    pub(super) fn new() -> Self {
        assert_eq!(output("id", &["-u"]).trim(), "0", "a root to install in can be made by root alone");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let work = tempfile::tempdir_in(folder).unwrap();
        let mut holder = Group::start("unshare", |command| {
            command.arg("--mount").arg(repository().join("tests/packages/clean-root.sh"));
            command.arg(folder.join("clean-root")).arg(work.path()).stdout(Stdio::piped());
        });
        assert_eq!(holder.lines().next(MADE).as_deref(), Some("ready"), "a root is made");
        Self { holder, work }
    }

    /// A program and its arguments that run one in there, as the same process, so that it can be signalled and waited for.
    pub(super) fn inside<'a>(&self, program: &'a str, arguments: &[&'a str]) -> (&'static str, Vec<String>) {
        let namespace = format!("--mount=/proc/{}/ns/mnt", self.holder.id());
        let root = self.work.path().join("root");
        let words = [&namespace, "--", "chroot", root.to_str().unwrap(), program];
        ("nsenter", words.iter().chain(arguments).map(|word| (*word).to_owned()).collect())
    }

    /// Runs a program in there to its end.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let (enter, words) = self.inside(program, arguments);
        let mut command = Command::new(enter);
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        command.output().unwrap()
    }

    /// [`Root::run`] for a program that succeeds: what it printed.
    pub(super) fn output(&self, program: &str, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.run(program, arguments);
        let (said, why) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{program} {arguments:?}: {status}: {said}{why}");
        said.into_owned()
    }

    /// Installs a package as a user does, with what it depends on and nothing else.
    pub(super) fn install(&self, package: &Path) {
        let inside: PathBuf = self.work.path().join("root/var/tmp").join(package.file_name().unwrap());
        // Through the holder's eyes: the root is mounted nowhere else.
        let inside = format!("/proc/{}/root{}", self.holder.id(), inside.display());
        std::fs::copy(package, inside).unwrap();
        self.output("apt-get", &["update", "--quiet"]);
        let file = format!("/var/tmp/{}", package.file_name().unwrap().to_str().unwrap());
        self.output("apt-get", &["install", "--yes", "--quiet", "--no-install-recommends", &file]);
    }
}

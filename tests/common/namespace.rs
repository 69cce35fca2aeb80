//! Programs in namespaces of their own, where a test may mount, hide and unplug what it likes.

use std::process::{Command, Stdio};

use super::process::Group;

/// Starts `sh -c script` with `unshare` and these options. In the script, `$0`, `$1`, … are `arguments`. Stdin, stdout and
/// stderr are piped.
pub(crate) fn start(options: &[&str], script: &str, arguments: &[&str], configure: impl FnOnce(&mut Command)) -> Group {
    Group::start("unshare", |command| {
        command.args(self::options(options)).args(["sh", "-c", script]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        configure(command);
    })
}

/// These options of `unshare`; who is not root becomes root of a namespace of users, where the system lets them.
pub(crate) fn options<'a>(options: &[&'a str]) -> Vec<&'a str> {
    let user: &[&str] = if is_root() { &[] } else { &["--user", "--map-root-user"] };
    [user, options].concat()
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

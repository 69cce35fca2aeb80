//! Programs in namespaces of their own, where a test may mount, hide and unplug what it likes.

use std::fs;
use std::path::Path;
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

/// What a script begins with whose `$1` is a folder that is to stand in the place of /sys.
pub(crate) const IN_ITS_OWN_SYS: &str = "mount --bind \"$1\" /sys || exit 1;";

/// Writes into a folder that stands for /sys what the kernel says of the sleep of the machine's one GPU, NVIDIA's.
pub(crate) fn gpu_power(sys: &Path, status: &str) {
    let device = sys.join("bus/pci/devices/0000:01:00.0");
    if !device.is_dir() {
        fs::create_dir_all(device.join("power")).unwrap();
        for (file, text) in [("vendor", "0x10de"), ("class", "0x030200"), ("power/control", "auto")] {
            fs::write(device.join(file), text).unwrap();
        }
    }
    fs::write(device.join("power/runtime_status"), status).unwrap();
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

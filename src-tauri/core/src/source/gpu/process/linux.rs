//! Processes in `/proc` (proc(5)).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{About, LONGEST, container, printable, program, user};

/// The PID namespace of the machine itself, in which every process is seen (kernel: `include/linux/proc_ns.h`,
/// `PROC_PID_INIT_INO`).
const WHOLE_MACHINE: &str = "pid:[4026531836]";

/// Whether only a part of the machine's processes can be seen here: those of a container.
pub(crate) fn is_contained(proc: &Path) -> bool {
    fs::read_link(proc.join("self/ns/pid")).is_ok_and(|namespace| namespace != Path::new(WHOLE_MACHINE))
}

/// The users that have names here. Those of a directory service are not listed: they are shown by number.
pub(super) fn users() -> String {
    text(Path::new("/etc/passwd")).unwrap_or_default()
}

/// What `proc` (normally `/proc`) shows of a process.
pub(super) fn about(proc: &Path, users: &str, pid: u32) -> About {
    let folder = proc.join(pid.to_string());
    let comm = || Some(text(&folder.join("comm"))?.trim().to_owned());
    About {
        name: fs::read(folder.join("cmdline")).ok().and_then(|arguments| program(&arguments)).or_else(comm),
        user: fs::metadata(&folder).ok().map(|folder| user(users, folder.uid())),
        container: text(&folder.join("cgroup")).and_then(|cgroup| container(&cgroup)),
    }
    .printable()
}

/// The program's file, or how it calls itself where it is another user's: neither is read from the memory of the process.
pub(in super::super) fn program_at_once(proc: &Path, pid: u32) -> Option<String> {
    let folder = proc.join(pid.to_string());
    let file = fs::read_link(folder.join("exe")).ok();
    let file = file.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    // One that was updated while it runs.
    let file = file.map(|name| name.trim_end_matches(" (deleted)").to_owned());
    let name = file.or_else(|| Some(text(&folder.join("comm"))?.trim().to_owned()))?;
    Some(printable(&name).chars().take(LONGEST).collect())
}

/// Names may be in any encoding, and `comm` is cut off within a letter.
fn text(path: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen_and_one_that_is_gone_is_not() {
        let (proc, users) = (Path::new("/proc"), users());
        let this = about(proc, &users, std::process::id());
        let file = program_at_once(proc, std::process::id());
        assert!([this.name, file].into_iter().flatten().filter(|name| name.starts_with("telltale")).count() == 2);
        assert!(this.user.is_some() && program_at_once(proc, u32::MAX).is_none());
        assert_eq!(about(proc, &users, u32::MAX), About::default());
    }

    #[test]
    fn a_name_is_text_and_no_order_to_a_terminal() {
        let proc = tempfile::tempdir().unwrap();
        let folder = proc.path().join("7");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("cmdline"), "job\x1b]0;owned\x07\nGPU 0\u{202e}\0--token=secret\0").unwrap();
        fs::write(folder.join("cgroup"), "0::/lxc.payload.a\x1b[2J/init.scope").unwrap();
        let about = about(proc.path(), "", 7);
        assert_eq!(about.name.as_deref(), Some("job\u{fffd}]0;owned\u{fffd}\u{fffd}GPU 0\u{fffd}"));
        assert_eq!(about.container.as_deref(), Some("lxc a\u{fffd}[2J"));
        fs::write(folder.join("cmdline"), "").unwrap();
        for (comm, name) in
            [(b"job\x1b[2J\n", "job\u{fffd}[2J"), (b"trainer \xe8\xa8\n", "trainer \u{fffd}")] as [(&[u8], _); 2]
        {
            fs::write(folder.join("comm"), comm).unwrap();
            assert_eq!(super::about(proc.path(), "", 7).name.as_deref(), Some(name));
            assert_eq!(program_at_once(proc.path(), 7).as_deref(), Some(name));
        }
        std::os::unix::fs::symlink("/opt/Render er\u{202e} (deleted)", folder.join("exe")).unwrap();
        assert_eq!(program_at_once(proc.path(), 7).as_deref(), Some("Render er\u{fffd}"));
    }
}

//! Who a process on a GPU is: its program, its user, its container. Its environment is never read, and of its arguments
//! only the script that an interpreter runs, since arguments hold secrets.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "portable.rs")]
mod platform;

use std::path::Path;

use platform::{about, users};

pub(crate) use platform::is_contained;
pub(super) use platform::program_at_once;

use crate::gpu_details::GpuProcess;

/// Puts in who these are. It may take long: the kernel reads arguments from the memory of a process, which may be locked
/// (`fork`, `mmap` of a file whose server is gone) or swapped out. So no device is held meanwhile.
pub(super) fn name(proc: &Path, processes: &mut [GpuProcess]) {
    let users = users();
    for process in processes {
        let About { name, user, container } = about(proc, &users, process.pid);
        (process.name, process.user, process.container) = (name, user, container);
    }
}

/// What can be seen of a process; each by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct About {
    /// The program, and the script that it runs where it is an interpreter.
    name: Option<String>,
    /// Whose it is.
    user: Option<String>,
    /// Kind and id or name of its container.
    container: Option<String>,
}

impl About {
    /// The same without what would be more than text where it is printed.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing to read elsewhere"))]
    fn printable(self) -> Self {
        let [name, container] = [self.name, self.container].map(|text| text.as_deref().map(printable));
        Self { name, container, ..self }
    }
}

/// A program may call itself anything, and terminals and trays take control characters as orders, and those of directions as
/// how to write the rest of the line.
fn printable(name: &str) -> String {
    let is_order = |one: char| one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.replace(is_order, "\u{fffd}")
}

/// As much of a name as a table has room for.
const LONGEST: usize = 80;

/// A program that is known by what it runs. Options that are not here may take code, or end the options: what follows them is not
/// named.
struct Interpreter {
    name: &'static str,
    /// Letters of options that take no value.
    flags: &'static str,
    /// Letters of options with a value, right behind the letter or in the next argument.
    valued: &'static str,
    /// How options in words begin that have their value, if any, behind `=`.
    long: &'static [&'static str],
    /// Whether `-m` names a module to run.
    modules: bool,
}

const INTERPRETERS: [Interpreter; 7] = [
    Interpreter { name: "python", flags: "bBdEhiIOPqsSuvx", valued: "WX", long: &[], modules: true },
    Interpreter { name: "pypy", flags: "bBdEhiIOPqsSuvx", valued: "WX", long: &[], modules: true },
    Interpreter {
        name: "node",
        flags: "i",
        valued: "r",
        long: &["--max-old-space-size=", "--enable-source-maps", "--import=", "--require="],
        modules: false,
    },
    Interpreter { name: "ruby", flags: "wv", valued: "Ir", long: &[], modules: false },
    Interpreter { name: "perl", flags: "wWtTsUX", valued: "I", long: &[], modules: false },
    Interpreter {
        name: "bash",
        flags: "aefhiklmnptuvxBCEHPT",
        valued: "oO",
        long: &["--norc", "--noprofile"],
        modules: false,
    },
    Interpreter {
        name: "julia",
        flags: "q",
        valued: "tpJL",
        long: &["--project", "--threads=", "--startup-file=", "--check-bounds=", "--heap-size-hint=", "-O"],
        modules: false,
    },
];

impl Interpreter {
    /// That of a program, whose version may stand behind its name.
    fn of(program: &str) -> Option<&'static Self> {
        let is_version =
            |rest: &str| rest == "js" || rest.chars().all(|one| one.is_ascii_digit() || ".dmt".contains(one));
        INTERPRETERS.iter().find(|one| program.strip_prefix(one.name).is_some_and(is_version))
    }

    /// The first argument that is no option, or Python's module by its name (`-m torch.distributed.run`). `None` for code
    /// (`-c …`), for what is read from stdin, and where it is not certain which argument it is.
    fn script<'a>(&self, mut arguments: impl Iterator<Item = &'a str>) -> Option<String> {
        loop {
            let argument = arguments.next()?;
            let Some(letters) = argument.strip_prefix('-') else {
                // Bash takes options off with it.
                return Some(base_name(argument).to_owned()).filter(|script| !script.starts_with('+'));
            };
            if self.long.iter().any(|long| argument.starts_with(long)) {
                continue;
            }
            let known = letters.trim_start_matches(|letter| self.flags.contains(letter));
            let mut rest = known.chars();
            let (letter, rest) = (rest.next(), rest.as_str());
            match letter {
                None if letters.is_empty() => return None,
                None => {}
                Some('m') if self.modules => {
                    let module = if rest.is_empty() { arguments.next()? } else { rest };
                    return Some(format!("-m {module}"));
                }
                Some(letter) if self.valued.contains(letter) && rest.is_empty() => drop(arguments.next()),
                // Bash takes a value from the next argument, whatever letters follow.
                Some(letter) if self.valued.contains(letter) && self.name != "bash" => {}
                Some(_) => return None,
            }
        }
    }
}

/// The program in arguments as `/proc/PID/cmdline` has them (proc(5)); `None` for a thread of the kernel.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing to read elsewhere"))]
fn program(arguments: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(arguments);
    let mut arguments = text.split('\0').filter(|argument| !argument.is_empty());
    let mut first = arguments.next()?.trim();
    // Some programs write all their arguments into the first one; a path may have a dash behind a space itself.
    if arguments.clone().next().is_none() {
        first = first.split(" -").next()?.trim();
    }
    let name = base_name(first);
    let run = Interpreter::of(name).and_then(|interpreter| interpreter.script(arguments));
    let whole = run.map_or_else(|| name.to_owned(), |run| format!("{name} {run}"));
    Some(whole.chars().take(LONGEST).collect()).filter(|name: &String| !name.is_empty())
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The container in a `/proc/PID/cgroup` (cgroups(7)) by the names that the container runtimes give their groups.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing to read elsewhere"))]
fn container(cgroup: &str) -> Option<String> {
    const SCOPES: [(&str, &str); 5] = [
        ("docker-", "docker"),
        ("libpod-", "podman"),
        ("cri-containerd-", "containerd"),
        ("crio-", "cri-o"),
        ("machine-", "machine"),
    ];
    for path in cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2)) {
        let mut parent = "";
        let mut found = None;
        for part in path.split('/') {
            let name = part.trim_end_matches(".scope").trim_end_matches(".service");
            let scope = SCOPES.iter().find_map(|(prefix, kind)| Some((*kind, name.strip_prefix(prefix)?)));
            let named = scope.filter(|(kind, id)| *kind == "machine" || is_id(id));
            let below = match parent {
                "docker" | "lxc" | "kubepods" => Some((parent, name)),
                _ if parent.starts_with("pod") => Some(("kubernetes", name)),
                _ => None,
            };
            let below = below.filter(|(kind, id)| *kind == "lxc" || is_id(id));
            let payload = name.strip_prefix("lxc.payload.").map(|name| ("lxc", name));
            found = named.or(payload).or(below).map(|(kind, id)| format!("{kind} {}", short(id))).or(found);
            parent = name;
        }
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether it is an id as container runtimes make them.
fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The twelve digits that `docker ps` shows.
fn short(id: &str) -> &str {
    if is_id(id) { &id[..12] } else { id }
}

/// The user's name in a text like `/etc/passwd` (passwd(5)), or its number.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing to read elsewhere"))]
fn user(passwd: &str, uid: u32) -> String {
    let number = uid.to_string();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    name.unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_what_it_runs_and_by_no_other_argument() {
        for (arguments, expected) in [
            ("/usr/bin/python3.11\0-u\0/home/mira/train.py\0--token=secret\0", Some("python3.11 train.py")),
            ("python\0-m\0torch.distributed.run\0train.py\0", Some("python -m torch.distributed.run")),
            ("python\0-c\0print('secret')\0", Some("python")),
            ("python3\0-uc\0import secret\0", Some("python3")),
            ("python3\0-IBc\0import secret\0", Some("python3")),
            ("python3\0-\0secret\0", Some("python3")),
            ("python3\0--secret\0secret\0", Some("python3")),
            ("python3.13t\0-W\0ignore\0-Xfaulthandler\0-u\0train.py\0secret\0", Some("python3.13t train.py")),
            ("python\0-um\0torch.distributed.run\0secret\0", Some("python -m torch.distributed.run")),
            ("python\0-mtrainer\0secret\0", Some("python -m trainer")),
            ("nodejs\0--max-old-space-size=8192\0/srv/app.js\0secret\0", Some("nodejs app.js")),
            ("node\0--eval\0secret\0", Some("node")),
            ("node\0--eval=secret\0secret\0", Some("node")),
            ("node_exporter\0secret\0", Some("node_exporter")),
            ("ruby\0-Ilib\0-r\0json\0x.rb\0", Some("ruby x.rb")),
            ("perl\0-wnE\0secret\0", Some("perl")),
            ("bash\0-euo\0pipefail\0run.sh\0secret\0", Some("bash run.sh")),
            ("bash\0-lc\0secret\0", Some("bash")),
            ("bash\0-oe\0pipefail\0run.sh\0", Some("bash")),
            ("bash\0+x\0run.sh\0", Some("bash")),
            ("julia\0-O3\0--startup-file=no\0train.jl\0", Some("julia train.jl")),
            ("node\0--enable-source-maps\0--import=tsx\0app.ts\0", Some("node app.ts")),
            ("bash\0-s\0secret\0", Some("bash")),
            ("julia\0--project=@.\0-t\08\0train.jl\0", Some("julia train.jl")),
            ("julia\0-E\0secret\0", Some("julia")),
            ("python\0", Some("python")),
            ("/usr/lib/xorg/Xorg\0:0\0-auth\0/run/user/secret\0", Some("Xorg")),
            ("/opt/My -Tool/bin/render\0--scene\0a\0", Some("render")),
            ("/opt/google/chrome/chrome --type=gpu-process --key=secret", Some("chrome")),
            ("", None),
        ] {
            assert_eq!(program(arguments.as_bytes()).as_deref(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn a_container_is_named_as_its_runtime_names_the_group() {
        let id = "3f2a9c1b7d40".to_owned() + &"0".repeat(52);
        for (cgroup, expected) in [
            (format!("0::/system.slice/docker-{id}.scope"), Some("docker 3f2a9c1b7d40")),
            (format!("12:devices:/docker/{id}\n0::/"), Some("docker 3f2a9c1b7d40")),
            (format!("0::/user.slice/user-1000.slice/libpod-{id}.scope/container"), Some("podman 3f2a9c1b7d40")),
            (
                format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"),
                Some("containerd 3f2a9c1b7d40"),
            ),
            (format!("4:memory:/kubepods/besteffort/pod0a1b/{id}"), Some("kubernetes 3f2a9c1b7d40")),
            ("0::/lxc.payload.build/init.scope".into(), Some("lxc build")),
            ("0::/machine.slice/machine-debian.scope/payload".into(), Some("machine debian")),
            ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox.scope".into(), None),
            ("0::/system.slice/docker.service".into(), None),
            (String::new(), None),
        ] {
            assert_eq!(container(&cgroup).as_deref(), expected, "{cgroup}");
        }
    }

    #[test]
    fn a_user_without_a_name_is_a_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nmira:x:1000:1000::/home/mira:/bin/zsh\nbroken\n";
        assert_eq!(
            (user(passwd, 1000).as_str(), user(passwd, 0).as_str(), user(passwd, 100).as_str()),
            ("mira", "root", "100")
        );
    }
}

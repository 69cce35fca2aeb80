//! Child processes that never outlive their test, with all that they start themselves.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::until::until_sync;

/// A child in a process group of its own. Dropped, the whole group ends.
pub(crate) struct Group {
    name: String,
    child: Child,
}

impl Group {
    /// Starts `program`, with what `configure` adds. Should this test die without a drop, the child gets SIGTERM.
    pub(crate) fn start(program: impl AsRef<OsStr>, configure: impl FnOnce(&mut Command)) -> Self {
        let name = program.as_ref().to_string_lossy().into_owned();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program).process_group(0);
        configure(&mut command);
        let child = command.spawn().unwrap_or_else(|error| panic!("setpriv (util-linux) {name}: {error}"));
        Self { name, child }
    }

    /// The lines of its piped stdout, as they come.
    pub(crate) fn lines(&mut self) -> Lines {
        let stdout = self.child.stdout.take().expect("stdout is piped and was not taken yet");
        Lines::of(&self.name, stdout)
    }

    /// All of its piped stderr, once it has ended or closed it.
    pub(crate) fn errors(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().expect("stderr is piped").read_to_string(&mut text).unwrap();
        text
    }

    /// Writes to its piped stdin, which stays open.
    pub(crate) fn input(&mut self, text: &str) {
        self.child.stdin.as_mut().expect("stdin is piped").write_all(text.as_bytes()).unwrap();
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `INT`, `TERM`, … to the child alone.
    pub(crate) fn signal(&self, signal: &str) {
        kill(signal, &self.child.id().to_string());
    }

    /// Waits for the child to end by itself.
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        until_sync(&what, limit, || self.child.try_wait().unwrap().ok_or("still running"))
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A negative number is a process group, which may have members left after its first has ended.
        let group = format!("-{}", self.child.id());
        kill("TERM", &group);
        let patience = Instant::now() + Duration::from_secs(2);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
        kill("KILL", &group);
        let _ = self.child.wait();
    }
}

fn kill(signal: &str, target: &str) {
    // It fails where nothing is left to signal, which is as good.
    let _ = Command::new("kill").args(["-s", signal, "--", target]).output();
}

/// Lines read by a thread of their own, so that waiting for one has a limit. Dropped, the pipe closes.
pub(crate) struct Lines {
    name: String,
    lines: Receiver<String>,
}

impl Lines {
    fn of(name: &str, pipe: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { name: name.into(), lines }
    }

    /// A line printed from now on: those that nobody has read yet are left out.
    pub(crate) fn fresh(&self, limit: Duration) -> String {
        self.skip();
        self.next(limit).expect("the program runs on")
    }

    /// Leaves out the lines that nobody has read yet.
    pub(crate) fn skip(&self) {
        while self.lines.try_recv().is_ok() {}
    }

    /// The next line; `None` at the end.
    ///
    /// # Panics
    /// If neither comes within the limit.
    pub(crate) fn next(&self, limit: Duration) -> Option<String> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line from {} within {limit:?}", self.name),
        }
    }
}

/// Runs a program to its end, and fails with its words if it fails.
pub(crate) fn output(program: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; `make test-packages` installs it"));
    assert!(status.success(), "{program} {arguments:?}: {status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// `%CPU` that pidstat (sysstat) measures of these over some seconds, added up.
pub(crate) fn pidstat(processes: &[String], seconds: &str) -> f64 {
    let text =
        output("env", &["LC_ALL=C", "S_TIME_FORMAT=ISO", "pidstat", "-u", "-p", &processes.join(","), seconds, "1"]);
    let heading = text.lines().find(|line| line.contains("%CPU")).unwrap_or_else(|| panic!("{text}"));
    // The heading's line begins with a time or `#`, the averages' with "Average:".
    let place = heading.split_whitespace().rev().position(|word| word == "%CPU").unwrap();
    let average = text.lines().filter(|line| line.starts_with("Average:") && !line.contains("%CPU"));
    average.map(|line| line.split_whitespace().rev().nth(place).unwrap().parse::<f64>().unwrap()).sum()
}

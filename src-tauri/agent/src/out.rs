//! Where figures are printed.

use std::io::{self, Write};

/// stdout, as one that waits. A terminal or a pipe shared with a program that made it non-blocking says that it is full instead,
/// write(2): EAGAIN.
pub(crate) fn stdout() -> impl Write {
    Waiting(io::stdout().lock())
}

struct Waiting(io::StdoutLock<'static>);

impl Write for Waiting {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        until_taken(|| self.0.write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        until_taken(|| self.0.flush())
    }
}

/// What could not be written all at once stays in stdout's own buffer, so asking again loses and repeats nothing.
fn until_taken<T>(mut print: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match print() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_for_room()?,
            printed => return printed,
        }
    }
}

#[cfg(unix)]
fn wait_for_room() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};

    let out = io::stdout();
    let mut out = [PollFd::new(&out, PollFlags::OUT)];
    rustix::io::retry_on_intr(|| poll(&mut out, None))?;
    Ok(())
}

#[cfg(not(unix))]
fn wait_for_room() -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

//! Whether a display server answers, of those that the environment names.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;

use telltale_core::doctor::{Check, State};

const NAME: &str = "display";

/// A check for the display that a window would open on.
pub(super) fn display() -> [Check; 1] {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let folder = set("XDG_RUNTIME_DIR").unwrap_or_default();
    let (shown, answers) = match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (Some(display), _) => {
            let answers = UnixStream::connect(Path::new(&folder).join(&display));
            (format!("WAYLAND_DISPLAY={display}"), answers)
        }
        (None, Some(display)) => {
            let answers = match local_number(&display) {
                Some(number) => connect_to_x(number),
                None => return [Check::new(NAME, State::Fine, format!("DISPLAY={display}, on another machine."))],
            };
            (format!("DISPLAY={display}"), answers)
        }
        (None, None) => {
            let detail = "Neither WAYLAND_DISPLAY nor DISPLAY is set: no window can be opened here.";
            return [Check::new(NAME, State::Warning, detail).advising("telltale-agent needs none.")];
        }
    };
    [match answers {
        Ok(_) => Check::new(NAME, State::Fine, format!("{shown} answers.")),
        Err(error) => Check::new(NAME, State::Broken, format!("{shown} does not answer: {error}.")),
    }]
}

/// The number in `:0`, `:0.0` or `unix:0`; `None` for a display elsewhere. (X(7), "Display names")
fn local_number(display: &str) -> Option<u32> {
    let (host, rest) = display.rsplit_once(':')?;
    let number = rest.split('.').next()?.parse().ok()?;
    matches!(host, "" | "unix").then_some(number)
}

/// Xlib's two ways to a server on this machine.
fn connect_to_x(number: u32) -> io::Result<UnixStream> {
    let path = format!("/tmp/.X11-unix/X{number}");
    UnixStream::connect(&path)
        .or_else(|_| SocketAddr::from_abstract_name(&path).and_then(|address| UnixStream::connect_addr(&address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_of_this_machine_have_a_number() {
        assert_eq!([":0", ":12.0", "unix:1"].map(local_number), [Some(0), Some(12), Some(1)]);
        assert_eq!(["gate:0", "10.0.0.1:0.0", "nonsense", ":x"].map(local_number), [None; 4]);
    }
}

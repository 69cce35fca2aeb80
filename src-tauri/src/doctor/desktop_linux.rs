//! Whether a display server answers, of those that the environment names.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};

use telltale_core::doctor::{Check, State};

const NAME: &str = "display";

/// A display that a window may open on.
#[derive(Debug, PartialEq, Eq)]
enum Server {
    /// Wayland's, by its socket.
    Wayland(PathBuf),
    /// X, by its number here; `None` for one on another machine.
    X(Option<u32>),
}

/// A check for the display that a window would open on.
pub(super) fn display() -> [Check; 1] {
    let named = servers(|name| std::env::var(name).ok(), Path::exists);
    if named.is_empty() {
        let detail = "Neither WAYLAND_DISPLAY nor DISPLAY is set: no window can be opened here.";
        return [Check::new(NAME, State::Warning, detail).advising("telltale-agent needs none.")];
    }
    let mut refused = Vec::new();
    for (shown, server) in named {
        let answers = match server {
            Server::Wayland(socket) => UnixStream::connect(socket),
            Server::X(Some(number)) => connect_to_x(number),
            Server::X(None) => return [Check::new(NAME, State::Fine, format!("{shown}, on another machine."))],
        };
        match answers {
            Ok(_) => return [Check::new(NAME, State::Fine, format!("{shown} answers."))],
            Err(error) => refused.push(format!("{shown} does not answer: {error}.")),
        }
    }
    [Check::new(NAME, State::Broken, refused.join(" "))]
}

/// The displays that GDK would try, in its order, each with the variable that names it: Wayland's first, then X, unless
/// `GDK_BACKEND` says otherwise (GTK, "Running GTK Applications"). Wayland has a name where none is set.
fn servers(variable: impl Fn(&str) -> Option<String>, exists: impl Fn(&Path) -> bool) -> Vec<(String, Server)> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let wayland = || {
        let folder = PathBuf::from(set("XDG_RUNTIME_DIR").unwrap_or_default());
        let unnamed = || Some("wayland-0".to_owned()).filter(|name| exists(&folder.join(name)));
        let name = set("WAYLAND_DISPLAY").or_else(unnamed)?;
        Some((format!("WAYLAND_DISPLAY={name}"), Server::Wayland(folder.join(name))))
    };
    let x = || {
        let name = set("DISPLAY")?;
        Some((format!("DISPLAY={name}"), Server::X(local_number(&name))))
    };
    let wanted = set("GDK_BACKEND").unwrap_or_else(|| "*".into());
    let backend = |one: &str| match one {
        "wayland" => vec![wayland()],
        "x11" => vec![x()],
        "*" => vec![wayland(), x()],
        _ => vec![],
    };
    wanted.split(',').flat_map(backend).flatten().collect()
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

    #[test]
    fn displays_are_tried_as_gdk_does() {
        let named = |variables: &[(&str, &str)], unnamed: bool| {
            let value =
                |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
            let servers = servers(value, |path| unnamed && path == Path::new("/run/user/7/wayland-0"));
            servers.into_iter().map(|(_, server)| server).collect::<Vec<_>>()
        };
        let wayland = |name: &str| Server::Wayland(Path::new("/run/user/7").join(name));
        let both = [("XDG_RUNTIME_DIR", "/run/user/7"), ("WAYLAND_DISPLAY", "wayland-1"), ("DISPLAY", ":3")];
        let with = |backend| [&both[..], &[("GDK_BACKEND", backend)]].concat();
        assert_eq!(named(&both, false), [wayland("wayland-1"), Server::X(Some(3))]);
        assert_eq!(named(&with("x11"), false), [Server::X(Some(3))]);
        assert_eq!(named(&with("x11,wayland"), false), [Server::X(Some(3)), wayland("wayland-1")]);
        assert_eq!(named(&with("x11,*"), false)[..2], [Server::X(Some(3)), wayland("wayland-1")]);
        assert_eq!(named(&both[..1], true), [wayland("wayland-0")], "it is there without a name");
        assert_eq!(named(&[("WAYLAND_DISPLAY", ""), ("DISPLAY", "gate:0")], false), [Server::X(None)]);
        assert_eq!(named(&both[..1], false), []);
    }
}

//! Whether a link or an address changed, as the kernel announces it (rtnetlink(7)): asking each interface again and
//! again costs more than all counters together.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR`.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;

/// What the kernel announces.
#[derive(Debug)]
pub(super) struct Changes {
    /// `None` where it may not be heard (a sandbox without this kind of socket).
    socket: Option<OwnedFd>,
}

impl Changes {
    pub(super) fn subscribe() -> Self {
        Self { socket: subscribed().ok() }
    }

    /// Whether something changed since the last call; always, where that can't be known.
    pub(super) fn any(&self) -> bool {
        let Some(socket) = &self.socket else { return true };
        let mut changed = false;
        // What it says does not matter; the rest of a long message is dropped. Too many to keep is NOBUFS.
        let mut start = [0; 64];
        loop {
            match recv(socket, &mut start, RecvFlags::DONTWAIT) {
                Ok(_) | Err(Errno::NOBUFS | Errno::INTR) => changed = true,
                Err(Errno::WOULDBLOCK) => return changed,
                Err(_) => return true,
            }
        }
    }
}

fn subscribed() -> rustix::io::Result<OwnedFd> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_socket_everything_may_have_changed() {
        assert!(Changes { socket: None }.any());
    }
}

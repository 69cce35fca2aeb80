//! How a container's own network gets out: through one end of a pair whose other end is elsewhere. No file says that, but
//! rtnetlink(7) does.

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

/// Kinds of interfaces that are one end of something.
const KINDS: [&[u8]; 4] = [b"veth", b"macvlan", b"ipvlan", b"netkit"];

/// Lengths of `struct nlmsghdr` and `struct ifinfomsg` (kernel: `linux/netlink.h`, `linux/rtnetlink.h`).
const HEADER: usize = 16;
const INTERFACE: usize = 16;

/// `RTM_GETLINK`, with `NLM_F_REQUEST` and `NLM_F_DUMP`: all interfaces.
const GET_LINK: u16 = 18;
const ALL: u16 = 0x1 | 0x300;

/// What messages say: `RTM_NEWLINK`, of an interface; `NLMSG_ERROR` and `NLMSG_DONE`, that nothing follows.
const NEW_LINK: u16 = 16;
const ENDS: [u16; 2] = [2, 3];

/// Attributes (kernel: `linux/if_link.h`): the bridge or bond that an interface is a port of, what it is, the network
/// namespace that its other end is in, where that is not this one.
const MASTER: u16 = 10;
const LINK_INFO: u16 = 18;
const INFO_KIND: u16 = 1;
const LINK_NAMESPACE: u16 = 37;

/// The kernel's numbers of the interfaces whose other end is in another network namespace, and which are no ports of a
/// bridge here. None where the kernel can't be asked (a sandbox without this kind of socket).
pub(super) fn indices() -> Vec<u64> {
    ask().unwrap_or_default()
}

fn ask() -> rustix::io::Result<Vec<u64>> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut request = [0; HEADER + INTERFACE];
    request[..4].copy_from_slice(&32_u32.to_ne_bytes());
    request[4..6].copy_from_slice(&GET_LINK.to_ne_bytes());
    request[6..8].copy_from_slice(&ALL.to_ne_bytes());
    send(&socket, &request, SendFlags::empty())?;
    let (mut found, mut answer) = (Vec::new(), vec![0; 32 * 1024]);
    loop {
        // The kernel answers before it returns from the question, and with more as it is taken.
        let length = match recv(&socket, &mut *answer, RecvFlags::DONTWAIT) {
            Ok((length, _)) => length,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error),
        };
        if !take(answer.get(..length).unwrap_or_default(), &mut found) {
            return Ok(found);
        }
    }
}

/// Takes the numbers out of some messages; true if more may follow.
fn take(mut messages: &[u8], found: &mut Vec<u64>) -> bool {
    if messages.is_empty() {
        return false;
    }
    while let Some(length) = number(messages, 0).and_then(|length| usize::try_from(length).ok())
        && let Some(message) = messages.get(HEADER..length)
    {
        let kind = short(messages, 4);
        if kind.is_some_and(|kind| ENDS.contains(&kind)) {
            return false;
        }
        if kind == Some(NEW_LINK)
            && let (Some(index), Some(said)) = (number(message, 4), message.get(INTERFACE..))
            && leads_out(said)
        {
            found.push(index.into());
        }
        messages = messages.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    true
}

/// Whether what is said of an interface makes it a way out.
fn leads_out(said: &[u8]) -> bool {
    let of_interface = |which| attribute(said, which);
    let kind = of_interface(LINK_INFO).and_then(|info| attribute(info, INFO_KIND));
    let is_end = kind.is_some_and(|kind| KINDS.contains(&kind.strip_suffix(b"\0").unwrap_or(kind)));
    is_end && of_interface(LINK_NAMESPACE).is_some() && of_interface(MASTER).is_none()
}

/// The value of an attribute (`struct rtattr`: length, type, value).
fn attribute(mut attributes: &[u8], which: u16) -> Option<&[u8]> {
    /// The upper bits are flags.
    const TYPE: u16 = 0x3fff;
    loop {
        let length = usize::from(short(attributes, 0)?);
        let value = attributes.get(4..length)?;
        if short(attributes, 2)? & TYPE == which {
            return Some(value);
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute_of(which: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut bytes = [length.to_ne_bytes(), which.to_ne_bytes()].concat();
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// An interface with a name, as all have.
    fn interface(index: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0; INTERFACE];
        body[4..8].copy_from_slice(&index.to_ne_bytes());
        body.extend(attribute_of(3, b"eth0\0"));
        body.extend(attributes.concat());
        message(NEW_LINK, &body)
    }

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(HEADER + body.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn the_ends_of_what_leads_elsewhere_are_ways_out() {
        let of_kind = |kind: &[u8]| attribute_of(LINK_INFO, &attribute_of(INFO_KIND, kind));
        let (elsewhere, port) = (attribute_of(LINK_NAMESPACE, &[0; 4]), attribute_of(MASTER, &[5, 0, 0, 0]));
        let nested = |kind| attribute_of(LINK_INFO | 0x8000, &attribute_of(INFO_KIND, kind));
        let messages = [
            interface(1, &[]),
            interface(2, &[of_kind(b"veth\0"), elsewhere.clone()]),
            interface(3, &[of_kind(b"veth\0")]),
            interface(4, &[of_kind(b"veth\0"), port, elsewhere.clone()]),
            interface(5, &[of_kind(b"bridge\0")]),
            interface(6, &[elsewhere.clone(), nested(b"macvlan")]),
            interface(7, &[of_kind(b"sit\0"), elsewhere]),
        ]
        .concat();
        let mut found = Vec::new();
        assert!(take(&messages, &mut found), "there may be more");
        assert_eq!(found, [2, 6], "not both ends here, no port of a bridge, no tunnel");
        assert!(!take(&message(ENDS[1], &[0; 4]), &mut found) && !take(&[], &mut found));
    }

    #[test]
    fn the_kernel_is_asked_without_an_error() {
        ask().unwrap();
    }

    proptest! {
        #[test]
        fn no_message_is_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200), length in 0u32..200) {
            let mut bytes = [&length.to_ne_bytes()[..], &NEW_LINK.to_ne_bytes(), &bytes].concat();
            take(&bytes, &mut Vec::new());
            bytes.truncate(3);
            take(&bytes, &mut Vec::new());
        }
    }
}

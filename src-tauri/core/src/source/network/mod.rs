//! Network: bytes sent and received per second by each interface, and by the physical ones together.

#[cfg(target_os = "linux")]
mod changes;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is not only tested"))]
mod portable;

#[cfg(target_os = "linux")]
pub use linux::Network;
#[cfg(not(target_os = "linux"))]
pub use portable::Network;

use std::sync::Arc;

use super::{Previous, Reading, Stamped, figure, figure_at, same};
use crate::metrics::{InterfaceKind, Missing, NetworkInterface, NetworkMetrics, Reason};
use crate::rate;

/// Bytes sent and received by one interface since it appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    /// The kernel's name.
    pub name: Arc<str>,
    /// The kernel's number of it, which it keeps when it is renamed; 0 where that is not told.
    pub index: u64,
    /// Whether the totals count it.
    pub kind: InterfaceKind,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Packets damaged, both ways.
    pub errors: u64,
    /// Packets dropped, both ways, where the system tells.
    pub drops: Option<u64>,
    /// What changes rarely.
    pub link: Arc<Link>,
}

/// What an interface is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Bits per second.
    pub speed: Result<u64, Reason>,
    /// As RFC 2863 names it.
    pub state: Result<String, Reason>,
    /// With their prefix lengths.
    pub addresses: Vec<String>,
}

impl Link {
    /// One of which nothing is known but why.
    fn unknown(reason: Reason) -> Self {
        Self { speed: Err(reason), state: Err(reason), addresses: Vec::new() }
    }
}

/// Rates of each interface that is there now, and the totals of the physical ones.
fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
    let mut missing = Missing::new();
    let (mut uploads, mut downloads) = (rate::Total::default(), rate::Total::default());
    let interfaces = now.sample.iter().enumerate().map(|(place, interface)| {
        let before = previous.and_then(|before| {
            let same =
                same(&before.sample, place, |other| other.name == interface.name && other.index == interface.index)
                    .ok_or(Reason::Starting)?;
            Ok((same, now.stamp.since(&before.stamp)))
        });
        let per_second = |counter: fn(&Counters) -> u64| {
            before.and_then(|(before, elapsed)| rate::per_second(counter(before), counter(interface), elapsed))
        };
        let upload = per_second(|counters| counters.sent);
        let download = per_second(|counters| counters.received);
        if interface.kind == InterfaceKind::Physical {
            uploads.add(upload);
            downloads.add(download);
        }
        let path = |name: &str| format!("interfaces/{}/{name}", interface.name);
        // Others have no link of their own.
        let (speed, state) = (interface.link.speed, interface.link.state.clone());
        let (link_speed, state) = if interface.kind == InterfaceKind::Physical {
            (figure_at(&mut missing, || path("link_speed"), speed), figure_at(&mut missing, || path("state"), state))
        } else {
            (speed.ok(), state.ok())
        };
        let mut rate =
            |name, rate: Result<f64, Reason>| figure_at(&mut missing, || path(name), rate.map(rate::six_digits));
        NetworkInterface {
            name: interface.name.to_string(),
            kind: interface.kind,
            upload_rate: rate("upload_rate", upload),
            download_rate: rate("download_rate", download),
            upload_packets: rate("upload_packets", per_second(|counters| counters.packets_sent)),
            download_packets: rate("download_packets", per_second(|counters| counters.packets_received)),
            errors: rate("errors", per_second(|counters| counters.errors)),
            drops: rate("drops", {
                before.and_then(|(before, elapsed)| {
                    let both = before.drops.zip(interface.drops).ok_or(Reason::Unsupported)?;
                    rate::per_second(both.0, both.1, elapsed)
                })
            }),
            link_speed,
            state,
            addresses: interface.link.addresses.clone(),
        }
    });
    let interfaces = interfaces.collect();
    Reading::Network(NetworkMetrics {
        upload_rate: figure(&mut missing, "upload_rate", uploads.sum().map(rate::six_digits)),
        download_rate: figure(&mut missing, "download_rate", downloads.sum().map(rate::six_digits)),
        interfaces,
        missing,
        timestamp: now.stamp.wall,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Stamp;

    fn at(seconds: u64, interfaces: &[(&str, InterfaceKind, u64, u64)]) -> Stamped<Vec<Counters>> {
        let mono = Duration::from_secs(seconds);
        let counters = interfaces.iter().map(|&(name, kind, sent, received)| Counters {
            name: name.into(),
            index: 0,
            kind,
            sent,
            received,
            packets_sent: sent / 10,
            packets_received: received / 10,
            errors: 0,
            drops: Some(received / 100),
            link: Arc::new(Link::unknown(Reason::Unsupported)),
        });
        Stamped { stamp: Stamp { mono, boot: mono, wall: 7 }, sample: counters.collect() }
    }

    fn metrics(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> NetworkMetrics {
        let Reading::Network(metrics) = derive(previous, now) else { panic!("not a network reading") };
        metrics
    }

    use InterfaceKind::{Loopback, Physical, Virtual};

    #[test]
    fn totals_are_of_physical_interfaces_and_all_are_listed() {
        let before = at(
            1,
            &[("lo", Loopback, 0, 0), ("eth0", Physical, 0, 0), ("veth1", Virtual, 0, 0), ("wlan0", Physical, 0, 0)],
        );
        let now = at(
            3,
            &[
                ("lo", Loopback, 9_000, 9_000),
                ("eth0", Physical, 200, 2_000),
                ("veth1", Virtual, 50, 70),
                ("wlan0", Physical, 20, 40),
            ],
        );
        let metrics = metrics(Ok(&before), &now);
        assert_eq!((metrics.upload_rate, metrics.download_rate), (Some(110.0), Some(1_020.0)));
        assert_eq!(metrics.interfaces[2].download_rate, Some(35.0));
        let eth0 = &metrics.interfaces[1];
        assert_eq!((eth0.upload_packets, eth0.download_packets), (Some(10.0), Some(100.0)));
        assert_eq!((eth0.errors, eth0.drops), (Some(0.0), Some(10.0)));
        assert_eq!(metrics.interfaces.len(), 4);
    }

    #[test]
    fn one_that_takes_anothers_name_has_no_rate_and_drops_may_be_unknown() {
        let before = at(1, &[("eth0", Physical, 100, 100), ("eth1", Physical, 100, 100)]);
        let mut now = at(2, &[("eth0", Physical, 1 << 40, 1 << 40), ("eth1", Physical, 200, 200)]);
        (now.sample[0].index, now.sample[1].drops) = (7, None);
        let metrics = metrics(Ok(&before), &now);
        assert_eq!((metrics.interfaces[0].upload_rate, metrics.upload_rate), (None, Some(100.0)));
        assert_eq!(metrics.missing["interfaces/eth0/upload_rate"], Reason::Starting);
        assert_eq!((metrics.interfaces[1].upload_rate, metrics.interfaces[1].drops), (Some(100.0), None));
        assert_eq!(metrics.missing["interfaces/eth1/drops"], Reason::Unsupported);
    }

    #[test]
    fn an_interface_that_was_reset_or_is_new_shows_no_rate() {
        let before = at(1, &[("eth0", Physical, 500, 500)]);
        let metrics = metrics(Ok(&before), &at(2, &[("eth0", Physical, 10, 600), ("usb0", Physical, 1 << 40, 0)]));
        assert_eq!(metrics.interfaces[0].upload_rate, None);
        assert_eq!(metrics.missing["interfaces/eth0/upload_rate"], Reason::CounterReset);
        assert_eq!(metrics.missing["upload_rate"], Reason::CounterReset);
        assert_eq!(metrics.download_rate, Some(100.0));
        assert_eq!(metrics.interfaces[1].upload_rate, None);
    }

    #[test]
    fn a_physical_link_without_a_figure_says_why_and_others_have_none() {
        let mut now = at(1, &[("eth0", Physical, 0, 0), ("eth1", Physical, 0, 0), ("veth1", Virtual, 0, 0)]);
        let link = |speed| Link { speed, state: Ok("down".into()), addresses: Vec::new() };
        now.sample[0].link = link(Err(Reason::LinkDown)).into();
        let metrics = metrics(Ok(&at(0, &[])), &now);
        let about_links: Vec<_> =
            metrics.missing.iter().filter(|(path, _)| path.ends_with("speed") || path.ends_with("state")).collect();
        assert_eq!(
            about_links,
            [
                (&"interfaces/eth0/link_speed".to_owned(), &Reason::LinkDown),
                (&"interfaces/eth1/link_speed".to_owned(), &Reason::Unsupported),
                (&"interfaces/eth1/state".to_owned(), &Reason::Unsupported),
            ]
        );
        assert_eq!(metrics.interfaces[0].state.as_deref(), Some("down"));
    }

    #[test]
    fn a_machine_with_only_lo_has_no_total() {
        let metrics = metrics(Ok(&at(1, &[("lo", Loopback, 1, 1)])), &at(2, &[("lo", Loopback, 2, 2)]));
        assert_eq!((metrics.upload_rate, metrics.missing["upload_rate"]), (None, Reason::Absent));
        assert_eq!(metrics.interfaces[0].upload_rate, Some(1.0));
    }
}

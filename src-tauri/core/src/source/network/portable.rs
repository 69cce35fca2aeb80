//! Windows and macOS: sysinfo's interfaces. What is virtual can only be told by its name there.

use std::path::Path;
use std::sync::Arc;

use sysinfo::Networks;

use super::super::{Previous, Reading, Source, SourceError, Stamped};
use super::{Counters, Link};
use crate::metrics::{InterfaceKind, Reason};

/// The network interfaces of this machine.
#[derive(Debug)]
pub struct Network {
    networks: Option<Networks>,
}

impl Network {
    /// The roots are Linux's; they have no meaning here.
    pub fn new(_proc: &Path, _sys: &Path) -> Self {
        Self { networks: None }
    }
}

impl Source for Network {
    type Sample = Vec<Counters>;

    fn read(&mut self) -> Result<Vec<Counters>, SourceError> {
        let networks = match &mut self.networks {
            Some(networks) => networks,
            None => self.networks.insert(Networks::new()?),
        };
        networks.refresh(true);
        let counters = networks.iter().map(|(name, data)| Counters {
            name: name.to_string_lossy().into(),
            index: 0,
            kind: kind(&name.to_string_lossy()),
            sent: data.total_transmitted(),
            received: data.total_received(),
            packets_sent: data.total_packets_transmitted(),
            packets_received: data.total_packets_received(),
            errors: data.total_errors_on_received().saturating_add(data.total_errors_on_transmitted()),
            drops: None,
            link: Arc::new(Link {
                addresses: data.ip_networks().iter().map(ToString::to_string).collect(),
                ..Link::unknown(Reason::Unsupported)
            }),
        });
        let mut counters: Vec<_> = counters.collect();
        counters.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(counters)
    }

    fn derive(previous: Previous<'_, Vec<Counters>>, now: &Stamped<Vec<Counters>>) -> Reading {
        super::derive(previous, now)
    }
}

fn kind(name: &str) -> InterfaceKind {
    const VIRTUAL: [&str; 8] = ["vEthernet", "utun", "awdl", "llw", "bridge", "gif", "stf", "ap1"];
    if name.starts_with("lo") || name.starts_with("Loopback") {
        InterfaceKind::Loopback
    } else if VIRTUAL.iter().any(|prefix| name.starts_with(prefix)) {
        InterfaceKind::Virtual
    } else {
        InterfaceKind::Physical
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiled and run on Linux too, so that it stays right where it can't be tried.
    #[test]
    fn answers_here_too() {
        let mut network = Network::new(Path::new("/"), Path::new("/"));
        let sample = network.read().unwrap();
        assert!(sample.iter().any(|interface| interface.kind == InterfaceKind::Loopback));
        let now = Stamped { stamp: crate::clock::now(), sample };
        let Reading::Network(metrics) = Network::derive(Err(crate::metrics::Reason::Starting), &now) else {
            panic!("not a network reading")
        };
        assert_eq!(metrics.interfaces.len(), now.sample.len());
    }
}

//! Devices that the driver took after the session began, and that the session does not count.

use std::collections::BTreeSet;
use std::time::Duration;

use super::device::Device;

/// How long the driver has to get one going before NVML is opened anew for it.
const GETS_GOING: Duration = Duration::from_secs(5);

/// NVML's documentation does not say whether `nvmlDeviceGetCount` counts what came after `nvmlInit`, so that nothing relies on it. A device
/// that the driver has and NVML never counts, of the machine around a container, say, has the session begin anew once.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// The addresses that the driver had when the session began and has had at each sample since.
    had: Option<BTreeSet<String>>,
    /// Since when there has been one that the session does not count.
    since: Option<Duration>,
}

impl Joined {
    /// Whether the session is to begin anew, given what the driver has now and what the session counts.
    pub(super) fn asks_for_a_session(&mut self, has: &BTreeSet<&str>, counted: &[Device], now: Duration) -> bool {
        let Some(had) = &mut self.had else {
            self.had = Some(has.iter().copied().map(str::to_owned).collect());
            return false;
        };
        had.retain(|address| has.contains(address.as_str()));
        let is_counted = |address: &str| {
            counted.iter().any(|device| device.identity.pci_address.as_deref() == Some(address) && !device.is_lost())
        };
        if has.iter().all(|address| had.contains(*address) || is_counted(address)) {
            self.since = None;
            return false;
        }
        now >= *self.since.get_or_insert(now) + GETS_GOING
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Identity;
    use super::*;
    use crate::metrics::Reason;

    #[test]
    fn a_session_begins_anew_once_for_each_device_that_it_does_not_count() {
        let addresses = |of: &[&'static str]| of.iter().copied().collect::<BTreeSet<_>>();
        let device = |address: &str, reason| {
            let pci_address = Some(address.to_owned());
            Device::without_figures(Identity { id: address.into(), index: 0, name: String::new(), pci_address }, reason)
        };
        let (one, lost) = (device("a", Reason::Starting), device("b", Reason::Lost));
        let counted = std::slice::from_ref(&one);
        let at = Duration::from_secs;

        let mut joined = Joined::default();
        assert!(!joined.asks_for_a_session(&addresses(&["a", "never counted"]), counted, at(0)));
        assert!(!joined.asks_for_a_session(&addresses(&["a", "never counted"]), counted, at(60)), "it began with it");
        let three = addresses(&["a", "b", "never counted"]);
        assert!(!joined.asks_for_a_session(&three, counted, at(62)), "the driver gets it going");
        assert!(!joined.asks_for_a_session(&three, &[one.clone(), device("b", Reason::Starting)], at(68)), "counted");
        assert!(!joined.asks_for_a_session(&three, &[one.clone(), lost.clone()], at(70)));
        assert!(joined.asks_for_a_session(&three, &[one.clone(), lost], at(75)));

        let mut joined = Joined::default();
        assert!(
            !joined.asks_for_a_session(&three, counted, at(77)),
            "the session that began since has it, or never will"
        );
        assert!(!joined.asks_for_a_session(&three, counted, at(90)));
        assert!(!joined.asks_for_a_session(&addresses(&["a"]), counted, at(92)), "taken out");
        assert!(!joined.asks_for_a_session(&addresses(&["a", "b"]), counted, at(94)));
        assert!(joined.asks_for_a_session(&addresses(&["a", "b"]), counted, at(99)), "and put in again");
    }
}

//! Who reads which device now. A call that does not come back keeps its thread; where there are other devices, another reader
//! then takes over and leaves the one that hangs alone until its call is back: there is never a second one in flight.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock;

/// A device that is not read within this time hangs: what is asked at a tick takes milliseconds.
const LONG: Duration = Duration::from_secs(1);

/// The readers of all devices, of which the newest is the one that counts.
#[derive(Debug, Default)]
pub(super) struct Turns<Device>(Mutex<State<Device>>);

#[derive(Debug, Default)]
struct State<Device> {
    newest: u64,
    /// Whose turn each is read in, and since when.
    inside: BTreeMap<Device, (u64, Duration)>,
}

/// A device that is being read, until this is dropped.
#[derive(Debug)]
pub(super) struct Inside<'turns, Device: Ord> {
    turns: &'turns Turns<Device>,
    device: Device,
}

impl<Device: Ord + Clone> Turns<Device> {
    /// A new reader's turn: the one before it reads no further device.
    pub(super) fn begin(&self) -> u64 {
        let mut state = self.lock();
        state.newest += 1;
        state.newest
    }

    /// Whether no other reader has taken over.
    pub(super) fn is_newest(&self, turn: u64) -> bool {
        self.lock().newest == turn
    }

    /// Before a device is read. `None` where it must not be: an earlier call on it has not come back, or another reader
    /// has taken over.
    pub(super) fn enter(&self, turn: u64, device: &Device) -> Option<Inside<'_, Device>> {
        let mut state = self.lock();
        if state.newest != turn || state.inside.contains_key(device) {
            return None;
        }
        state.inside.insert(device.clone(), (turn, clock::now().mono));
        Some(Inside { turns: self, device: device.clone() })
    }

    /// Whether the newest reader hangs inside a device.
    pub(super) fn hangs(&self) -> bool {
        let state = self.lock();
        state.inside.values().any(|(turn, since)| *turn == state.newest && is_long(*since))
    }

    /// Whether a reader hangs inside this device.
    pub(super) fn is_held(&self, device: &Device) -> bool {
        let state = self.lock();
        state.inside.get(device).is_some_and(|(turn, since)| *turn != state.newest || is_long(*since))
    }
}

impl<Device> Turns<Device> {
    fn lock(&self) -> MutexGuard<'_, State<Device>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_long(since: Duration) -> bool {
    clock::now().mono.saturating_sub(since) >= LONG
}

impl<Device: Ord> Drop for Inside<'_, Device> {
    fn drop(&mut self) {
        self.turns.lock().inside.remove(&self.device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_holds_a_reader_is_entered_by_no_other() {
        let turns = Turns::<u32>::default();
        let first = turns.begin();
        let held = turns.enter(first, &3).unwrap();
        assert!(!turns.hangs() && !turns.is_held(&3), "it is only being read");
        turns.lock().inside.insert(3, (first, Duration::ZERO));
        assert!(turns.hangs() && turns.is_held(&3), "for too long");

        let second = turns.begin();
        assert!(!turns.is_newest(first) && turns.is_held(&3) && !turns.hangs(), "the second one does not hang");
        assert!(turns.enter(second, &3).is_none() && turns.enter(second, &4).is_some());
        assert!(turns.enter(first, &5).is_none(), "its turn is over");
        drop(held);
        assert!(!turns.is_held(&3) && turns.enter(second, &3).is_some(), "once the call is back it is read again");
    }
}

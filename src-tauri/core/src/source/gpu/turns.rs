//! Who reads which device now. A call that does not come back keeps its thread; where there are other devices, another reader
//! then takes over and leaves the one that hangs alone until its call is back: there is never a second one in flight. So it
//! is with a call of those who read a device in full beside that.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock;

/// A device that is not read within this time hangs: what is asked at a tick takes milliseconds, and each part of what is read
/// in full some tenths of a second.
const LONG: Duration = Duration::from_secs(1);

/// The readers of all devices, of which the newest is the one that counts.
#[derive(Debug, Default)]
pub(super) struct Turns<Device>(Mutex<State<Device>>);

#[derive(Debug, Default)]
struct State<Device> {
    newest: u64,
    /// Whose turn each is read in, and since when.
    inside: BTreeMap<Device, (u64, Duration)>,
    /// Since when a part of each is read in full.
    visited: BTreeMap<Device, Duration>,
}

/// A device that is being read, until this is dropped.
#[derive(Debug)]
pub(super) struct Inside<'turns, Device: Ord> {
    turns: &'turns Turns<Device>,
    device: Device,
}

/// A device of which a part is read in full, until this is dropped.
#[derive(Debug)]
pub(super) struct Visit<'turns, Device: Ord> {
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
        let hangs = state.visited.get(device).is_some_and(|since| is_long(*since));
        if state.newest != turn || state.inside.contains_key(device) || hangs {
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

    /// Before a part of a device is read in full, beside what is read at each tick. `None` where it must not be: a reader
    /// hangs inside of it, or somebody else reads it in full.
    pub(super) fn visit(&self, device: &Device) -> Option<Visit<'_, Device>> {
        let mut state = self.lock();
        let held = state.inside.get(device).is_some_and(|(turn, since)| *turn != state.newest || is_long(*since));
        if held || state.visited.contains_key(device) {
            return None;
        }
        state.visited.insert(device.clone(), clock::now().mono);
        Some(Visit { turns: self, device: device.clone() })
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

impl<Device: Ord> Drop for Visit<'_, Device> {
    fn drop(&mut self) {
        self.turns.lock().visited.remove(&self.device);
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
        assert!(!turns.hangs() && turns.visit(&3).is_some(), "it is only being read");
        turns.lock().inside.insert(3, (first, Duration::ZERO));
        assert!(turns.hangs() && turns.visit(&3).is_none(), "for too long");

        let second = turns.begin();
        assert!(!turns.is_newest(first) && turns.visit(&3).is_none() && !turns.hangs(), "the second one does not hang");
        assert!(turns.enter(second, &3).is_none() && turns.enter(second, &4).is_some());
        assert!(turns.enter(first, &5).is_none(), "its turn is over");
        drop(held);
        assert!(
            turns.visit(&3).is_some() && turns.enter(second, &3).is_some(),
            "once the call is back it is read again"
        );
    }

    #[test]
    fn one_that_hangs_while_it_is_read_in_full_is_left_alone_at_ticks_too() {
        let turns = Turns::<u32>::default();
        let turn = turns.begin();
        let visit = turns.visit(&3).unwrap();
        assert!(turns.visit(&3).is_none() && turns.visit(&4).is_some(), "one visitor at a time");
        assert!(turns.enter(turn, &3).is_some(), "a tick does not wait for it");
        turns.lock().visited.insert(3, Duration::ZERO);
        assert!(turns.enter(turn, &3).is_none() && turns.enter(turn, &4).is_some());
        assert!(!turns.hangs(), "the tick's reader is not the one that hangs");
        drop(visit);
        assert!(turns.enter(turn, &3).is_some(), "its call is back");
    }
}

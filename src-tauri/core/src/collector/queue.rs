//! The thread that asks the sources, one after the other: a tick wakes one thread and not one for each source.
//! A source that does not come back keeps that thread for itself, and the others get a new one.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::mpsc::UnboundedSender;

use super::worker::{Ask, Outcome, Request};

/// Dropped, its thread ends as soon as it has come back from the source that it asks.
#[derive(Debug)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
    outcomes: UnboundedSender<Vec<Outcome>>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Arc<dyn Ask>, Request)>,
    /// Handed on together once nothing waits but what is slow, so that the loop wakes once for all of them.
    answered: Vec<Outcome>,
    /// The number of the thread that takes what waits. One with another number was relieved.
    on_duty: u64,
    /// That thread is inside a source.
    asking: bool,
    /// No other could be started: it was said.
    alone: bool,
    closed: bool,
}

impl Queue {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system refuses it.
    pub(super) fn start(outcomes: UnboundedSender<Vec<Outcome>>) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), more: Condvar::new(), outcomes });
        shared.spawn(0)?;
        Ok(Self(shared))
    }

    /// Has a source asked after those that wait already, from the next [`Queue::go`] on.
    pub(super) fn push(&self, source: Arc<dyn Ask>, request: Request) {
        self.0.lock().waiting.push_back((source, request));
    }

    /// Begins with what waits, on another thread if this one still has not come back from an earlier tick.
    pub(super) fn go(&self) {
        let state = self.0.lock();
        if state.asking {
            self.0.relieve(state);
        } else {
            self.0.more.notify_one();
        }
    }

    /// Hands on what is in by now, and gives what still waits to a new thread.
    pub(super) fn relieve(&self) {
        self.0.relieve(self.0.lock());
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(self: &Arc<Self>, number: u64) -> io::Result<()> {
        let shared = Arc::clone(self);
        thread::Builder::new().name("sources".into()).spawn(move || shared.serve(number)).map(drop)
    }

    fn relieve(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        self.hand_on(&mut state);
        if state.waiting.is_empty() {
            return;
        }
        match self.spawn(state.on_duty + 1) {
            Ok(()) => (state.on_duty, state.asking, state.alone) = (state.on_duty + 1, false, false),
            // They wait until the source comes back.
            Err(error) => {
                if !std::mem::replace(&mut state.alone, true) {
                    tracing::warn!(%error, "no thread to ask the other sources");
                }
            }
        }
    }

    fn serve(&self, number: u64) {
        let mut state = self.lock();
        while !state.closed && state.on_duty == number {
            let Some((source, request)) = state.waiting.pop_front() else {
                self.hand_on(&mut state);
                state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if request.slow {
                self.hand_on(&mut state);
            }
            state.asking = true;
            drop(state);
            let outcome = source.answer(request);
            drop(source); // what it holds may go with it, which takes as long as the driver likes: not under the lock
            state = self.lock();
            state.answered.push(outcome);
            if state.on_duty == number {
                state.asking = false;
            }
        }
        self.hand_on(&mut state);
    }

    fn hand_on(&self, state: &mut State) {
        if !state.answered.is_empty() {
            // Without a loop nobody wants them.
            let _ = self.outcomes.send(std::mem::take(&mut state.answered));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Weak, mpsc};
    use std::time::Duration;

    use super::super::worker::Worker;
    use super::*;
    use crate::channel::Channel;
    use crate::metrics::MemoryMetrics;
    use crate::source::{Previous, Reading, Source, SourceError, Stamped};

    /// Tells, as it goes, whether it does without the queue's lock.
    struct Held {
        turn: Arc<Mutex<()>>,
        shared: Weak<Shared>,
        goes: mpsc::Sender<bool>,
    }

    impl Source for Held {
        type Sample = ();

        fn read(&mut self) -> Result<(), SourceError> {
            drop(self.turn.lock());
            Ok(())
        }

        fn derive(_: Previous<'_, ()>, _: &Stamped<()>) -> Reading {
            Reading::Memory(MemoryMetrics::default())
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            let _ = self.goes.send(self.shared.upgrade().is_some_and(|shared| shared.state.try_lock().is_ok()));
        }
    }

    #[test]
    fn a_replaced_source_that_comes_back_is_let_go_of_without_the_lock() {
        let (outcomes, _answers) = tokio::sync::mpsc::unbounded_channel();
        let queue = Queue::start(outcomes).unwrap();
        let (turn, shared) = (Arc::new(Mutex::new(())), Arc::downgrade(&queue.0));
        let (goes, gone) = mpsc::channel();
        let held = turn.lock().unwrap();
        let its_turn = Arc::clone(&turn);
        let make = move || Held { turn: Arc::clone(&its_turn), shared: shared.clone(), goes: goes.clone() };
        let mut worker = Worker::new("memory", Channel::Memory, make);
        worker.ask(&queue, 1, Duration::from_secs(2));
        queue.go();
        drop(worker);
        drop(held);
        assert_eq!(gone.recv_timeout(Duration::from_secs(20)), Ok(true));
    }
}

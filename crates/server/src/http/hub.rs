//! Sockets that talk to each other through one state machine.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::handler::{Handler, Outgoing, Reaction, never};
use super::socket::Close;
use crate::control::{Grants, random};

/// How long a hub sleeps that waits for nothing.
const IDLE: Duration = Duration::from_secs(60);

/// A socket of a hub. Cannot be guessed, so it may be shown to one who is to name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SocketId(pub(super) u128);

/// A frame, and who gets it.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) to: Vec<SocketId>,
    pub(super) text: Arc<str>,
}

/// What sockets talk to: a state machine without IO, with the dialect in which they do.
pub(super) trait Machine: Send + 'static {
    /// A socket has come.
    fn opened(&mut self, now: Instant, socket: SocketId, grants: Grants);

    /// A frame has come.
    fn received(&mut self, now: Instant, socket: SocketId, text: &str) -> Reaction;

    /// A socket is gone. What is sent to it from now on is lost.
    fn closed(&mut self, now: Instant, socket: SocketId);

    /// The next frame to send. Taken until `None` after each other call.
    fn poll_output(&mut self) -> Option<Sent>;

    /// When to call [`Self::handle_timeout`]; changes with each other call.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Does what is due.
    fn handle_timeout(&mut self, now: Instant);
}

/// One machine with its sockets. Cheap to clone.
#[derive(Debug)]
pub(super) struct Hub<M> {
    shared: Arc<Shared<M>>,
}

impl<M> Clone for Hub<M> {
    fn clone(&self) -> Self {
        let shared = self.shared.clone();
        Self { shared }
    }
}

/// The way to a machine for what works for it.
#[derive(Debug)]
pub(super) struct Handle<M>(Weak<Shared<M>>);

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Machine> Handle<M> {
    /// Does something with the machine, and then what it has caused. Nothing when its sockets and
    /// their server are gone.
    pub(super) fn act(&self, act: impl FnOnce(&mut M)) {
        if let Some(shared) = self.0.upgrade() {
            shared.act(act);
        }
    }
}

#[derive(Debug)]
struct Shared<M> {
    state: Mutex<State<M>>,
    /// The machine may want to be called at another time.
    changed: Notify,
}

#[derive(Debug)]
struct State<M> {
    machine: M,
    sockets: BTreeMap<SocketId, Outgoing>,
}

impl<M: Machine> Hub<M> {
    /// Begins to call the machine when its time has come; ends with the last clone of this. What
    /// makes the machine is given the way to it.
    pub(super) fn start(make: impl FnOnce(Handle<M>) -> M) -> Self {
        let shared = Arc::new_cyclic(|shared| {
            let state = State {
                machine: make(Handle(shared.clone())),
                sockets: BTreeMap::new(),
            };
            Shared {
                state: Mutex::new(state),
                changed: Notify::new(),
            }
        });
        tokio::spawn(run(Arc::downgrade(&shared)));
        Self { shared }
    }

    /// A socket comes.
    pub(super) fn join(&self, outgoing: Outgoing, grants: Grants) -> Registration<M> {
        let id = SocketId(random::<16>());
        let mut state = self.shared.state();
        state.sockets.insert(id, outgoing);
        state.machine.opened(Instant::now(), id, grants);
        self.shared.settle(state);
        Registration {
            shared: self.shared.clone(),
            id,
        }
    }
}

impl<M: Machine> Shared<M> {
    fn state(&self) -> MutexGuard<'_, State<M>> {
        // A panic costs the socket whose frame it was; the others go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the machine, and then what it has caused.
    fn act<T>(&self, act: impl FnOnce(&mut M) -> T) -> T {
        let mut state = self.state();
        let result = act(&mut state.machine);
        self.settle(state);
        result
    }

    /// Lets the machine do what is due. Returns when to do so again.
    fn turn(&self) -> Instant {
        let (mut state, now) = (self.state(), Instant::now());
        if state.machine.poll_timeout().is_some_and(|due| due <= now) {
            state.machine.handle_timeout(now);
        }
        let due = state.machine.poll_timeout();
        Self::send(&mut state);
        due.map_or(now + IDLE, |due| due.min(now + IDLE))
    }

    /// Sends what a call has caused; the machine may want to be called at another time now.
    fn settle(&self, mut state: MutexGuard<'_, State<M>>) {
        Self::send(&mut state);
        drop(state);
        self.changed.notify_one();
    }

    /// Sends what the machine wants sent. Still under the lock: so each socket gets everything in
    /// the machine's order.
    fn send(state: &mut State<M>) {
        while let Some(Sent { to, text }) = state.machine.poll_output() {
            for socket in to {
                if let Some(outgoing) = state.sockets.get(&socket) {
                    outgoing.send(text.clone());
                }
            }
        }
    }
}

/// Calls the machine whenever it is time.
async fn run<M: Machine>(shared: Weak<Shared<M>>) {
    while let Some(shared) = shared.upgrade() {
        tokio::select! {
            () = tokio::time::sleep_until(shared.turn().into()) => {}
            () = shared.changed.notified() => {}
        }
    }
}

/// A socket that is registered at a hub.
#[derive(Debug)]
pub(super) struct Registration<M> {
    shared: Arc<Shared<M>>,
    id: SocketId,
}

impl<M: Machine> Handler for Registration<M> {
    type Event = Infallible;

    async fn received(&mut self, text: &str) -> Reaction {
        let id = self.id;
        self.shared
            .act(|machine| machine.received(Instant::now(), id, text))
    }

    async fn next_event(&mut self) -> Infallible {
        never().await
    }

    async fn handle_event(&mut self, event: Infallible) -> ControlFlow<Close> {
        match event {}
    }

    fn ended(self) {
        let mut state = self.shared.state();
        state.sockets.remove(&self.id);
        state.machine.closed(Instant::now(), self.id);
        self.shared.settle(state);
    }
}

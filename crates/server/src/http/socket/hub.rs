//! Sockets of a dialect that share one state machine.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use auth::Permissions;
use room::Grants;
use tokio::sync::Notify;

use super::Close;
use super::handler::{Handler, Outgoing, Reaction, never};
use crate::control::random;

/// How long a hub sleeps when no timeout is due.
const IDLE: Duration = Duration::from_secs(60);

/// Identifies a socket of a hub. Random and not guessable, so other clients may be told it to
/// address this socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http) struct SocketId(pub(in crate::http) u128);

/// A frame with the sockets that get it.
#[derive(Debug, Clone)]
pub(in crate::http) struct Sent {
    pub(in crate::http) to: Vec<SocketId>,
    pub(in crate::http) text: Arc<str>,
}

/// What a client may do, for machines whose media goes from browser to browser.
pub(in crate::http) fn grants(permissions: &Permissions) -> Grants {
    Grants {
        publish: permissions.join_as_publisher().is_ok(),
        view: permissions.join_as_viewer().is_ok(),
    }
}

/// The state machine that the sockets of a hub share, with its dialect. It does no IO.
pub(in crate::http) trait Machine: Send + 'static {
    /// A socket was opened.
    fn opened(&mut self, now: Instant, socket: SocketId, permissions: &Permissions);

    /// A socket received a frame.
    fn received(&mut self, now: Instant, socket: SocketId, text: &str) -> Reaction;

    /// A socket was closed. Frames that are sent to it from now on are lost.
    fn closed(&mut self, now: Instant, socket: SocketId);

    /// The next frame to send. The hub polls until `None` after each other call.
    fn poll_output(&mut self) -> Option<Sent>;

    /// When to call [`Self::handle_timeout`]; may change with each other call.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Handles all timeouts that are due at `now`.
    fn handle_timeout(&mut self, now: Instant);
}

/// One state machine with its sockets. Cheap to clone.
#[derive(Debug)]
pub(in crate::http) struct Hub<M> {
    shared: Arc<Shared<M>>,
}

impl<M> Clone for Hub<M> {
    fn clone(&self) -> Self {
        let shared = self.shared.clone();
        Self { shared }
    }
}

/// A weak reference to a machine, for tasks that work on its behalf.
#[derive(Debug)]
pub(in crate::http) struct Handle<M>(Weak<Shared<M>>);

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Machine> Handle<M> {
    /// Changes the machine, and sends the frames that result. Does nothing when the hub is gone.
    pub(in crate::http) fn act(&self, act: impl FnOnce(&mut M)) {
        if let Some(shared) = self.0.upgrade() {
            shared.act(act);
        }
    }
}

#[derive(Debug)]
struct Shared<M> {
    state: Mutex<State<M>>,
    /// Notified when the machine's timeout may have changed.
    changed: Notify,
}

#[derive(Debug)]
struct State<M> {
    machine: M,
    sockets: BTreeMap<SocketId, Outgoing>,
}

impl<M: Machine> Hub<M> {
    /// Starts the task that calls the machine at its timeouts, which ends with the last clone of
    /// the hub. `make` gets a reference to the machine that it makes.
    pub(in crate::http) fn start(make: impl FnOnce(Handle<M>) -> M) -> Self {
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

    /// Adds a socket. The returned handler removes it when the socket ends.
    pub(in crate::http) fn join(
        &self,
        outgoing: Outgoing,
        permissions: &Permissions,
    ) -> Registration<M> {
        let id = SocketId(random::<16>());
        let mut state = self.shared.state();
        state.sockets.insert(id, outgoing);
        state.machine.opened(Instant::now(), id, permissions);
        self.shared.settle(state);
        Registration {
            shared: self.shared.clone(),
            id,
        }
    }
}

impl<M: Machine> Shared<M> {
    fn state(&self) -> MutexGuard<'_, State<M>> {
        // A panic ends the socket whose frame caused it; the others go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the machine, and sends the frames that result.
    fn act<T>(&self, act: impl FnOnce(&mut M) -> T) -> T {
        let mut state = self.state();
        let result = act(&mut state.machine);
        self.settle(state);
        result
    }

    /// Handles due timeouts. Returns when to call this again.
    fn turn(&self) -> Instant {
        let (mut state, now) = (self.state(), Instant::now());
        if state.machine.poll_timeout().is_some_and(|due| due <= now) {
            state.machine.handle_timeout(now);
        }
        let due = state.machine.poll_timeout();
        Self::send(&mut state);
        due.map_or(now + IDLE, |due| due.min(now + IDLE))
    }

    /// Sends the frames that a call has caused, and wakes the task, since the timeout may have
    /// changed.
    fn settle(&self, mut state: MutexGuard<'_, State<M>>) {
        Self::send(&mut state);
        drop(state);
        self.changed.notify_one();
    }

    /// Queues the machine's frames. Under the lock, so that each socket gets them in the machine's
    /// order.
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

/// Calls the machine at its timeouts, until the hub is gone.
async fn run<M: Machine>(shared: Weak<Shared<M>>) {
    while let Some(shared) = shared.upgrade() {
        tokio::select! {
            () = tokio::time::sleep_until(shared.turn().into()) => {}
            () = shared.changed.notified() => {}
        }
    }
}

/// A socket of a hub, as the handler of its frames.
#[derive(Debug)]
pub(in crate::http) struct Registration<M> {
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

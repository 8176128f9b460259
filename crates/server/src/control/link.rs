//! The way to a participant's socket, whichever that is now.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signaling::dialect::headwater;
use signaling::outbox::{Full, Outbox};
use tokio::sync::watch;

/// What is sent to one participant: kept, numbered, and taken by its socket.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<State>,
    /// Counts what sockets have to look at.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    outbox: Outbox,
    /// The number of the socket that has the participant; a newer one takes over.
    socket: u64,
    /// The participation is over: what is there is the last.
    over: bool,
}

/// A socket's end of a link.
#[derive(Debug)]
pub(crate) struct Socket {
    link: Arc<Link>,
    number: u64,
    /// The number of the last frame that was taken.
    taken: u64,
    changed: watch::Receiver<u64>,
}

/// What a socket is to do.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send this.
    Frame(Arc<str>),
    /// Close: a newer socket has the participant.
    Replaced,
    /// Close: the participation is over.
    Over,
}

impl Link {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: watch::Sender::new(0),
        })
    }

    /// Sends a frame with this body.
    pub(crate) fn push(&self, body: &str) -> Result<(), Full> {
        let pushed = self
            .state()
            .outbox
            .push(|n| headwater::frame(Some(n), body));
        self.wake();
        pushed
    }

    /// Sends the last frame, also to who has confirmed too little for any other.
    pub(crate) fn push_last(&self, body: &str) {
        let mut state = self.state();
        state.outbox.push_last(|n| headwater::frame(Some(n), body));
        drop(state);
        self.wake();
    }

    /// Nothing comes after what is there.
    pub(crate) fn close(&self) {
        self.state().over = true;
        self.wake();
    }

    /// The participant has everything up to this frame.
    pub(crate) fn confirm(&self, seen: u64) {
        self.state().outbox.confirm(seen);
    }

    /// Whether who has seen this much can be given all that it has not.
    pub(crate) fn continues(&self, seen: u64) -> bool {
        self.state().outbox.continues(seen)
    }

    /// A socket comes whose participant has seen this much; the one before is told. `None` when
    /// what it has not seen is not kept, or when it claims to have seen what never was.
    pub(crate) fn attach(self: &Arc<Self>, seen: u64) -> Option<Socket> {
        let number = {
            let mut state = self.state();
            if !state.outbox.continues(seen) {
                return None;
            }
            state.socket += 1;
            state.socket
        };
        let changed = self.changed.subscribe();
        self.wake();
        Some(Socket {
            link: self.clone(),
            number,
            taken: seen,
            changed,
        })
    }

    fn wake(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket {
    /// What to do now; `None` when there is nothing.
    pub(crate) fn poll(&mut self) -> Option<Next> {
        let state = self.link.state();
        if state.socket != self.number {
            return Some(Next::Replaced);
        }
        if let Some(frame) = state.outbox.after(self.taken) {
            self.taken += 1;
            return Some(Next::Frame(frame));
        }
        state.over.then_some(Next::Over)
    }

    /// Waits until there may be something to do.
    pub(crate) async fn changed(&mut self) {
        // The link lives as long as this.
        let ended = self.changed.changed().await;
        debug_assert!(ended.is_ok(), "the link is kept by its socket");
    }

    /// This socket has the participant.
    pub(crate) fn is_present(&self) -> bool {
        self.link.state().socket == self.number
    }

    /// The participant has everything up to this frame; it cannot have what was not sent.
    pub(crate) fn confirm(&self, seen: u64) {
        self.link.confirm(seen.min(self.taken));
    }
}

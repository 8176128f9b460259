//! What is sent to a participant, kept until it is confirmed, and the socket that sends it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use room::ParticipantKey;
use signaling::dialect::headwater::{self, Code, Error};
use signaling::outbox::{Full, Outbox};
use tokio::sync::watch;

use super::refusals::gone;

/// A participation as its sockets see it: one after the other goes on where the last has stopped.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) key: ParticipantKey,
    state: Mutex<State>,
    /// Counts what sockets have to look at.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    outbox: Outbox,
    /// The number of the socket that has the participant; a newer one takes over.
    socket: u64,
    /// The highest id of a request that was received.
    received: u64,
    /// The id of the request that opened the present socket.
    entered: u64,
    /// The participation is over: no frame follows those in the outbox.
    over: bool,
}

/// A socket's end of a link.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) link: Arc<Link>,
    number: u64,
    /// The number of the last frame that was taken.
    taken: u64,
    changed: watch::Receiver<u64>,
}

/// What a socket is to do.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this.
    Frame(Arc<str>),
    /// Close: a newer socket has the participant.
    Replaced,
    /// Close: the participation is over.
    Over,
}

impl Link {
    /// Makes the link of a participant that joined by request `id`.
    pub(super) fn new(key: ParticipantKey, id: u64) -> Arc<Self> {
        let state = State {
            received: id,
            entered: id,
            ..State::default()
        };
        Arc::new(Self {
            key,
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
        })
    }

    /// Sends a frame with this body, unless the participation is over. Fails when the participant
    /// has confirmed too little.
    pub(super) fn push(&self, body: &str) -> Result<(), Full> {
        let mut state = self.state();
        if state.over {
            return Ok(());
        }
        let pushed = state.outbox.push(|n| headwater::frame(Some(n), body));
        drop(state);
        self.wake();
        pushed
    }

    /// Sends the last frame, also to a participant that has confirmed too little for any other.
    pub(super) fn push_last(&self, body: &str) {
        let mut state = self.state();
        state.outbox.push_last(|n| headwater::frame(Some(n), body));
        drop(state);
        self.wake();
    }

    /// Ends the participation: no frame follows.
    pub(super) fn close(&self) {
        self.state().over = true;
        self.wake();
    }

    /// Whether the participation is over.
    pub(super) fn is_over(&self) -> bool {
        self.state().over
    }

    /// Attaches the first socket.
    pub(super) fn begin(self: &Arc<Self>) -> Socket {
        let number = self.state().attach();
        self.socket(number, 0)
    }

    /// Attaches the socket of a client that resumes by request `id` and has seen this much; the
    /// socket before is told. Returns it with the highest id of a request that was received.
    ///
    /// Refused when what the client has not seen is not kept, when it claims to have seen what was
    /// never sent, and when a later resume has come before this one.
    pub(super) fn resume(self: &Arc<Self>, id: u64, seen: u64) -> Result<(Socket, u64), Error> {
        let (number, received) = {
            let mut state = self.state();
            if !state.outbox.continues(seen) {
                return Err(gone());
            }
            if !state.over {
                if id < state.entered {
                    let message = "a later resume has come before this one";
                    return Err(Error::of("id", Code::Conflict, message));
                }
                state.entered = id;
            }
            state.outbox.confirm(seen);
            (state.attach(), state.received)
        };
        Ok((self.socket(number, seen), received))
    }

    fn socket(self: &Arc<Self>, number: u64, seen: u64) -> Socket {
        let changed = self.changed.subscribe();
        // The socket before sees that it is replaced.
        self.wake();
        Socket {
            link: self.clone(),
            number,
            taken: seen,
            changed,
        }
    }

    fn wake(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a new socket, which has the participant from now on.
    fn attach(&mut self) -> u64 {
        self.socket += 1;
        self.socket
    }
}

impl Socket {
    /// What to do now; `None` when there is nothing.
    pub(super) fn poll(&mut self) -> Option<Next> {
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
    pub(super) async fn changed(&mut self) {
        // The link lives as long as this.
        let ended = self.changed.changed().await;
        debug_assert!(ended.is_ok(), "the link is kept by its socket");
    }

    /// Whether this socket has the participant, and no newer one.
    pub(super) fn is_present(&self) -> bool {
        self.link.state().socket == self.number
    }

    /// Takes note of a request. One that came before, or out of order, is refused. False when a
    /// newer socket has the participant: a client that resumed was told that this request is to be
    /// sent again.
    pub(super) fn received(&self, id: u64) -> Result<bool, Error> {
        let mut state = self.link.state();
        if state.socket != self.number {
            return Ok(false);
        }
        if state.over {
            return Err(gone());
        }
        if id <= state.received {
            let message = format!("ids count up: the last was {}", state.received);
            return Err(Error::of("id", Code::BadRequest, message));
        }
        state.received = id;
        Ok(true)
    }

    /// The participant has everything up to this frame; it cannot have what was not sent.
    pub(super) fn confirm(&self, seen: u64) {
        self.link.state().outbox.confirm(seen.min(self.taken));
    }
}

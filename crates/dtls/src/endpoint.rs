//! One connection: the handshake, then application data and the close.

mod handshaking;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use dimpl::Dtls;

use crate::alert::{Description, clear_alert};
use crate::error::Error;
use crate::established::{Established, Received};
use crate::handshake::{Handshake, broken_off};
use crate::hearsay::Hearsay;
use crate::hello::Reassembly;
use crate::identity::{Fingerprint, Identity};
use crate::keys::{SrtpKeys, Version};
use crate::repeat::LastFlight;
use crate::role::Role;
use crate::{watch, wire};

/// How long a handshake may take from its first datagram. Clients give up within 10 to 60 s.
const HANDSHAKE_MAX: Duration = Duration::from_secs(30);

/// Initial size of the buffer for the library's datagrams and application data. It grows on demand.
const BUFFER: usize = 2_048;

/// What an endpoint tells its owner to do, or reports to it.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this datagram to the peer.
    Datagram(Vec<u8>),
    /// The handshake is complete and the peer's certificate matches. Comes once.
    Connected(Box<Connected>),
    /// Application data from the peer.
    Data(Vec<u8>),
    /// The connection was closed, by the peer or by [`Endpoint::close`]. The last output besides
    /// timeouts; comes once.
    Closed,
    /// The connection failed. If the peer is told, an [`Output::Datagram`] with the alert came
    /// before. The last output besides timeouts; comes once.
    Failed(Error),
    /// There are no more outputs for now. Call [`Endpoint::handle_timeout`] at this time; `None`
    /// means that nothing is due.
    Timeout(Option<Instant>),
}

/// The result of a complete handshake.
#[derive(Debug, PartialEq, Eq)]
pub struct Connected {
    /// The SRTP keys.
    pub keys: SrtpKeys,
    /// The negotiated version of DTLS.
    pub version: Version,
}

/// One side of a connection. See the [crate documentation](crate).
pub struct Endpoint {
    role: Role,
    state: State,
    outputs: VecDeque<Output>,
    /// When the handshake times out. `None` before its first datagram and after its end.
    deadline: Option<Instant>,
    /// A reported end of the handshake that may be forged.
    hearsay: Hearsay,
}

enum State {
    /// As the server, until the ClientHello is complete.
    Waiting {
        identity: Identity,
        expected: Vec<Fingerprint>,
        hello: Reassembly,
    },
    Handshaking(Box<Handshake>),
    /// Connected with DTLS 1.3: the library stays.
    Library(Box<Dtls>),
    /// Connected with DTLS 1.2: the library is gone. The keys and our last flight are left.
    Established(Box<(Established, LastFlight)>),
    /// Closed or failed.
    Ended,
}

impl Endpoint {
    /// Creates an endpoint. As the client, its first datagram is ready at once.
    ///
    /// `expected` are the fingerprints in the peer's SDP; the peer's certificate must match one of
    /// them. Fails with [`Error::UnsupportedFingerprint`] if `expected` is empty.
    pub fn new(
        identity: &Identity,
        role: Role,
        expected: Vec<Fingerprint>,
        now: Instant,
    ) -> Result<Self, Error> {
        if expected.is_empty() {
            return Err(Error::UnsupportedFingerprint);
        }
        let mut endpoint = Self {
            role,
            state: State::Ended,
            outputs: VecDeque::new(),
            deadline: None,
            hearsay: Hearsay::default(),
        };
        let identity = identity.clone();
        match role {
            Role::Server => {
                let hello = Reassembly::default();
                endpoint.state = State::Waiting {
                    identity,
                    expected,
                    hello,
                };
            }
            Role::Client => endpoint.begin(identity, expected, Version::Dtls12, None, now),
        }
        Ok(endpoint)
    }

    /// Handles a datagram from the peer. A datagram that is not DTLS, or is forged, changes
    /// nothing.
    ///
    /// During the handshake, returns `false` for a datagram that is malformed, that the peer would
    /// not send, or that reports the end of the handshake in the clear. Anybody can forge such a
    /// report, so the handshake ends only if the peer does not continue it within 3 s.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> bool {
        match &mut self.state {
            State::Waiting { .. } => return self.greet(now, datagram),
            State::Handshaking(_) => return self.handshake(now, datagram),
            State::Library(dtls) => {
                let taken = dtls.handle_packet(datagram);
                self.drain_library();
                if let Err(error) = taken {
                    self.fail(broken_off(error));
                }
            }
            State::Established(_) => self.established(now, datagram),
            State::Ended => {}
        }
        true
    }

    /// Does what is due at `now`: times the handshake out, or repeats a flight. Calling it early is
    /// harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.fail(Error::TimedOut);
            return;
        }
        if let Some(end) = self.hearsay.take_due(now) {
            self.believe(end);
            return;
        }
        // A server sends nothing on a timer, see `repeat`: the library is not told the time.
        if self.role == Role::Server {
            return;
        }
        let result = match &mut self.state {
            State::Handshaking(handshake) => {
                if handshake.is_held(now) {
                    return;
                }
                let Handshake { dtls, keys, .. } = &mut **handshake;
                watch::during(keys, || dtls.handle_timeout(now))
            }
            State::Library(dtls) => dtls.handle_timeout(now),
            State::Waiting { .. } | State::Established(_) | State::Ended => return,
        };
        self.drain(now);
        if let Err(error) = result {
            self.fail(broken_off(error));
        }
    }

    /// Returns the next output. Call it after every other call, until it returns
    /// [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        // The queue is empty for most of the connection's life, so its memory is freed.
        self.outputs = VecDeque::new();
        let wake = match &self.state {
            State::Handshaking(handshake) if self.role == Role::Client => handshake.due(),
            _ => None,
        };
        let all = [wake, self.deadline, self.hearsay.due()];
        Output::Timeout(all.into_iter().flatten().min())
    }

    /// Sends application data. Returns `false` if the endpoint is not connected, or if the data do
    /// not fit into one record (2^14 bytes).
    pub fn send(&mut self, data: &[u8]) -> bool {
        let sent = match &mut self.state {
            State::Established(state) => {
                let sealed = state.0.data(data);
                let sealed = sealed.map(Output::Datagram);
                let sent = sealed.is_some();
                self.outputs.extend(sealed);
                sent
            }
            State::Library(dtls) => dtls.send_application_data(data).is_ok(),
            State::Waiting { .. } | State::Handshaking(_) | State::Ended => false,
        };
        self.drain_library();
        sent
    }

    /// Closes the connection: sends close_notify to the peer, and ends.
    pub fn close(&mut self) {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return,
            State::Waiting { .. } => {}
            State::Handshaking(handshake) => {
                let alert = clear_alert(Description::CLOSE_NOTIFY, handshake.clear_sequence);
                self.outputs.push_back(Output::Datagram(alert));
            }
            State::Library(dtls) => self.close_library(dtls),
            State::Established(mut state) => {
                let sealed = state.0.alert(Description::CLOSE_NOTIFY);
                self.outputs.extend(sealed.map(Output::Datagram));
            }
        }
        self.deadline = None;
        self.hearsay.disprove();
        self.outputs.push_back(Output::Closed);
    }

    /// As the client: returns the SRTP keys while the server's Finished is still missing. An SRTP
    /// packet that verifies under these keys proves that the server has finished; call
    /// [`Self::confirm`] then. Returns `None` in all other states.
    pub fn early_keys(&self) -> Option<SrtpKeys> {
        let State::Handshaking(handshake) = &self.state else {
            return None;
        };
        let early = handshake.early_srtp().filter(|_| self.role == Role::Client);
        early.map(|(profile, material)| SrtpKeys {
            profile,
            material,
            role: self.role,
        })
    }

    /// As the client: completes the handshake, because a packet has come that verifies under
    /// [`Self::early_keys`]. Does nothing if there are none.
    pub fn confirm(&mut self) {
        if self.role == Role::Client {
            // The server's Finished was the first record that it encrypted, with number 0.
            self.prove(0);
        }
    }

    /// Whether the handshake is complete and the connection has not ended.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Library(_) | State::Established(_))
    }

    /// Whether the connection has been closed or has failed.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Handles a datagram of DTLS 1.2 after the handshake.
    fn established(&mut self, now: Instant, datagram: &[u8]) {
        let State::Established(state) = &mut self.state else {
            return;
        };
        let (established, last_flight) = &mut **state;
        let mut received = None;
        for record in wire::records(datagram) {
            if record.epoch == 0 && record.content == wire::HANDSHAKE {
                // The client repeats its last flight, so ours was lost.
                let again = last_flight.again(now);
                let again = again.iter().map(|bytes| Output::Datagram(bytes.to_vec()));
                self.outputs.extend(again);
                continue;
            }
            match established.receive(&record) {
                Some(Received::Data(data)) => {
                    // A peer that sends data has received our last flight.
                    last_flight.clear();
                    self.outputs.push_back(Output::Data(data));
                }
                Some(Received::Alert(description)) => received = Some(description),
                None => {}
            }
        }
        if let Some(received) = received {
            self.told(received);
        }
    }

    /// Handles an alert that ends the connection, from a record that only the peer can have
    /// encrypted.
    fn told(&mut self, received: Description) {
        match received {
            Description::CLOSE_NOTIFY => self.close(),
            received => self.end(Output::Failed(Error::Alert { received })),
        }
    }

    /// Takes the library's outputs after the handshake.
    fn drain_library(&mut self) {
        let State::Library(dtls) = &mut self.state else {
            return;
        };
        let mut buffer = vec![0; BUFFER];
        let mut closed = false;
        loop {
            let needed = match dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(bytes) => {
                    self.outputs.push_back(Output::Datagram(bytes.to_vec()));
                    continue;
                }
                dimpl::Output::ApplicationData(data) => {
                    self.outputs.push_back(Output::Data(data.to_vec()));
                    continue;
                }
                dimpl::Output::BufferTooSmall { needed } => needed,
                dimpl::Output::CloseNotify => {
                    closed = true;
                    continue;
                }
                dimpl::Output::Timeout(_) => break,
                _ => continue,
            };
            buffer.resize(needed, 0);
        }
        if closed {
            self.end(Output::Closed);
        }
    }

    fn close_library(&mut self, mut dtls: Box<Dtls>) {
        if dtls.close().is_ok() {
            self.state = State::Library(dtls);
            self.drain_library();
            self.state = State::Ended;
        }
    }

    /// Tells the peer of the failure, and ends. Where the peer no longer accepts an alert in the
    /// clear, the connection is closed instead.
    fn fail(&mut self, error: Error) {
        let alert = error.alert();
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return,
            State::Waiting { .. } => {
                let alert = alert.map(|alert| clear_alert(alert, 0));
                self.outputs.extend(alert.map(Output::Datagram));
            }
            State::Handshaking(handshake) => {
                let alert = alert.map(|alert| clear_alert(alert, handshake.clear_sequence));
                self.outputs.extend(alert.map(Output::Datagram));
                if handshake.version == Version::Dtls13 && handshake.connected {
                    self.close_library(Box::new(handshake.dtls));
                }
            }
            State::Library(dtls) => self.close_library(dtls),
            State::Established(_) => {}
        }
        self.end(Output::Failed(error));
    }

    fn end(&mut self, last: Output) {
        self.state = State::Ended;
        self.deadline = None;
        self.hearsay.disprove();
        self.outputs.push_back(last);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Waiting { .. } => "waiting",
            State::Handshaking(_) => "handshaking",
            State::Library(_) | State::Established(_) => "connected",
            State::Ended => "ended",
        };
        f.debug_struct("Endpoint")
            .field("role", &self.role)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use rtc::{Certificate, Config, Direction, Event, OfferError, Offering, Output, Peer};
use thiserror::Error;

use crate::client::{self, Client, ClientError};

/// The largest datagram that is looked at.
const DATAGRAM_BYTES_MAX: usize = 2_000;

/// While waiting for a connection.
const POLL_EVERY: Duration = Duration::from_millis(2);

/// One WebRTC connection with its UDP socket and the session that it is on the server.
#[derive(Debug)]
pub struct Link {
    pub(crate) peer: Peer,
    socket: UdpSocket,
    local: SocketAddr,
    session: String,
    answer: String,
}

/// Why a session was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// HTTP failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server did not want it.
    #[error("the server answered {status}: {body}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// 201, but without a Location.
    #[error("the server did not say where the session is")]
    NoLocation,
    /// The SDP answer is not usable.
    #[error("the answer cannot be used: {0}")]
    Answer(#[from] OfferError),
    /// No socket, or no thread.
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
    /// ICE or DTLS did not come up.
    #[error("no connection within {0:?}")]
    NotConnected(Duration),
}

impl Link {
    /// Offers audio and video to an endpoint and takes its answer. ICE begins with the first
    /// turn of the loop that the link is given to.
    pub fn open(
        client: &Client,
        endpoint: &str,
        certificate: &Certificate,
        direction: Direction,
        rids: &[&str],
    ) -> Result<Self, OpenError> {
        let socket = UdpSocket::bind((client::local_ip(endpoint)?, 0).into())?;
        let local = socket.local_addr()?;
        let config = Config {
            certificate: certificate.clone(),
            candidates: vec![local],
            announce_ice_lite: false,
        };
        let offering = Offering::new(&config, direction, rids, None, Instant::now());
        let answered = client.offer(endpoint, offering.sdp())?;
        if answered.status != 201 {
            return Err(OpenError::Refused {
                status: answered.status,
                body: answered.body,
            });
        }
        Ok(Self {
            peer: offering.accept(&answered.body)?,
            socket,
            local,
            session: answered.session.ok_or(OpenError::NoLocation)?,
            answer: answered.body,
        })
    }

    /// The session's URL.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The server's SDP answer.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// Sends bytes as they are from the link's own address: what a broken or hostile client does.
    pub fn send_raw(&self, destination: SocketAddr, datagram: &[u8]) {
        send(&self.socket, destination, datagram);
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    /// Takes all that has arrived. Returns when the link wants its time.
    pub(crate) fn receive(&mut self, now: Instant, mut event: impl FnMut(Event)) -> Instant {
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        loop {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    self.peer.handle_datagram(now, from, self.local, datagram);
                    self.drain(&mut event);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.drain(&mut event);
                }
                Err(error) => tracing::trace!(%error, "receive"),
            }
        }
    }

    /// Lets time pass and sends what was written. Returns when the link wants its time again.
    pub(crate) fn turn(&mut self, now: Instant, mut event: impl FnMut(Event)) -> Instant {
        self.peer.handle_timeout(now);
        self.drain(&mut event)
    }

    /// For a link that has no loop of its own: takes what has arrived, lets time pass, and
    /// returns at once.
    pub fn poll(&mut self, mut event: impl FnMut(Event)) {
        self.receive(Instant::now(), &mut event);
        self.turn(Instant::now(), &mut event);
    }

    /// Waits for the connection.
    pub fn connect(&mut self, timeout: Duration) -> Result<(), OpenError> {
        let deadline = Instant::now() + timeout;
        let mut connected = false;
        while !connected {
            if Instant::now() > deadline {
                return Err(OpenError::NotConnected(timeout));
            }
            self.poll(|event| connected |= matches!(event, Event::Connected));
            std::thread::sleep(POLL_EVERY);
        }
        Ok(())
    }

    fn drain(&mut self, event: &mut impl FnMut(Event)) -> Instant {
        loop {
            match self.peer.poll_output() {
                Output::Transmit(transmit) => {
                    send(&self.socket, transmit.destination, transmit.contents());
                }
                Output::Event(happened) => event(happened),
                Output::Timeout(at) => return at,
            }
        }
    }
}

fn send(socket: &UdpSocket, destination: SocketAddr, datagram: &[u8]) {
    // UDP may lose; a candidate of the server that cannot be reached from here is no error.
    if let Err(error) = socket.send_to(datagram, destination) {
        tracing::trace!(%error, %destination, "datagram not sent");
    }
}

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use client::{Certificate, Config, Direction, Event, Offering, Output, Peer, WriteError};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rtp::{DatagramKind, Kind, Packet, Rewrite};
use thiserror::Error;
use udp::{Received, Socket};

use crate::http::{self, Client, ClientError};
use crate::receiver::{Media, Receiver, srtp_keys};

/// Receive buffers for one system call. When it leaves one of them empty, no more datagrams wait,
/// which saves another call that would only say so.
const BUFFERS: usize = 4;

/// Size of a link's kernel buffers in bytes: a third of a second at 10 Mbit/s.
const SOCKET_BUFFER: usize = 400_000;

/// Time between two polls while waiting for a connection.
const POLL_EVERY: Duration = Duration::from_millis(2);

/// An event of a link.
#[derive(Debug)]
pub(crate) enum Happened {
    /// An event of the peer.
    Peer(Event),
    /// A media packet from the [`Receiver`].
    Media(Media),
}

/// A WebRTC connection with its UDP socket and its session on the server.
#[derive(Debug)]
pub struct Link {
    peer: Peer,
    socket: Socket,
    local: SocketAddr,
    /// The source address of the server's media, once connected.
    remote: Option<SocketAddr>,
    /// The peer's next timeout.
    peer_at: Instant,
    session: String,
    answer: String,
    direction: Direction,
    /// Takes over the media of a viewer once it is connected.
    receiver: Option<Box<Receiver>>,
}

/// Why a session could not be opened or connected.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The HTTP request failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server refused the offer.
    #[error("the server answered {status}: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The body of the response.
        body: String,
    },
    /// The server answered 201 without a `Location` header.
    #[error("the server's 201 response has no Location header")]
    NoLocation,
    /// The SDP answer is not usable.
    #[error("the SDP answer cannot be used: {0}")]
    Answer(#[from] client::Error),
    /// The UDP socket could not be opened.
    #[error("cannot open a UDP socket: {0}")]
    System(#[from] io::Error),
    /// ICE or DTLS did not complete within this time.
    #[error("no connection within {0:?}")]
    NotConnected(Duration),
}

impl Link {
    /// Offers audio and video to an endpoint and applies its answer. ICE begins with the first turn
    /// of the loop that drives the link.
    pub fn open(
        client: &Client,
        endpoint: &str,
        certificate: &Certificate,
        direction: Direction,
        rids: &[&str],
    ) -> Result<Self, OpenError> {
        let socket = Socket::bind((http::local_ip(endpoint)?, 0).into())?;
        let local = socket.local_address()?;
        socket.set_buffers(SOCKET_BUFFER, SOCKET_BUFFER);
        let config = Config::new(certificate, local);
        let offering = Offering::new(&config, direction, rids, Instant::now());
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
            remote: None,
            peer_at: Instant::now(),
            session: answered.session.ok_or(OpenError::NoLocation)?,
            answer: answered.body,
            direction,
            receiver: None,
        })
    }

    /// The session's URL.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The m-line that sends packets of this kind; `None` without one.
    pub(crate) fn line(&self, kind: Kind) -> Option<usize> {
        self.peer.sending(kind)
    }

    /// Turns GRO off, so that the kernel delivers each datagram separately. A kernel without GRO
    /// does so anyway.
    pub(crate) fn refuse_joined(&self) {
        if let Err(error) = self.socket.refuse_joined() {
            tracing::debug!(%error, "GRO cannot be turned off");
        }
    }

    /// Allows payloads of up to this many bytes, whatever the MTU.
    pub(crate) fn allow_payloads_up_to(&mut self, bytes: usize) {
        self.peer.allow_payloads_up_to(bytes);
    }

    /// The server's SDP answer.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// Sends arbitrary bytes from the link's own address, as a broken or hostile client would.
    pub fn send_raw(&self, destination: SocketAddr, datagram: &[u8]) {
        send(&self.socket, destination, datagram);
    }

    pub(crate) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        let socket = self.socket.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&socket), token, Interest::READABLE)
    }

    /// Makes receive buffers. One set serves all links of a thread.
    pub(crate) fn buffers() -> Received {
        Received::new(BUFFERS)
    }

    /// Handles all datagrams that have arrived. Returns when the next [`Self::turn`] is due.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        received: &mut Received,
        mut happened: impl FnMut(Happened),
    ) -> Instant {
        loop {
            let more = match received.call(&self.socket) {
                Ok(more) => more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return self.due(),
                Err(error) => {
                    // An ICMP error for an earlier send: the socket is still usable.
                    tracing::trace!(%error, "receive");
                    continue;
                }
            };
            for mut datagrams in received.iter_mut() {
                let (from, arrived) = (datagrams.source, datagrams.arrived);
                for datagram in datagrams.iter_mut() {
                    self.datagram(now, arrived, from, datagram, &mut happened);
                }
            }
            if !more {
                return self.due();
            }
        }
    }

    fn datagram(
        &mut self,
        now: Instant,
        arrived: Instant,
        from: SocketAddr,
        datagram: &mut [u8],
        happened: &mut impl FnMut(Happened),
    ) {
        // Once there is a receiver, media bypasses the peer, which keeps ICE and DTLS.
        if let Some(receiver) = &mut self.receiver
            && matches!(
                DatagramKind::of(datagram),
                DatagramKind::Rtp | DatagramKind::Rtcp
            )
        {
            if let Some(media) = receiver.datagram(arrived, datagram) {
                happened(Happened::Media(media));
            }
            return;
        }
        self.peer.handle_datagram(now, from, self.local, datagram);
        let mut connected = false;
        self.drain(&mut |what| {
            connected |= matches!(what, Happened::Peer(Event::Connected));
            happened(what);
        });
        if connected
            && self.direction == Direction::Receive
            && let Some(keys) = self.peer.srtp_keys().and_then(srtp_keys)
        {
            self.remote = Some(from);
            self.receiver = Some(Box::new(Receiver::new(now, &keys, &self.answer)));
        }
    }

    /// Handles timeouts and sends the packets written before. Returns when the next turn is due.
    pub(crate) fn turn(&mut self, now: Instant, mut happened: impl FnMut(Happened)) -> Instant {
        if let Some(receiver) = &mut self.receiver
            && receiver.due() <= now
            && let Some(packet) = receiver.poll(now)
            && let Some(remote) = self.remote
        {
            send(&self.socket, remote, packet);
        }
        if self.peer_at <= now || self.receiver.is_none() {
            self.peer.handle_timeout(now);
            self.drain(&mut happened);
        }
        self.due()
    }

    /// The earlier timeout of peer and receiver.
    fn due(&self) -> Instant {
        let receivers = self.receiver.as_ref().map(|receiver| receiver.due());
        receivers.map_or(self.peer_at, |at| at.min(self.peer_at))
    }

    /// The receiver of a connected viewer's media.
    pub(crate) fn receiver(&mut self) -> Option<&mut Receiver> {
        self.receiver.as_deref_mut()
    }

    /// Drives a link that no thread drives: handles the datagrams that have arrived and the
    /// timeouts, and returns at once.
    pub fn poll(&mut self, mut event: impl FnMut(Event)) {
        let mut received = Self::buffers();
        let mut happened = |what| {
            if let Happened::Peer(what) = what {
                event(what);
            }
        };
        self.receive(Instant::now(), &mut received, &mut happened);
        self.turn(Instant::now(), &mut happened);
    }

    /// Drives the link until it is connected. Fails with [`OpenError::NotConnected`] after
    /// `timeout`.
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

    fn drain(&mut self, happened: &mut impl FnMut(Happened)) {
        self.peer_at = loop {
            match self.peer.poll_output() {
                Output::Event(event) => happened(Happened::Peer(event)),
                Output::Transmit(transmit) => {
                    let (to, contents) = (transmit.destination, transmit.contents);
                    send(&self.socket, to, &contents);
                }
                Output::Timeout(at) => break at,
            }
        };
    }

    /// Writes a media packet; the next [`Self::turn`] sends it. Fails for an m-line or layer that
    /// was not negotiated.
    pub(crate) fn write(
        &mut self,
        line: usize,
        layer: usize,
        packet: &Packet,
        rewrite: &Rewrite,
    ) -> Result<(), WriteError> {
        self.peer.write(line, layer, packet, rewrite)
    }
}

fn send(socket: &Socket, destination: SocketAddr, datagram: &[u8]) {
    let any = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    // A datagram that cannot be sent counts as lost: some candidates of the server may be
    // unreachable from here.
    if let Err(error) = socket.send(destination, any, datagram, datagram.len()) {
        tracing::trace!(%error, %destination, "datagram not sent");
    }
}

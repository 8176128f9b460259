use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use client::{Certificate, Config, Direction, Event, Offering, Output, Peer, WriteError};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rtp::{Kind, Packet, Rewrite, Sort};
use thiserror::Error;
use udp::{Received, Socket};

use crate::http::{self, Client, ClientError};
use crate::receiver::{Media, Receiver, srtp_keys};

/// Of one system call. With one left empty there is no more to come, which saves the call that
/// would say so.
const BUFFERS: usize = 4;

/// Kernel buffers of one link: a third of a second at 10 Mbit/s.
const SOCKET_BUFFER: usize = 400_000;

/// While waiting for a connection.
const POLL_EVERY: Duration = Duration::from_millis(2);

/// What happened on a link.
#[derive(Debug)]
pub(crate) enum Happened {
    /// Something of the peer's.
    Peer(Event),
    /// A media packet that a [`Receiver`] took.
    Media(Media),
}

/// One WebRTC connection with its UDP socket and the session that it is on the server.
#[derive(Debug)]
pub struct Link {
    peer: Peer,
    socket: Socket,
    local: SocketAddr,
    /// Where the server's media comes from.
    remote: Option<SocketAddr>,
    /// When the peer wants its time.
    peer_at: Instant,
    session: String,
    answer: String,
    direction: Direction,
    /// Takes the peer's media, once it is connected and receives any.
    receiver: Option<Box<Receiver>>,
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
    Answer(#[from] client::Error),
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

    /// The m-line on which packets of a kind are sent, if there is one.
    pub(crate) fn line(&self, kind: Kind) -> Option<usize> {
        self.peer.sending(kind)
    }

    /// Has each datagram from the kernel by itself. Where it joins none, that is so already.
    pub(crate) fn refuse_joined(&self) {
        if let Err(error) = self.socket.refuse_joined() {
            tracing::debug!(%error, "the kernel knows no GRO");
        }
    }

    /// Sends payloads of up to so many bytes, whatever the MTU.
    pub(crate) fn allow_payloads_up_to(&mut self, bytes: usize) {
        self.peer.allow_payloads_up_to(bytes);
    }

    /// The server's SDP answer.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// Sends bytes as they are from the link's own address: what a broken or hostile client does.
    pub fn send_raw(&self, destination: SocketAddr, datagram: &[u8]) {
        send(&self.socket, destination, datagram);
    }

    pub(crate) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        let socket = self.socket.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&socket), token, Interest::READABLE)
    }

    /// Where links receive; one for all of a thread.
    pub(crate) fn buffers() -> Received {
        Received::new(BUFFERS)
    }

    /// Takes all that has arrived. Returns when the link wants its time.
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
                    // An ICMP error of an earlier send; the next call goes on.
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
        if let Some(receiver) = &mut self.receiver
            && matches!(Sort::of(datagram), Sort::Rtp | Sort::Rtcp)
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

    /// Lets time pass and sends what was written. Returns when the link wants its time again.
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

    /// The earlier of the peer's time and that of the receiver.
    fn due(&self) -> Instant {
        let receivers = self.receiver.as_ref().map(|receiver| receiver.due());
        receivers.map_or(self.peer_at, |at| at.min(self.peer_at))
    }

    /// Who takes the media, once connected.
    pub(crate) fn receiver(&mut self) -> Option<&mut Receiver> {
        self.receiver.as_deref_mut()
    }

    /// For a link that has no loop of its own: takes what has arrived, lets time pass, and
    /// returns at once.
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

    /// Writes a packet of media, which is sent with the next [`Self::turn`].
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
    // UDP may lose; a candidate of the server that cannot be reached from here is no error.
    if let Err(error) = socket.send(destination, any, datagram, datagram.len()) {
        tracing::trace!(%error, %destination, "datagram not sent");
    }
}

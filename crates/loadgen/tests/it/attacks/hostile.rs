//! A client that follows the protocol as far as its attack requires.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use client::{Certificate, Config, Direction, Event, Offering, Output, Peer};
use headwater_loadgen::srtp_keys;
use ice::stun::Writer;
use rtc::srtp::Outbound;
use rtp::DatagramKind;

use super::raw_http::{RawHttp, SDP};
use crate::server::Server;

const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A client with a session and a socket of its own. Dropping it closes the session.
pub(super) struct Hostile<'a> {
    server: &'a Server,
    pub(super) peer: Peer,
    pub(super) socket: UdpSocket,
    pub(super) offer: String,
    pub(super) answer: String,
    /// The path of the session.
    pub(super) session: String,
    connected: bool,
    /// Media packets received, and their bytes.
    pub(super) received: u64,
    pub(super) received_bytes: u64,
    /// SSRC of the last video packet; 0 before the first.
    pub(super) source: u32,
    /// DTLS datagrams that were not sent because of `holds_back`.
    pub(super) held_back: Vec<Vec<u8>>,
    /// Whether to keep DTLS datagrams in `held_back` instead of sending them.
    pub(super) holds_back: bool,
}

impl<'a> Hostile<'a> {
    /// Opens a session over HTTP. Sends nothing to the media address yet.
    pub(super) fn open(server: &'a Server, path: &str, direction: Direction) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_nonblocking(true).expect("a socket");
        let local = socket.local_addr().expect("an address");
        let config = Config::new(&Certificate::generate(), local);
        let offering = Offering::new(&config, direction, &[], Instant::now());
        let offer = offering.sdp().to_owned();
        let opened = RawHttp::connect(server).send("POST", path, SDP, &offer);
        assert_eq!(opened.status, 201, "{}", opened.body);
        Self {
            server,
            peer: offering.accept(&opened.body).expect("an answer"),
            socket,
            offer,
            answer: opened.body,
            session: opened.location.expect("a session"),
            connected: false,
            received: 0,
            received_bytes: 0,
            source: 0,
            held_back: Vec::new(),
            holds_back: false,
        }
    }

    pub(super) fn viewer(server: &'a Server) -> Self {
        Self::open(server, "/whep/live", Direction::Receive)
    }

    /// Completes ICE and DTLS.
    pub(super) fn connect(&mut self) {
        let deadline = Instant::now() + CONNECT_MAX;
        while !self.is_connected() {
            assert!(Instant::now() < deadline, "no connection");
            self.turn();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Waits for the first video packet.
    pub(super) fn watch(&mut self) {
        let deadline = Instant::now() + CONNECT_MAX;
        while self.source == 0 {
            assert!(Instant::now() < deadline, "no media");
            self.turn();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Handles the datagrams that have arrived and the timeouts, and sends what is due.
    pub(super) fn turn(&mut self) {
        let mut buffer = [0; 2_048];
        let local = self.socket.local_addr().expect("an address");
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            let datagram = &buffer[..length];
            match DatagramKind::of(datagram) {
                DatagramKind::Rtp => self.media(datagram),
                DatagramKind::Rtcp => {}
                _ => self
                    .peer
                    .handle_datagram(Instant::now(), from, local, datagram),
            }
            self.drain();
        }
        self.peer.handle_timeout(Instant::now());
        self.drain();
    }

    fn media(&mut self, packet: &[u8]) {
        self.received += 1;
        self.received_bytes += packet.len() as u64;
        // Only video packets are this large.
        if packet.len() > 300 {
            self.source = u32::from_be_bytes(packet[8..12].try_into().expect("four bytes"));
        }
    }

    fn drain(&mut self) {
        loop {
            match self.peer.poll_output() {
                Output::Transmit(transmit) => {
                    if self.holds_back && DatagramKind::of(&transmit.contents) == DatagramKind::Dtls
                    {
                        self.held_back.push(transmit.contents);
                    } else {
                        self.send(&transmit.contents);
                    }
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }

    /// Sends a datagram from its own address.
    pub(super) fn send(&self, datagram: &[u8]) {
        // A full send buffer drops the datagram, as a network would.
        self.socket.send_to(datagram, self.server.media()).ok();
    }

    /// An authentic connectivity check of this session.
    pub(super) fn check(&self, nominates: bool) -> Vec<u8> {
        let (server, own) = (&self.answer, &self.offer);
        let mut check = Vec::new();
        let mut id = [0; 12];
        id.iter_mut().for_each(|byte| *byte = fastrand::u8(..));
        let mut writer = Writer::binding_request(&mut check, id)
            .username(value(server, "ice-ufrag"), value(own, "ice-ufrag"))
            .priority(0x6e7f_1eff)
            .controlling(7);
        if nominates {
            writer = writer.use_candidate();
        }
        writer.finish(Some(value(server, "ice-pwd").as_bytes()));
        check
    }

    /// Encrypts packets with the session's keys, independently of the peer. Use SSRCs that the peer
    /// does not use.
    pub(super) fn outbound(&self) -> Outbound {
        let keys = self.peer.srtp_keys().and_then(srtp_keys);
        keys.expect("it is connected").outbound()
    }

    /// The payload type of a codec in the answer.
    pub(super) fn payload_type(&self, codec: &str) -> u8 {
        let mut maps = self.answer.lines().filter_map(|line| {
            let (number, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            name.starts_with(codec).then(|| number.parse().ok())?
        });
        maps.next().expect("the codec was agreed on")
    }
}

impl Drop for Hostile<'_> {
    fn drop(&mut self) {
        // A failing test reports its own reason, so errors here are ignored.
        self.server
            .client()
            .delete(&self.server.url(&self.session))
            .ok();
    }
}

/// The value of an attribute that occurs once in a description, or with the same value everywhere.
pub(super) fn value<'a>(sdp: &'a str, name: &str) -> &'a str {
    let mut lines = sdp.lines().filter_map(|line| line.strip_prefix("a="));
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.expect("the attribute is there").trim_end()
}

/// A socket at an address that is not involved in any session.
pub(super) fn bystander() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.2:0").expect("the whole of 127/8 is this host");
    socket.set_nonblocking(true).expect("a socket");
    socket
}

/// Size of a datagram on the wire: with its IPv4 and UDP headers.
pub(super) fn on_the_wire(datagram: usize) -> u64 {
    datagram as u64 + 28
}

/// Reads all datagrams that have arrived at a socket. Returns their bytes on the wire.
pub(super) fn drain(socket: &UdpSocket) -> u64 {
    let mut buffer = [0; 2_048];
    let mut bytes = 0;
    while let Ok((length, _)) = socket.recv_from(&mut buffer) {
        bytes += on_the_wire(length);
    }
    bytes
}

/// Sends a datagram from a socket that belongs to no session. A full send buffer drops it.
pub(super) fn send(socket: &UdpSocket, to: SocketAddr, datagram: &[u8]) {
    socket.send_to(datagram, to).ok();
}

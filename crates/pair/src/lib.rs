//! A server peer and a client over a network without delay, in virtual time.
//!
//! For the tests of `rtc` and for hostile input: a [`World`] records every datagram of both sides,
//! and accepts further ones from any address. The client comes from the crate `client`, which uses
//! another WebRTC library. Misuse of a world panics.
#![forbid(unsafe_code)]

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use client::{Certificate, Direction, Offering};
use ice::stun::Writer;
use rtc::srtp::{Keys, Outbound, Protection};
use rtc::{
    Config, Datagrams, Event, Identity, LineIndex, Negotiator, Path, Peer, Refused, Role,
    WallClock, WriteError,
};
use rtp::{Codec, DatagramKind, Format, Header, Kind, Packet, Profile, Rewrite};

/// The step of virtual time.
pub const STEP: Duration = Duration::from_millis(5);

/// Time for a handshake: longer than any in these tests.
pub const CONNECT_MAX: Duration = Duration::from_secs(2);

/// The path between the addresses that the answer and the offer name.
pub fn path() -> Path {
    Path::udp(address(1, 10_000), address(2, 5_000))
}

/// A path from an address that was never validated.
pub fn strange_path() -> Path {
    Path::udp(path().local, address(3, 6_666))
}

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], port))
}

/// The certificates of server and client. They are generated once, since that takes milliseconds.
fn identities() -> &'static (Identity, Certificate) {
    static IDENTITIES: OnceLock<(Identity, Certificate)> = OnceLock::new();
    IDENTITIES.get_or_init(|| (Identity::generate(), Certificate::generate()))
}

/// Returns the configuration of the server's peers.
pub fn config(now: Instant) -> Config {
    Config {
        identity: identities().0.clone(),
        candidates: vec![path().local],
        announce_ice_lite: false,
        wall_clock: WallClock {
            instant: now,
            time: SystemTime::UNIX_EPOCH,
        },
    }
}

/// A datagram and its path.
pub type Flight = (Path, Vec<u8>);

/// A server peer and its client.
#[derive(Debug)]
pub struct World {
    /// The virtual time of both.
    pub now: Instant,
    /// The server's peer.
    pub server: Peer,
    /// The client.
    pub client: client::Peer,
    /// All events of the peer.
    pub events: Vec<Event>,
    /// All events of the client.
    pub client_events: Vec<client::Event>,
    /// Datagrams that the server has sent since this list was last cleared.
    pub sent: Vec<Flight>,
    /// Datagrams that the client has sent since this list was last cleared.
    pub received: Vec<Flight>,
    /// The client's offer, as the server received it.
    pub offer: String,
    /// The server's answer, as the client received it.
    pub answer: String,
    to: Datagrams,
    loss: Loss,
}

/// Decides whether a datagram is lost, from its direction (true: to the server) and its bytes.
type Lost = dyn FnMut(bool, &[u8]) -> bool + Send;

/// The loss of the network; none by default.
struct Loss(Box<Lost>);

impl fmt::Debug for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loss").finish_non_exhaustive()
    }
}

impl World {
    /// Creates a world whose client watches: media goes to it.
    pub fn viewer() -> Self {
        Self::new(Direction::Receive, |offer| offer, |answer| answer)
    }

    /// Creates a world whose client publishes.
    pub fn publisher() -> Self {
        Self::new(Direction::Send, |offer| offer, |answer| answer)
    }

    /// Creates a world before its first datagram. `offered` edits the offer that the server
    /// receives, `answered` the answer that the client receives.
    pub fn new(
        direction: Direction,
        offered: impl FnOnce(String) -> String,
        answered: impl FnOnce(String) -> String,
    ) -> Self {
        let now = Instant::now();
        let settings = client::Config::new(&identities().1, path().remote);
        let offering = Offering::new(&settings, direction, &[], now);
        let offer = offered(offering.sdp().to_owned());
        let role = match direction {
            Direction::Send => Role::Publisher,
            Direction::Receive => Role::Viewer {
                stream: "garden".to_owned(),
            },
        };
        let config = config(now);
        let description = sdp::Description::parse(&offer).expect("an offer");
        let negotiated = Negotiator::new(&config, role).offered(&description);
        let negotiated = negotiated.expect("an offer that can be answered");
        let server = Peer::new(&config, negotiated.agreed, None, now).expect("a fingerprint");
        let answer = answered(negotiated.sdp);
        Self {
            now,
            server,
            client: offering.accept(&answer).expect("an answer"),
            events: Vec::new(),
            client_events: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
            offer,
            answer,
            to: Datagrams::default(),
            loss: Loss(Box::new(|_, _| false)),
        }
    }

    /// From now on drops the datagrams for which `lost` returns true. Its first argument is whether
    /// the datagram goes to the server.
    pub fn lose(&mut self, lost: impl FnMut(bool, &[u8]) -> bool + Send + 'static) {
        self.loss = Loss(Box::new(lost));
    }

    /// Runs until both sides are connected, and clears the datagrams recorded so far. Panics when
    /// they do not connect within [`CONNECT_MAX`].
    pub fn connected(mut self) -> Self {
        self.pass(CONNECT_MAX);
        assert!(self.is_connected(), "{:?}", self.events);
        self.sent.clear();
        self.received.clear();
        self
    }

    /// Whether both sides have reported that they are connected.
    pub fn is_connected(&self) -> bool {
        let here = |event: &Event| matches!(event, Event::Connected(_));
        let there = |event: &client::Event| matches!(event, client::Event::Connected);
        self.events.iter().any(here) && self.client_events.iter().any(there)
    }

    /// Lets time pass for both sides, and carries their datagrams.
    pub fn pass(&mut self, time: Duration) {
        self.pass_with(time, |_| {});
    }

    /// Like [`Self::pass`], and calls `between` after each exchange of datagrams.
    pub fn pass_with(&mut self, time: Duration, mut between: impl FnMut(&mut Self)) {
        let end = self.now + time;
        while self.now < end {
            self.now += STEP;
            self.server.handle_timeout(self.now, &mut self.to);
            self.client.handle_timeout(self.now);
            while self.turn() {
                between(self);
            }
        }
    }

    /// Lets time pass for the server alone: the client sends and receives nothing.
    pub fn pass_alone(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += STEP;
            self.server.handle_timeout(self.now, &mut self.to);
            self.collect();
        }
    }

    /// Carries the datagrams that both sides have to send. Returns false when there were none.
    fn turn(&mut self) -> bool {
        let mut flights = self.poll_client();
        let mut moved = !flights.is_empty();
        self.received.extend(flights.iter().cloned());
        for (from, datagram) in &mut flights {
            if !(self.loss.0)(true, datagram) {
                self.tell(*from, datagram);
            }
        }
        let before = self.sent.len();
        self.collect();
        let new: Vec<_> = self.sent.iter().skip(before).cloned().collect();
        for (to, datagram) in new {
            if to == path() && !(self.loss.0)(false, &datagram) {
                let (own, client) = (to.local, to.remote);
                self.client
                    .handle_datagram(self.now, own, client, &datagram);
                moved = true;
            }
        }
        moved
    }

    fn poll_client(&mut self) -> Vec<Flight> {
        let mut flights = Vec::new();
        loop {
            match self.client.poll_output() {
                client::Output::Timeout(_) => return flights,
                client::Output::Event(event) => self.client_events.push(event),
                client::Output::Transmit(transmit) => {
                    let from = Path::udp(transmit.destination, transmit.source);
                    flights.push((from, transmit.contents));
                }
            }
        }
    }

    /// Gives the server a datagram. Returns its result.
    pub fn hear(&mut self, from: Path, datagram: &mut [u8]) -> Result<(), Refused> {
        let (now, to) = (self.now, &mut self.to);
        self.server.handle_datagram(now, from, datagram, to)
    }

    /// Gives the server a datagram, which it may refuse.
    pub fn tell(&mut self, from: Path, datagram: &mut [u8]) {
        self.hear(from, datagram).ok();
    }

    /// Collects the server's events and datagrams.
    pub fn collect(&mut self) {
        let Self { server, events, .. } = self;
        server.drain(|event| events.push(event));
        while let Some(transmit) = self.to.pop() {
            let path = transmit.path;
            let datagrams = transmit.datagrams().map(|bytes| (path, bytes.to_vec()));
            self.sent.extend(datagrams);
        }
    }

    /// Closes the connection from the server's side.
    pub fn close(&mut self) {
        self.server.close(self.now, &mut self.to);
    }

    /// Returns the RTP packets in [`Self::sent`].
    pub fn media_sent(&self) -> Vec<&Flight> {
        let is_media = |(_, bytes): &&Flight| DatagramKind::of(bytes) == DatagramKind::Rtp;
        self.sent.iter().filter(is_media).collect()
    }

    /// Returns the video line to the client.
    pub fn video(&self) -> LineIndex {
        let mut lines = LineIndex::all().zip(self.server.sent());
        let video = lines.find(|(_, media)| media.kind == Kind::Video);
        video.expect("a video section").0
    }

    /// Writes a video packet to the client.
    pub fn write(&mut self, seq: u64) -> Result<(), WriteError> {
        self.write_as(seq, Codec::Vp8, 100)
    }

    /// Writes a packet with this codec and a payload of this many bytes.
    pub fn write_as(&mut self, seq: u64, codec: Codec, bytes: usize) -> Result<(), WriteError> {
        self.write_shared(seq, &Arc::new(picture(self.now, codec, bytes)))
    }

    /// Writes a packet that other viewers may share.
    pub fn write_shared(&mut self, seq: u64, packet: &Arc<Packet>) -> Result<(), WriteError> {
        let line = self.video();
        let rewrite = Rewrite::new(seq, 3_000 * seq as u32);
        self.server
            .write(self.now, line, packet, rewrite, &mut self.to)
    }

    /// Writes a packet, and returns its header and the datagram with its path.
    pub fn write_one(&mut self, seq: u64) -> (Header, Flight) {
        self.sent.clear();
        self.write(seq).expect("it is connected");
        self.collect();
        let media = self.media_sent();
        assert_eq!(media.len(), 1);
        let flight = media.first().copied().expect("one packet").clone();
        (Header::read(&flight.1).expect("a packet"), flight)
    }

    /// Returns the client's outbound SRTP keys, to seal packets as the client does.
    pub fn client_seal(&self) -> Outbound {
        let keys = self.client.srtp_keys().expect("it is connected");
        let protection = match keys.protection {
            client::Protection::Aes128CmSha1 => Protection::Aes128CmSha1,
            client::Protection::Aes128Gcm => Protection::Aes128Gcm,
            client::Protection::Aes256Gcm => Protection::Aes256Gcm,
        };
        let keys =
            Keys::new(protection, &keys.material, keys.client).expect("keys of the right length");
        keys.outbound()
    }

    /// Returns the client's ICE ufrag.
    pub fn client_ufrag(&self) -> String {
        attribute(&self.offer, "a=ice-ufrag:")
    }

    /// Builds an authentic STUN check of the client that nominates the path.
    pub fn check(&self, id: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let local = self.server.local_credentials();
        Writer::binding_request(&mut bytes, [id; 12])
            .username(local.ufrag(), &self.client_ufrag())
            .priority(0x7eff_ffff)
            .use_candidate()
            .finish(Some(local.pwd().as_bytes()));
        bytes
    }

    /// Builds the client's answer to a STUN check of the server.
    pub fn check_answer(&self, request: &[u8], source: SocketAddr) -> Vec<u8> {
        let id = ice::stun::Message::read(request).expect("a request").id();
        let password = attribute(&self.offer, "a=ice-pwd:");
        let mut bytes = Vec::new();
        Writer::binding_success(&mut bytes, id, source).finish(Some(password.as_bytes()));
        bytes
    }

    /// Counts the peer's events that are `wanted`.
    pub fn count(&self, mut wanted: impl FnMut(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    /// Counts how often media moved to another path.
    pub fn moves(&self) -> usize {
        self.count(|event| matches!(event, Event::Selected(_)))
    }

    /// Counts the media packets that the client has received.
    pub fn pictures(&self) -> usize {
        let is_packet = |event: &&client::Event| matches!(event, client::Event::Packet { .. });
        self.client_events.iter().filter(is_packet).count()
    }
}

/// Returns the rest of the first line that begins with `begin`. Panics when there is none.
pub fn attribute(description: &str, begin: &str) -> String {
    let mut lines = description.lines();
    let found = lines.find_map(|line| line.strip_prefix(begin));
    found.expect("the line is there").trim_end().to_owned()
}

/// Replaces the fingerprint of a description by a wrong one.
pub fn with_wrong_fingerprint(description: String) -> String {
    let right = attribute(&description, "a=fingerprint:sha-256 ");
    description.replace(&right, &["AB"; 32].join(":"))
}

/// Builds a video packet with a payload of this many bytes, which begins a frame.
pub fn picture(now: Instant, codec: Codec, bytes: usize) -> Packet {
    let format = Format {
        codec,
        clock_rate: 90_000,
        profile: Profile::Any,
        red: false,
    };
    // A payload descriptor of VP8 that begins a frame (RFC 7741 §4.2).
    let mut payload = vec![0x10; bytes];
    payload.resize(bytes, 0x77);
    Packet {
        marker: true,
        ..Packet::new(now, format, payload)
    }
}

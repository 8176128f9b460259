//! One server's peer and one client, and a network between them without delay.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use client::{Certificate, Direction, Offering};
use headwater_rtc::srtp::{Keys, Outbound, Protection};
use headwater_rtc::{
    Config, Datagrams, Event, Identity, Negotiator, Path, Peer, Refused, Role, WallClock,
    WriteError,
};
use ice::stun::Writer;
use rtp::{Codec, Format, Header, Kind, Packet, Profile, Rewrite, Sort};

pub(crate) const STEP: Duration = Duration::from_millis(5);

/// Longer than any handshake here.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(2);

/// The server and the client as the offer and the answer name them.
pub(crate) fn path() -> Path {
    Path::udp(address(1, 10_000), address(2, 5_000))
}

/// From an address that has shown nothing.
pub(crate) fn strange_path() -> Path {
    Path::udp(path().local, address(3, 6_666))
}

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], port))
}

/// Of the server and of the client; made once, since that takes milliseconds.
fn identities() -> &'static (Identity, Certificate) {
    static IDENTITIES: OnceLock<(Identity, Certificate)> = OnceLock::new();
    IDENTITIES.get_or_init(|| (Identity::generate(), Certificate::generate()))
}

pub(crate) fn config(now: Instant) -> Config {
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

/// A datagram, from or to where.
pub(crate) type Flight = (Path, Vec<u8>);

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) server: Peer,
    pub(crate) client: client::Peer,
    pub(crate) events: Vec<Event>,
    pub(crate) client_events: Vec<client::Event>,
    /// What the server has sent since this was taken last.
    pub(crate) sent: Vec<Flight>,
    /// What the client has sent since this was taken last.
    pub(crate) received: Vec<Flight>,
    pub(crate) offer: String,
    pub(crate) answer: String,
    to: Datagrams,
}

impl World {
    /// A client that watches: media goes to it.
    pub(crate) fn viewer() -> Self {
        Self::new(Direction::Receive, |offer| offer, |answer| answer)
    }

    /// A client that publishes.
    pub(crate) fn publisher() -> Self {
        Self::new(Direction::Send, |offer| offer, |answer| answer)
    }

    /// `offered` and `answered` change what each side is told of the other.
    pub(crate) fn new(
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
        let description = sdp::Description::parse(&offer).unwrap();
        let negotiated = Negotiator::new(&config, role).offered(&description);
        let negotiated = negotiated.unwrap();
        let server = Peer::new(&config, negotiated.agreed, None, now).unwrap();
        let answer = answered(negotiated.sdp);
        Self {
            now,
            server,
            client: offering.accept(&answer).unwrap(),
            events: Vec::new(),
            client_events: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
            offer,
            answer,
            to: Datagrams::default(),
        }
    }

    pub(crate) fn connected(mut self) -> Self {
        self.pass(CONNECT_MAX);
        assert!(self.is_connected(), "{:?}", self.events);
        self.sent.clear();
        self.received.clear();
        self
    }

    pub(crate) fn is_connected(&self) -> bool {
        let here = |event: &Event| matches!(event, Event::Connected(_));
        let there = |event: &client::Event| matches!(event, client::Event::Connected);
        self.events.iter().any(here) && self.client_events.iter().any(there)
    }

    /// Lets time pass for both, and carries what they send.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.pass_with(time, |_| {});
    }

    /// The same; `between` is called after each exchange of datagrams.
    pub(crate) fn pass_with(&mut self, time: Duration, mut between: impl FnMut(&mut Self)) {
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

    /// Lets time pass for the server alone: its client is silent, and hears nothing.
    pub(crate) fn pass_alone(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += STEP;
            self.server.handle_timeout(self.now, &mut self.to);
            self.collect();
        }
    }

    /// Carries what both have to say now. False when that was nothing.
    fn turn(&mut self) -> bool {
        let mut flights = self.poll_client();
        let mut moved = !flights.is_empty();
        self.received.extend(flights.iter().cloned());
        for (from, datagram) in &mut flights {
            self.tell(*from, datagram);
        }
        let before = self.sent.len();
        self.collect();
        let new: Vec<_> = self.sent.get(before..).unwrap().to_vec();
        for (to, datagram) in new {
            if to == path() {
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

    /// The server receives this. Returns what it says of it.
    pub(crate) fn hear(&mut self, from: Path, datagram: &mut [u8]) -> Result<(), Refused> {
        let (now, to) = (self.now, &mut self.to);
        self.server.handle_datagram(now, from, datagram, to)
    }

    /// The server receives this, and may refuse it.
    pub(crate) fn tell(&mut self, from: Path, datagram: &mut [u8]) {
        self.hear(from, datagram).ok();
    }

    /// Takes what the server has to say.
    pub(crate) fn collect(&mut self) {
        let Self { server, events, .. } = self;
        server.drain(|event| events.push(event));
        while let Some(transmit) = self.to.pop() {
            let path = transmit.path;
            let datagrams = transmit.datagrams().map(|bytes| (path, bytes.to_vec()));
            self.sent.extend(datagrams);
        }
    }

    pub(crate) fn close(&mut self) {
        self.server.close(self.now, &mut self.to);
    }

    /// Media that the server has sent since [`Self::sent`] was taken last.
    pub(crate) fn media_sent(&self) -> Vec<&Flight> {
        let is_media = |(_, bytes): &&Flight| Sort::of(bytes) == Sort::Rtp;
        self.sent.iter().filter(is_media).collect()
    }

    /// Index of the line of pictures to the client.
    pub(crate) fn video(&self) -> usize {
        let mut lines = self.server.sent().iter();
        lines.position(|line| line.kind == Kind::Video).unwrap()
    }

    /// Writes a packet of pictures to the client.
    pub(crate) fn write(&mut self, seq: u64) -> Result<(), WriteError> {
        self.write_as(seq, Codec::Vp8, 100)
    }

    pub(crate) fn write_as(
        &mut self,
        seq: u64,
        codec: Codec,
        bytes: usize,
    ) -> Result<(), WriteError> {
        self.write_shared(seq, &Arc::new(picture(self.now, codec, bytes)))
    }

    /// Writes a packet that other viewers have too.
    pub(crate) fn write_shared(
        &mut self,
        seq: u64,
        packet: &Arc<Packet>,
    ) -> Result<(), WriteError> {
        let line = self.video();
        let rewrite = Rewrite::new(seq, 3_000 * seq as u32);
        self.server
            .write(self.now, line, packet, rewrite, &mut self.to)
    }

    /// Writes a packet, and returns its header, its bytes and where it went.
    pub(crate) fn write_one(&mut self, seq: u64) -> (Header, Flight) {
        self.sent.clear();
        self.write(seq).unwrap();
        self.collect();
        let media = self.media_sent();
        assert_eq!(media.len(), 1);
        let flight = media.first().copied().unwrap().clone();
        (Header::read(&flight.1).unwrap(), flight)
    }

    /// What seals as the client does.
    pub(crate) fn client_seal(&self) -> Outbound {
        let keys = self.client.srtp_keys().unwrap();
        let protection = match keys.protection {
            client::Protection::Aes128CmSha1 => Protection::Aes128CmSha1,
            client::Protection::Aes128Gcm => Protection::Aes128Gcm,
            client::Protection::Aes256Gcm => Protection::Aes256Gcm,
        };
        let keys = Keys::new(protection, &keys.material, keys.client).unwrap();
        keys.outbound()
    }

    pub(crate) fn client_ufrag(&self) -> String {
        attribute(&self.offer, "a=ice-ufrag:")
    }

    /// An authentic check of the client's that nominates.
    pub(crate) fn check(&self, id: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let local = self.server.local_credentials();
        Writer::binding_request(&mut bytes, [id; 12])
            .username(local.ufrag(), &self.client_ufrag())
            .priority(0x7eff_ffff)
            .use_candidate()
            .finish(Some(local.pwd().as_bytes()));
        bytes
    }

    /// The answer of the client's to a check of the server's.
    pub(crate) fn check_answer(&self, request: &[u8], source: SocketAddr) -> Vec<u8> {
        let id = ice::stun::Message::read(request).unwrap().id();
        let password = attribute(&self.offer, "a=ice-pwd:");
        let mut bytes = Vec::new();
        Writer::binding_success(&mut bytes, id, source).finish(Some(password.as_bytes()));
        bytes
    }

    pub(crate) fn count(&self, mut wanted: impl FnMut(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    pub(crate) fn moves(&self) -> usize {
        self.count(|event| matches!(event, Event::Selected(_)))
    }

    /// Pictures that the client has received.
    pub(crate) fn pictures(&self) -> usize {
        let is_packet = |event: &&client::Event| matches!(event, client::Event::Packet { .. });
        self.client_events.iter().filter(is_packet).count()
    }
}

/// The first line that begins so, without this.
pub(crate) fn attribute(description: &str, begin: &str) -> String {
    let mut lines = description.lines();
    let found = lines.find_map(|line| line.strip_prefix(begin));
    found.unwrap().trim_end().to_owned()
}

/// The description with another fingerprint.
pub(crate) fn with_wrong_fingerprint(description: String) -> String {
    let right = attribute(&description, "a=fingerprint:sha-256 ");
    description.replace(&right, &["AB"; 32].join(":"))
}

pub(crate) fn picture(now: Instant, codec: Codec, bytes: usize) -> Packet {
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

/// Numbers that follow from a seed: splitmix64.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

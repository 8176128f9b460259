use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use client::Peer;
use rtp::{DatagramKind, Header, Kind, Packet};

use crate::{Clock, Reception};

/// Without a new picture for this long a viewer asks for a key frame, as browsers do, and
/// again after the same time.
const PATIENCE: Duration = Duration::from_millis(1_000);

/// A viewer that records what it receives.
#[derive(Debug)]
pub struct Viewer {
    began: Duration,
    connected: Option<Duration>,
    audio: Reception,
    video: Reception,
    ssrcs: BTreeSet<u32>,
    /// When the viewer asks for a key frame, once media flows.
    asks_at: Option<Instant>,
    asked: u64,
}

impl Viewer {
    pub(crate) fn new(began: Duration) -> Self {
        Self {
            began,
            connected: None,
            audio: Reception::new(Kind::Audio),
            video: Reception::new(Kind::Video),
            ssrcs: BTreeSet::new(),
            asks_at: None,
            asked: 0,
        }
    }

    /// When the session was opened, since the world began.
    pub fn began(&self) -> Duration {
        self.began
    }

    /// When DTLS came up, since the world began; `None` before.
    pub fn connected(&self) -> Option<Duration> {
        self.connected
    }

    /// What the viewer received of the audio track.
    pub fn audio(&self) -> &Reception {
        &self.audio
    }

    /// What the viewer received of the video track.
    pub fn video(&self) -> &Reception {
        &self.video
    }

    /// SSRCs received, those of retransmissions too.
    pub fn ssrcs(&self) -> &BTreeSet<u32> {
        &self.ssrcs
    }

    /// How often the viewer asked for a key frame on its own.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Time from the opening of the session to the first decodable frame.
    pub fn first_picture(&self) -> Option<Duration> {
        Some(self.video.first_decodable()? - self.began)
    }

    pub(crate) fn connected_at(&mut self, at: Duration) {
        self.connected.get_or_insert(at);
    }

    pub(crate) fn datagram(&mut self, contents: &[u8]) {
        self.ssrcs.extend(source_of(contents));
    }

    pub(crate) fn packet(&mut self, clock: &Clock, packet: &Packet) {
        let track = match packet.format.codec.kind() {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        };
        let decoded = track.decoded().len();
        track.packet(clock.elapsed(), packet);
        if packet.format.codec.kind() == Kind::Video && self.video.decoded().len() > decoded {
            self.asks_at = Some(clock.now() + PATIENCE);
        }
        self.asks_at.get_or_insert(clock.now() + PATIENCE);
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.asks_at
    }

    pub(crate) fn produce(&mut self, clock: &Clock, peer: &mut Peer) {
        if self.asks_at.is_some_and(|at| at <= clock.now()) {
            self.asks_at = Some(clock.now() + PATIENCE);
            self.asked += 1;
            request_keyframe(peer);
        }
    }
}

/// The SSRC of a datagram; `None` when it is not RTP.
pub(crate) fn source_of(datagram: &[u8]) -> Option<u32> {
    let header = Header::read(datagram).filter(|_| DatagramKind::of(datagram) == DatagramKind::Rtp);
    Some(header?.ssrc)
}

pub(crate) fn request_keyframe(peer: &mut Peer) {
    if let Some(line) = peer.receiving(Kind::Video) {
        peer.request_keyframe(line, 0);
    }
}

use std::time::Instant;

use rtp::Kind;
use str0m::media::{Direction as Way, Simulcast, SimulcastLayer};

use crate::peer::Peer;
use crate::{Config, Error};

/// The direction of the media in an offer, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The client sends: it publishes.
    Send,
    /// The client receives: it watches.
    Receive,
}

/// A client that has made its first offer and waits for the answer.
#[derive(Debug)]
pub struct Offering {
    peer: Peer,
    sdp: String,
}

impl Offering {
    /// Creates an offer of one audio and one video m-line. With `rids`, the video is simulcast with
    /// one layer each, the worst first (RFC 8853).
    pub fn new(config: &Config, direction: Direction, rids: &[&str], now: Instant) -> Self {
        let way = match direction {
            Direction::Send => Way::SendOnly,
            Direction::Receive => Way::RecvOnly,
        };
        let simulcast = (!rids.is_empty()).then(|| {
            let mut simulcast = Simulcast::new();
            rids.iter()
                .for_each(|rid| simulcast.add_send_layer(SimulcastLayer::new(rid)));
            simulcast
        });
        let mut peer = Peer::new(config, now);
        let lines = [(Kind::Audio, None), (Kind::Video, simulcast)];
        let sdp = peer.offer_lines(way, lines);
        Self { peer, sdp }
    }

    /// Returns the SDP offer.
    pub fn sdp(&self) -> &str {
        &self.sdp
    }

    /// Applies the answer. The returned peer then connects.
    pub fn accept(self, answer: &str) -> Result<Peer, Error> {
        let mut peer = self.peer;
        peer.accept(answer)?;
        Ok(peer)
    }
}

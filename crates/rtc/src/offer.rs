use std::time::Instant;

use str0m::change::SdpPendingOffer;
use str0m::media::{MediaKind, Simulcast, SimulcastLayer};

use crate::peer::Peer;
use crate::sdp::{Direction, OfferError};
use crate::{Config, WallClock};

/// A peer that has made an offer and waits for the answer: the client's side, for relays
/// between nodes, load generators and tests.
#[derive(Debug)]
pub struct Offering {
    peer: Peer,
    pending: SdpPendingOffer,
    sdp: String,
    direction: Direction,
    wall_clock: WallClock,
}

impl Offering {
    /// Offers one audio and one video m-line. With rids, the video is simulcast, worst first
    /// (RFC 8853). `config.candidates` are the client's own addresses.
    pub fn new(config: &Config, direction: Direction, rids: &[&str], now: Instant) -> Self {
        let mut rtc = config.rtc(direction, false, now);
        let way = match direction {
            Direction::Send => str0m::media::Direction::SendOnly,
            Direction::Receive => str0m::media::Direction::RecvOnly,
        };
        let simulcast = (!rids.is_empty()).then(|| {
            let mut simulcast = Simulcast::new();
            rids.iter()
                .for_each(|rid| simulcast.add_send_layer(SimulcastLayer::new(rid)));
            simulcast
        });
        let mut changes = rtc.sdp_api();
        changes.add_media(MediaKind::Audio, way, None, None, None);
        changes.add_media(MediaKind::Video, way, None, None, simulcast);
        let (offer, pending) = changes.apply().expect("two m-lines were added");
        let sdp = offer.to_sdp_string();
        Self {
            peer: Peer::from_rtc(rtc, sdp.clone(), now),
            pending,
            sdp,
            direction,
            wall_clock: config.wall_clock,
        }
    }

    /// The SDP offer.
    pub fn sdp(&self) -> &str {
        &self.sdp
    }

    /// Takes the answer; the peer then connects.
    pub fn accept(self, answer: &str) -> Result<Peer, OfferError> {
        let mut peer = self.peer;
        peer.accept_answer(self.pending, answer, self.direction, self.wall_clock)?;
        Ok(peer)
    }
}

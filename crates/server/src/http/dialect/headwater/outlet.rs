//! How a participant is told: each event is a frame in its outbox.

use std::sync::Arc;
use std::time::Instant;

use model::StreamName;
use room::Event;
use session::{Offer, OfferedLine, PeerKind};
use signaling::dialect::headwater::{self, Line, PeerName};

use super::link::Link;
use super::participations::Participations;
use crate::control::{ChannelMessage, EventBatch, Outlet, Slow};

/// The way to one participant.
#[derive(Debug)]
pub(super) struct LinkOutlet {
    pub(super) link: Arc<Link>,
    pub(super) secret: u128,
    pub(super) participations: Arc<Participations>,
}

impl LinkOutlet {
    /// Tells the participant about its peers. One that does not take it is found out at the next
    /// event.
    fn tell(&self, event: headwater::Event) {
        if self.link.push(&headwater::events(&[event])).is_err() {
            let key = self.link.key;
            tracing::debug!(
                ?key,
                "an event is lost: the participant has confirmed too little"
            );
        }
    }
}

impl Outlet for LinkOutlet {
    fn deliver(&mut self, events: &EventBatch) -> Result<(), Slow> {
        let body = self.participations.written(events);
        if let Some(Event::Ended { .. }) = events.last() {
            self.link.push_last(&body);
            return Ok(());
        }
        self.link.push(&body).map_err(|_| Slow)
    }

    fn offer(&mut self, offer: Offer) {
        let line = |line: OfferedLine| Line {
            mid: line.mid,
            stream: line.stream.to_string(),
            kind: line.kind.into(),
        };
        self.tell(headwater::Event::Offer {
            number: offer.number,
            sdp: offer.sdp,
            lines: offer.lines.into_iter().map(line).collect(),
        });
    }

    fn peer_lost(&mut self, peer: PeerKind) {
        let peer = match peer {
            PeerKind::Publisher => PeerName::Publish,
            PeerKind::Subscriber => PeerName::View,
            // Participants with these go by another protocol.
            PeerKind::Unified | PeerKind::OneStream => return,
        };
        self.tell(headwater::Event::PeerLost { peer });
    }

    fn layer(&mut self, stream: &StreamName, rid: String) {
        let stream = stream.to_string();
        self.tell(headwater::Event::Layer { stream, rid });
    }

    /// Only unified peers have data channels.
    fn channel_message(&mut self, _: ChannelMessage) {}

    fn close(self: Box<Self>, now: Instant) {
        self.participations.end(self.secret, now);
    }
}

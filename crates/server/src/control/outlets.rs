//! How participants are told: by a link that outlives its sockets, or by a queue of a dialect.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use model::StreamName;
use room::{Event, ParticipantKey};
use session::{ChannelMessage, Offer, PeerKind};
use signaling::dialect::headwater::{self, Line, PeerName};
use tokio::sync::{mpsc, watch};

use super::link::Link;
use super::resuming::Ended;

pub(crate) use session::EventBatch;

/// Deliveries that wait for a dialect. A participant for whom more wait leaves, as slow.
const WAITING_MAX: usize = 256;

/// The ways to all participants that came by themselves.
#[derive(Debug, Default)]
pub(super) struct Outlets {
    all: BTreeMap<ParticipantKey, Outlet>,
    /// The participants that resume by a secret.
    pub(super) secrets: BTreeMap<u128, ParticipantKey>,
    pub(super) ended: Ended,
}

/// How one participant is told.
#[derive(Debug)]
pub(super) enum Outlet {
    /// As the Headwater protocol does.
    Link(Linked),
    /// By a dialect that writes each event itself.
    Queue(Queue),
}

/// A participant by the Headwater protocol.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) link: Arc<Link>,
    pub(super) secret: u128,
    /// The highest id of a request.
    pub(super) received: u64,
    /// The id of the request that opened the present socket.
    pub(super) entered: u64,
}

/// The way to a participant by another dialect.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<EventBatch>,
    /// A place that is kept for the last word.
    last: Option<mpsc::OwnedPermit<EventBatch>>,
    /// Of a participant with a unified peer.
    unified: Option<UnifiedOutlet>,
}

/// What a participant with a unified peer is told beside events.
#[derive(Debug)]
pub(super) struct UnifiedOutlet {
    pub(super) offers: watch::Sender<String>,
    pub(super) channel_messages: mpsc::Sender<ChannelMessage>,
}

/// The participant does not take what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slow;

impl Outlets {
    pub(super) fn insert(&mut self, key: ParticipantKey, outlet: Outlet) {
        if let Outlet::Link(linked) = &outlet {
            self.secrets.insert(linked.secret, key);
        }
        self.all.insert(key, outlet);
    }

    /// A participant by the Headwater protocol.
    pub(super) fn linked(&self, key: ParticipantKey) -> Option<&Linked> {
        match self.all.get(&key)? {
            Outlet::Link(linked) => Some(linked),
            Outlet::Queue(_) => None,
        }
    }

    /// The same, to change it.
    pub(super) fn linked_mut(&mut self, key: ParticipantKey) -> Option<&mut Linked> {
        match self.all.get_mut(&key)? {
            Outlet::Link(linked) => Some(linked),
            Outlet::Queue(_) => None,
        }
    }

    /// Tells participants of events. Returns those that do not take them.
    pub(super) fn deliver(
        &mut self,
        to: &[ParticipantKey],
        events: &EventBatch,
    ) -> Vec<ParticipantKey> {
        let body = LazyCell::new(|| written(events));
        let all = &mut self.all;
        let is_slow = |key: &&ParticipantKey| {
            let outlet = all.get_mut(key);
            outlet.is_some_and(|outlet| outlet.tell(events, &body).is_err())
        };
        to.iter().filter(is_slow).copied().collect()
    }

    /// Sends a frame with this body to a participant by the Headwater protocol.
    pub(super) fn send(&self, key: ParticipantKey, body: &str) -> Result<(), Slow> {
        match self.linked(key) {
            Some(linked) => linked.link.push(body).map_err(|_| Slow),
            None => Ok(()),
        }
    }

    /// Passes on an offer of the server.
    pub(super) fn offer(&self, to: ParticipantKey, offer: Offer) {
        match self.all.get(&to) {
            Some(Outlet::Queue(queue)) => {
                if let Some(unified) = &queue.unified {
                    unified.offers.send_replace(offer.sdp);
                }
            }
            Some(Outlet::Link(_)) => {
                let line = |line: session::OfferedLine| Line {
                    mid: line.mid,
                    stream: line.stream.to_string(),
                    kind: line.kind.into(),
                };
                let lines = offer.lines.into_iter().map(line).collect();
                let event = headwater::Event::Offer {
                    number: offer.number,
                    sdp: offer.sdp,
                    lines,
                };
                self.tell(to, event);
            }
            None => {}
        }
    }

    pub(super) fn peer_lost(&self, to: ParticipantKey, peer: PeerKind) {
        let peer = match peer {
            PeerKind::Publisher => PeerName::Publish,
            PeerKind::Subscriber => PeerName::View,
            // Participants with these go by another protocol.
            PeerKind::Unified | PeerKind::OneStream => return,
        };
        self.tell(to, headwater::Event::PeerLost { peer });
    }

    pub(super) fn layer(&self, to: ParticipantKey, stream: &StreamName, rid: String) {
        let stream = stream.to_string();
        self.tell(to, headwater::Event::Layer { stream, rid });
    }

    /// Tells a participant by the Headwater protocol about its peers. One that does not take it is
    /// found out at the next event.
    fn tell(&self, key: ParticipantKey, event: headwater::Event) {
        if self.send(key, &headwater::events(&[event])).is_err() {
            tracing::debug!(
                ?key,
                "an event is lost: the participant has confirmed too little"
            );
        }
    }

    pub(super) fn channel_message(&self, from: ParticipantKey, message: ChannelMessage) {
        if let Some(Outlet::Queue(queue)) = self.all.get(&from)
            && let Some(unified) = &queue.unified
            && let Err(error) = unified.channel_messages.try_send(message)
        {
            tracing::debug!(key = ?from, %error, "a message over a data channel is left out");
        }
    }

    /// A participation is over. One by the Headwater protocol can still learn why.
    pub(super) fn close(&mut self, key: ParticipantKey, now: Instant) {
        if let Some(Outlet::Link(linked)) = self.all.remove(&key) {
            self.secrets.remove(&linked.secret);
            self.ended.keep(key, linked, now);
        }
    }
}

impl Outlet {
    /// Tells what happened. `body` is the same for all who get it by a link, and written once.
    fn tell(
        &mut self,
        events: &EventBatch,
        body: &LazyCell<String, impl FnOnce() -> String>,
    ) -> Result<(), Slow> {
        let is_last = matches!(events.last(), Some(Event::Ended { .. }));
        match self {
            Self::Link(linked) if is_last => {
                linked.link.push_last(body);
                Ok(())
            }
            Self::Link(linked) => linked.link.push(body).map_err(|_| Slow),
            Self::Queue(queue) if is_last => {
                queue.tell_last(events);
                Ok(())
            }
            Self::Queue(queue) => queue.tell(events),
        }
    }
}

impl Queue {
    /// A queue, and the end at which the dialect takes from it.
    pub(super) fn new(unified: Option<UnifiedOutlet>) -> (Self, mpsc::Receiver<EventBatch>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX + 1);
        let last = sender.clone().try_reserve_owned().ok();
        let queue = Self {
            sender,
            last,
            unified,
        };
        (queue, receiver)
    }

    fn tell(&self, events: &EventBatch) -> Result<(), Slow> {
        match self.sender.try_send(events.clone()) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Slow),
            // Its socket is gone, so it is lost and will leave.
            Err(mpsc::error::TrySendError::Closed(_)) | Ok(()) => Ok(()),
        }
    }

    fn tell_last(&mut self, events: &EventBatch) {
        if let Some(last) = self.last.take() {
            last.send(events.clone());
        }
    }
}

/// The frame of an event batch, as the Headwater protocol writes it.
fn written(events: &EventBatch) -> String {
    let written: Vec<headwater::Event> = events.iter().map(headwater::Event::from).collect();
    headwater::events(&written)
}

#[cfg(test)]
mod tests {
    use room::EndReason;

    use super::*;

    fn tell(outlet: &mut Outlet, event: Event) -> Result<(), Slow> {
        let events: EventBatch = Arc::new([event]);
        outlet.tell(&events, &LazyCell::new(|| written(&events)))
    }

    #[test]
    fn slow_participant_still_gets_the_last_event() {
        let (queue, mut receiver) = Queue::new(None);
        let mut outlet = Outlet::Queue(queue);
        for _ in 0..WAITING_MAX {
            tell(&mut outlet, Event::Speakers(Vec::new())).expect("there is space");
        }
        assert_eq!(tell(&mut outlet, Event::Speakers(Vec::new())), Err(Slow));
        let ended = Event::Ended {
            reason: EndReason::Slow,
            text: None,
        };
        tell(&mut outlet, ended.clone()).expect("a place is kept");
        drop(outlet);
        let mut taken = Vec::new();
        while let Ok(events) = receiver.try_recv() {
            taken.extend(events.iter().cloned());
        }
        assert_eq!(taken.len(), WAITING_MAX + 1);
        assert_eq!(taken.last(), Some(&ended));
    }

    #[test]
    fn participant_without_socket_is_not_slow() {
        let (queue, receiver) = Queue::new(None);
        drop(receiver);
        let mut outlet = Outlet::Queue(queue);
        for _ in 0..=WAITING_MAX {
            tell(&mut outlet, Event::Speakers(Vec::new())).expect("lost, and not slow");
        }
    }
}

//! The outlet of participants whose dialect writes each event itself: a queue to its socket's task.

use std::time::Instant;

use model::StreamName;
use room::Event;
use session::{ChannelMessage, Offer, PeerKind};
use tokio::sync::{mpsc, watch};

use super::outlets::{EventBatch, Outlet, Slow};

/// Deliveries that wait for a dialect. A participant for whom more wait leaves, as slow.
const WAITING_MAX: usize = 256;

/// The way to one participant.
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

impl Queue {
    /// Makes a queue, and the end at which the dialect takes from it.
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
}

impl Outlet for Queue {
    fn deliver(&mut self, events: &EventBatch) -> Result<(), Slow> {
        if let Some(Event::Ended { .. }) = events.last() {
            if let Some(last) = self.last.take() {
                last.send(events.clone());
            }
            return Ok(());
        }
        match self.sender.try_send(events.clone()) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Slow),
            // Its socket is gone, so it is lost and will leave.
            Err(mpsc::error::TrySendError::Closed(_)) | Ok(()) => Ok(()),
        }
    }

    fn offer(&mut self, offer: Offer) {
        if let Some(unified) = &self.unified {
            unified.offers.send_replace(offer.sdp);
        }
    }

    /// The dialect learns of it by the end of the stream or of the participation.
    fn peer_lost(&mut self, _: PeerKind) {}

    /// None of these dialects tells layers.
    fn layer(&mut self, _: &StreamName, _: String) {}

    fn channel_message(&mut self, message: ChannelMessage) {
        if let Some(unified) = &self.unified
            && let Err(error) = unified.channel_messages.try_send(message)
        {
            tracing::debug!(%error, "a message over a data channel is left out");
        }
    }

    /// The dialect learns of it by the last event, or by the end of the queue.
    fn close(self: Box<Self>, _: Instant) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use room::EndReason;

    use super::*;

    fn tell(queue: &mut Queue, event: Event) -> Result<(), Slow> {
        let events: EventBatch = Arc::new([event]);
        queue.deliver(&events)
    }

    #[test]
    fn slow_participant_still_gets_the_last_event() {
        let (mut queue, mut receiver) = Queue::new(None);
        for _ in 0..WAITING_MAX {
            tell(&mut queue, Event::Speakers(Vec::new())).expect("there is space");
        }
        assert_eq!(tell(&mut queue, Event::Speakers(Vec::new())), Err(Slow));
        let ended = Event::Ended {
            reason: EndReason::Slow,
            text: None,
        };
        tell(&mut queue, ended.clone()).expect("a place is kept");
        drop(queue);
        let mut taken = Vec::new();
        while let Ok(events) = receiver.try_recv() {
            taken.extend(events.iter().cloned());
        }
        assert_eq!(taken.len(), WAITING_MAX + 1);
        assert_eq!(taken.last(), Some(&ended));
    }

    #[test]
    fn participant_without_socket_is_not_slow() {
        let (mut queue, receiver) = Queue::new(None);
        drop(receiver);
        for _ in 0..=WAITING_MAX {
            tell(&mut queue, Event::Speakers(Vec::new())).expect("lost, and not slow");
        }
    }
}

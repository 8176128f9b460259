//! How participants are told: by a link that outlives its sockets, or by a queue of a dialect.

use std::cell::LazyCell;
use std::sync::Arc;

use broadcast::room;
use signaling::dialect::headwater;
use tokio::sync::mpsc;

use super::link::Link;

/// Deliveries that wait for a dialect. A participant for whom more wait leaves, as slow.
const WAITING_MAX: usize = 256;

/// Events for a participant, in order. The last one that it gets is
/// [`room::Event::Ended`], and comes whatever waits before it.
pub(crate) type EventBatch = Arc<[room::Event]>;

/// How one participant is told.
#[derive(Debug)]
pub(super) enum Way {
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
}

/// The participant does not take what it is told.
#[derive(Debug)]
pub(super) struct Slow;

impl Way {
    /// Tells what happened. `body` is the same for all who get it by a link, and written once.
    pub(super) fn tell(
        &mut self,
        events: &EventBatch,
        body: &LazyCell<String, impl FnOnce() -> String>,
    ) -> Result<(), Slow> {
        let is_last = matches!(events.last(), Some(room::Event::Ended { .. }));
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

    /// What belongs to a participant that came by a link.
    pub(super) fn linked(&self) -> Option<&Linked> {
        match self {
            Self::Link(linked) => Some(linked),
            Self::Queue(_) => None,
        }
    }

    /// The same, to change it.
    pub(super) fn linked_mut(&mut self) -> Option<&mut Linked> {
        match self {
            Self::Link(linked) => Some(linked),
            Self::Queue(_) => None,
        }
    }
}

impl Queue {
    /// A queue, and the end at which the dialect takes from it.
    pub(super) fn new() -> (Self, mpsc::Receiver<EventBatch>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX + 1);
        let last = sender.clone().try_reserve_owned().ok();
        (Self { sender, last }, receiver)
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
pub(super) fn written(events: &EventBatch) -> String {
    let written: Vec<headwater::Event> = events.iter().map(headwater::Event::from).collect();
    headwater::events(&written)
}

#[cfg(test)]
mod tests {
    use broadcast::room::{EndReason, Event};

    use super::*;

    fn tell(way: &mut Way, event: Event) -> Result<(), Slow> {
        let events: EventBatch = Arc::new([event]);
        way.tell(&events, &LazyCell::new(|| written(&events)))
    }

    #[test]
    fn who_takes_nothing_is_slow_and_still_gets_the_last_word() {
        let (queue, mut receiver) = Queue::new();
        let mut way = Way::Queue(queue);
        for _ in 0..WAITING_MAX {
            tell(&mut way, Event::Speakers(Vec::new())).expect("there is space");
        }
        assert!(tell(&mut way, Event::Speakers(Vec::new())).is_err());
        let ended = Event::Ended {
            reason: EndReason::Slow,
            text: None,
        };
        tell(&mut way, ended.clone()).expect("a place is kept");
        drop(way);
        let mut taken = Vec::new();
        while let Ok(events) = receiver.try_recv() {
            taken.extend(events.iter().cloned());
        }
        assert_eq!(taken.len(), WAITING_MAX + 1);
        assert_eq!(taken.last(), Some(&ended));
    }

    #[test]
    fn whose_socket_is_gone_is_not_slow() {
        let (queue, receiver) = Queue::new();
        drop(receiver);
        let mut way = Way::Queue(queue);
        for _ in 0..=WAITING_MAX {
            tell(&mut way, Event::Speakers(Vec::new())).expect("lost, and not slow");
        }
    }
}

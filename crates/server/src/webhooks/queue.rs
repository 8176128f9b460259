use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::message::Message;

/// Events that may wait for one hook. When one more comes, the oldest is dropped and counted.
pub(super) const QUEUED_MAX: usize = 1_000;

/// Events that wait for one hook, oldest first.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Arc<Message>>>,
    /// Number of events that wait or are being delivered; `None` once the queue is closed.
    pending: watch::Sender<Option<usize>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            pending: watch::Sender::new(Some(0)),
        }
    }
}

impl Queue {
    /// Adds an event. Returns the one that was dropped: the oldest of a full queue, or this one
    /// when the queue is closed.
    pub(super) fn push(&self, message: Arc<Message>) -> Option<Arc<Message>> {
        let mut waiting = self.waiting();
        if self.pending.borrow().is_none() {
            return Some(message);
        }
        waiting.push_back(message);
        if waiting.len() > QUEUED_MAX {
            return waiting.pop_front();
        }
        self.pending.send_modify(|pending| {
            *pending = pending.map(|count| count + 1);
        });
        None
    }

    /// Waits for the oldest event and takes it. It counts as pending until [`Self::done`].
    pub(super) async fn next(&self) -> Arc<Message> {
        let mut pending = self.pending.subscribe();
        loop {
            let oldest = self.waiting().pop_front();
            if let Some(message) = oldest {
                return message;
            }
            let changed = pending.changed().await;
            debug_assert!(changed.is_ok(), "the sender is part of the queue");
        }
    }

    /// Notes that the event from [`Self::next`] was delivered or given up.
    pub(super) fn done(&self) {
        self.pending.send_modify(|pending| {
            *pending = pending.map(|count| count.saturating_sub(1));
        });
    }

    /// Closes the queue, which accepts no further events. Returns the number of waiting events,
    /// which are dropped.
    pub(super) fn close(&self) -> usize {
        let mut waiting = self.waiting();
        self.pending.send_replace(None);
        std::mem::take(&mut *waiting).len()
    }

    /// Waits until no event is pending, or the queue is closed.
    pub(super) async fn empty(&self) {
        let mut pending = self.pending.subscribe();
        let empty = pending.wait_for(|pending| pending.unwrap_or(0) == 0).await;
        debug_assert!(empty.is_ok(), "the sender is part of the queue");
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Arc<Message>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::webhooks::Kind;

    fn message(body: usize) -> Arc<Message> {
        Arc::new(Message {
            kind: Kind::RoomStarted,
            body: body.to_string(),
            happened: Instant::now(),
        })
    }

    #[tokio::test]
    async fn full_queue_drops_the_oldest_and_keeps_the_order() {
        let queue = Queue::default();
        for number in 0..QUEUED_MAX {
            assert!(queue.push(message(number)).is_none());
        }
        let dropped = queue.push(message(QUEUED_MAX)).expect("no place for it");
        assert_eq!(dropped.body, "0");
        assert_eq!(queue.next().await.body, "1");
        assert_eq!(queue.next().await.body, "2");
    }

    #[tokio::test]
    async fn queue_is_empty_only_after_the_last_event_is_done() {
        let queue = Queue::default();
        queue.empty().await;
        queue.push(message(1));
        queue.next().await;
        let mut empty = emptiness(&queue);
        assert!(!empty(), "it is being delivered");
        queue.done();
        assert!(empty());
    }

    #[tokio::test]
    async fn closed_queue_accepts_no_event() {
        let queue = Queue::default();
        queue.push(message(1));
        assert_eq!(queue.close(), 1);
        assert!(queue.push(message(2)).is_some());
        queue.empty().await;
    }

    /// Returns a function that says whether the queue is empty.
    fn emptiness(queue: &Queue) -> impl FnMut() -> bool + '_ {
        move || futures_util::FutureExt::now_or_never(queue.empty()).is_some()
    }
}

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Message;

/// The number of messages to all that a room keeps for participants who join later. The oldest is
/// dropped first.
pub const MESSAGES_KEPT: usize = 100;

/// The messages of a room: their numbers, and the last ones to all.
#[derive(Debug, Default)]
pub(super) struct History {
    last_number: u64,
    messages: VecDeque<Message>,
}

impl History {
    /// Takes the number of the next message.
    pub(super) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Keeps a message to all.
    pub(super) fn keep(&mut self, message: Message) {
        if self.messages.len() == MESSAGES_KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }

    /// The messages that are kept, oldest first.
    pub(super) fn messages(&self) -> Vec<Message> {
        self.messages.iter().cloned().collect()
    }
}

/// Limits the rate of a participant's messages: a token bucket of two seconds' worth, kept as the
/// time at which it will be full again.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// Takes the tokens of a message, or a full bucket if it needs more than that. Returns false if
    /// they are not there. `per_second` 0 stands for no limit.
    pub(super) fn take(&mut self, now: Instant, per_second: u32, places: u32) -> bool {
        let Some(interval) = Duration::from_secs(1).checked_div(per_second) else {
            return true;
        };
        let at_once = per_second.saturating_mul(2);
        let places = places.min(at_once);
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + interval * places;
        let fits = full_at - now <= interval * at_once;
        if fits {
            self.full_at = Some(full_at);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_allows_two_seconds_at_once_and_then_the_rate() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        let taken = |bucket: &mut Bucket, now| (0..100).filter(|_| bucket.take(now, 10, 1)).count();
        assert_eq!(taken(&mut bucket, now), 20);
        assert_eq!(taken(&mut bucket, now + Duration::from_millis(500)), 5);
        assert_eq!(taken(&mut bucket, now + Duration::from_secs(60)), 20);
    }

    #[test]
    fn long_message_takes_several_tokens_or_all() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        assert!(bucket.take(now, 10, 7) && bucket.take(now, 10, 13));
        assert!(!bucket.take(now, 10, 1));
        let later = now + Duration::from_secs(60);
        assert!(bucket.take(later, 10, 1_000));
        assert!(!bucket.take(later, 10, 1));
    }

    #[test]
    fn bucket_without_a_rate_allows_everything() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        assert!((0..1000).all(|_| bucket.take(now, 0, 9)));
    }
}

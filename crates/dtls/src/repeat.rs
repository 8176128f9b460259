//! Our last flight, sent again when the client repeats its own.
//!
//! Both sides of DTLS have a timer for lost flights (RFC 6347 §4.2.4). One is enough, and the
//! passive side has none here: whoever forges a ClientHello from another's address would make a
//! timer send tenfold what it sent itself. So nothing leaves that is not an answer: one flight for
//! one ClientHello, and again for its repetition.

use std::time::{Duration, Instant};

/// How often one flight is sent again. Clients repeat six to ten times before they give up.
const REPETITIONS_MAX: u8 = 10;

/// The shortest time between two of them. A client repeats all datagrams of a flight at once, and
/// browsers wait for at least 50 ms before they do.
const PAUSE: Duration = Duration::from_millis(40);

/// The datagrams of our last flight, as they were sent. Those that arrived are dropped by the
/// peer's window against replay.
#[derive(Default)]
pub(crate) struct LastFlight {
    datagrams: Vec<Box<[u8]>>,
    repetitions: u8,
    last: Option<Instant>,
}

impl LastFlight {
    pub(crate) fn new(datagrams: Vec<Box<[u8]>>, now: Instant) -> Self {
        Self {
            datagrams,
            repetitions: 0,
            last: Some(now),
        }
    }

    /// The datagrams to send, now that the peer repeats its flight: none when it does so too often.
    pub(crate) fn again(&mut self, now: Instant) -> &[Box<[u8]>] {
        let too_soon = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < PAUSE);
        if too_soon || self.repetitions >= REPETITIONS_MAX {
            return &[];
        }
        self.repetitions += 1;
        self.last = Some(now);
        &self.datagrams
    }

    /// Forgets the flight: the peer has it.
    pub(crate) fn clear(&mut self) {
        self.datagrams = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flight_is_repeated_rarely_and_at_most_ten_times() {
        let mut now = Instant::now();
        let mut flight = LastFlight::new(vec![Box::new([1])], now);
        assert!(flight.again(now).is_empty());
        let mut sent = 0;
        for _ in 0..1_000 {
            now += Duration::from_millis(10);
            sent += flight.again(now).len();
        }
        assert_eq!(sent, 10);
    }
}

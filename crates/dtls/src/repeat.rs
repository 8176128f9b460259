//! Our last flight, which is sent again when the client repeats its own.
//!
//! In DTLS both sides have a timer for lost flights (RFC 6347 §4.2.4). One is enough, and here the
//! server has none: with a timer, a ClientHello with a forged source address would bring its victim
//! ten times the bytes. So the server only answers: one flight for a ClientHello, and again for its
//! repetition.

use std::time::{Duration, Instant};

/// How often one flight is repeated. Clients repeat theirs six to ten times before they give up.
const REPETITIONS_MAX: u8 = 10;

/// The shortest time between two repetitions. A client repeats all datagrams of a flight at once,
/// and browsers wait at least 50 ms before they do.
const PAUSE: Duration = Duration::from_millis(40);

/// The datagrams of our last flight, as they were sent. The peer's replay protection drops those
/// that have arrived.
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

    /// The datagrams to send, now that the peer has repeated its flight. Empty if the peer repeats
    /// it too soon or too often.
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

    /// Forgets the flight, because the peer has received it.
    pub(crate) fn clear(&mut self) {
        self.datagrams = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flight_is_repeated_with_pauses_and_ten_times_at_most() {
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

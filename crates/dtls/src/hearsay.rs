//! What unauthenticated datagrams say of a handshake's end.
//!
//! Whoever can write the client's address into a datagram can send an alert in the clear, or a
//! ClientHello that nobody can answer. RFC 6347 §4.1.2.7 lets invalid records be discarded, since
//! otherwise a single datagram denies service. But a client that has given up says so in the same
//! way. What tells the two apart is whether the handshake goes on.

use std::time::{Duration, Instant};

use crate::error::Error;

/// For so long after such a datagram the handshake may go on. Clients repeat what is not answered
/// after 50 ms to 1 s, and then after twice the time (RFC 6347 §4.2.4.1): two repetitions fit.
const BELIEVED_AFTER: Duration = Duration::from_secs(3);

/// How a connection is said to have ended: `Ok` when the peer has closed it.
pub(crate) type End = Result<(), Error>;

/// An end that may be forged. Small: most connections never hear of any.
#[derive(Default)]
pub(crate) struct Hearsay(Option<Box<(Instant, End)>>);

impl Hearsay {
    /// Takes note of an end. The first one counts: more of them prolong nothing.
    pub(crate) fn says(&mut self, now: Instant, end: End) {
        self.0
            .get_or_insert_with(|| Box::new((now + BELIEVED_AFTER, end)));
    }

    /// The handshake has gone on.
    pub(crate) fn disprove(&mut self) {
        self.0 = None;
    }

    /// When the end is believed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.as_ref().map(|said| said.0)
    }

    /// Returns the end, once it is believed.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<End> {
        self.0.take_if(|said| said.0 <= now).map(|said| said.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_end_is_believed_unless_disproved() {
        let now = Instant::now();
        let mut hearsay = Hearsay::default();
        assert_eq!(hearsay.due(), None);
        hearsay.says(now, Err(Error::NoCommonSignature));
        hearsay.says(now + BELIEVED_AFTER / 2, Ok(()));
        let due = now + BELIEVED_AFTER;
        assert_eq!(hearsay.due(), Some(due));
        assert_eq!(hearsay.take_due(now), None);
        assert_eq!(hearsay.take_due(due), Some(Err(Error::NoCommonSignature)));
        assert_eq!(hearsay.take_due(due), None);
        hearsay.says(now, Ok(()));
        hearsay.disprove();
        assert_eq!(hearsay.take_due(due), None);
    }
}

//! Unauthenticated reports that a handshake has ended.
//!
//! An attacker who forges the client's address can send an alert in the clear, or a ClientHello
//! that cannot be served. RFC 6347 §4.1.2.7 allows invalid records to be discarded, because
//! otherwise a single datagram denies service. But a client that really gives up sends the same
//! datagrams. The two cases differ in whether the handshake goes on.

use std::time::{Duration, Instant};

use crate::error::Error;

/// How long after such a report the handshake may still go on. Clients repeat an unanswered flight
/// after 50 ms to 1 s, and then after twice that time (RFC 6347 §4.2.4.1): two repetitions fit.
const BELIEVED_AFTER: Duration = Duration::from_secs(3);

/// How a connection is reported to have ended: `Ok` if the peer has closed it.
pub(crate) type End = Result<(), Error>;

/// A report that may be forged. It is boxed, because most connections never get one.
#[derive(Default)]
pub(crate) struct Hearsay(Option<Box<(Instant, End)>>);

impl Hearsay {
    /// Notes a report. The first one counts, so that further ones do not prolong the wait.
    pub(crate) fn says(&mut self, now: Instant, end: End) {
        self.0
            .get_or_insert_with(|| Box::new((now + BELIEVED_AFTER, end)));
    }

    /// Drops the report, because the handshake has gone on.
    pub(crate) fn disprove(&mut self) {
        self.0 = None;
    }

    /// When the report is believed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.as_ref().map(|said| said.0)
    }

    /// Takes the reported end if it is to be believed now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<End> {
        self.0.take_if(|said| said.0 <= now).map(|said| said.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_reported_end_is_believed_unless_disproved() {
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

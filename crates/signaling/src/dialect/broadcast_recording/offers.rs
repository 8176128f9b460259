//! Offers of the server, and answers of clients that lag one description behind.
//!
//! Clients in the field send their current description without waiting for the new one. So their
//! first answer to an offer is the previous description, or none. The server meets such a stale
//! answer with the same offer once more; the next answer is then the right one.

use std::collections::VecDeque;

use super::frame::{Description, broadcaster_exited, remote_offer};
use super::sdp;

/// Descriptions of a client that are remembered, to tell stale ones from new ones. The oldest is
/// forgotten beyond it: stale answers lag only one behind.
const KNOWN_MAX: usize = 16;

/// The server's offers on one connection.
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// The offer that waits for its answer.
    pending: Option<Pending>,
    /// The client has sent a description, so its ICE and DTLS parameters are known.
    begun: bool,
    /// The last offer had tracks.
    carries: bool,
    /// The origins of the client's last descriptions, newest first.
    known: VecDeque<String>,
}

#[derive(Debug)]
struct Pending {
    sdp: String,
    /// The offer was sent a second time.
    repeated: bool,
}

/// What to do with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: no offer waits for an answer.
    Ignored,
    /// Send this frame, which repeats the offer.
    Stale(String),
    /// Apply this answer.
    Taken(String),
    /// Nothing: the answer is unusable, and the client has sent no description that could replace
    /// it.
    Useless,
}

impl Offers {
    /// Records an offer of the client.
    pub(super) fn heard(&mut self, offer: &str) {
        self.begun = true;
        self.know(offer);
    }

    /// Records an offer of the server and returns its frame.
    pub(super) fn offer(&mut self, sdp: &str) -> String {
        let (carried, carries) = (self.carries, sdp::carries(sdp));
        self.carries = carries;
        self.pending = Some(Pending {
            sdp: sdp.to_owned(),
            repeated: false,
        });
        if carried && !carries {
            broadcaster_exited(sdp)
        } else {
            remote_offer(sdp)
        }
    }

    /// Judges an answer.
    pub(super) fn answered(&mut self, given: Option<Description>) -> Verdict {
        let Some(mut pending) = self.pending.take() else {
            return Verdict::Ignored;
        };
        let offer = &pending.sdp;
        // A usable answer is new, is an answer, and has the m-lines of the offer.
        let given = given.filter(|given| {
            let is_new = self.know(&given.sdp);
            is_new && given.kind == "answer" && sdp::same_lines(offer, &given.sdp)
        });
        match given {
            Some(given) if pending.repeated || sdp::takes(offer, &given.sdp) => {
                self.begun = true;
                Verdict::Taken(given.sdp)
            }
            _ if !pending.repeated => {
                pending.repeated = true;
                let frame = remote_offer(offer);
                self.pending = Some(pending);
                Verdict::Stale(frame)
            }
            // The client has applied the offer twice by now, only its answer never comes. So the
            // answer is derived from the offer.
            _ if self.begun => Verdict::Taken(sdp::assumed(offer)),
            _ => {
                self.pending = Some(pending);
                Verdict::Useless
            }
        }
    }

    /// Remembers a description. Returns whether it is new.
    fn know(&mut self, sdp: &str) -> bool {
        let origin = sdp::origin(sdp);
        let is_new = !self.known.iter().any(|known| known == origin);
        if is_new {
            self.known.truncate(KNOWN_MAX - 1);
            self.known.push_front(origin.to_owned());
        }
        is_new
    }
}

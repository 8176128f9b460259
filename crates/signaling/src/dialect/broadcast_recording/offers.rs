//! Offers of the server, and the answers of clients that are one behind.
//!
//! Clients in the field send their current description without waiting for the new one. So the
//! first answer to an offer is the description before it, or none. Such a stale answer is met by
//! the same offer once more; the next answer is then right.

use std::collections::VecDeque;

use super::frame::{Description, broadcaster_exited, remote_offer};
use super::sdp;

/// Descriptions of a client that are told apart from new ones. Older ones are forgotten: stale
/// answers are one behind.
const KNOWN_MAX: usize = 16;

/// What this side has offered.
#[derive(Debug, Default)]
pub(super) struct Offers {
    pending: Option<Pending>,
    /// The client has described itself before, so its connection is known.
    begun: bool,
    /// The last offer had tracks.
    carries: bool,
    /// What tells the client's last descriptions apart.
    known: VecDeque<String>,
}

#[derive(Debug)]
struct Pending {
    sdp: String,
    repeated: bool,
}

/// What is to be done with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: no offer waits for it.
    Ignored,
    /// The same offer goes out once more, by this frame.
    Stale(String),
    /// This is the answer.
    Taken(String),
    /// It is of no use, and nothing is known that could take its place.
    Useless,
}

impl Offers {
    /// The client has offered by itself.
    pub(super) fn heard(&mut self, offer: &str) {
        self.begun = true;
        self.know(offer);
    }

    /// Makes an offer. Returns its frame.
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
            // It has applied the offer twice by now: only its word for it does not come.
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

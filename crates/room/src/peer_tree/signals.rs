use std::time::Instant;

use super::broadcast::State;
use super::{Broadcasts, Error, Event, PeerId};

impl Broadcasts {
    /// Passes a parent's answer on to the joining peer. An answer that comes too late or twice is
    /// dropped. `Err` when the two are not in the same broadcast.
    pub fn answer(
        &mut self,
        now: Instant,
        parent: PeerId,
        joiner: PeerId,
        answer: &str,
    ) -> Result<(), Error> {
        self.check_together(parent, joiner)?;
        if let Some((broadcast, cx)) = self.broadcast_of(parent) {
            broadcast.answer(now, parent, joiner, answer.into(), cx);
        }
        self.push_changes(now);
        Ok(())
    }

    /// Passes candidates on to another peer of the same broadcast; the list may be empty. `Err`
    /// when that peer is not there.
    pub fn candidates(&mut self, from: PeerId, to: PeerId, candidates: &str) -> Result<(), Error> {
        self.check_together(from, to)?;
        if !self.was_passed_over(from, to) {
            let candidates = candidates.into();
            let event = Event::Candidates { from, candidates };
            self.context.tell(to, event);
        }
        Ok(())
    }

    /// Tells another peer that its candidates were received. `Err` when that peer is not there.
    pub fn candidates_received(&mut self, from: PeerId, to: PeerId) -> Result<(), Error> {
        self.check_together(from, to)?;
        let event = Event::CandidatesReceived { from };
        self.context.tell(to, event);
        Ok(())
    }

    fn check_together(&self, one: PeerId, other: PeerId) -> Result<(), Error> {
        let at = |peer| self.peers.get(&peer).and_then(|state| state.at.as_ref());
        match at(one) {
            Some(name) if one != other && Some(name) == at(other) => Ok(()),
            _ => Err(Error::UnknownPeer),
        }
    }

    /// Whether a parent was asked to feed a joining peer and was passed over since. Its candidates
    /// belong to a connection that the joining peer does not have.
    fn was_passed_over(&mut self, parent: PeerId, joiner: PeerId) -> bool {
        let Some((broadcast, _)) = self.broadcast_of(joiner) else {
            return false;
        };
        let members = &broadcast.members;
        let (Some(from), Some(to)) = (members.get(&parent), members.get(&joiner)) else {
            return false;
        };
        let State::Joining { silent, .. } = &to.state else {
            return false;
        };
        silent.contains(&from.id) && broadcast.tree.parent(to.id) != Some(from.id)
    }
}

use std::time::Instant;

use super::broadcast::State;
use super::{Broadcasts, Error, Event, PeerId};

impl Broadcasts {
    /// A parent answers somebody's offer. An answer that comes too late, or twice, is not passed
    /// on. `Err` when the two are not in one broadcast.
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

    /// Candidates for another peer of the same broadcast; also none at all. `Err` when it is not
    /// there.
    pub fn candidates(&mut self, from: PeerId, to: PeerId, candidates: &str) -> Result<(), Error> {
        self.check_together(from, to)?;
        if !self.was_passed_over(from, to) {
            let candidates = candidates.into();
            let event = Event::Candidates { from, candidates };
            self.context.tell(to, event);
        }
        Ok(())
    }

    /// Another peer's candidates were taken. `Err` when it is not there.
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

    /// Whether somebody was asked to feed a joiner, and somebody else is by now. Its candidates are
    /// of a connection that the joiner does not have.
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

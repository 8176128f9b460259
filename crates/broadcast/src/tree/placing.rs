//! Who gets which place.

use super::member::{MemberId, Placement, Slot};
use super::{Move, Orphans, Tree};

impl<T> Tree<T> {
    /// A member asks for a place. No move: it has one, or it waits.
    pub fn attach(&mut self, member: MemberId) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(slot) = self.slot(member)
            && self.at(slot).placement == Placement::Out
        {
            let ticket = self.ticket();
            match self.index.best(&self.at(slot).terms, &[]) {
                Some(parent) => moves.push(self.place(slot, parent, ticket)),
                None => {
                    self.at_mut(slot).placement = Placement::Waiting { ticket };
                    self.waiting.insert(ticket, slot);
                }
            }
        }
        moves
    }

    /// A member with a place has media now: it may feed others.
    pub fn ready(&mut self, member: MemberId) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(slot) = self.slot(member)
            && self.at(slot).parent().is_some()
            && !self.at(slot).has_media
        {
            self.at_mut(slot).has_media = true;
            self.open(slot);
            self.fill(&mut moves);
        }
        moves
    }

    /// A member asks for another parent than its present one and than those of `avoided`. No move:
    /// there is none, and it stays where it is. What it has below it comes along, unless
    /// [`Orphans::Dissolve`] says otherwise.
    ///
    /// The old parent may go on feeding it until the new one does.
    pub fn replace(&mut self, member: MemberId, avoided: &[MemberId]) -> Vec<Move> {
        let mut moves = Vec::new();
        let Some(slot) = self.slot(member) else {
            return moves;
        };
        let Some(present) = self.at(slot).parent().and_then(Slot::some) else {
            return moves;
        };
        // Nobody is placed below itself: what is below is closed while it looks.
        self.close(slot);
        let mut avoid: Vec<Slot> = avoided.iter().filter_map(|id| self.slot(*id)).collect();
        avoid.push(present);
        match self.index.best(&self.at(slot).terms, &avoid) {
            None => self.open(slot),
            Some(parent) => {
                self.unlink(slot);
                if self.orphans == Orphans::Dissolve {
                    self.orphan(slot, &mut moves);
                }
                let ticket = self.ticket();
                moves.push(self.place(slot, parent, ticket));
                self.fill(&mut moves);
            }
        }
        moves
    }

    /// Gives places to those who wait, first come first served.
    pub(super) fn fill(&mut self, moves: &mut Vec<Move>) {
        while let Some((ticket, slot)) = self.waiting.first_key_value().map(|(t, s)| (*t, *s)) {
            let Some(parent) = self.index.best(&self.at(slot).terms, &[]) else {
                return;
            };
            self.waiting.remove(&ticket);
            moves.push(self.place(slot, parent, ticket));
        }
    }

    fn place(&mut self, slot: Slot, parent: Slot, ticket: u64) -> Move {
        self.link(slot, parent, ticket);
        self.open(slot);
        Move {
            member: self.id(slot),
            parent: Some(self.id(parent)),
        }
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }
}

//! Members that get a place.

use super::member::{MemberId, Placement, Slot};
use super::{Move, Orphans, Tree};

impl<T> Tree<T> {
    /// Asks for a place for a member. Without a move in the result, the member has a place already,
    /// or waits for one.
    pub fn attach(&mut self, member: MemberId) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(slot) = self.slot(member)
            && self.at(slot).placement == Placement::Out
        {
            let ticket = self.ticket();
            match self.index.best(&self.at(slot).capacity, &[]) {
                Some(parent) => moves.push(self.place(slot, parent, ticket)),
                None => {
                    self.at_mut(slot).placement = Placement::Waiting { ticket };
                    self.waiting.insert(ticket, slot);
                }
            }
        }
        moves
    }

    /// Notes that a member with a place has media, so that it may feed others. Does nothing for a
    /// member without a place.
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

    /// Moves a member to another parent than its present one and those of `avoided`. Without a move
    /// in the result there is none, and the member stays where it is. The members below it come
    /// along, but lose their places under [`Orphans::Dissolve`].
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
        // Closed for the search, so that the member is not placed below itself.
        self.close(slot);
        let mut avoid: Vec<Slot> = avoided.iter().filter_map(|id| self.slot(*id)).collect();
        avoid.push(present);
        match self.index.best(&self.at(slot).capacity, &avoid) {
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

    /// Gives free places to the members that wait, first come, first served.
    pub(super) fn fill(&mut self, moves: &mut Vec<Move>) {
        while let Some((ticket, slot)) = self.waiting.first_key_value().map(|(t, s)| (*t, *s)) {
            let Some(parent) = self.index.best(&self.at(slot).capacity, &[]) else {
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

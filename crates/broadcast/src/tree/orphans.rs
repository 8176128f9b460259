//! Who goes, and who loses its place by that.

use super::member::{MemberId, Placement, Slot, Terms};
use super::{Move, Orphans, Tree};

impl<T> Tree<T> {
    /// A member gives up its place, or its wish for one, and its media; it stays a member. Whoever
    /// is below it loses its place under [`Orphans::Dissolve`], and goes along otherwise. The
    /// root stays.
    pub fn detach(&mut self, member: MemberId) -> Vec<Move> {
        let Some(slot) = self.slot(member).filter(|slot| *slot != Slot::ROOT) else {
            return Vec::new();
        };
        let mut moves = Vec::new();
        self.uproot(slot, &mut moves);
        self.fill(&mut moves);
        moves
    }

    /// A member has no media any more, and keeps its place. Those below it lose theirs.
    pub fn starved(&mut self, member: MemberId) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(slot) = self.slot(member) {
            self.close(slot);
            self.at_mut(slot).has_media = false;
            self.orphan(slot, &mut moves);
        }
        moves
    }

    /// A member offers something else than before. Where it has less capacity than children, the
    /// youngest of them lose their place.
    pub fn set_terms(&mut self, member: MemberId, terms: Terms) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(slot) = self.slot(member) {
            self.amend(slot, |member| member.terms = terms);
            while self.at(slot).children > terms.capacity {
                self.uproot(self.at(slot).last_child, &mut moves);
            }
            self.fill(&mut moves);
        }
        moves
    }

    /// Takes somebody from its place or from the queue, with those who cannot stay below it.
    fn uproot(&mut self, slot: Slot, moves: &mut Vec<Move>) {
        self.displace(slot, moves);
        if self.orphans == Orphans::Dissolve {
            self.dissolve(slot, moves);
        }
    }

    /// Takes somebody from its place or from the queue, with all below it.
    pub(super) fn displace(&mut self, slot: Slot, moves: &mut Vec<Move>) {
        match self.at(slot).placement {
            Placement::Out => {}
            Placement::Waiting { ticket } => {
                self.waiting.remove(&ticket);
                self.at_mut(slot).placement = Placement::Out;
            }
            Placement::Placed { .. } => {
                self.close(slot);
                self.unlink(slot);
                self.at_mut(slot).has_media = false;
                moves.push(self.homeless(slot));
            }
        }
    }

    /// Takes their place from those below a member that is closed.
    pub(super) fn orphan(&mut self, slot: Slot, moves: &mut Vec<Move>) {
        match self.orphans {
            Orphans::KeepSubtrees => {
                while let Some(child) = self.at(slot).first_child.some() {
                    self.uproot(child, moves);
                }
            }
            Orphans::Dissolve => self.dissolve(slot, moves),
        }
    }

    fn dissolve(&mut self, top: Slot, moves: &mut Vec<Move>) {
        let below: Vec<Slot> = self.below(top).collect();
        for slot in &below {
            let member = self.at_mut(*slot);
            member.placement = Placement::Out;
            member.has_media = false;
            (member.before, member.after) = (Slot::NONE, Slot::NONE);
            self.childless(*slot);
            moves.push(self.homeless(*slot));
        }
        self.childless(top);
    }

    fn childless(&mut self, slot: Slot) {
        let member = self.at_mut(slot);
        (member.first_child, member.last_child) = (Slot::NONE, Slot::NONE);
        member.children = 0;
    }

    fn homeless(&self, slot: Slot) -> Move {
        Move {
            member: self.id(slot),
            parent: None,
        }
    }
}

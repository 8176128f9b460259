//! Members that give up their place or lose it.

use super::member::{Capacity, MemberId, Placement, Slot};
use super::{Move, Orphans, Tree};

impl<T> Tree<T> {
    /// Takes a member from its place, or from those that wait for one. It stays a member without
    /// media. The members below it lose their places under [`Orphans::Dissolve`], else they stay
    /// below it. Does nothing for the root.
    pub fn detach(&mut self, member: MemberId) -> Vec<Move> {
        let Some(slot) = self.slot(member).filter(|slot| *slot != Slot::ROOT) else {
            return Vec::new();
        };
        let mut moves = Vec::new();
        self.detach_from_parent(slot, &mut moves);
        self.fill(&mut moves);
        moves
    }

    /// Notes that a member has no media any more. It keeps its place; the members below it lose
    /// theirs, as [`Orphans`] says.
    pub fn media_lost(&mut self, member: MemberId) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(slot) = self.slot(member) {
            self.close(slot);
            self.at_mut(slot).has_media = false;
            self.orphan(slot, &mut moves);
        }
        moves
    }

    /// Changes the capacity, region and risk of a member. If it has more children than capacity,
    /// the youngest of them lose their places.
    pub fn set_capacity(&mut self, member: MemberId, capacity: Capacity) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Some(slot) = self.slot(member) {
            self.amend(slot, |member| member.capacity = capacity);
            while self.at(slot).children > capacity.children_max {
                self.detach_from_parent(self.at(slot).last_child, &mut moves);
            }
            self.fill(&mut moves);
        }
        moves
    }

    /// Takes a member from its place or from the queue. The members below it that cannot stay there
    /// lose their places.
    fn detach_from_parent(&mut self, slot: Slot, moves: &mut Vec<Move>) {
        self.displace(slot, moves);
        if self.orphans == Orphans::Dissolve {
            self.dissolve(slot, moves);
        }
    }

    /// Takes a member from its place or from the queue. The members below it stay below it.
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
                moves.push(self.lost_place(slot));
            }
        }
    }

    /// Takes their places from the members below one that is closed, as [`Orphans`] says.
    pub(super) fn orphan(&mut self, slot: Slot, moves: &mut Vec<Move>) {
        match self.orphans {
            Orphans::KeepSubtrees => {
                while let Some(child) = self.at(slot).first_child.some() {
                    self.detach_from_parent(child, moves);
                }
            }
            Orphans::Dissolve => self.dissolve(slot, moves),
        }
    }

    /// Takes place and media from all members below `top`.
    fn dissolve(&mut self, top: Slot, moves: &mut Vec<Move>) {
        let below: Vec<Slot> = self.below(top).collect();
        for slot in &below {
            let member = self.at_mut(*slot);
            member.placement = Placement::Out;
            member.has_media = false;
            (member.before, member.after) = (Slot::NONE, Slot::NONE);
            self.childless(*slot);
            moves.push(self.lost_place(*slot));
        }
        self.childless(top);
    }

    /// Forgets the children of a member.
    fn childless(&mut self, slot: Slot) {
        let member = self.at_mut(slot);
        (member.first_child, member.last_child) = (Slot::NONE, Slot::NONE);
        member.children = 0;
    }

    /// The move of a member that lost its place.
    fn lost_place(&self, slot: Slot) -> Move {
        Move {
            member: self.id(slot),
            parent: None,
        }
    }
}

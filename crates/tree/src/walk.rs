//! Walks through the tree. None recurses: a tree may be a chain of a million members.

use super::member::{MemberId, Slot};
use super::{Member, Tree};

impl<T> Tree<T> {
    /// All members in the tree with their depth: parents before children, and children in the order
    /// in which they were placed.
    pub fn placed(&self) -> impl Iterator<Item = (u32, MemberId, &T)> {
        let mut next = Some((0, Slot::ROOT));
        std::iter::from_fn(move || {
            let (depth, slot) = next?;
            next = self.deeper(depth, slot);
            let value = self.at(slot).value()?;
            Some((depth, self.id(slot), value))
        })
    }

    /// The children of a member in the order in which they were placed.
    pub fn children(&self, member: MemberId) -> impl Iterator<Item = MemberId> {
        let first = self.slot(member).map(|slot| self.at(slot).first_child);
        self.row(first.unwrap_or(Slot::NONE))
            .map(|slot| self.id(slot))
    }

    /// A child and its younger siblings.
    pub(super) fn row(&self, first: Slot) -> impl Iterator<Item = Slot> {
        std::iter::successors(first.some(), |slot| self.at(*slot).after.some())
    }

    /// All members below one, parents before children.
    pub(super) fn below(&self, top: Slot) -> impl Iterator<Item = Slot> {
        let first = self.following(top, top, true);
        std::iter::successors(first, move |slot| self.following(*slot, top, true))
    }

    /// The member after this one on a walk through all members below `top`. With `enter` the walk
    /// visits the members below this one, else it skips them.
    pub(super) fn following(&self, slot: Slot, top: Slot, enter: bool) -> Option<Slot> {
        let child = Some(self.at(slot).first_child).filter(|_| enter);
        if let Some(child) = child.and_then(Slot::some) {
            return Some(child);
        }
        let mut slot = slot;
        while slot != top {
            let member = self.at(slot);
            if let Some(after) = member.after.some() {
                return Some(after);
            }
            slot = member.parent()?;
        }
        None
    }

    /// Like [`Self::following`] from the root, with depths.
    fn deeper(&self, depth: u32, slot: Slot) -> Option<(u32, Slot)> {
        if let Some(child) = self.at(slot).first_child.some() {
            return Some((depth + 1, child));
        }
        let (mut depth, mut slot) = (depth, slot);
        while depth > 0 {
            let member: &Member<T> = self.at(slot);
            if let Some(after) = member.after.some() {
                return Some((depth, after));
            }
            (depth, slot) = (depth - 1, member.parent()?);
        }
        None
    }
}

//! Links between parents, children and siblings, and which members are open in the index.

use super::index::Place;
use super::member::{Placement, Slot};
use super::{Member, Tree};

impl<T> Tree<T> {
    /// Changes a member in a way that may change the place it offers, and updates the index.
    pub(super) fn amend(&mut self, slot: Slot, change: impl FnOnce(&mut Member<T>)) {
        if let Some((region, place)) = self.offer(slot) {
            self.index.remove(region, &place);
        }
        change(self.at_mut(slot));
        if let Some((region, place)) = self.offer(slot) {
            self.index.insert(region, place);
        }
    }

    /// The entry of a member in the index; `None` if it offers no place.
    fn offer(&self, slot: Slot) -> Option<(u16, Place)> {
        let member = self.at(slot);
        let Placement::Placed { ticket, .. } = member.placement else {
            return None;
        };
        let place = Place {
            risk: member.capacity.risk,
            depth: member.depth,
            ticket,
            slot,
        };
        member
            .offers_place()
            .then_some((member.capacity.region, place))
    }

    /// Makes a member without a place the last child of a parent.
    pub(super) fn link(&mut self, slot: Slot, parent: Slot, ticket: u64) {
        let before = self.at(parent).last_child;
        let child = self.at_mut(slot);
        child.placement = Placement::Placed { parent, ticket };
        (child.before, child.after) = (before, Slot::NONE);
        if let Some(before) = before.some() {
            self.at_mut(before).after = slot;
        }
        self.amend(parent, |parent| {
            parent.last_child = slot;
            if before == Slot::NONE {
                parent.first_child = slot;
            }
            parent.children += 1;
        });
    }

    /// Takes a child from its parent. The child must be closed.
    pub(super) fn unlink(&mut self, slot: Slot) {
        let child = self.at_mut(slot);
        let Placement::Placed { parent, .. } = child.placement else {
            return;
        };
        let (before, after) = (child.before, child.after);
        child.placement = Placement::Out;
        (child.before, child.after) = (Slot::NONE, Slot::NONE);
        if let Some(before) = before.some() {
            self.at_mut(before).after = after;
        }
        if let Some(after) = after.some() {
            self.at_mut(after).before = before;
        }
        self.amend(parent, |parent| {
            if before == Slot::NONE {
                parent.first_child = after;
            }
            if after == Slot::NONE {
                parent.last_child = before;
            }
            parent.children -= 1;
        });
    }

    /// Opens a member and those below it, as far as they have media all the way from the root.
    pub(super) fn open(&mut self, top: Slot) {
        let mut next = Some(top);
        while let Some(slot) = next {
            let opens = self.opens_at(slot);
            if let Some(depth) = opens {
                self.uncount(slot);
                self.amend(slot, |member| {
                    (member.is_open, member.depth) = (true, depth);
                });
                *self.depths.entry(depth).or_default() += 1;
            }
            next = self.following(slot, top, opens.is_some());
        }
    }

    /// A member is no longer open at its depth, if it was open.
    fn uncount(&mut self, slot: Slot) {
        let member = self.at(slot);
        let depth = member.depth;
        if member.is_open
            && let Some(count) = self.depths.get_mut(&depth)
        {
            *count -= 1;
            if *count == 0 {
                self.depths.remove(&depth);
            }
        }
    }

    /// The depth at which a member may open; `None` if it may not.
    fn opens_at(&self, slot: Slot) -> Option<u32> {
        let member = self.at(slot);
        let parent = member.parent().filter(|_| member.has_media)?;
        let Some(parent) = parent.some() else {
            return Some(0);
        };
        let parent = self.at(parent);
        parent.is_open.then(|| parent.depth + 1)
    }

    /// Closes a member and those below it, so that no member is placed below them.
    pub(super) fn close(&mut self, top: Slot) {
        let mut next = Some(top);
        while let Some(slot) = next {
            let was_open = self.at(slot).is_open;
            if was_open {
                self.uncount(slot);
                self.amend(slot, |member| member.is_open = false);
            }
            // No member is open below one that is closed.
            next = self.following(slot, top, was_open);
        }
    }
}

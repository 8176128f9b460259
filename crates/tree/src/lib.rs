//! The relay tree of one stream: which member feeds which.
//!
//! The root has the stream. A member with media feeds as many children as it has capacity for.
//! Members may be server nodes or browsers.
//!
//! [`Tree::attach`] asks for a place for a member. Of the members with media and a free place, its
//! parent is the one with the lowest risk, then the one nearest to the root, then the one that has
//! had its own place for the longest time. Where regions are known, a parent of the same region is
//! preferred if it is no more than [`REGION_LEVELS`] deeper. If no member can feed it, the new
//! member waits and gets the next place that becomes free.
//!
//! Each call returns its changes as [`Move`]s, at most one for each member. After each call:
//!
//! - No member feeds itself, directly or through others.
//! - No member is placed below a member without media, and none has more children than its
//!   capacity.
//! - No member waits while there is a free place.
//! - Every member that lost its place was reported by a `Move` without parent.
//!
//! A call costs O(log n) for each member whose place changes, and nothing for the others: the free
//! places are in an index, and no call walks the whole tree. Losing media costs the same for each
//! member below.
//!
//! Deliberately absent: time. The caller says which members have media, and when to trust that.

mod index;
mod links;
mod member;
mod orphans;
mod placing;
mod walk;

use std::collections::BTreeMap;

pub use index::REGION_LEVELS;
pub use member::{Capacity, MemberId};

use index::Index;
use member::{Member, Placement, Slot};

#[cfg(test)]
mod cost;
#[cfg(test)]
mod tests;

/// A change of a member's parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The member that has another parent now.
    pub member: MemberId,
    /// The new parent; `None` if the member lost its place. It may ask for another one with
    /// [`Tree::attach`].
    pub parent: Option<MemberId>,
}

/// What happens to the members below one that leaves or loses its media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// Its children lose their places and keep the members below them. For members that can pass
    /// on the stream of any parent.
    KeepSubtrees,
    /// All members below lose their places and their media. For members that can only pass on the
    /// stream with which they began.
    Dissolve,
}

/// The relay tree of one stream. See the [module](self). `T` is the caller's value for each member.
#[derive(Debug)]
pub struct Tree<T> {
    orphans: Orphans,
    members: Vec<Member<T>>,
    /// Free slots, which new members take.
    vacant: Vec<Slot>,
    index: Index,
    /// The members that wait for a place, by ticket.
    waiting: BTreeMap<u64, Slot>,
    /// The number of open members at each depth that has any.
    depths: BTreeMap<u32, u32>,
    /// The last ticket. Each request for a place takes the next one, so that earlier ones come
    /// first.
    tickets: u64,
}

impl<T> Tree<T> {
    /// Creates a tree of the root alone, which has media.
    pub fn new(orphans: Orphans, root: Capacity, value: T) -> Self {
        let mut tree = Self {
            orphans,
            members: Vec::new(),
            vacant: Vec::new(),
            index: Index::default(),
            waiting: BTreeMap::new(),
            depths: BTreeMap::new(),
            tickets: 0,
        };
        tree.add(root, value);
        let root = &mut tree.members[Slot::ROOT.index()];
        root.placement = Placement::Placed {
            parent: Slot::NONE,
            ticket: 0,
        };
        root.has_media = true;
        tree.open(Slot::ROOT);
        tree
    }

    /// Hops from the root to the member with media that is farthest from it.
    pub fn depth(&self) -> u32 {
        self.depths.keys().next_back().copied().unwrap_or_default()
    }

    /// The root, which is never removed.
    pub fn root(&self) -> MemberId {
        self.id(Slot::ROOT)
    }

    /// Adds a member. It has no place until [`Self::attach`] asks for one.
    pub fn add(&mut self, capacity: Capacity, value: T) -> MemberId {
        let slot = match self.vacant.pop() {
            Some(slot) => {
                self.members[slot.index()].occupy(capacity, value);
                slot
            }
            None => {
                let slot = Slot::new(self.members.len());
                self.members.push(Member::new(capacity, value));
                slot
            }
        };
        self.id(slot)
    }

    /// Removes a member. Does nothing for the root, or for a member that is gone already.
    pub fn remove(&mut self, member: MemberId) -> Vec<Move> {
        let Some(slot) = self.slot(member).filter(|slot| *slot != Slot::ROOT) else {
            return Vec::new();
        };
        let mut moves = Vec::new();
        self.displace(slot, &mut moves);
        self.orphan(slot, &mut moves);
        self.members[slot.index()].vacate();
        self.vacant.push(slot);
        // The removed member itself need not be told.
        moves.retain(|told| told.member != member);
        self.fill(&mut moves);
        moves
    }

    /// The caller's value for a member; `None` if the member is gone.
    pub fn get(&self, member: MemberId) -> Option<&T> {
        self.slot(member).and_then(|slot| self.at(slot).value())
    }

    /// The caller's value for a member, to be changed; `None` if the member is gone.
    pub fn get_mut(&mut self, member: MemberId) -> Option<&mut T> {
        let slot = self.slot(member)?;
        self.members[slot.index()].value_mut()
    }

    /// The capacity, region and risk of a member; `None` if it is gone.
    pub fn capacity(&self, member: MemberId) -> Option<Capacity> {
        self.slot(member).map(|slot| self.at(slot).capacity)
    }

    /// The parent of a member; `None` for the root and for a member without a place.
    pub fn parent(&self, member: MemberId) -> Option<MemberId> {
        let parent = self.at(self.slot(member)?).parent()?;
        (parent != Slot::NONE).then(|| self.id(parent))
    }

    /// Whether a member has a place.
    pub fn is_placed(&self, member: MemberId) -> bool {
        self.slot(member)
            .is_some_and(|slot| self.at(slot).parent().is_some())
    }

    /// Whether some member waits for a place.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The number of members with and without a place, with the root.
    pub fn member_count(&self) -> usize {
        self.members.len() - self.vacant.len()
    }

    fn id(&self, slot: Slot) -> MemberId {
        MemberId {
            slot,
            generation: self.at(slot).generation,
        }
    }

    /// The slot of a member; `None` if the member is gone.
    fn slot(&self, id: MemberId) -> Option<Slot> {
        let member = self.members.get(id.slot.index())?;
        (member.generation == id.generation).then_some(id.slot)
    }

    fn at(&self, slot: Slot) -> &Member<T> {
        #[cfg(test)]
        cost::count();
        &self.members[slot.index()]
    }

    fn at_mut(&mut self, slot: Slot) -> &mut Member<T> {
        #[cfg(test)]
        cost::count();
        &mut self.members[slot.index()]
    }
}

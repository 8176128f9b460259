//! One stream's relay tree: who is fed by whom.
//!
//! The root has the stream. A member with media passes it on to as many others as it has capacity
//! for. Server nodes and browsers are members alike.
//!
//! [`Tree::attach`] asks for a place. It is below the member that risks least, is nearest to the
//! root and has had its own place for longest, of those with media and a free place; where regions
//! are known, below one of the same region, if that costs no more than [`REGION_LEVELS`]. Where
//! there is no such member the asker waits, and gets the next place that comes free.
//!
//! Each call returns what it has changed as [`Move`]s, of each member at most one. What holds after
//! each call:
//!
//! - Nobody feeds itself, not by way of others either.
//! - Nobody is placed below a member without media, or has more children than its capacity.
//! - Nobody waits while there is a place.
//! - Who has lost its place was told by a `Move` without parent.
//!
//! A call costs O(log n) for each member whose place changes, and nothing for the others: the free
//! places stand in an index, and no call walks over the tree. Losing media costs the same for each
//! member below.
//!
//! Deliberately absent: time. Who has media, and since when it is to be trusted, the caller says.

mod index;
mod links;
mod member;
mod orphans;
mod placing;
mod walk;

use std::collections::BTreeMap;

pub use index::REGION_LEVELS;
pub use member::{MemberId, Terms};

use index::Index;
use member::{Member, Placement, Slot};

#[cfg(test)]
mod cost;
#[cfg(test)]
mod tests;

/// Somebody's parent is another one now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Whose.
    pub member: MemberId,
    /// Which. `None`: there is none any more; ask for a place by [`Tree::attach`].
    pub parent: Option<MemberId>,
}

/// What becomes of those below a member that goes, or that has no media any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// Its children lose their place, and keep who is below them: for members that pass on what
    /// they get from wherever it comes.
    KeepSubtrees,
    /// All below lose their place and their media: for those that cannot pass on another stream
    /// than the one they began with.
    Dissolve,
}

/// The relay tree of one stream. See the [module](self). `T` is what the caller keeps of each
/// member.
#[derive(Debug)]
pub struct Tree<T> {
    orphans: Orphans,
    members: Vec<Member<T>>,
    /// Slots that are free to use again.
    vacant: Vec<Slot>,
    index: Index,
    /// Who asked for a place and got none.
    waiting: BTreeMap<u64, Slot>,
    /// Counts whoever asks for a place, so that earlier ones come first.
    tickets: u64,
}

impl<T> Tree<T> {
    /// With the root alone, which has media.
    pub fn new(orphans: Orphans, root: Terms, value: T) -> Self {
        let mut tree = Self {
            orphans,
            members: Vec::new(),
            vacant: Vec::new(),
            index: Index::default(),
            waiting: BTreeMap::new(),
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

    /// The root, which stays as long as the tree.
    pub fn root(&self) -> MemberId {
        self.id(Slot::ROOT)
    }

    /// A new member. It has no place and has not asked for one.
    pub fn add(&mut self, terms: Terms, value: T) -> MemberId {
        let slot = match self.vacant.pop() {
            Some(slot) => {
                self.members[slot.index()].occupy(terms, value);
                slot
            }
            None => {
                let slot = Slot::new(self.members.len());
                self.members.push(Member::new(terms, value));
                slot
            }
        };
        self.id(slot)
    }

    /// A member goes. Nothing happens to the root, and nothing with an id of somebody who is gone.
    pub fn remove(&mut self, member: MemberId) -> Vec<Move> {
        let Some(slot) = self.slot(member).filter(|slot| *slot != Slot::ROOT) else {
            return Vec::new();
        };
        let mut moves = Vec::new();
        self.displace(slot, &mut moves);
        self.orphan(slot, &mut moves);
        self.members[slot.index()].vacate();
        self.vacant.push(slot);
        // It is gone: there is nobody to tell.
        moves.retain(|told| told.member != member);
        self.fill(&mut moves);
        moves
    }

    /// What the caller keeps of a member; `None` when it is gone.
    pub fn get(&self, member: MemberId) -> Option<&T> {
        self.slot(member).and_then(|slot| self.at(slot).value())
    }

    /// Likewise, to be changed.
    pub fn get_mut(&mut self, member: MemberId) -> Option<&mut T> {
        let slot = self.slot(member)?;
        self.members[slot.index()].value_mut()
    }

    /// What a member offers; `None` when it is gone.
    pub fn terms(&self, member: MemberId) -> Option<Terms> {
        self.slot(member).map(|slot| self.at(slot).terms)
    }

    /// Who feeds a member; `None` for the root and for who has no place.
    pub fn parent(&self, member: MemberId) -> Option<MemberId> {
        let parent = self.at(self.slot(member)?).parent()?;
        (parent != Slot::NONE).then(|| self.id(parent))
    }

    /// Whether a member has a place.
    pub fn is_placed(&self, member: MemberId) -> bool {
        self.slot(member)
            .is_some_and(|slot| self.at(slot).parent().is_some())
    }

    /// Whether somebody has asked for a place and waits.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Number of members, with and without place, with the root.
    pub fn member_count(&self) -> usize {
        self.members.len() - self.vacant.len()
    }

    fn id(&self, slot: Slot) -> MemberId {
        MemberId {
            slot,
            generation: self.at(slot).generation,
        }
    }

    /// Where a member is, unless it is gone.
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

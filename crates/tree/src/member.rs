//! A member and its links.

/// The capacity, region and risk of a member: whether it is a good parent for others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capacity {
    /// The number of children that it can feed.
    pub children_max: u32,
    /// Its region. Members of one region are near each other. If distances are not known, all
    /// members have region 0.
    pub region: u16,
    /// How often it failed to feed others, as the caller counts. Members with less risk become
    /// parents first.
    pub risk: u8,
}

/// Identifies a member of one tree. The id of a member that is gone is never used for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberId {
    pub(super) slot: Slot,
    pub(super) generation: u32,
}

/// The index of a member in memory: half the size of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

impl Slot {
    pub(super) const ROOT: Self = Self(0);
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn new(index: usize) -> Self {
        let index = u32::try_from(index).expect("fewer than four thousand million members");
        Self(index)
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    pub(super) fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// Whether a member has a place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// It has no place and has not asked for one.
    Out,
    /// It has asked for a place, and waits for one.
    Waiting { ticket: u64 },
    /// It has a place. Members with lower tickets asked for theirs earlier.
    Placed { parent: Slot, ticket: u64 },
}

/// A member, linked with its parent, its first and last child, and its siblings.
#[derive(Debug)]
pub(super) struct Member<T> {
    /// `None`: the slot is free.
    value: Option<T>,
    pub(super) capacity: Capacity,
    pub(super) placement: Placement,
    pub(super) generation: u32,
    pub(super) first_child: Slot,
    pub(super) last_child: Slot,
    pub(super) before: Slot,
    pub(super) after: Slot,
    pub(super) children: u32,
    /// Hops from the root; valid while it is open.
    pub(super) depth: u32,
    /// It has media, as the caller says.
    pub(super) has_media: bool,
    /// It has media, and so have all members between it and the root: it may be a parent.
    pub(super) is_open: bool,
}

impl<T> Member<T> {
    pub(super) fn new(capacity: Capacity, value: T) -> Self {
        Self {
            value: Some(value),
            capacity,
            placement: Placement::Out,
            generation: 0,
            first_child: Slot::NONE,
            last_child: Slot::NONE,
            before: Slot::NONE,
            after: Slot::NONE,
            children: 0,
            depth: 0,
            has_media: false,
            is_open: false,
        }
    }

    /// Puts a new member into a free slot.
    pub(super) fn occupy(&mut self, capacity: Capacity, value: T) {
        let generation = self.generation;
        *self = Self::new(capacity, value);
        self.generation = generation;
    }

    /// Frees the slot. Ids that name its member are no longer valid.
    pub(super) fn vacate(&mut self) {
        self.value = None;
        self.generation = self.generation.wrapping_add(1);
    }

    pub(super) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    pub(super) fn value_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// The member's parent: [`Slot::NONE`] for the root, `None` for a member without a place.
    pub(super) fn parent(&self) -> Option<Slot> {
        match self.placement {
            Placement::Placed { parent, .. } => Some(parent),
            Placement::Out | Placement::Waiting { .. } => None,
        }
    }

    pub(super) fn offers_place(&self) -> bool {
        self.is_open && self.children < self.capacity.children_max
    }
}

//! One member as the tree keeps it.

/// What a member offers to others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// How many others it can feed.
    pub capacity: u32,
    /// Members of one region are near each other. 0 for all: nothing is known of distances.
    pub region: u16,
    /// How often it has failed those that it should have fed. Who risks less is asked first.
    pub risk: u8,
}

/// Names a member of one tree, and nobody else after that one is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberId {
    pub(super) slot: Slot,
    pub(super) generation: u32,
}

/// Where a member stands in memory: half the size of a reference.
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

/// Where a member is in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// It has no place and has not asked for one.
    Out,
    /// It has asked, and there was none.
    Waiting { ticket: u64 },
    /// It is fed. Lower tickets had their place earlier.
    Placed { parent: Slot, ticket: u64 },
}

/// A member, linked with its parent, its children and its neighbours among them.
#[derive(Debug)]
pub(super) struct Member<T> {
    /// `None`: the slot is free.
    value: Option<T>,
    pub(super) terms: Terms,
    pub(super) placement: Placement,
    pub(super) generation: u32,
    pub(super) first_child: Slot,
    pub(super) last_child: Slot,
    pub(super) before: Slot,
    pub(super) after: Slot,
    pub(super) children: u32,
    /// Hops from the root, while it is open.
    pub(super) depth: u32,
    /// It has said so.
    pub(super) has_media: bool,
    /// It has media, and so have all between it and the root: it may be a parent.
    pub(super) is_open: bool,
}

impl<T> Member<T> {
    pub(super) fn new(terms: Terms, value: T) -> Self {
        Self {
            value: Some(value),
            terms,
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

    /// Puts a newcomer into a free slot.
    pub(super) fn occupy(&mut self, terms: Terms, value: T) {
        let generation = self.generation;
        *self = Self::new(terms, value);
        self.generation = generation;
    }

    /// Frees the slot: ids that name it are worth nothing from now on.
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

    /// [`Slot::NONE`] for the root; `None` without a place.
    pub(super) fn parent(&self) -> Option<Slot> {
        match self.placement {
            Placement::Placed { parent, .. } => Some(parent),
            Placement::Out | Placement::Waiting { .. } => None,
        }
    }

    pub(super) fn offers_place(&self) -> bool {
        self.is_open && self.children < self.terms.capacity
    }
}

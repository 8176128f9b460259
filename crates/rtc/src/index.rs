//! The numbers of a peer's lines and sections: each a type of its own, since both are counted from
//! 0 and stand beside each other in many calls.

/// An m-line of this side that sends, counted from 0 in the order in which the lines were added.
///
/// [`Negotiator::add`](crate::Negotiator::add) gives it. It stays when the line's track is removed
/// and another one takes the line over; [`Peer::sent`](crate::Peer::sent) is in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineIndex(pub u16);

impl LineIndex {
    /// The lines in order, as many as there can be: 65,536, and
    /// [`LINES_MAX`](crate::LINES_MAX) of them are in use at most.
    #[inline]
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0..=u16::MAX).map(Self)
    }

    /// Its position in [`Peer::sent`](crate::Peer::sent).
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A section that the remote sends on, counted from 0 among those that it sends on.
///
/// [`Peer::received`](crate::Peer::received) gives it: it is the section's position there, and may
/// be another one after the next [`Peer::apply`](crate::Peer::apply).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectionIndex(pub u16);

impl SectionIndex {
    /// The sections in order, as many as there can be: 65,536. A description has fewer.
    #[inline]
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0..=u16::MAX).map(Self)
    }

    /// Its position in [`Peer::received`](crate::Peer::received).
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

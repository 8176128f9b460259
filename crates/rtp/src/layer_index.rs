/// A layer of a track, counted from 0 in the order of the rids in the publisher's description. A
/// track without simulcast has the first one only.
///
/// The receiver of the publisher's packets gives it. The order says nothing of quality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerIndex(pub u8);

impl LayerIndex {
    /// The first layer of a track, the only one without simulcast.
    pub const FIRST: Self = Self(0);

    /// The layers of a track in order, as many as there can be: 256.
    #[inline]
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0..=u8::MAX).map(Self)
    }

    /// Its position among the layers of its track.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

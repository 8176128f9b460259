/// An encoding of a sender, counted from 0. [`Sender::add`](super::Sender::add) gives it, and gives
/// that of an encoding that has ended again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EncodingIndex(u16);

impl EncodingIndex {
    /// The encoding at this position. A sender has one for each line at most, and a peer
    /// [`LINES_MAX`](crate::LINES_MAX) of these.
    #[inline]
    pub(super) const fn at(position: usize) -> Self {
        Self(position as u16)
    }

    /// Its position among the encodings of the sender.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

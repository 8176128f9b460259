use rtp::Kind;

use super::Track;

/// What a publisher declares of its stream.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The label that tells the publisher's streams apart.
    pub label: Option<String>,
    /// Text of the application, at most [`Limits::metadata_bytes_max`](super::Limits).
    pub metadata: String,
    /// The tracks, at most one of each kind; a second one is ignored.
    pub tracks: Vec<Track>,
}

/// What [`Rooms::publish`](super::Rooms::publish) changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishedChange {
    /// The stream is new.
    pub is_new: bool,
    /// Tracks that are new, audio first.
    pub begun: Vec<Kind>,
    /// Tracks that no longer exist, audio first.
    pub ended: Vec<Kind>,
}

use rtp::{Format, Kind};

/// The track that a line of this side carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingTrack {
    /// Audio or video.
    pub kind: Kind,
    /// The first part of `a=msid` (RFC 8830): tracks of one stream are played in sync.
    pub stream: String,
    /// The second part of `a=msid`.
    pub track: String,
    /// Formats that the source may send; empty: any that is forwarded.
    pub formats: Vec<Format>,
}

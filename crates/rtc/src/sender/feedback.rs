use rtp::Bitrate;

use super::EncodingIndex;

/// Feedback of a receiver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Feedback {
    /// The receiver needs a key frame of this encoding.
    KeyframeRequest(EncodingIndex),
    /// The receiver has sent this many NACKs.
    Nacks(u64),
    /// The bandwidth of the path, and whether the path is congested.
    Estimate(Bitrate, bool),
}

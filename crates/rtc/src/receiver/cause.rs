use std::fmt;

/// Why a packet was refused, or has nothing to forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is not an RTP or RTCP packet, or its padding length is invalid.
    Malformed,
    /// It was altered, or protected with other keys.
    NotAuthentic,
    /// It arrived before, or is too old for the replay window.
    Replayed,
    /// Nothing maps its SSRC to an m-line and layer.
    UnknownSsrc,
    /// Its payload type was not negotiated for its m-line, or does not suit its SSRC: media on an
    /// RTX source, or the reverse.
    UnknownPayloadType,
    /// Its SSRC would replace a running one too soon after the last change.
    SsrcChanges,
    /// A retransmission of a packet that is not missing.
    NotMissing,
    /// It has no payload: a probe of the path, which is no fault.
    PaddingOnly,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 8] = [
        Self::Malformed,
        Self::NotAuthentic,
        Self::Replayed,
        Self::UnknownSsrc,
        Self::UnknownPayloadType,
        Self::SsrcChanges,
        Self::NotMissing,
        Self::PaddingOnly,
    ];

    /// Whether a packet refused for this cause was authentic, and so came from the publisher.
    pub fn is_authentic(self) -> bool {
        !matches!(self, Self::Malformed | Self::NotAuthentic | Self::Replayed)
    }

    /// Returns the value for a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotAuthentic => "not_authentic",
            Self::Replayed => "replayed",
            Self::UnknownSsrc => "unknown_ssrc",
            Self::UnknownPayloadType => "unknown_payload_type",
            Self::SsrcChanges => "ssrc_changes",
            Self::NotMissing => "not_missing",
            Self::PaddingOnly => "padding_only",
        }
    }
}

impl fmt::Display for Cause {
    /// One line for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a valid RTP or RTCP packet",
            Self::NotAuthentic => "its authentication tag is wrong",
            Self::Replayed => "it arrived before, or is too old",
            Self::UnknownSsrc => {
                "neither MID, RID, a=ssrc nor the payload type says which m-line it belongs to"
            }
            Self::UnknownPayloadType => "its payload type was not negotiated for its m-line",
            Self::SsrcChanges => "its SSRC replaces one that still sends, too soon after another",
            Self::NotMissing => "it repeats a packet that is not missing",
            Self::PaddingOnly => "it has no payload",
        })
    }
}

use std::fmt;

/// Why a packet was not taken, or carried nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is no RTP packet, or its padding is longer than its payload.
    Malformed,
    /// It was altered, or protected with other keys.
    NotAuthentic,
    /// It came before, or is too old to tell.
    Replayed,
    /// Nothing tells which m-line and layer its SSRC belongs to.
    UnknownSsrc,
    /// Its payload type was not negotiated for its m-line, or not for its SSRC.
    UnknownPayloadType,
    /// Its SSRC would take the place of one that still runs, too soon after another did.
    SsrcChanges,
    /// A retransmission of a packet that nobody misses.
    NotMissing,
    /// It has no payload: a probe of the path. This is no fault.
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

    /// Whether a packet that was not taken for this cause came from the publisher all the same.
    pub fn is_authentic(self) -> bool {
        !matches!(self, Self::Malformed | Self::NotAuthentic | Self::Replayed)
    }

    /// A value for a metric's label.
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
            Self::Malformed => "it is no RTP packet",
            Self::NotAuthentic => "its authentication tag is wrong",
            Self::Replayed => "it came before",
            Self::UnknownSsrc => {
                "neither MID, RID, a=ssrc nor the payload type says which m-line it belongs to"
            }
            Self::UnknownPayloadType => "its payload type was not negotiated for its m-line",
            Self::SsrcChanges => "its SSRC takes the place of one that still sends, too often",
            Self::NotMissing => "it repeats a packet that is not missing",
            Self::PaddingOnly => "it has no payload",
        })
    }
}

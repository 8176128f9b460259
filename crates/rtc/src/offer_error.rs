use rtp::Kind;
use thiserror::Error;

/// Why a description was not accepted. The text is for the person who made it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OfferError {
    /// It cannot be read; the text names the line.
    #[error("this is not an SDP: {0}")]
    Unreadable(#[from] sdp::Error),
    /// No section for media.
    #[error("the offer has no audio and no video m-line")]
    NoMedia,
    /// Too many sections of a kind.
    #[error("the offer has {count} {kind} m-lines: {max} is the most")]
    TooManyMedia {
        /// Audio or video.
        kind: Kind,
        /// How many.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The section's direction is the opposite of what the endpoint does.
    #[error("the {kind} m-line is a={found}: {endpoint} needs a={needed} or a=sendrecv")]
    Direction {
        /// Audio or video.
        kind: Kind,
        /// The attribute as offered.
        found: &'static str,
        /// The attribute that works.
        needed: &'static str,
        /// What was asked for.
        endpoint: &'static str,
    },
    /// A section has nothing that both sides can code (RFC 9725 §4.4: all or nothing).
    #[error(
        "the {kind} m-line (line {line}) offers {offered}: none of it is passed through. \
         Offer one of {}, or leave the m-line out",
        .wanted.join(", ")
    )]
    NoCodec {
        /// Audio or video.
        kind: Kind,
        /// Number of its `m=` line in the offer.
        line: usize,
        /// The codecs that were offered.
        offered: String,
        /// Those that would do.
        wanted: Vec<String>,
    },
    /// Something that this side cannot serve; the text says what.
    #[error("the description cannot be accepted: {0}")]
    Refused(String),
}

impl OfferError {
    /// A value for a metric's label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NoMedia => "no_media",
            Self::TooManyMedia { .. } => "too_many_media",
            Self::Direction { .. } => "direction",
            Self::NoCodec { .. } => "no_codec",
            Self::Refused(_) => "refused",
        }
    }

    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }
}

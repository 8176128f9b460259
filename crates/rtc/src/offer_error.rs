use rtp::Kind;
use thiserror::Error;

/// Why a description was not accepted. The text addresses the author of the description.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OfferError {
    /// The SDP does not parse; the text names the line.
    #[error("this is not an SDP: {0}")]
    Unreadable(#[from] sdp::Error),
    /// The offer has no audio and no video section.
    #[error("the offer has no audio and no video m-line")]
    NoMedia,
    /// The offer has too many sections of one kind.
    #[error("the offer has {count} {kind} m-lines, the limit is {max}")]
    TooManyMedia {
        /// Audio or video.
        kind: Kind,
        /// Sections of the kind in the offer.
        count: usize,
        /// The most that the endpoint accepts.
        max: usize,
    },
    /// The section's direction is the opposite of what the endpoint does.
    #[error("the {kind} m-line is a={found}: {endpoint} needs a={needed} or a=sendrecv")]
    Direction {
        /// Audio or video.
        kind: Kind,
        /// The offered direction attribute.
        found: &'static str,
        /// The direction attribute that the endpoint needs.
        needed: &'static str,
        /// What the endpoint is for: publishing or watching.
        endpoint: &'static str,
    },
    /// A section offers no codec that is forwarded. The whole offer is refused
    /// (RFC 9725 §4.4: all or nothing).
    #[error(
        "the {kind} m-line (line {line_number}) offers {offered}: none of it is passed through. \
         Offer one of {}, or leave the m-line out",
        .wanted.join(", ")
    )]
    NoCodec {
        /// Audio or video.
        kind: Kind,
        /// The line of text in the offer that its `m=` is on, counted from 1.
        line_number: usize,
        /// Names of the offered codecs.
        offered: String,
        /// Names of the codecs of this kind that are forwarded.
        wanted: Vec<String>,
    },
    /// The description asks for something that this side cannot serve; the text says what.
    #[error("the description cannot be accepted: {0}")]
    Refused(String),
}

impl OfferError {
    /// Returns the value for a metric's label.
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

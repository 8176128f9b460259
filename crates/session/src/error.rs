use std::time::Duration;

use model::{OpenError, SessionError, StreamNameError};
use room::{JoinError, PublishError};
use rtc::OfferError;
use rtp::Kind;
use thiserror::Error;

/// When a client that found something full may try again.
pub(crate) const RETRY_FULL: Duration = Duration::from_secs(5);

/// Why a request was refused. The text is for the person who made it.
///
/// The one family of the core's errors: a request that can fail in fewer ways returns the member that
/// has these. What opens something for a client is refused with [`OpenError`] in the end, into which
/// all others turn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The description cannot be accepted.
    #[error(transparent)]
    Description(#[from] OfferError),
    /// The session is not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The call on a session fails.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The room does not take the participant.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The room does not take the stream.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The participation is over.
    #[error("the participation has ended: join anew")]
    Gone,
    /// The role of the participant does not allow it to publish.
    #[error("this role does not publish: join as publisher or host")]
    MayNotPublish,
    /// The participant publishes nothing.
    #[error("nothing is published: publish anew")]
    NotPublishing,
    /// No offer of this number waits for an answer.
    #[error("no offer of this number waits for an answer")]
    UnknownOffer,
    /// The name of the stream is none.
    #[error(transparent)]
    Label(#[from] StreamNameError),
    /// A track is declared for a section that the offer does not have.
    #[error("the offer has no m-line with a=mid:{mid}")]
    UnknownMid {
        /// Index of the declared track.
        track: usize,
        /// The mid that it names.
        mid: String,
    },
    /// Two tracks of a kind are declared for one stream.
    #[error("a stream has one {kind} track: use another label for this one")]
    SecondTrack {
        /// Index of the declared track.
        track: usize,
        /// Its kind.
        kind: Kind,
    },
    /// No track is declared.
    #[error("a stream has at least one track")]
    NoTracks,
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        match error {
            Error::Description(OfferError::NoCodec {
                kind,
                line_number,
                offered,
                wanted,
            }) => Self::NoCommonCodec {
                why: format!("the {kind} m-line (line {line_number}) offers {offered}"),
                codecs: wanted,
            },
            Error::Description(error) => Self::BadOffer(error.to_string()),
            Error::Open(error) => error,
            Error::Join(JoinError::Full { limit }) => Self::Full {
                limit,
                retry_after: RETRY_FULL,
            },
            error => Self::Refused(error.to_string()),
        }
    }
}

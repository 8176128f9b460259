use model::{OpenError, StreamNameError};
use room::{JoinError, PublishError};
use rtc::OfferError;
use rtp::Kind;
use thiserror::Error;

/// Why a request was refused. The text is for the person who made it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The description cannot be accepted.
    #[error(transparent)]
    Description(#[from] OfferError),
    /// The session is not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The room does not take the participant.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The room does not take the stream.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The participation is over.
    #[error("the participation has ended: join anew")]
    Gone,
    /// The participant has such a peer already: another request came between.
    #[error("the server is busy: try again")]
    Busy,
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

use thiserror::Error;

/// Why a room was not created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CreateError {
    /// A limit is reached.
    #[error("{limit} is reached: try again later")]
    Full {
        /// The configuration key of the limit.
        limit: &'static str,
    },
}

/// Why a participant may not join a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JoinError {
    /// The room is locked: only hosts may enter.
    #[error("the room is locked: only hosts may enter")]
    Locked,
    /// A limit is reached.
    #[error("{limit} is reached: try again later")]
    Full {
        /// The configuration key of the limit.
        limit: &'static str,
    },
    /// A text is too long.
    #[error("{field} has at most {max} bytes")]
    TooLong {
        /// The field: `name` or `metadata`.
        field: &'static str,
        /// The limit of the field, in bytes.
        max: usize,
    },
}

/// Why a stream was not published, or not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PublishError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never joined")]
    Unknown,
    /// The role does not allow it, or the stream's name does not begin with the room's.
    #[error("this participant may not publish this stream")]
    Forbidden,
    /// Another participant publishes a stream of this name.
    #[error("another participant publishes a stream of this name: use another label")]
    Taken,
    /// A limit is reached.
    #[error("{limit} is reached: end another stream first")]
    Full {
        /// The configuration key of the limit.
        limit: &'static str,
    },
    /// A text is too long.
    #[error("{field} has at most {max} bytes")]
    TooLong {
        /// The field: `metadata`.
        field: &'static str,
        /// The limit of the field, in bytes.
        max: usize,
    },
}

/// Why a call about a stream failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StreamError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never joined")]
    Unknown,
    /// There is no such stream in the room, or no such track in the stream.
    #[error("there is no such stream or track in this room")]
    NotFound,
    /// The stream belongs to another participant.
    #[error("this stream belongs to another participant")]
    Forbidden,
    /// The stream is the participant's own, which it cannot view.
    #[error("this stream is the participant's own: it is not sent back")]
    Own,
    /// The participant is not given this track.
    #[error("this participant is not subscribed to this track: subscribe first")]
    NotSubscribed,
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never joined")]
    Unknown,
    /// The role does not allow it.
    #[error("this participant may not send messages")]
    Forbidden,
    /// A text is too long.
    #[error("{field} has at most {max} bytes")]
    TooLong {
        /// The field: `body` or `topic`.
        field: &'static str,
        /// The limit of the field, in bytes.
        max: usize,
    },
    /// The participant sends more messages than
    /// [`Limits::messages_per_second`](super::Limits) allows.
    #[error("too many messages: wait a moment")]
    TooFast,
    /// There is no such receiver in the room, or no such room.
    #[error("no participant with this id is in the room")]
    NotFound,
}

/// Why a participant's name and metadata were not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never joined")]
    Unknown,
    /// A text is too long.
    #[error("{field} has at most {max} bytes")]
    TooLong {
        /// The field: `name` or `metadata`.
        field: &'static str,
        /// The limit of the field, in bytes.
        max: usize,
    },
}

/// Why a host's action was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HostError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never joined")]
    Unknown,
    /// The participant is not a host.
    #[error("only a host may do this")]
    Forbidden,
    /// There is no such participant, stream or track in the room.
    #[error("there is no such participant, stream or track in this room")]
    NotFound,
    /// The host's target is itself.
    #[error("a host cannot kick itself: leave the room instead")]
    BadTarget,
}

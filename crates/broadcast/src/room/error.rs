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

/// Why somebody may not enter a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JoinError {
    /// The room takes only hosts.
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
        /// Which: `name` or `metadata`.
        field: &'static str,
        /// In bytes.
        max: usize,
    },
}

/// Why a stream was not published, or not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PublishError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never was")]
    Unknown,
    /// The role does not allow it, or the stream's name does not begin with the room's.
    #[error("this participant may not publish this stream")]
    Forbidden,
    /// The stream is somebody else's.
    #[error("somebody else publishes a stream of this name: use another label")]
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
        /// Which: `metadata`.
        field: &'static str,
        /// In bytes.
        max: usize,
    },
}

/// Why a call about a stream failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StreamError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never was")]
    Unknown,
    /// There is no such stream in the room, or no such track in the stream.
    #[error("there is no such stream or track in this room")]
    NotFound,
    /// The stream is somebody else's.
    #[error("this stream is somebody else's")]
    Forbidden,
    /// The stream is the participant's own: nobody views itself.
    #[error("this stream is the participant's own: it is not sent back")]
    Own,
    /// The participant does not get this track.
    #[error("this participant does not get this track: subscribe first")]
    NotSubscribed,
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never was")]
    Unknown,
    /// The role does not allow it.
    #[error("this participant may not write")]
    Forbidden,
    /// A text is too long.
    #[error("{field} has at most {max} bytes")]
    TooLong {
        /// Which: `body` or `topic`.
        field: &'static str,
        /// In bytes.
        max: usize,
    },
    /// More messages than allowed.
    #[error("too many messages: wait a moment")]
    TooFast,
    /// There is no such receiver in the room, or no such room.
    #[error("nobody of this id is in the room")]
    NotFound,
}

/// Why a participant's name and metadata stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never was")]
    Unknown,
    /// A text is too long.
    #[error("{field} has at most {max} bytes")]
    TooLong {
        /// Which: `name` or `metadata`.
        field: &'static str,
        /// In bytes.
        max: usize,
    },
}

/// Why a host's action was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HostError {
    /// The participation is over, or never was.
    #[error("there is no such participant: it has left or never was")]
    Unknown,
    /// The participant is no host.
    #[error("only a host may do this")]
    Forbidden,
    /// There is no such participant, stream or track in the room.
    #[error("there is no such participant, stream or track in this room")]
    NotFound,
    /// Hosts do not kick themselves.
    #[error("a host cannot send itself away: leave")]
    BadTarget,
}

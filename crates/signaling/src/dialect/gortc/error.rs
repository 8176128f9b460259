use std::borrow::Cow;

use model::OpenError;
use room::SendError;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The kind of error, for programs. Codes below 100 are the protocol's own, the others follow
    /// HTTP statuses.
    pub code: i32,
    /// What is wrong, for people.
    pub reason: Cow<'static, str>,
}

#[allow(missing_docs, reason = "each says what it is")]
impl Error {
    pub const NO_METHOD: Self = Self::new(-1, "method not found");
    pub const NO_DATA: Self = Self::new(-1, "data not found");
    /// The request names no room, or the user is not in that room.
    pub const NO_RID: Self = Self::new(2, "rid not found");
    pub const NO_JSEP: Self = Self::new(5, "jsep not found");
    pub const NO_SDP: Self = Self::new(6, "sdp not found");
    pub const NO_MINFO: Self = Self::new(7, "minfo not found");
    /// No node has this `sfuid`, or none has the stream.
    pub const NO_SFU: Self = Self::new(12, "sfu rpc not found");
    /// The protocol has no such method.
    pub const UNKNOWN: Self = Self::new(14, "unknown error");
    /// The socket's token does not allow the request.
    pub const FORBIDDEN: Self = Self::new(403, "the token of this socket does not allow it");
    /// Another user publishes the stream.
    pub const NOT_OWN: Self = Self::new(403, "this stream belongs to another user");

    const fn new(code: i32, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
        }
    }

    fn told(code: i32, reason: String) -> Self {
        Self {
            code,
            reason: Cow::Owned(reason),
        }
    }

    /// The stream to subscribe to is gone.
    pub fn stream_gone(mid: &str) -> Self {
        Self::told(403, format!("cannot get router: {mid}"))
    }

    /// The stream to unsubscribe from does not exist.
    pub fn no_stream(mid: &str) -> Self {
        Self::told(410, format!("can't get router:{mid}"))
    }

    /// A limit of the server is reached; `reason` names it.
    pub fn full(reason: String) -> Self {
        Self::told(503, reason)
    }

    /// The name of a room or user is not valid.
    pub fn name(error: &impl ToString) -> Self {
        Self::told(413, error.to_string())
    }

    /// The user could not join a room.
    pub fn join(error: &OpenError) -> Self {
        Self::told(
            Self::status(error).unwrap_or(401),
            format!("client join err is {error}"),
        )
    }

    /// A stream could not be published.
    pub fn publish(error: &OpenError) -> Self {
        Self::told(
            Self::status(error).unwrap_or(403),
            format!("add pub err, err is :{error}"),
        )
    }

    /// A stream could not be subscribed to.
    pub fn subscribe(error: &OpenError) -> Self {
        Self::told(
            Self::status(error).unwrap_or(403),
            format!("add sub error: {error}"),
        )
    }

    /// 503 when the server is full or shutting down, and the request itself is fine.
    fn status(error: &OpenError) -> Option<i32> {
        matches!(error, OpenError::Full { .. } | OpenError::Stopping).then_some(503)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unknown | SendError::NotFound => Self::NO_RID,
            SendError::Forbidden => Self::told(403, error.to_string()),
            SendError::TooLong { .. } => Self::told(413, error.to_string()),
            SendError::TooFast => Self::told(429, error.to_string()),
        }
    }
}

use std::borrow::Cow;

use broadcast::OpenError;
use broadcast::room::SendError;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// For programs: the protocol's own are below 100; the others are like those of HTTP.
    pub code: i32,
    /// For people.
    pub reason: Cow<'static, str>,
}

#[allow(missing_docs, reason = "each says what it is")]
impl Error {
    pub const NO_METHOD: Self = Self::new(-1, "method not found");
    pub const NO_DATA: Self = Self::new(-1, "data not found");
    /// It is missing, or the user is not in that room.
    pub const NO_RID: Self = Self::new(2, "rid not found");
    pub const NO_JSEP: Self = Self::new(5, "jsep not found");
    pub const NO_SDP: Self = Self::new(6, "sdp not found");
    pub const NO_MINFO: Self = Self::new(7, "minfo not found");
    /// No node of this `sfuid`, or none that has the stream.
    pub const NO_SFU: Self = Self::new(12, "sfu rpc not found");
    /// There is no such method.
    pub const UNKNOWN: Self = Self::new(14, "unknown error");
    /// The token of the socket does not allow it.
    pub const FORBIDDEN: Self = Self::new(403, "the token of this socket does not allow it");
    /// The stream is somebody else's.
    pub const NOT_OWN: Self = Self::new(403, "this stream is somebody else's");

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

    /// A stream that is to be watched is not there any more.
    pub fn stream_gone(mid: &str) -> Self {
        Self::told(403, format!("cannot get router: {mid}"))
    }

    /// A stream whose watching is to end is not there.
    pub fn no_stream(mid: &str) -> Self {
        Self::told(410, format!("can't get router:{mid}"))
    }

    /// A limit of this server is reached, which the text names.
    pub fn full(reason: String) -> Self {
        Self::told(503, reason)
    }

    /// A room or a user cannot be called so.
    pub fn name(error: &impl ToString) -> Self {
        Self::told(413, error.to_string())
    }

    /// A room was not entered.
    pub fn join(error: &OpenError) -> Self {
        Self::told(
            Self::status(error).unwrap_or(401),
            format!("client join err is {error}"),
        )
    }

    /// A stream was not published.
    pub fn publish(error: &OpenError) -> Self {
        Self::told(
            Self::status(error).unwrap_or(403),
            format!("add pub err, err is :{error}"),
        )
    }

    /// A stream was not shown.
    pub fn subscribe(error: &OpenError) -> Self {
        Self::told(
            Self::status(error).unwrap_or(403),
            format!("add sub error: {error}"),
        )
    }

    /// The server has no room, or stops: nothing is wrong with the request.
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

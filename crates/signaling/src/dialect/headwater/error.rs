//! Refusals of requests.

use serde::{Deserialize, Serialize};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// The kind of refusal, for programs.
    pub code: Code,
    /// What is wrong and how to fix it, for people.
    pub message: String,
    /// The field of the request that is at fault, such as `params.room`, if it is a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub field: Option<String>,
}

/// Kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Code {
    /// The request cannot be read, or contradicts itself.
    BadRequest,
    /// The server has no such method.
    UnknownMethod,
    /// The socket has no session yet: `join` or `resume` comes first.
    NotJoined,
    /// The socket has a session already: it takes no second `join` or `resume`.
    AlreadyJoined,
    /// The session has ended or never existed: join again.
    SessionGone,
    /// The request needs a token.
    TokenMissing,
    /// The token does not allow the request.
    TokenWrong,
    /// The participant's role does not allow the request.
    Forbidden,
    /// The room is locked: only hosts may join.
    Locked,
    /// What the request names does not exist, such as a participant or a stream.
    NotFound,
    /// The name or id is already in use.
    Conflict,
    /// A limit of the server is reached; the message names it.
    LimitReached,
    /// The participant sends requests or messages too fast.
    TooFast,
    /// The server is overloaded or shutting down: try again.
    Busy,
}

impl Code {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "badRequest",
            Self::UnknownMethod => "unknownMethod",
            Self::NotJoined => "notJoined",
            Self::AlreadyJoined => "alreadyJoined",
            Self::SessionGone => "sessionGone",
            Self::TokenMissing => "tokenMissing",
            Self::TokenWrong => "tokenWrong",
            Self::Forbidden => "forbidden",
            Self::Locked => "locked",
            Self::NotFound => "notFound",
            Self::Conflict => "conflict",
            Self::LimitReached => "limitReached",
            Self::TooFast => "tooFast",
            Self::Busy => "busy",
        }
    }
}

impl Error {
    /// A refusal without a field.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
        }
    }

    /// A refusal that names the field at fault.
    pub fn of(field: &str, code: Code, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(code, message)
        }
    }
}

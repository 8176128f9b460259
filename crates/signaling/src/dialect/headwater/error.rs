//! Refusals.

use serde::{Deserialize, Serialize};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// For programs.
    pub code: Code,
    /// For people: what is wrong, and what to do.
    pub message: String,
    /// The field of the request that is at fault, if one is: `params.room`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub field: Option<String>,
}

/// Kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Code {
    /// The request cannot be read, or makes no sense.
    BadRequest,
    /// There is no such method.
    UnknownMethod,
    /// `join` or `resume` comes first.
    NotJoined,
    /// Neither comes twice on one socket.
    AlreadyJoined,
    /// The session is over, or never was: join anew.
    SessionGone,
    /// A token is needed.
    TokenMissing,
    /// The token is not right for this.
    TokenWrong,
    /// The role does not allow it.
    Forbidden,
    /// The room is locked.
    Locked,
    /// There is nobody, or nothing, of this name.
    NotFound,
    /// Somebody else has it.
    Conflict,
    /// A limit is reached; the message names it.
    LimitReached,
    /// Too many in too short a time.
    TooFast,
    /// The server is too busy, or stops: try again.
    Busy,
}

impl Code {
    /// As it is written.
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
    /// A refusal that no single field is to blame for.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
        }
    }

    /// A refusal of one field.
    pub fn of(field: &str, code: Code, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(code, message)
        }
    }
}

//! Refusals that have no better place.

use broadcast::OpenError;
use signaling::dialect::headwater::{Code, Error};

/// A session was refused, for what this field says.
pub(super) fn refused(field: &str, error: &OpenError) -> Error {
    let message = error.to_string();
    match error {
        OpenError::TokenMissing => Error::of(field, Code::TokenMissing, message),
        OpenError::TokenWrong => Error::of(field, Code::TokenWrong, message),
        OpenError::AlreadyLive => Error::of(field, Code::Conflict, message),
        OpenError::Full { .. } => Error::new(Code::LimitReached, message),
        OpenError::Stopping => Error::new(Code::Busy, message),
        _ => Error::of(field, Code::BadRequest, message),
    }
}

/// The participation ended while the request was on its way.
pub(super) fn gone() -> Error {
    Error::new(Code::SessionGone, "the participation has ended: join anew")
}

/// A media thread has no time.
pub(super) fn busy() -> Error {
    Error::new(Code::Busy, "the server is busy: try again")
}

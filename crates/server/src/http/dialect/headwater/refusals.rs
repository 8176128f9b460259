//! Refusals of the control plane, as the protocol tells them.

use model::{OpenError, SessionError};
use session::Error as Refusal;
use signaling::dialect::headwater::{Code, Error};

use crate::control::Control;

/// Why a participant's request is refused.
pub(super) fn refused(control: &Control, error: Refusal) -> Error {
    let message = error.to_string();
    match error {
        Refusal::Description(_) => bad_description(&control.refused(error)),
        Refusal::Open(error) => refused_field("params.label", &error),
        Refusal::Join(error) => error.into(),
        Refusal::Publish(error) => error.into(),
        Refusal::Gone => gone(),
        Refusal::Session(SessionError::Busy) => Error::new(Code::Busy, message),
        Refusal::Session(_) => Error::new(Code::BadRequest, message),
        Refusal::MayNotPublish => Error::new(Code::Forbidden, message),
        Refusal::NotPublishing => Error::of("params.peer", Code::NotFound, message),
        Refusal::UnknownOffer => Error::of("params.offer", Code::NotFound, message),
        Refusal::Label(_) => Error::of("params.label", Code::BadRequest, message),
        Refusal::UnknownMid { track, .. } | Refusal::SecondTrack { track, .. } => {
            let field = format!("params.tracks[{track}].mid");
            Error::of(&field, Code::BadRequest, message)
        }
        Refusal::NoTracks => Error::of("params.tracks", Code::BadRequest, message),
    }
}

/// The description in a request is refused.
pub(super) fn bad_description(error: &OpenError) -> Error {
    Error::of("params.sdp", Code::BadRequest, error.to_string())
}

/// A session was refused, for what this field of a request says.
pub(super) fn refused_field(field: &str, error: &OpenError) -> Error {
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

//! How refusals of the core are put, to those who come by HTTP and to participants.

use std::time::Instant;

use model::OpenError;
use rtc::OfferError;
use session::Error;
use signaling::dialect::headwater::{self, Code};

use super::Control;

impl Control {
    /// Reads a description.
    pub(super) fn read(&self, text: &str) -> Result<sdp::Description, OpenError> {
        let read = sdp::Description::parse(text);
        read.map_err(|error| self.refused(OfferError::from(error).into()))
    }

    /// Reads a description that came with a participant's request.
    pub(super) fn read_of(&self, text: &str) -> Result<sdp::Description, headwater::Error> {
        let read = sdp::Description::parse(text);
        read.map_err(|error| self.refused_to(OfferError::from(error).into()))
    }

    /// Why a session is not opened, or a participant not let in. Refused descriptions are counted,
    /// and each cause is told once a minute.
    pub(super) fn refused(&self, error: Error) -> OpenError {
        match error {
            Error::Description(error) => {
                self.count(&error);
                of_description(&error)
            }
            Error::Open(error) => error,
            Error::Join(room::JoinError::Full { limit }) => OpenError::Full {
                limit,
                retry_after: RETRY_FULL,
            },
            error => OpenError::Refused(error.to_string()),
        }
    }

    /// Why a participant's request is refused.
    pub(super) fn refused_to(&self, error: Error) -> headwater::Error {
        let message = error.to_string();
        match error {
            Error::Description(error) => {
                self.count(&error);
                let message = of_description(&error).to_string();
                headwater::Error::of("params.sdp", Code::BadRequest, message)
            }
            Error::Open(error) => refused_field("params.label", &error),
            Error::Join(error) => error.into(),
            Error::Publish(error) => error.into(),
            Error::Gone => gone(),
            Error::Busy => busy(),
            Error::MayNotPublish => headwater::Error::new(Code::Forbidden, message),
            Error::NotPublishing => headwater::Error::of("params.peer", Code::NotFound, message),
            Error::UnknownOffer => headwater::Error::of("params.offer", Code::NotFound, message),
            Error::Label(_) => headwater::Error::of("params.label", Code::BadRequest, message),
            Error::UnknownMid { track, .. } | Error::SecondTrack { track, .. } => {
                let field = format!("params.tracks[{track}].mid");
                headwater::Error::of(&field, Code::BadRequest, message)
            }
            Error::NoTracks => headwater::Error::of("params.tracks", Code::BadRequest, message),
        }
    }

    fn count(&self, error: &OfferError) {
        let cause = error.label();
        let offers = &self.shared.metrics.refused_offers;
        if let Some(untold) = offers.count(cause, Instant::now()) {
            tracing::info!(cause, why = %error, untold, "an offer was refused");
        }
    }
}

/// When a client that found something full may try again.
const RETRY_FULL: std::time::Duration = std::time::Duration::from_secs(5);

fn of_description(error: &OfferError) -> OpenError {
    match error {
        OfferError::NoCodec {
            kind,
            line_number,
            offered,
            wanted,
        } => OpenError::NoCommonCodec {
            why: format!("the {kind} m-line (line {line_number}) offers {offered}"),
            codecs: wanted.clone(),
        },
        error => OpenError::BadOffer(error.to_string()),
    }
}

/// A session was refused, for what this field of a request says.
pub(super) fn refused_field(field: &str, error: &OpenError) -> headwater::Error {
    let message = error.to_string();
    match error {
        OpenError::TokenMissing => headwater::Error::of(field, Code::TokenMissing, message),
        OpenError::TokenWrong => headwater::Error::of(field, Code::TokenWrong, message),
        OpenError::AlreadyLive => headwater::Error::of(field, Code::Conflict, message),
        OpenError::Full { .. } => headwater::Error::new(Code::LimitReached, message),
        OpenError::Stopping => headwater::Error::new(Code::Busy, message),
        _ => headwater::Error::of(field, Code::BadRequest, message),
    }
}

/// The participation ended while the request was on its way.
pub(super) fn gone() -> headwater::Error {
    headwater::Error::new(Code::SessionGone, "the participation has ended: join anew")
}

/// A media thread has no time.
pub(super) fn busy() -> headwater::Error {
    headwater::Error::new(Code::Busy, "the server is busy: try again")
}

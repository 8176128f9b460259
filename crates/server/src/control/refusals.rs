//! How refusals of the core are put.

use std::time::{Duration, Instant};

use model::OpenError;
use rtc::OfferError;
use session::Error;

use super::Control;

/// When a client that found something full may try again.
const RETRY_FULL: Duration = Duration::from_secs(5);

impl Control {
    /// Reads a description. Takes long, so it is done before the lock.
    pub(crate) fn read(&self, text: &str) -> Result<sdp::Description, OpenError> {
        let read = sdp::Description::parse(text);
        read.map_err(|error| self.refused(OfferError::from(error).into()))
    }

    /// Why a session is not opened, or a participant not let in. Refused descriptions are counted,
    /// and each cause is told once a minute.
    pub(crate) fn refused(&self, error: Error) -> OpenError {
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

    fn count(&self, error: &OfferError) {
        let cause = error.label();
        let offers = &self.shared.metrics.refused_offers;
        if let Some(untold) = offers.count(cause, Instant::now()) {
            tracing::info!(cause, why = %error, untold, "an offer was refused");
        }
    }
}

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

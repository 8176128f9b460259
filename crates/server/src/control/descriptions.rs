//! Descriptions that clients send, by whichever dialect: each is read here, or refused here.

use std::time::Instant;

use broadcast::OpenError;
use signaling::dialect::headwater::{Code, Error};

use super::Control;

impl Control {
    /// Reads a description.
    pub(super) fn description(&self, text: &str) -> Result<sdp::Description, OpenError> {
        sdp::Description::parse(text).map_err(|error| self.refused(&error.into()))
    }

    /// Reads a description that came with a participant's request.
    pub(super) fn described_by(&self, text: &str) -> Result<sdp::Description, Error> {
        sdp::Description::parse(text).map_err(|error| self.refused_sdp(&error.into()))
    }

    /// The answer to a description that is refused, which is counted; each cause is told once a
    /// minute.
    pub(super) fn refused(&self, error: &rtc::OfferError) -> OpenError {
        let cause = error.label();
        let offers = &self.shared.metrics.refused_offers;
        if let Some(untold) = offers.count(cause, Instant::now()) {
            tracing::info!(cause, why = %error, untold, "an offer was refused");
        }
        refusal(error)
    }

    /// The same, to a participant's request.
    pub(super) fn refused_sdp(&self, error: &rtc::OfferError) -> Error {
        let refused = self.refused(error);
        Error::of("params.sdp", Code::BadRequest, refused.to_string())
    }
}

fn refusal(error: &rtc::OfferError) -> OpenError {
    match error {
        rtc::OfferError::NoCodec {
            kind,
            line,
            offered,
            wanted,
        } => OpenError::NoCommonCodec {
            why: format!("the {kind} m-line (line {line}) offers {offered}"),
            codecs: wanted.clone(),
        },
        error => OpenError::BadOffer(error.to_string()),
    }
}

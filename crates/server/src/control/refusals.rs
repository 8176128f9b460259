//! How refusals of the core are put.

use std::time::Instant;

use model::OpenError;
use rtc::OfferError;
use session::Error;

use super::Control;

impl Control {
    /// Reads a description. Takes long, so it is done before the lock.
    pub(crate) fn read(&self, text: &str) -> Result<sdp::Description, OpenError> {
        let read = sdp::Description::parse(text);
        read.map_err(|error| self.refused(OfferError::from(error).into()))
    }

    /// Why a session is not opened, or a participant not let in. Refused descriptions are counted,
    /// and each cause is told once a minute.
    pub(crate) fn refused(&self, error: Error) -> OpenError {
        if let Error::Description(error) = &error {
            self.count(error);
        }
        error.into()
    }

    fn count(&self, error: &OfferError) {
        let cause = error.label();
        let offers = &self.shared.metrics.refused_offers;
        if let Some(untold) = offers.count(cause, Instant::now()) {
            tracing::info!(cause, why = %error, untold, "an offer was refused");
        }
    }
}

use auth::{Denied, NotOperator};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use signaling::session_http;

use super::refusals::{self, Refusal};
use crate::http::Service;

/// A caller that can use the routes below `/api/v1/rooms`. The first argument of a handler, so that
/// the token is checked before anything else.
pub(super) struct Operator;

impl FromRequestParts<Service> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Refusal> {
        let permissions = service.control.verify(session_http::bearer(&parts.headers));
        permissions.operate().map_err(|why| match why {
            NotOperator::Denied(Denied::TokenMissing) => refusals::token_missing(),
            NotOperator::Denied(Denied::TokenWrong) => refusals::token_wrong(),
            NotOperator::TokenNotSet => refusals::token_not_set(),
        })?;
        Ok(Self)
    }
}

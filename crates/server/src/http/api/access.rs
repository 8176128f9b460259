use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use signaling::{Problem, session_http};

use super::{Refusal, refusals};
use crate::config::{Auth, Secret};
use crate::http::Service;

/// Who can use the routes below `/api/v1/rooms`.
#[derive(Debug)]
pub(in crate::http) enum Access {
    /// Callers with this token.
    Token(Secret),
    /// Everyone: no token of any kind is set.
    Open,
    /// Nobody: other tokens are set, but `auth.api_token` is not.
    Closed,
}

impl Access {
    pub(in crate::http) fn new(auth: &Auth) -> Self {
        let others = [&auth.host_token, &auth.publish_token, &auth.view_token];
        match auth.api_token.reveal() {
            Some(_) => Self::Token(auth.api_token.clone()),
            None if others.iter().all(|token| token.reveal().is_none()) => Self::Open,
            None => Self::Closed,
        }
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let needed = match self {
            Self::Open => return Ok(()),
            Self::Closed => return Err(refusals::token_not_set()),
            Self::Token(needed) => needed.reveal().unwrap_or_default(),
        };
        let token = session_http::bearer(headers).ok_or_else(refusals::token_missing)?;
        verify_slices_are_equal(needed.as_bytes(), token.as_bytes())
            .map_err(|_| refusals::token_wrong())
    }
}

/// A caller that can use the routes below `/api/v1/rooms`. The first argument of a handler, so that
/// the token is checked before anything else.
pub(super) struct Operator;

impl FromRequestParts<Service> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Refusal> {
        service.settings.access.check(&parts.headers)?;
        Ok(Self)
    }
}

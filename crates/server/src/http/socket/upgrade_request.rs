//! A request for the socket of a dialect.

use std::convert::Infallible;

use auth::Permissions;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::request::Parts;
use axum::response::Response;
use signaling::{Problem, session_http};

use crate::control::denied;
use crate::http::Service;

/// A client's request for a WebSocket, with the permissions of its token.
///
/// Clients of earlier systems do not know tokens. Where the server needs one, it can be in the URL
/// of the socket (`?token=…`) or in a bearer header.
#[derive(Debug)]
pub(in crate::http) struct UpgradeRequest {
    pub(in crate::http) upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    pub(in crate::http) permissions: Permissions,
}

impl FromRequestParts<Service> for UpgradeRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Infallible> {
        let token = session_http::token(&parts.uri, &parts.headers);
        let permissions = service.control.verify(token.as_deref());
        let upgrade = WebSocketUpgrade::from_request_parts(parts, service).await;
        Ok(Self {
            upgrade,
            permissions,
        })
    }
}

/// The response to a client whose token allows nothing.
pub(in crate::http) fn refused(refusal: auth::Denied) -> Response {
    Problem::from(denied(refusal))
        .into_response()
        .map(Body::from)
}

//! All refusals of the API.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use signaling::Problem;

/// A problem as the response of a handler.
pub(super) struct Refusal(pub(super) Problem);

impl<E: Into<Problem>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response().map(Body::from)
    }
}

pub(super) fn token_missing() -> Problem {
    let detail = "this needs the API token: send it as Authorization: Bearer";
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

pub(super) fn token_wrong() -> Problem {
    let detail = "this is not the API token";
    Problem::new(StatusCode::FORBIDDEN, detail)
}

pub(super) fn token_not_set() -> Problem {
    let detail = "the API is closed, since the server has no token for it: set auth.api_token";
    Problem::new(StatusCode::FORBIDDEN, detail)
}

pub(super) fn no_address() -> Problem {
    let detail = "there is nothing at this address: /api/v1/ lists all addresses";
    Problem::new(StatusCode::NOT_FOUND, detail)
}

pub(super) fn no_room() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no room with this name").of("room")
}

pub(super) fn no_participant() -> Problem {
    let detail = "there is no participant with this id in the room";
    Problem::new(StatusCode::NOT_FOUND, detail).of("participant")
}

pub(super) fn no_stream() -> Problem {
    let detail = "there is no stream with this name: nobody publishes or watches it";
    Problem::new(StatusCode::NOT_FOUND, detail).of("stream")
}

pub(super) fn method_not_allowed(allow: Option<&HeaderValue>) -> Problem {
    let allow = allow.and_then(|allow| allow.to_str().ok());
    let allow = allow.unwrap_or("GET").replace(',', ", ");
    let detail = format!("this method is not served here: use one of {allow}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

pub(super) fn reason_too_long(bytes_max: usize) -> Problem {
    Problem::bad_field("reason", format!("must be at most {bytes_max} bytes long"))
}

pub(super) fn too_fast() -> Problem {
    let detail = "limits.sessions_per_second is reached: try again in a second";
    let after = Duration::from_secs(1);
    Problem::later(StatusCode::TOO_MANY_REQUESTS, detail, after)
}

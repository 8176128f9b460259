//! The inputs of requests: names in paths, queries, bodies.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query};
use axum::http::Request;
use axum::http::request::Parts;
use model::StreamName;
use room::RoomName;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use signaling::problem::json_reason;
use signaling::{Problem, session_http};
use utoipa::IntoParams;

use super::refusals::{self, Refusal};
use crate::http::{Service, body};

const JSON: &str = "application/json";

/// Bytes of the reason that removed participants are told.
const REASON_BYTES_MAX: usize = 1_024;

/// The room in the path.
pub(super) struct InRoom(pub(super) RoomName);

#[derive(Deserialize)]
struct RoomPath {
    room: String,
}

impl FromRequestParts<Service> for InRoom {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Refusal> {
        let path = Path::<RoomPath>::from_request_parts(parts, service).await;
        let Path(path) = path.map_err(|_| refusals::no_room())?;
        // No room has a name that is not valid.
        let name = RoomName::new(&path.room).map_err(|_| refusals::no_room())?;
        Ok(Self(name))
    }
}

/// The participant in the path.
#[derive(Deserialize)]
pub(super) struct ParticipantPath {
    pub(super) participant: String,
}

/// The stream in the path: a name of one segment or two.
pub(super) struct OfStream(pub(super) StreamName);

#[derive(Deserialize)]
struct StreamPath {
    room: String,
    stream: Option<String>,
}

impl FromRequestParts<Service> for OfStream {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Refusal> {
        let path = Path::<StreamPath>::from_request_parts(parts, service).await;
        let Path(path) = path.map_err(|_| refusals::no_stream())?;
        let name = match path.stream {
            None => path.room,
            Some(stream) => format!("{}/{stream}", path.room),
        };
        let name = StreamName::new(&name).map_err(|_| refusals::no_stream())?;
        Ok(Self(name))
    }
}

/// The query of requests that remove participants.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Reason {
    /// The reason that removed participants are told; at most 1,024 bytes.
    #[param(example = "The lesson is over")]
    pub(super) reason: Option<String>,
}

/// [`Reason`], read and checked.
pub(super) struct Because(pub(super) Option<String>);

impl FromRequestParts<Service> for Because {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Refusal> {
        let query = Query::<Reason>::from_request_parts(parts, service).await;
        let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
        let length = query.reason.as_ref().map_or(0, String::len);
        if length > REASON_BYTES_MAX {
            return Err(refusals::reason_too_long(REASON_BYTES_MAX).into());
        }
        Ok(Self(query.reason))
    }
}

/// A JSON body, read within `limits.fragment_bytes_max` and `limits.body_timeout_ms`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Service> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, service: &Service) -> Result<Self, Refusal> {
        let settings = &service.settings;
        session_http::needs_content_type(request.headers(), JSON)?;
        let (bytes_max, time) = (settings.fragment_bytes_max, settings.body_timeout);
        let request = body::collect(request, bytes_max, time).await?;
        Ok(Self(json(request.body())?))
    }
}

/// Reads JSON. The error names the field.
pub(super) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        // Line and column are left out, since the field is named.
        let reason = json_reason(error.inner());
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let problem = Problem::bad_request(reason);
        let missing = reason.strip_prefix("missing field `");
        match (path.as_str(), missing) {
            (".", Some(name)) => problem.of(name.trim_end_matches('`')),
            ("." | "?", _) => problem,
            (path, _) => problem.of(path),
        }
    })?;
    json.end()
        .map_err(|_| Problem::bad_request("there is extra text after the JSON object"))?;
    Ok(read)
}

/// Counts a request that creates something towards `limits.sessions_per_second`. Comes after
/// [`Operator`](super::access::Operator), so that callers without the token do not use up the
/// limit.
pub(super) struct Paced;

impl FromRequestParts<Service> for Paced {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, service: &Service) -> Result<Self, Refusal> {
        if service.opens.take(Instant::now()) {
            return Ok(Self);
        }
        Err(refusals::too_fast().into())
    }
}

//! Errors as `application/problem+json` (RFC 9457).

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use model::{OpenError, SessionError};
use room::{CreateError, SendError};

/// A refusal, with a sentence that tells the client what is wrong and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong and how to fix it.
    pub detail: String,
    /// The part of the request that is at fault, if it is a single one: the member `field`.
    pub field: Option<String>,
    /// How long to wait before another attempt: `Retry-After`, at least 1 s. For refusals that are
    /// temporary.
    pub retry_after: Option<Duration>,
    /// The methods that the resource supports: `Allow`, with 405.
    pub allow: Option<&'static str>,
    /// The codecs that the server could have agreed on, with 406: the member `codecs`.
    pub codecs: Vec<String>,
}

impl Problem {
    /// A refusal that consists of a status and a sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            field: None,
            retry_after: None,
            allow: None,
            codecs: Vec::new(),
        }
    }

    /// A 400 Bad Request.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// A 400 Bad Request that names the field at fault, such as `to` or `tracks[0].mid`.
    pub fn bad_field(field: &str, detail: impl Into<String>) -> Self {
        Self::bad_request(detail).of(field)
    }

    /// The same refusal, naming the field at fault.
    pub fn of(self, field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..self
        }
    }

    /// A 405 Method Not Allowed that lists the supported methods.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("this method is not served here: use one of {allow}");
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
        }
    }

    /// A temporary refusal, such as too many requests or a full server: the same request may
    /// succeed after this time.
    pub fn later(status: StatusCode, detail: impl Into<String>, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::new(status, detail)
        }
    }

    /// Writes the response, with `WWW-Authenticate: Bearer` when the status is 401.
    pub fn into_response(self) -> Response<Bytes> {
        let mut body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(field) = self.field {
            body["field"] = field.into();
        }
        if !self.codecs.is_empty() {
            body["codecs"] = self.codecs.into();
        }
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Describes a JSON error in terms of JSON. `serde` would name the Rust type that it expected.
pub fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let Some((found, expected)) = text.rsplit_once(", expected ") else {
        return text;
    };
    let wanted = match expected.split(' ').next() {
        Some("struct" | "map") => "an object",
        Some("enum" | "variant") => "a name",
        _ => return text,
    };
    let place = expected.find(" at line ").and_then(|at| expected.get(at..));
    format!("{found}, expected {wanted}{}", place.unwrap_or_default())
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        let detail = error.to_string();
        match error {
            OpenError::BadOffer(_) => Self::bad_request(detail),
            OpenError::NoCommonCodec { codecs, .. } => Self {
                codecs,
                ..Self::new(StatusCode::NOT_ACCEPTABLE, detail)
            },
            OpenError::TokenMissing => Self::new(StatusCode::UNAUTHORIZED, detail),
            OpenError::TokenWrong | OpenError::Refused(_) => {
                Self::new(StatusCode::FORBIDDEN, detail)
            }
            OpenError::AlreadyLive => Self::new(StatusCode::CONFLICT, detail),
            OpenError::NotLive => {
                Self::later(StatusCode::NOT_FOUND, detail, Duration::from_secs(2))
            }
            OpenError::Full { retry_after, .. } => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, detail, retry_after)
            }
            OpenError::Stopping => Self::later(
                StatusCode::SERVICE_UNAVAILABLE,
                detail,
                Duration::from_secs(5),
            ),
        }
    }
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        let CreateError::Full { .. } = error;
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::later(status, error.to_string(), Duration::from_secs(5))
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        let detail = error.to_string();
        match error {
            SendError::Unknown => Self::new(StatusCode::NOT_FOUND, detail),
            SendError::NotFound => Self::new(StatusCode::NOT_FOUND, detail).of("to"),
            SendError::Forbidden => Self::new(StatusCode::FORBIDDEN, detail),
            SendError::TooLong { field, .. } => Self::bad_field(field, detail),
            SendError::TooFast => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                Self::later(status, detail, Duration::from_secs(1))
            }
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let detail = error.to_string();
        match error {
            SessionError::Unknown => Self::new(StatusCode::NOT_FOUND, detail),
            SessionError::TokenWrong => Self::new(StatusCode::FORBIDDEN, detail),
            SessionError::Bad(_) => Self::bad_request(detail),
            SessionError::Outdated => Self::new(StatusCode::PRECONDITION_FAILED, detail),
            SessionError::Busy => Self::later(
                StatusCode::SERVICE_UNAVAILABLE,
                detail,
                Duration::from_secs(1),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "it is never read whole")]
    struct Wanted {
        name: String,
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    enum Kind {
        One,
    }

    #[test]
    fn json_reason_names_no_rust_type() {
        for (json, reason) in [
            (
                "7",
                "invalid type: integer `7`, expected an object at line 1 column 1",
            ),
            (
                "[\"ada\"]",
                "invalid length 1, expected an object at line 1 column 7",
            ),
            (
                r#"{"kind": "Two"}"#,
                "unknown variant `Two`, expected `One` at line 1 column 14",
            ),
            ("{", "EOF while parsing an object at line 1 column 1"),
        ] {
            let error = serde_json::from_str::<Wanted>(json).expect_err(json);
            assert_eq!(json_reason(&error), reason);
        }
    }
}

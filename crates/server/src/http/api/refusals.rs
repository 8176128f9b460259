//! All refusals of the API, for the responses and for their description.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use signaling::Problem;

use super::{input, rooms};
use crate::http::Settings;

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

/// The description of the refusals with one status.
pub(super) struct Described {
    /// Name among the document's components.
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    pub(super) meaning: &'static str,
    /// Examples by name, as the server sends them.
    pub(super) examples: Vec<(&'static str, Problem)>,
    /// The operations that can give it.
    pub(super) of: Of,
}

/// A group of operations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Operations that need the token.
    Operators,
    /// Operations with a body or a query.
    Inputs,
    /// Operations with a body.
    Bodies,
    /// Operations that create something.
    Makers,
    /// Operations on an existing room.
    Rooms,
    /// Operations on a participant.
    Participants,
    /// Operations on one stream.
    Streams,
}

/// All descriptions. Some examples quote limits from `settings`.
pub(super) fn described(settings: &Settings) -> Vec<Described> {
    let mut all = of_tokens();
    all.extend(of_bodies(settings));
    all.extend(of_names());
    all.push(Described {
        name: "TooFast",
        status: StatusCode::TOO_MANY_REQUESTS,
        meaning: "The requests exceed `limits.sessions_per_second`; `Retry-After` says when to try again.",
        examples: vec![("tooFast", too_fast())],
        of: Of::Makers,
    });
    all
}

fn of_tokens() -> Vec<Described> {
    vec![
        Described {
            name: "TokenMissing",
            status: StatusCode::UNAUTHORIZED,
            meaning: "The token is missing.",
            examples: vec![("tokenMissing", token_missing())],
            of: Of::Operators,
        },
        Described {
            name: "Forbidden",
            status: StatusCode::FORBIDDEN,
            meaning: "The token is wrong, or the server has no API token.",
            examples: vec![
                ("tokenWrong", token_wrong()),
                ("tokenNotSet", token_not_set()),
            ],
            of: Of::Operators,
        },
    ]
}

fn of_bodies(settings: &Settings) -> Vec<Described> {
    let unknown = input::json::<rooms::NewRoom>(br#"{"title":"demo"}"#);
    let missing = input::json::<rooms::NewRoom>(b"{}");
    let name = rooms::name("a/b").map(|_| ());
    let refused = |name, problem: Option<Problem>| problem.map(|problem| (name, problem));
    let examples = [
        refused("unknownField", unknown.err()),
        refused("missingField", missing.err()),
        refused("badName", name.err()),
    ];
    let media =
        signaling::session_http::needs_content_type(&http::HeaderMap::new(), "application/json");
    let large = crate::http::body::too_large(settings.fragment_bytes_max);
    let slow = crate::http::body::too_slow(settings.body_timeout);
    vec![
        Described {
            name: "BadRequest",
            status: StatusCode::BAD_REQUEST,
            meaning: "The body or the query is invalid; `field` names what is wrong.",
            examples: examples.into_iter().flatten().collect(),
            of: Of::Inputs,
        },
        Described {
            name: "TooSlow",
            status: StatusCode::REQUEST_TIMEOUT,
            meaning: "The body did not arrive within `limits.body_timeout_ms`.",
            examples: vec![("tooSlow", slow)],
            of: Of::Bodies,
        },
        Described {
            name: "TooLarge",
            status: StatusCode::PAYLOAD_TOO_LARGE,
            meaning: "The body is larger than `limits.fragment_bytes_max`.",
            examples: vec![("tooLarge", large)],
            of: Of::Bodies,
        },
        Described {
            name: "NotJson",
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            meaning: "The content type is not `application/json`.",
            examples: refused("notJson", media.err()).into_iter().collect(),
            of: Of::Bodies,
        },
    ]
}

fn of_names() -> Vec<Described> {
    let missing = |name, meaning, example, problem, of| Described {
        name,
        status: StatusCode::NOT_FOUND,
        meaning,
        examples: vec![(example, problem)],
        of,
    };
    vec![
        missing(
            "NoRoom",
            "There is no such room.",
            "noRoom",
            no_room(),
            Of::Rooms,
        ),
        missing(
            "NoParticipant",
            "There is no such participant, or no such room.",
            "noParticipant",
            no_participant(),
            Of::Participants,
        ),
        missing(
            "NoStream",
            "There is no such stream.",
            "noStream",
            no_stream(),
            Of::Streams,
        ),
    ]
}

//! What is refused, each in one place: for the answer and for its description.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use signaling::Problem;

use super::{input, rooms};
use crate::http::Settings;

pub(super) fn token_missing() -> Problem {
    let detail = "this needs the token of the API: send it as Authorization: Bearer";
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

pub(super) fn token_wrong() -> Problem {
    let detail = "this is not the token of the API";
    Problem::new(StatusCode::FORBIDDEN, detail)
}

pub(super) fn token_not_set() -> Problem {
    let detail = "the server has no token for this: set auth.api_token";
    Problem::new(StatusCode::FORBIDDEN, detail)
}

pub(super) fn no_address() -> Problem {
    let detail = "there is nothing at this address: /api/v1/ lists what there is";
    Problem::new(StatusCode::NOT_FOUND, detail)
}

pub(super) fn no_room() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no room of this name").of("room")
}

pub(super) fn no_participant() -> Problem {
    let detail = "nobody of this id is in the room";
    Problem::new(StatusCode::NOT_FOUND, detail).of("participant")
}

pub(super) fn no_stream() -> Problem {
    let detail = "there is no stream of this name: nobody publishes or watches it";
    Problem::new(StatusCode::NOT_FOUND, detail).of("stream")
}

pub(super) fn method_not_allowed(allow: Option<&HeaderValue>) -> Problem {
    let allow = allow.and_then(|allow| allow.to_str().ok());
    let allow = allow.unwrap_or("GET").replace(',', ", ");
    let detail = format!("this method is not served here: use one of {allow}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

pub(super) fn reason_too_long(bytes_max: usize) -> Problem {
    Problem::bad_field("reason", format!("a reason has at most {bytes_max} bytes"))
}

pub(super) fn too_fast() -> Problem {
    let detail = "limits.sessions_per_second is reached: try again in a second";
    let after = Duration::from_secs(1);
    Problem::later(StatusCode::TOO_MANY_REQUESTS, detail, after)
}

/// Refusals of one status, as they are described.
pub(super) struct Described {
    /// In the components of the document.
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    pub(super) meaning: &'static str,
    /// Named, as the server would say it.
    pub(super) examples: Vec<(&'static str, Problem)>,
    /// To which operations it belongs.
    pub(super) of: Of,
}

/// A group of operations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// That need the token.
    Operators,
    /// With a body or a query.
    Inputs,
    /// With a body.
    Bodies,
    /// That make something.
    Makers,
    /// On a room that has to be there.
    Rooms,
    /// On a participant.
    Participants,
    /// On one stream.
    Streams,
}

/// All that are described; `settings` are in some of the sentences.
pub(super) fn described(settings: &Settings) -> Vec<Described> {
    let mut all = of_tokens();
    all.extend(of_bodies(settings));
    all.extend(of_names());
    all.push(Described {
        name: "TooFast",
        status: StatusCode::TOO_MANY_REQUESTS,
        meaning: "More was made than `limits.sessions_per_second` allows; `Retry-After` says when to try again.",
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
            meaning: "The token is needed, and was not sent.",
            examples: vec![("tokenMissing", token_missing())],
            of: Of::Operators,
        },
        Described {
            name: "Forbidden",
            status: StatusCode::FORBIDDEN,
            meaning: "The token is wrong, or the server has none for this.",
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
            meaning: "The body, or the query, is not what it has to be; `field` names what is wrong.",
            examples: examples.into_iter().flatten().collect(),
            of: Of::Inputs,
        },
        Described {
            name: "TooSlow",
            status: StatusCode::REQUEST_TIMEOUT,
            meaning: "The body did not arrive in time: `limits.body_timeout_ms`.",
            examples: vec![("tooSlow", slow)],
            of: Of::Bodies,
        },
        Described {
            name: "TooLarge",
            status: StatusCode::PAYLOAD_TOO_LARGE,
            meaning: "The body is too large: `limits.fragment_bytes_max`.",
            examples: vec![("tooLarge", large)],
            of: Of::Bodies,
        },
        Described {
            name: "NotJson",
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            meaning: "The body is not sent as JSON.",
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

//! The refusals of the API as its description has them: by status, with examples.

use axum::http::StatusCode;
use signaling::Problem;

use super::refusals::{self, no_participant, no_room, no_stream};
use super::{input, rooms};
use crate::http::Settings;

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
        examples: vec![("tooFast", refusals::too_fast())],
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
            examples: vec![("tokenMissing", refusals::token_missing())],
            of: Of::Operators,
        },
        Described {
            name: "Forbidden",
            status: StatusCode::FORBIDDEN,
            meaning: "The token is wrong, or the server has no API token.",
            examples: vec![
                ("tokenWrong", refusals::token_wrong()),
                ("tokenNotSet", refusals::token_not_set()),
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

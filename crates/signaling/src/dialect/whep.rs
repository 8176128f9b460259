//! WHEP, the WebRTC-HTTP egress protocol (draft-ietf-wish-whep), with its two core
//! extensions: server-sent events and choice of the video layer. See
//! [`crate::sdp_over_http`] for what it shares with WHIP.
//!
//! ```text
//! …/session/{id}/events        POST a list of events -> 201, Location of an event stream;
//!                              GET: all events at once, for a plain EventSource
//! …/session/{id}/events/{n}    GET: the event stream; DELETE ends it
//! …/session/{id}/layer         POST {"mediaId": "1", "rid": "h"}; without rid: automatic
//! ```
//!
//! Absent: offers made by the server (406 with a counter-offer), `reconnect` and `scte35`
//! events, choice of spatial and temporal layers within one encoding.

mod event;
mod layer;
mod subscription;

pub use event::{Announcer, Event, EventKind, Wanted};
pub use layer::chosen;
pub use subscription::{EVENT_STREAM, no_such_event_stream, subscribed, unsubscribed};

use broadcast::{LayerChoice, Opened, Role, StreamName};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};

use crate::link::link;
use crate::problem::Problem;
use crate::sdp_over_http::{self, Caller, Endpoint, Located, Refusal, session_path};

/// What all paths begin with.
pub const PATH: &str = "/whep";

const ENDPOINT: Endpoint = Endpoint {
    path: PATH,
    role: Role::Viewer,
};

const EVENTS_REL: &str = "urn:ietf:params:whep:ext:core:server-sent-events";
const LAYER_REL: &str = "urn:ietf:params:whep:ext:core:layer";

/// One request.
#[derive(Debug)]
pub enum Command {
    /// What WHIP has too.
    Session(sdp_over_http::Command),
    /// Create an event stream. Answer with [`subscribed`].
    Subscribe(Caller, Subscription),
    /// Send the events of the stream with this number.
    Follow(Caller, u32),
    /// Create an event stream and send its events at once.
    SubscribeAndFollow(Caller, Subscription),
    /// End the event stream with this number. Answer with [`unsubscribed`].
    Unsubscribe(Caller, u32),
    /// Choose a layer. Answer with [`chosen`].
    ChooseLayer {
        /// Who.
        caller: Caller,
        /// The m-line; `None`: the only or first video track.
        mid: Option<String>,
        /// Which layer.
        choice: LayerChoice,
    },
}

/// What an event stream is to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The events that the client asked for.
    pub wanted: Wanted,
    /// The mid of the viewer's video m-line, under which `layers` events list layers.
    pub video_mid: Option<String>,
}

/// Reads one request, whose path begins with [`PATH`].
pub fn parse(request: &Request<Bytes>) -> Result<Command, Refusal> {
    let (caller, rest) = match ENDPOINT.locate(request)? {
        Located::Endpoint(stream) => {
            return ENDPOINT
                .endpoint_command(stream, request)
                .map(Command::Session);
        }
        Located::Session(caller, rest) => (caller, rest),
    };
    match rest.split_once('/').unwrap_or((rest, "")) {
        ("", "") => sdp_over_http::session_command(caller, request).map(Command::Session),
        ("layer", "") => layer::parse(caller, request),
        ("events", "") => subscription::parse(caller, request),
        ("events", number) => subscription::parse_stream(caller, number, request),
        _ => Err(caller.refuse(Problem::no_such_address(
            "a WHEP session has /events and /layer below it",
        ))),
    }
}

/// 201 with the answer; `ice_servers` are `Link` fields from [`crate::link::ice_server`].
pub fn opened(
    stream: &StreamName,
    opened: &Opened,
    ice_servers: &[HeaderValue],
) -> Response<Bytes> {
    let session = session_path(PATH, stream, opened.session);
    let events = subscription::address(&session, video_mid(&opened.answer));
    let extensions = [
        link(
            &events,
            &[("rel", EVENTS_REL), ("events", &Wanted::all().to_string())],
        ),
        link(&format!("{session}/layer"), &[("rel", LAYER_REL)]),
    ];
    let links = ice_servers
        .iter()
        .cloned()
        .chain(extensions.into_iter().flatten());
    sdp_over_http::opened(&ENDPOINT, stream, opened, links)
}

/// The mid of the first video m-line that the answer does not reject.
fn video_mid(answer: &str) -> Option<&str> {
    let mut in_video = false;
    answer.lines().find_map(|line| {
        if let Some(media) = line.strip_prefix("m=") {
            in_video = media.starts_with("video ") && !media.starts_with("video 0 ");
        }
        in_video.then(|| line.strip_prefix("a=mid:")).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mid_of_the_accepted_video_section_is_found() {
        let answer = "v=0\r\nm=audio 9 X 1\r\na=mid:0\r\nm=video 0 X 2\r\na=mid:1\r\n\
                      m=video 9 X 2\r\na=rtcp-mux\r\na=mid:v2\r\n";
        assert_eq!(video_mid(answer), Some("v2"));
        assert_eq!(video_mid("v=0\r\nm=audio 9 X 1\r\na=mid:0\r\n"), None);
    }
}

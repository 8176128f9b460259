//! WHEP (draft-ietf-wish-whep): watching, with the extensions for server-sent events and
//! layer choice. Documented in docs/protocol/whep.md.

use bytes::Bytes;
use http::header::{HeaderValue, LINK, LOCATION};
use http::{Method, Request, Response, StatusCode};
use model::{LayerChoice, Opened, Role, SessionId, StreamName, StreamStatus};
use rtp::Kind;
use serde::Deserialize;

use crate::problem::json_reason;
use crate::session_http::{self, Call, Target};
use crate::{IceServer, Problem};

/// The path below which the endpoints are.
pub const PREFIX: &str = "/whep/";

/// Relation types of the links to the extensions.
const EVENTS_REL: &str = "urn:ietf:params:whep:ext:core:server-sent-events";
const LAYER_REL: &str = "urn:ietf:params:whep:ext:core:layer";

/// All events that the server sends, in the order in which lists of them are kept.
pub const EVENTS: [EventKind; 5] = [
    EventKind::Active,
    EventKind::Inactive,
    EventKind::Layers,
    EventKind::Layer,
    EventKind::ViewerCount,
];

/// Characters of an unknown event name that a refusal repeats.
const NAME_QUOTED_CHARS_MAX: usize = 40;

const EVENTS_METHODS: &str = "OPTIONS, GET, POST, DELETE";

/// Events of the draft that clients may subscribe to but this server never sends.
const NEVER_SENT: [&str; 1] = ["reconnect"];

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The publisher sends media.
    Active,
    /// The publisher stopped sending media.
    Inactive,
    /// The layers of the video changed.
    Layers,
    /// The viewer receives another layer. Not part of the draft.
    Layer,
    /// The number of viewers changed.
    ViewerCount,
}

/// What a request asks of a WHEP resource.
#[derive(Debug, Clone)]
pub enum WhepCall {
    /// A request to the endpoint or the session, as with WHIP.
    Session(Call),
    /// Subscribe to events: answer with [`events_created`]. The list has each kind once, in the
    /// order of [`EVENTS`]; so do the next two.
    Subscribe(Vec<EventKind>),
    /// Open the event stream.
    Follow(Vec<EventKind>),
    /// End the event streams of this subscription; a later [`Self::Follow`] of it finds nothing.
    Unsubscribe(Vec<EventKind>),
    /// Choose a layer.
    ChooseLayer {
        /// The mid of the video m-line; `None` when the client names none.
        mid: Option<String>,
        /// A fixed layer, or the server's choice.
        choice: LayerChoice,
    },
}

/// Reads a request. `path` is the part after [`PREFIX`]. Fails with 404 for an unknown extension
/// and with 400 for an unreadable body or an unknown event, else as [`session_http::call`] does.
pub fn call(path: &str, request: &Request<Bytes>) -> Result<(Target, WhepCall), Problem> {
    let target = Target::parse(path, request)?;
    let call = match target.extension.as_deref() {
        None => WhepCall::Session(session_http::call(Role::Viewer, &target, request)?),
        Some("events") => events(request)?,
        Some("layer") => layer(request)?,
        Some(other) => {
            let detail =
                format!("a WHEP session has the sub-resources `events` and `layer`, not {other:?}");
            return Err(Problem::new(StatusCode::NOT_FOUND, detail));
        }
    };
    Ok((target, call))
}

/// 201 Created for a viewer, with links to the extensions. See [`session_http::created`].
pub fn created(stream: &StreamName, opened: &Opened, ice_servers: &[IceServer]) -> Response<Bytes> {
    let mut response = session_http::created(PREFIX, stream, opened, ice_servers);
    let session = session_http::session_path(PREFIX, stream, opened.session);
    let names = EVENTS.map(EventKind::name).join(",");
    for link in [
        format!("<{session}/events>; rel=\"{EVENTS_REL}\"; events=\"{names}\""),
        format!("<{session}/layer>; rel=\"{LAYER_REL}\""),
    ] {
        if let Ok(link) = HeaderValue::try_from(link) {
            response.headers_mut().append(LINK, link);
        }
    }
    response
}

/// 201 Created for a subscription, with the location of its event stream. The URL carries the list
/// of events, so that the server keeps nothing.
pub fn events_created(
    stream: &StreamName,
    session: SessionId,
    kinds: &[EventKind],
) -> Response<Bytes> {
    let mut response = session_http::empty(StatusCode::CREATED);
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    let session = session_http::session_path(PREFIX, stream, session);
    let location = format!("{session}/events?events={}", names.join(","));
    session_http::insert(response.headers_mut(), LOCATION, &location);
    response
}

impl EventKind {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Layers => "layers",
            Self::Layer => "layer",
            Self::ViewerCount => "viewercount",
        }
    }

    /// Reads event names. Returns each kind once, in the order of [`EVENTS`], and fails with 400
    /// for an unknown name.
    fn parse_all<'a>(names: impl Iterator<Item = &'a str>) -> Result<Vec<Self>, Problem> {
        let mut kinds = Vec::new();
        for name in names.filter(|name| !NEVER_SENT.contains(name)) {
            let kind = EVENTS.into_iter().find(|kind| kind.name() == name);
            kinds.push(kind.ok_or_else(|| Self::unknown(name))?);
        }
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    fn unknown(name: &str) -> Problem {
        let name: String = name.chars().take(NAME_QUOTED_CHARS_MAX).collect();
        let known = EVENTS.map(Self::name).join(", ");
        let detail = format!("unknown event {name:?}: use any of {known}");
        Problem::bad_request(detail)
    }
}

/// Returns the events that take a follower from one state of a stream to the next. Without a state
/// before, these describe the whole stream, except that a stream that is not live gets no
/// `inactive`. `mid` is the viewer's video m-line; a viewer without one is told of no layers.
pub fn changes(
    before: Option<&StreamStatus>,
    now: &StreamStatus,
    mid: Option<&str>,
) -> Vec<(EventKind, String)> {
    let mut events = Vec::new();
    // The draft forbids an `inactive` before the first `active`.
    if before.is_some_and(|before| before.active) != now.active {
        let kind = if now.active {
            EventKind::Active
        } else {
            EventKind::Inactive
        };
        events.push((kind, "{}".to_owned()));
    }
    let (old, new) = (before.map(|before| layers(before, mid)), layers(now, mid));
    if old.as_ref() != Some(&new) {
        events.push((EventKind::Layers, new.to_string()));
    }
    if before.is_none_or(|before| before.viewers != now.viewers) {
        events.push((
            EventKind::ViewerCount,
            serde_json::json!({ "viewercount": now.viewers }).to_string(),
        ));
    }
    events
}

/// The data of an [`EventKind::Layer`], with the same keys as a request that chooses a layer.
pub fn layer_sent(mid: &str, rid: &str) -> String {
    serde_json::json!({ "mediaId": mid, "rid": rid }).to_string()
}

/// The layers to choose from, by mid, worst first. A track without simulcast has none.
fn layers(status: &StreamStatus, mid: Option<&str>) -> serde_json::Value {
    let Some(mid) = mid else {
        return serde_json::json!({});
    };
    let video = status
        .tracks
        .iter()
        .filter(|track| track.kind == Kind::Video);
    let layers: Vec<_> = video
        .flat_map(|track| &track.layers)
        .filter_map(|layer| {
            let rid = layer.rid.as_ref()?;
            // Rounded up to 100 kbit/s: otherwise every measurement would be an event.
            let bitrate = if layer.active {
                layer.bitrate.next_multiple_of(100_000)
            } else {
                0
            };
            Some(serde_json::json!({ "rid": rid, "bitrate": bitrate }))
        })
        .collect();
    serde_json::json!({ mid: layers })
}

fn events(request: &Request<Bytes>) -> Result<WhepCall, Problem> {
    match *request.method() {
        Method::POST => {
            // Without a list the client subscribes to everything.
            if request.body().is_empty() {
                return Ok(WhepCall::Subscribe(EVENTS.to_vec()));
            }
            session_http::needs_content_type(request.headers(), "application/json")?;
            let names: Vec<String> = serde_json::from_slice(request.body()).map_err(|error| {
                let reason = json_reason(&error);
                Problem::bad_request(format!("a JSON list of event names is needed: {reason}"))
            })?;
            let kinds = EventKind::parse_all(names.iter().map(String::as_str))?;
            Ok(WhepCall::Subscribe(kinds))
        }
        Method::GET => Ok(WhepCall::Follow(event_kinds(request)?)),
        Method::DELETE => Ok(WhepCall::Unsubscribe(event_kinds(request)?)),
        Method::OPTIONS => Ok(WhepCall::Session(Call::Answer(session_http::empty(
            StatusCode::NO_CONTENT,
        )))),
        _ => Err(Problem::method_not_allowed(EVENTS_METHODS)),
    }
}

/// The events that the URL of a subscription lists; all events when it has no list.
fn event_kinds(request: &Request<Bytes>) -> Result<Vec<EventKind>, Problem> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let names = { pairs }.find_map(|pair| pair.strip_prefix("events="));
    match names.map(session_http::percent_decoded).as_deref() {
        None => Ok(EVENTS.to_vec()),
        Some("") => Ok(Vec::new()),
        Some(names) => EventKind::parse_all(names.split(',')),
    }
}

/// The body of a request that chooses a layer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayerRequest {
    media_id: Option<String>,
    #[serde(alias = "encodingId")]
    rid: Option<String>,
}

fn layer(request: &Request<Bytes>) -> Result<WhepCall, Problem> {
    match *request.method() {
        Method::POST => {
            session_http::needs_content_type(request.headers(), "application/json")?;
            let asked: LayerRequest = serde_json::from_slice(request.body()).map_err(|error| {
                let reason = json_reason(&error);
                Problem::bad_request(format!(
                    "a JSON object with mediaId and rid is needed: {reason}"
                ))
            })?;
            let choice = match asked.rid {
                Some(rid) if rid != "auto" => LayerChoice::Rid(rid),
                _ => LayerChoice::Auto,
            };
            let mid = asked.media_id;
            Ok(WhepCall::ChooseLayer { mid, choice })
        }
        Method::OPTIONS => Ok(WhepCall::Session(Call::Answer(session_http::empty(
            StatusCode::NO_CONTENT,
        )))),
        _ => Err(Problem::method_not_allowed("OPTIONS, POST")),
    }
}

#[cfg(test)]
mod tests {
    use model::{LayerStatus, TrackStatus};

    use super::*;

    fn status(active: bool, viewers: usize, bitrate: u64) -> StreamStatus {
        let layer = LayerStatus {
            rid: Some("h".into()),
            bitrate,
            active,
        };
        let video = TrackStatus {
            kind: Kind::Video,
            codec: Some("VP8".into()),
            layers: vec![layer],
            oversized: None,
        };
        StreamStatus {
            active,
            viewers,
            tracks: vec![video],
        }
    }

    #[test]
    fn late_subscriber_gets_the_whole_state_at_once() {
        let names: Vec<_> = changes(None, &status(true, 3, 250_000), Some("1"))
            .into_iter()
            .map(|(kind, _)| kind)
            .collect();
        assert_eq!(
            names,
            [EventKind::Active, EventKind::Layers, EventKind::ViewerCount]
        );
    }

    #[test]
    fn only_changed_values_become_events() {
        let before = status(true, 3, 250_000);
        assert_eq!(
            changes(Some(&before), &status(true, 3, 260_000), Some("1")),
            []
        );
        assert_eq!(
            changes(Some(&before), &status(true, 4, 250_000), Some("1")),
            [(EventKind::ViewerCount, r#"{"viewercount":4}"#.to_owned())]
        );
        let layers = changes(Some(&before), &status(true, 3, 950_000), Some("1"));
        assert_eq!(
            layers,
            [(
                EventKind::Layers,
                r#"{"1":[{"bitrate":1000000,"rid":"h"}]}"#.to_owned()
            )]
        );
    }

    #[test]
    fn layer_choice_accepts_both_spellings_of_rid() {
        let choose = |body: &'static str| {
            let request = Request::builder()
                .method("POST")
                .header("content-type", "application/json")
                .body(Bytes::from_static(body.as_bytes()))
                .expect("well formed");
            match layer(&request) {
                Ok(WhepCall::ChooseLayer { choice, .. }) => Some(choice),
                _ => None,
            }
        };
        assert_eq!(
            choose(r#"{"mediaId":"1","rid":"h"}"#),
            Some(LayerChoice::Rid("h".into()))
        );
        assert_eq!(
            choose(r#"{"mediaId":"1","encodingId":"h"}"#),
            Some(LayerChoice::Rid("h".into()))
        );
        assert_eq!(choose(r#"{"mediaId":"1"}"#), Some(LayerChoice::Auto));
        assert_eq!(choose("{}"), Some(LayerChoice::Auto));
        assert_eq!(choose("[1"), None);
    }
}

//! WHEP (draft-ietf-wish-whep): watching, with the extensions for server-sent events and
//! layer choice. Documented in docs/protocol/whep.md.

use broadcast::{LayerChoice, Opened, Role, SessionId, StreamName, StreamStatus};
use bytes::Bytes;
use http::header::{HeaderValue, LINK, LOCATION};
use http::{Method, Request, Response, StatusCode};
use rtp::Kind;
use serde::Deserialize;

use crate::problem::json_reason;
use crate::session_http::{self, Call, Target};
use crate::{IceServer, Problem};

/// Where the endpoints are.
pub const PREFIX: &str = "/whep/";

/// Relation types of the extensions.
const EVENTS_REL: &str = "urn:ietf:params:whep:ext:core:server-sent-events";
const LAYER_REL: &str = "urn:ietf:params:whep:ext:core:layer";

/// The names of all events that are served.
pub const EVENTS: [EventKind; 5] = [
    EventKind::Active,
    EventKind::Inactive,
    EventKind::Layers,
    EventKind::Layer,
    EventKind::ViewerCount,
];

/// How much of an unknown name a refusal repeats, in characters.
const NAME_QUOTED_CHARS_MAX: usize = 40;

const EVENTS_METHODS: &str = "OPTIONS, GET, POST, DELETE";

/// Events of the draft that clients ask for and this server never sends.
const NEVER_SENT: [&str; 1] = ["reconnect"];

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Media flows.
    Active,
    /// No media flows.
    Inactive,
    /// The layers of the video changed.
    Layers,
    /// The viewer gets another layer. Not of the draft.
    Layer,
    /// The number of viewers changed.
    ViewerCount,
}

/// What is wanted of a WHEP resource.
#[derive(Debug, Clone)]
pub enum WhepCall {
    /// As with WHIP.
    Session(Call),
    /// Subscribe to events: answer with [`events_created`]. Each kind comes once, in the order
    /// of [`EVENTS`], as in the next two.
    Subscribe(Vec<EventKind>),
    /// Send the events.
    Follow(Vec<EventKind>),
    /// End the event streams of this subscription; a later [`Self::Follow`] of it finds nothing.
    Unsubscribe(Vec<EventKind>),
    /// Choose a layer.
    ChooseLayer {
        /// The mid of the m-line, if the client names it.
        mid: Option<String>,
        /// What it shall be.
        choice: LayerChoice,
    },
}

/// Reads a request; `path` is what stands behind [`PREFIX`].
pub fn call(path: &str, request: &Request<Bytes>) -> Result<(Target, WhepCall), Problem> {
    let target = Target::parse(path, request)?;
    let call = match target.extension.as_deref() {
        None => WhepCall::Session(session_http::call(Role::Viewer, &target, request)?),
        Some("events") => events(request)?,
        Some("layer") => layer(request)?,
        Some(other) => {
            let detail =
                format!("a WHEP session has `events` and `layer` behind it, not {other:?}");
            return Err(Problem::new(StatusCode::NOT_FOUND, detail));
        }
    };
    Ok((target, call))
}

/// 201 for a viewer, with links to the extensions.
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

/// 201 for a subscription: where its events are. The wish is in the URL, so that nothing is kept.
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
    /// As it is called on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Layers => "layers",
            Self::Layer => "layer",
            Self::ViewerCount => "viewercount",
        }
    }

    /// Reads names: each kind once, in the order of [`EVENTS`]. An unknown name is refused.
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
        let detail = format!("there is no event {name:?}: there are {known}");
        Problem::bad_request(detail)
    }
}

/// The events that tell a follower what changed between two states of a stream; all that is
/// true now when there was no state before, except that a stream is not live. `mid` is the
/// follower's video m-line; who has none is told no layers.
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

/// The data of a [`EventKind::Layer`]: in the words with which a layer is chosen.
pub fn layer_sent(mid: &str, rid: &str) -> String {
    serde_json::json!({ "mediaId": mid, "rid": rid }).to_string()
}

/// The layers that can be chosen, by mid, worst first. A track without simulcast has no choice.
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
            // Rounded, or every measurement would be an event.
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
            // The list is optional.
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
        Method::GET => Ok(WhepCall::Follow(wished(request)?)),
        Method::DELETE => Ok(WhepCall::Unsubscribe(wished(request)?)),
        Method::OPTIONS => Ok(WhepCall::Session(Call::Answer(session_http::empty(
            StatusCode::NO_CONTENT,
        )))),
        _ => Err(Problem::method_not_allowed(EVENTS_METHODS)),
    }
}

/// The kinds that the address of a subscription names; all of them when it names none.
fn wished(request: &Request<Bytes>) -> Result<Vec<EventKind>, Problem> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let names = { pairs }.find_map(|pair| pair.strip_prefix("events="));
    match names.map(session_http::percent_decoded).as_deref() {
        None => Ok(EVENTS.to_vec()),
        Some("") => Ok(Vec::new()),
        Some(names) => EventKind::parse_all(names.split(',')),
    }
}

/// A viewer's wish, as the layer extension writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    media_id: Option<String>,
    #[serde(alias = "encodingId")]
    rid: Option<String>,
}

fn layer(request: &Request<Bytes>) -> Result<WhepCall, Problem> {
    match *request.method() {
        Method::POST => {
            session_http::needs_content_type(request.headers(), "application/json")?;
            let wish: Wish = serde_json::from_slice(request.body()).map_err(|error| {
                let reason = json_reason(&error);
                Problem::bad_request(format!(
                    "a JSON object with mediaId and rid is needed: {reason}"
                ))
            })?;
            let choice = match wish.rid {
                Some(rid) if rid != "auto" => LayerChoice::Rid(rid),
                _ => LayerChoice::Auto,
            };
            let mid = wish.media_id;
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
    use broadcast::{LayerStatus, TrackStatus};

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
    fn a_late_subscriber_is_told_everything_at_once() {
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
    fn only_what_changed_is_told() {
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
    fn a_layer_wish_is_read_in_both_spellings() {
        let wish = |body: &'static str| {
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
            wish(r#"{"mediaId":"1","rid":"h"}"#),
            Some(LayerChoice::Rid("h".into()))
        );
        assert_eq!(
            wish(r#"{"mediaId":"1","encodingId":"h"}"#),
            Some(LayerChoice::Rid("h".into()))
        );
        assert_eq!(wish(r#"{"mediaId":"1"}"#), Some(LayerChoice::Auto));
        assert_eq!(wish("{}"), Some(LayerChoice::Auto));
        assert_eq!(wish("[1"), None);
    }
}

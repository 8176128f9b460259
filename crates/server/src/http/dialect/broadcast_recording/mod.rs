//! The dialect of WebRTC-Broadcast-Recording. A broadcast is a stream like any other, named for its
//! room and its broadcaster.

mod client;
mod page;
mod participant;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use model::{OpenError, StreamName};
use room::{EndReason, ParticipantKey};
use signaling::Problem;
use signaling::dialect::broadcast_recording::{BroadcastId, Names};

use super::Mount;
use crate::control::{Control, Enter, Participation, UnifiedOptions, random};
use crate::http::socket::UpgradeRequest;
use crate::http::socket::handler::{self, Rules};
use crate::http::{Service, admission};
use client::Client;

/// The name of its clients in the log.
const CLIENT: &str = "Broadcast-Recording";

/// A subscriber is shown only the stream that it subscribes to, under the name that the original
/// server gave it. The tracks of a broadcaster that returns use the same m-lines.
const OPTIONS: UnifiedOptions = UnifiedOptions {
    stream_name: Some("pion"),
    new_lines: 0,
};

/// The state that all sockets of the dialect share.
#[derive(Debug)]
struct Broadcasts {
    /// Accept sockets from pages of other hosts.
    any_origin: bool,
    /// The broadcaster of each broadcast.
    live: Mutex<BTreeMap<StreamName, ParticipantKey>>,
}

/// Takes the sockets at `/ws` of the main port that no other dialect claims. A port of its own has
/// the socket too, and the page at every other path.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let config = &mount.dialects.broadcast_recording;
    let broadcasts = Arc::new(Broadcasts {
        any_origin: config.any_origin,
        live: Mutex::default(),
    });
    let connect = move |State(service), headers, request| async move {
        connect(service, broadcasts, &headers, request)
    };
    mount.claim_rest("/ws", connect.clone());
    mount.listen("dialects.broadcast_recording.listen", config.listen, || {
        Router::new()
            .route("/ws", get(connect))
            .route("/static/script.js", get(page::script))
            .route("/static/style.css", get(page::style))
            .fallback(page::index)
    });
}

/// Opens the socket. Pages of other hosts get 403 unless `any_origin` is set.
fn connect(
    service: Service,
    broadcasts: Arc<Broadcasts>,
    headers: &HeaderMap,
    request: UpgradeRequest,
) -> Response {
    if !broadcasts.any_origin && !is_same_host(headers) {
        let detail = "the page is from another host: set dialects.broadcast_recording.any_origin to allow it";
        let problem = Problem::new(StatusCode::FORBIDDEN, detail);
        return problem.into_response().map(Body::from);
    }
    let rules = Rules::new("broadcast-recording", &service);
    let own = service.clone();
    let begin = move |outgoing, permissions| Client::new(own, broadcasts, outgoing, permissions);
    handler::open(service, request, rules, begin)
}

/// Whether a request comes from a page of this host, or not from a page at all: then it has no
/// `Origin`.
fn is_same_host(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let pair = origin.map(|(_, origin)| origin).zip(host);
    pair.is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
}

impl Broadcasts {
    /// Lets a broadcaster in, or returns `None` when these names are taken.
    ///
    /// A broadcaster of this dialect that has the names is removed then, and its socket closed:
    /// mostly it is the same client, which has started over before its old socket ended, and asks
    /// again. Letting it in at once would make it start over for ever.
    fn enter(&self, control: &Control, names: &Names) -> Result<Option<Participation>, OpenError> {
        // Locked until the new one is in, so that of two at once the second finds the first.
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let before = live.remove(&names.stream);
        let is_taken = control.with_rooms(|rooms, now| match before {
            Some(before) if rooms.participant(before).is_some() => {
                rooms.leave(now, before, EndReason::Replaced);
                true
            }
            _ => {
                let is_there = rooms.key(&names.room, &names.broadcaster).is_some();
                is_there || rooms.stream(&names.stream).is_some()
            }
        });
        if is_taken {
            return Ok(None);
        }
        let entering = admission::Names {
            room: names.room.clone(),
            id: names.broadcaster.clone(),
        };
        let enter = entering.enter(room::Role::Publisher, CLIENT);
        let participation = control.enter_unified(enter, OPTIONS)?;
        live.insert(names.stream.clone(), participation.entrance.key);
        Ok(Some(participation))
    }

    /// Removes a broadcaster, unless another one has the stream by now.
    fn leave(&self, stream: &StreamName, key: ParticipantKey) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.get(stream) == Some(&key) {
            live.remove(stream);
        }
    }
}

/// Lets a subscriber in, under a random id.
fn enter_subscriber(control: &Control, names: &Names) -> Result<Participation, OpenError> {
    let id = format!("subscriber-{}", BroadcastId::new(random::<16>()));
    let entering = admission::Names {
        room: names.room.clone(),
        id: admission::participant_id(&id)?,
    };
    let enter = Enter {
        name: Some("subscriber".to_owned()),
        ..entering.enter(room::Role::Viewer, CLIENT)
    };
    control.enter_unified(enter, OPTIONS)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_pages_of_other_hosts_are_refused() {
        let came = |origin: Option<&'static str>, host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            is_same_host(&headers)
        };
        assert!(came(None, "live.example:10001"));
        assert!(came(
            Some("http://live.example:10001"),
            "live.example:10001"
        ));
        assert!(came(Some("https://Live.example"), "live.example"));
        for origin in [
            "http://live.example",
            "https://other.example:10001",
            "null",
            "",
        ] {
            assert!(!came(Some(origin), "live.example:10001"), "{origin}");
        }
    }
}

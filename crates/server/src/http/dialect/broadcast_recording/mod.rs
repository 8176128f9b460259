//! The dialect of WebRTC-Broadcast-Recording. A broadcast is a stream like any other, named for its
//! room and its broadcaster.

mod broadcasts;
mod client;
mod page;
mod participant;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use signaling::Problem;

use super::Mount;
use crate::http::Service;
use crate::http::socket::UpgradeRequest;
use crate::http::socket::handler::{self, Rules};
use broadcasts::Broadcasts;
use client::Client;

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

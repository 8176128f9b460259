//! What operators and their tools read.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use super::Service;

/// The process lives.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// It takes sessions.
pub(super) async fn ready(State(service): State<Service>) -> impl IntoResponse {
    if service.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    (StatusCode::OK, "ready\n")
}

/// Prometheus.
pub(super) async fn metrics(State(service): State<Service>) -> impl IntoResponse {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &service.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            (StatusCode::OK, [(header::CONTENT_TYPE, kind)], text)
        }
        Err(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(header::CONTENT_TYPE, "text/plain")],
            String::new(),
        ),
    }
}

/// One stream in the listing.
#[derive(Serialize)]
struct Stream {
    name: String,
    active: bool,
    viewers: usize,
    tracks: Vec<Track>,
}

#[derive(Serialize)]
struct Track {
    kind: String,
    codec: Option<String>,
    layers: Vec<Layer>,
}

#[derive(Serialize)]
struct Layer {
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<String>,
    bitrate: u64,
    active: bool,
}

/// All streams with a publisher or a viewer.
pub(super) async fn streams(State(service): State<Service>) -> impl IntoResponse {
    let streams = service.control.streams().into_iter();
    let list: Vec<Stream> = streams
        .map(|(name, status)| Stream {
            name: name.to_string(),
            active: status.active,
            viewers: status.viewers,
            tracks: status.tracks.into_iter().map(track).collect(),
        })
        .collect();
    (
        [(header::CACHE_CONTROL, "no-store")],
        Json(serde_json::json!({ "streams": list })),
    )
}

fn track(track: broadcast::TrackStatus) -> Track {
    let layer = |layer: broadcast::LayerStatus| Layer {
        rid: layer.rid,
        bitrate: layer.bitrate,
        active: layer.active,
    };
    Track {
        kind: track.kind.to_string(),
        codec: track.codec,
        layers: track.layers.into_iter().map(layer).collect(),
    }
}

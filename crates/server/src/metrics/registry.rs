use prometheus_client::registry::Registry;

use super::http::HttpMetrics;
use super::media::MediaMetrics;
use super::shards::Shards;
use crate::control::Control;

/// Registers all metrics, with the prefix `headwater`.
pub(crate) fn registry(http: &HttpMetrics, media: &MediaMetrics, control: Control) -> Registry {
    let mut registry = Registry::with_prefix("headwater");
    registry.register(
        "http_requests",
        "Answered HTTP requests, by dialect, method and status",
        http.requests.clone(),
    );
    registry.register(
        "participant_requests_refused",
        "Refused requests of participants, by error code",
        http.refused_calls.clone(),
    );
    registry.register(
        "dialect_frames",
        "Frames from clients of earlier systems, by dialect and outcome",
        http.frames.clone(),
    );
    registry.register(
        "sessions_closed",
        "Sessions that ended, by reason",
        media.closed.clone(),
    );
    registry.register(
        "sessions_unconnected",
        "Sessions that ended before they connected, by cause",
        media.unconnected.metric(),
    );
    registry.register(
        "offers_refused",
        "Refused session descriptions of clients, by cause",
        media.refused_offers.metric(),
    );
    registry.register(
        "http_connections_failed",
        "HTTP connections that failed, by cause",
        http.failed_connections.metric(),
    );
    registry.register(
        "first_picture_seconds",
        "Time from a viewer's subscription, or a change of publisher, to its first video packet",
        media.first_picture.clone(),
    );
    registry.register(
        "keyframe_wait_seconds",
        "Time from the first key-frame request to a publisher until its key frame",
        media.keyframe_wait.clone(),
    );
    registry.register_collector(Box::new(Shards(control)));
    registry
}

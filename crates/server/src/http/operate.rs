//! Health checks and metrics, for operators and their tools.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::Service;

/// `/healthz`: the process is alive.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// `/readyz`: the server accepts sessions; 503 while it stops.
pub(super) async fn ready(State(service): State<Service>) -> impl IntoResponse {
    if service.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    (StatusCode::OK, "ready\n")
}

/// `/metrics`, for Prometheus.
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

//! Headwater's own protocol: a participant over one WebSocket, whose participation outlives it.

mod calls;
mod context;
mod entering;
mod host;
mod link;
mod media;
mod outlet;
mod participations;
mod refusals;
mod socket;

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::routing::any;

use super::Mount;
use context::Context;

/// Adds the socket to the main port. It has no port of its own.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let context = Context {
        service: mount.service.clone(),
        participations: Arc::default(),
    };
    let connect = move |headers: HeaderMap, upgrade| async move {
        socket::connect(context, &headers, upgrade)
    };
    mount.route("/api/v1/connect", any(connect));
}

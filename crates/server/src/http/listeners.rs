//! Ports of single dialects, besides the main one.

use std::net::SocketAddr;

use axum::Router;

use super::{Service, broadcast_recording, gortc, live_room, pion_sfu, tributary};
use crate::config::Dialects;

/// A port of one dialect.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The key of the configuration that opens it.
    pub(crate) key: &'static str,
    /// Address and port to listen on.
    pub(crate) address: SocketAddr,
    /// The routes that it serves.
    pub(crate) router: Router,
}

/// A port that a dialect can have: its key, its address if configured, and what makes its routes.
type Possible = (&'static str, Option<SocketAddr>, fn(Service) -> Router);

/// The ports that the configuration opens.
pub(crate) fn listeners(service: &Service, dialects: &Dialects) -> Vec<Listener> {
    let all: [Possible; 5] = [
        (
            "dialects.broadcast_recording.listen",
            dialects.broadcast_recording.listen,
            broadcast_recording::router,
        ),
        (
            "dialects.gortc.listen",
            dialects.gortc.listen,
            gortc::router,
        ),
        (
            "dialects.live_room.listen",
            dialects.live_room.listen,
            live_room::router,
        ),
        (
            "dialects.pion_sfu.listen",
            dialects.pion_sfu.listen,
            pion_sfu::router,
        ),
        (
            "dialects.tributary.listen",
            dialects.tributary.listen,
            tributary::router,
        ),
    ];
    let open = all.into_iter().filter_map(|(key, address, router)| {
        Some(Listener {
            key,
            address: address?,
            router: router(service.clone()),
        })
    });
    open.collect()
}

//! The ports that dialects have besides the main one.

use std::net::SocketAddr;

use axum::Router;

use super::{Service, broadcast_recording, gortc, live_room, pion_sfu, tributary};
use crate::config::Dialects;

/// A port of a dialect.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The key of the configuration that opens it.
    pub(crate) key: &'static str,
    /// Where.
    pub(crate) address: SocketAddr,
    /// What is there.
    pub(crate) router: Router,
}

/// A port that a dialect may have: its key, where it is to be, and what is served there.
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

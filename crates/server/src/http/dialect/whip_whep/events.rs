//! Server-sent events of the WHEP extension.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use bytes::Bytes;
use futures_util::stream;
use model::{SessionId, StreamStatus};
use signaling::dialect::whep::{self, EventKind};
use tokio_util::sync::CancellationToken;

use super::context::Context;
use crate::control::{Control, Followed};

/// How long changes are gathered into one event, since many viewers come and go at once.
const GATHER: Duration = Duration::from_secs(2);

/// Time between comments without an event. They keep proxies from closing the connection, and let
/// the stream notice that its session has ended.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Follows a stream until its session or its subscription ends, the server stops, or the client
/// disconnects.
struct Follower {
    control: Control,
    session: SessionId,
    video_mid: Option<String>,
    followed: Followed,
    kinds: Vec<EventKind>,
    /// The status that the client was last sent.
    told: Option<StreamStatus>,
    told_layer: Option<String>,
    /// Cancelled when the subscription is ended.
    ended: CancellationToken,
    stopping: CancellationToken,
}

/// The response whose body is the event stream.
pub(super) fn stream(
    context: &Context,
    session: SessionId,
    video_mid: Option<String>,
    followed: Followed,
    kinds: Vec<EventKind>,
    ended: CancellationToken,
) -> Response<Body> {
    let follower = Follower {
        control: context.service.control.clone(),
        session,
        video_mid,
        followed,
        kinds,
        told: None,
        told_layer: None,
        ended,
        stopping: context.service.stopping.clone(),
    };
    let chunks = stream::unfold(follower, |mut follower| async move {
        let text = follower.next().await?;
        Some((
            Ok::<_, std::convert::Infallible>(Bytes::from(text)),
            follower,
        ))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Follower {
    /// The next chunk to send, a comment if there is no event; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if self.told.is_some() && !self.changed().await? {
            return self
                .control
                .is_open(self.session)
                .then(|| ":\n\n".to_owned());
        }
        let now = self.followed.status.borrow_and_update().clone();
        let mid = self.video_mid.as_deref();
        let mut changes = whep::changes(self.told.as_ref(), &now, mid);
        self.told = Some(now);
        let layer = self.followed.layer.borrow_and_update().clone();
        if layer != self.told_layer {
            let sent = mid.zip(layer.as_deref());
            changes.extend(sent.map(|(mid, rid)| (EventKind::Layer, whep::layer_sent(mid, rid))));
            self.told_layer = layer;
        }
        let wished = changes
            .into_iter()
            .filter(|(kind, _)| self.kinds.contains(kind));
        let text: String = wished
            .map(|(kind, data)| format!("event: {}\ndata: {data}\n\n", kind.name()))
            .collect();
        // An empty chunk would end the response.
        Some(if text.is_empty() {
            ":\n\n".to_owned()
        } else {
            text
        })
    }

    /// Waits for a change; false when it is time for a comment instead. `None` at the end.
    async fn changed(&mut self) -> Option<bool> {
        tokio::select! {
            changed = self.followed.status.changed() => changed.ok()?,
            changed = self.followed.layer.changed() => {
                changed.ok()?;
                return Some(true);
            }
            () = tokio::time::sleep(KEEP_ALIVE) => return Some(false),
            () = self.stopping.cancelled() => return None,
            () = self.ended.cancelled() => return None,
        }
        // Whether media flows, and in which layer, is sent at once; other changes are gathered.
        let active = self.followed.status.borrow().active;
        if self.told.as_ref().is_some_and(|told| told.active == active) {
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {},
                () = self.stopping.cancelled() => return None,
                () = self.ended.cancelled() => return None,
            }
        }
        Some(true)
    }
}

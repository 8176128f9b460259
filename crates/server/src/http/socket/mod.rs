//! WebSockets, the same for all protocols: opened, written to and closed; and what runs one.

pub(in crate::http) mod handler;
pub(in crate::http) mod table;
mod upgrade_request;

use std::time::Duration;

use axum::Error;
use axum::body::Body;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt;
use signaling::Problem;

use super::Service;

pub(in crate::http) use upgrade_request::UpgradeRequest;

/// How long a client may take to read a message; then its socket counts as broken.
const SEND_MAX: Duration = Duration::from_secs(6);

/// How long a client may take to answer a close. A connection that is dropped with unread bytes is
/// reset, and then the client may lose what was sent last.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Buffers of one socket in bytes. Small, since most sockets are idle nearly all of the time.
const READ_BUFFER: usize = 4 << 10;
const WRITE_BUFFER: usize = 0;

/// The longest reason that a close frame has room for (RFC 6455 §5.5).
const REASON_BYTES_MAX: usize = 123;

/// Why a socket is closed: a code, and a reason for people to read (RFC 6455 §7.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Close {
    pub(in crate::http) code: u16,
    pub(in crate::http) reason: String,
}

impl Close {
    /// The server is stopping.
    pub(in crate::http) const GOING_AWAY: u16 = 1001;
    /// The client does not keep to the protocol.
    pub(in crate::http) const POLICY: u16 = 1008;
    /// The server has a bug.
    pub(in crate::http) const FAILED: u16 = 1011;
    /// A newer socket took over the participant.
    pub(in crate::http) const REPLACED: u16 = 4000;
    /// The participation is over.
    pub(in crate::http) const OVER: u16 = 4001;

    pub(in crate::http) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// Opens a socket that `run` then owns. Answers 426 when the request is no upgrade, and 503 at
/// `limits.sockets_max`. Larger frames and messages than `frame_bytes_max` end the socket.
pub(in crate::http) fn upgrade<Run>(
    service: &Service,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    subprotocol: Option<&'static str>,
    frame_bytes_max: usize,
    run: impl FnOnce(WebSocket) -> Run + Send + 'static,
) -> Response
where
    Run: Future<Output = Result<(), Error>> + Send,
{
    let Ok(upgrade) = upgrade else {
        let detail = "this address accepts only WebSockets; the client library is at /sdk/";
        let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, detail);
        return problem.into_response().map(Body::from);
    };
    let Ok(place) = service.sockets.clone().try_acquire_owned() else {
        let detail = "limits.sockets_max is reached: try again later";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let problem = Problem::later(status, detail, Duration::from_secs(5));
        return problem.into_response().map(Body::from);
    };
    upgrade
        .protocols(subprotocol)
        .max_message_size(frame_bytes_max)
        .max_frame_size(frame_bytes_max)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .on_upgrade(|socket| async move {
            // An error ends the socket as a close does.
            if let Err(error) = run(socket).await {
                tracing::debug!(%error, "a socket broke");
            }
            drop(place);
        })
}

/// Sends a message, within [`SEND_MAX`].
pub(in crate::http) async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Error> {
    timed(socket.send(message)).await
}

/// Limits a send to [`SEND_MAX`]: a client that does not read counts as lost.
pub(in crate::http) async fn timed(
    sending: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let sent = tokio::time::timeout(SEND_MAX, sending).await;
    sent.unwrap_or_else(|elapsed| Err(Error::new(elapsed)))
}

/// Sends a close, and waits up to [`CLOSE_MAX`] for the client's.
pub(in crate::http) async fn close(socket: &mut WebSocket, close: &Close) -> Result<(), Error> {
    let reason = &close.reason;
    let end = (0..=reason.len().min(REASON_BYTES_MAX))
        .rev()
        .find(|end| reason.is_char_boundary(*end));
    let frame = CloseFrame {
        code: close.code,
        reason: reason[..end.unwrap_or(0)].into(),
    };
    send(socket, Message::Close(Some(frame))).await?;
    let answered = async { while let Some(Ok(_)) = socket.next().await {} };
    if tokio::time::timeout(CLOSE_MAX, answered).await.is_err() {
        tracing::debug!("a close was not answered");
    }
    Ok(())
}

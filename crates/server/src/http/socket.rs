//! What all WebSockets have in common: how they are opened, written to and closed.

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

/// How long a client may take to take what is sent.
const SEND_MAX: Duration = Duration::from_secs(6);

/// How long a client may take to answer a close. A connection that is given up with something
/// unread in it is reset, and then what was sent last may be lost.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Buffers of one socket. Most sockets are idle nearly all of the time.
const READ_BUFFER: usize = 4 << 10;
const WRITE_BUFFER: usize = 0;

/// What a close frame has room for (RFC 6455 §5.5).
const REASON_BYTES_MAX: usize = 123;

/// Why a socket is closed, with what is said to people (RFC 6455 §7.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Close {
    /// The server stops.
    pub(super) const GOING_AWAY: u16 = 1001;
    /// The client does not keep to the protocol.
    pub(super) const POLICY: u16 = 1008;
    /// The server has a bug.
    pub(super) const FAILED: u16 = 1011;
    /// A newer socket has the participant.
    pub(super) const REPLACED: u16 = 4000;
    /// The participation is over.
    pub(super) const OVER: u16 = 4001;

    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// Opens a socket, if this is a request for one and there is room for it. `run` has it to its end.
pub(super) fn upgrade<Run>(
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
        let detail = "this address takes WebSockets, from clients of rooms: see /sdk/";
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
            // An error of the socket ends it like a close does.
            if let Err(error) = run(socket).await {
                tracing::debug!(%error, "a socket broke");
            }
            drop(place);
        })
}

/// Sends a message.
pub(super) async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Error> {
    timed(socket.send(message)).await
}

/// A client that does not read is lost.
pub(super) async fn timed(sending: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let sent = tokio::time::timeout(SEND_MAX, sending).await;
    sent.unwrap_or_else(|elapsed| Err(Error::new(elapsed)))
}

/// Sends a close, and waits for a moment for the client's.
pub(super) async fn close(socket: &mut WebSocket, close: &Close) -> Result<(), Error> {
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

//! The WebSocket of a participant: Headwater's own protocol.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use signaling::dialect::headwater::{self, Code, Error, Request};

use super::context::Context;
use super::link::{Next, Socket};
use super::{calls, entering};
use crate::http::RateLimit;
use crate::http::socket::{self, Close, send, timed};

/// Time between two pings. WebSocket libraries answer them by themselves.
const PING_EVERY: Duration = Duration::from_secs(2);

/// A socket that is silent for this long counts as lost, so that others in the room learn of it
/// within six seconds.
const SILENCE_MAX: Duration = Duration::from_millis(5_500);

/// A client that has not joined or resumed by then is disconnected.
const JOIN_MAX: Duration = Duration::from_secs(10);

/// Requests per second of one participant, with bursts of twice as many. Further ones get
/// `tooFast`.
const REQUESTS_PER_SECOND: u32 = 100;

/// Opens the socket.
pub(super) fn connect(
    context: Context,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let frame_max = context.service.settings.frame_bytes_max;
    let subprotocol = Some(headwater::SUBPROTOCOL);
    let client = signaling::session_http::client(headers);
    socket::upgrade(
        &context.service.clone(),
        upgrade,
        subprotocol,
        frame_max,
        move |socket| serve(context, socket, client),
    )
}

/// A participant with its socket.
struct Session {
    socket: Socket,
    requests: RateLimit,
    /// The response to a resume, which is sent before anything else.
    answer: Option<String>,
}

async fn serve(context: Context, mut socket: WebSocket, client: String) -> Result<(), axum::Error> {
    let entered = tokio::select! {
        entered = tokio::time::timeout(JOIN_MAX, enter(&context, &mut socket, &client)) => entered,
        () = context.service.stopping.cancelled() => return close(&mut socket, Close::GOING_AWAY, "").await,
    };
    let Ok(entered) = entered else {
        return close(&mut socket, Close::POLICY, "join or resume first").await;
    };
    let Some(mut session) = entered? else {
        return Ok(());
    };
    // However the socket ends from here on, the participant is reported lost.
    let ended = participate(&context, &mut socket, &mut session).await;
    entering::lost(&context, &session.socket);
    ended
}

/// Waits until the client joins or resumes; `None` when the socket ends before. A refused request
/// is answered, and the client can try again.
async fn enter(
    context: &Context,
    socket: &mut WebSocket,
    client: &str,
) -> Result<Option<Session>, axum::Error> {
    while let Some(message) = socket.next().await {
        let text = match read(socket, message).await? {
            Read::Text(text) => text,
            Read::Nothing => continue,
            Read::End => return Ok(None),
        };
        let request = match headwater::read(&text) {
            Ok(request) => request,
            Err(error) => {
                close(socket, Close::POLICY, &error.message).await?;
                return Ok(None);
            }
        };
        let id = request.id;
        match entering::enter(context, request, client) {
            // Returns at once, without an await at which the participant could be forgotten before
            // `participate`.
            Ok((socket, answer)) => {
                return Ok(Some(Session {
                    socket,
                    requests: RateLimit::new(REQUESTS_PER_SECOND),
                    answer,
                }));
            }
            Err(error) => {
                context.service.metrics.refused_call(error.code.as_str());
                let frame = headwater::frame(None, &headwater::failed(id, &error));
                send(socket, Message::Text(frame.into())).await?;
            }
        }
    }
    Ok(None)
}

/// A message of the client.
enum Read {
    Text(Utf8Bytes),
    /// A ping or a pong, which only shows that the client is alive.
    Nothing,
    /// The socket is closed.
    End,
}

/// Reads a message, and closes the socket when the protocol does not allow it.
async fn read(
    socket: &mut WebSocket,
    message: Result<Message, axum::Error>,
) -> Result<Read, axum::Error> {
    match message {
        Ok(Message::Text(text)) => return Ok(Read::Text(text)),
        Ok(Message::Ping(_) | Message::Pong(_)) => return Ok(Read::Nothing),
        Ok(Message::Binary(_)) => close(socket, Close::POLICY, "frames must be text").await?,
        // The library has the close frame ready.
        Ok(Message::Close(_)) => timed(socket.flush()).await?,
        // The frame is too large or not UTF-8. If the network failed, the close does not arrive.
        Err(error) => close(socket, Close::POLICY, &error.to_string()).await?,
    }
    Ok(Read::End)
}

/// Exchanges requests and events until the socket or the participation ends.
async fn participate(
    context: &Context,
    socket: &mut WebSocket,
    session: &mut Session,
) -> Result<(), axum::Error> {
    if let Some(answer) = session.answer.take() {
        let frame = headwater::frame(None, &answer);
        send(socket, Message::Text(frame.into())).await?;
    }
    let mut ping = tokio::time::interval(PING_EVERY);
    let mut heard = Instant::now();
    loop {
        if flush(socket, session).await?.is_break() {
            return Ok(());
        }
        tokio::select! {
            // Frames before timers: when this process was suspended, a frame that came meanwhile
            // proves that the client is alive.
            biased;
            message = socket.next() => {
                let Some(message) = message else {
                    return Ok(());
                };
                heard = Instant::now();
                match read(socket, message).await? {
                    Read::Text(text) => {
                        if handle(context, socket, session, &text).await?.is_break() {
                            return Ok(());
                        }
                    }
                    Read::Nothing => {}
                    Read::End => return Ok(()),
                }
            }
            () = session.socket.changed() => {}
            () = tokio::time::sleep_until((heard + SILENCE_MAX).into()) => return Ok(()),
            _ = ping.tick() => {
                send(socket, Message::Ping(bytes::Bytes::new())).await?;
            }
        }
    }
}

/// Sends what is new in the outbox. Breaks when the socket was closed.
async fn flush(
    socket: &mut WebSocket,
    session: &mut Session,
) -> Result<ControlFlow<()>, axum::Error> {
    let mut fed = false;
    loop {
        match session.socket.poll() {
            Some(Next::Frame(frame)) => {
                let message = Message::Text((*frame).into());
                timed(socket.feed(message)).await?;
                fed = true;
            }
            Some(Next::Replaced) => {
                close(socket, Close::REPLACED, "taken over by a newer socket").await?;
                return Ok(ControlFlow::Break(()));
            }
            Some(Next::Over) => {
                close(socket, Close::OVER, "").await?;
                return Ok(ControlFlow::Break(()));
            }
            None => break,
        }
    }
    if fed {
        timed(socket.flush()).await?;
    }
    Ok(ControlFlow::Continue(()))
}

/// Carries out a request. Breaks when the frame was not a request, and the socket is closed.
async fn handle(
    context: &Context,
    socket: &mut WebSocket,
    session: &mut Session,
    text: &str,
) -> Result<ControlFlow<()>, axum::Error> {
    let Request { id, seen, call } = match headwater::read(text) {
        Ok(request) => request,
        Err(error) => {
            close(socket, Close::POLICY, &error.message).await?;
            return Ok(ControlFlow::Break(()));
        }
    };
    if let Some(seen) = seen {
        session.socket.confirm(seen);
    }
    let control = &context.service.control;
    let link = &session.socket.link;
    let permitted = match session.socket.received(id) {
        // A newer socket has the participant, and the client repeats the request there. The next
        // flush closes this socket as replaced.
        Ok(false) => return Ok(ControlFlow::Continue(())),
        Ok(true) if session.requests.take(Instant::now()) => call,
        Ok(true) => {
            let message = format!("at most {REQUESTS_PER_SECOND} requests per second are allowed");
            Err(Error::new(Code::TooFast, message))
        }
        Err(error) => Err(error),
    };
    let result = match permitted {
        Ok(call) => {
            // A panic fails this request, and leaves the session alone.
            let call = AssertUnwindSafe(|| calls::call(control, link, id, call));
            catch_unwind(call)
                .unwrap_or_else(|_| Err(Error::new(Code::Busy, "the request could not be handled")))
        }
        Err(error) => Err(error),
    };
    let body = result.unwrap_or_else(|error| {
        context.service.metrics.refused_call(error.code.as_str());
        Some(headwater::failed(id, &error))
    });
    if let Some(body) = body {
        calls::respond(control, link, &body);
    }
    Ok(ControlFlow::Continue(()))
}

async fn close(socket: &mut WebSocket, code: u16, reason: &str) -> Result<(), axum::Error> {
    socket::close(socket, &Close::new(code, reason)).await
}

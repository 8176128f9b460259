//! The WebSocket of a participant.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use broadcast::room::ParticipantKey;
use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use signaling::dialect::headwater::{self, Code, Error, Request};

use super::socket::{self, Close, send, timed};
use super::{Service, calls};
use crate::control::{Next, Socket};

/// Between two pings; answered by every WebSocket library without a word of the program.
const PING_EVERY: Duration = Duration::from_secs(2);

/// A socket from which nothing has come for so long is taken for lost: others shall know within
/// six seconds.
const SILENCE_MAX: Duration = Duration::from_millis(5_500);

/// Who has not joined by then is sent away.
const JOIN_MAX: Duration = Duration::from_secs(10);

/// Requests of one participant in a second; bursts may have twice as many.
const REQUESTS_PER_SECOND: u32 = 100;

pub(super) async fn connect(
    State(service): State<Service>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let frame_max = service.settings.frame_bytes_max;
    let subprotocol = Some(headwater::SUBPROTOCOL);
    let client = signaling::session_http::client(&headers);
    socket::upgrade(
        &service.clone(),
        upgrade,
        subprotocol,
        frame_max,
        move |socket| serve(service, socket, client),
    )
}

/// A participant on a socket.
struct Session {
    key: ParticipantKey,
    socket: Socket,
    requests: super::RateLimit,
    /// What goes out before anything else.
    answer: Option<String>,
}

async fn serve(service: Service, mut socket: WebSocket, client: String) -> Result<(), axum::Error> {
    let entered = tokio::select! {
        entered = tokio::time::timeout(JOIN_MAX, enter(&service, &mut socket, &client)) => entered,
        () = service.stopping.cancelled() => return close(&mut socket, Close::GOING_AWAY, "").await,
    };
    let Ok(entered) = entered else {
        return close(&mut socket, Close::POLICY, "join or resume first").await;
    };
    let Some(mut session) = entered? else {
        return Ok(());
    };
    // From here on whoever has entered is told to be lost, however the socket ends.
    let ended = participate(&service, &mut socket, &mut session).await;
    // A newer socket may have it by now.
    if session.socket.is_present() {
        service.control.lost(session.key);
    }
    ended
}

/// Waits for who joins or resumes; `None` when the socket is closed before.
async fn enter(
    service: &Service,
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
        match calls::enter(service, request, client) {
            // At once: who has entered is not forgotten between here and `participate`.
            Ok((entered, answer)) => {
                return Ok(Some(Session {
                    key: entered.key,
                    socket: entered.socket,
                    requests: super::RateLimit::new(REQUESTS_PER_SECOND),
                    answer,
                }));
            }
            Err(error) => {
                service.metrics.refused_call(&error);
                let frame = headwater::frame(None, &headwater::failed(id, &error));
                send(socket, Message::Text(frame.into())).await?;
            }
        }
    }
    Ok(None)
}

/// What has come over a socket.
enum Read {
    Text(Utf8Bytes),
    /// A sign of life.
    Nothing,
    /// The socket is closed.
    End,
}

/// Looks at what has come, and closes the socket when it is none of the protocol.
async fn read(
    socket: &mut WebSocket,
    message: Result<Message, axum::Error>,
) -> Result<Read, axum::Error> {
    match message {
        Ok(Message::Text(text)) => return Ok(Read::Text(text)),
        Ok(Message::Ping(_) | Message::Pong(_)) => return Ok(Read::Nothing),
        Ok(Message::Binary(_)) => close(socket, Close::POLICY, "frames are text").await?,
        // The library has the close frame ready.
        Ok(Message::Close(_)) => timed(socket.flush()).await?,
        // Too large, or no UTF-8; where the network has failed, nobody hears it.
        Err(error) => close(socket, Close::POLICY, &error.to_string()).await?,
    }
    Ok(Read::End)
}

/// Until the socket or the participation ends.
async fn participate(
    service: &Service,
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
            // What has come counts before the time in which it came: this process may have slept.
            biased;
            message = socket.next() => {
                let Some(message) = message else {
                    return Ok(());
                };
                heard = Instant::now();
                match read(socket, message).await? {
                    Read::Text(text) => {
                        if handle(service, socket, session, &text).await?.is_break() {
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

/// Sends what there is. Breaks when that was the last.
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
                close(socket, Close::REPLACED, "a newer socket has this session").await?;
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

/// Carries out a request. Breaks when it was none.
async fn handle(
    service: &Service,
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
    let control = &service.control;
    let permitted = match control.received(session.key, &session.socket, id) {
        // It comes again over the newer socket; this one is told next that it is replaced.
        Ok(false) => return Ok(ControlFlow::Continue(())),
        Ok(true) if session.requests.take(Instant::now()) => call,
        Ok(true) => {
            let message = format!("{REQUESTS_PER_SECOND} requests a second are the most");
            Err(Error::new(Code::TooFast, message))
        }
        Err(error) => Err(error),
    };
    let result = match permitted {
        Ok(call) => {
            // A bug in here costs this request, and not the session.
            let call = AssertUnwindSafe(|| calls::call(service, session.key, id, call));
            catch_unwind(call)
                .unwrap_or_else(|_| Err(Error::new(Code::Busy, "the request could not be handled")))
        }
        Err(error) => Err(error),
    };
    let body = result.unwrap_or_else(|error| {
        service.metrics.refused_call(&error);
        Some(headwater::failed(id, &error))
    });
    if let Some(body) = body {
        control.respond(session.key, &body);
    }
    Ok(ControlFlow::Continue(()))
}

async fn close(socket: &mut WebSocket, code: u16, reason: &str) -> Result<(), axum::Error> {
    socket::close(socket, &Close::new(code, reason)).await
}

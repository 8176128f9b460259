//! The socket of a dialect: frames come in one after the other, and go out through a queue.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::socket::{self, Close, send, timed};
use super::upgrade_request::{self, UpgradeRequest};
use super::{RateLimit, Service};
use crate::control::Grants;

/// A socket from which nothing has come for so long is taken for lost, if its dialect says nothing
/// else. Clients of most lose all that they have with it, so a network may be gone for a while.
const SILENCE_MAX: Duration = Duration::from_secs(16);

/// Pings in the time of silence after which a socket is lost; answered by every WebSocket library
/// without a word of the program.
const PINGS: u32 = 3;

/// Frames of one socket in a second, with bursts of twice as many. Further ones are read later.
const FRAMES_PER_SECOND: u32 = 200;

/// How long reading rests when there were too many.
const REST: Duration = Duration::from_millis(20);

/// Frames that wait for one socket. A client that takes them too slowly is disconnected.
const QUEUE_MAX: usize = 1_024;

/// What the sockets of a dialect have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// For metrics.
    pub(super) dialect: &'static str,
    /// The subprotocol that is answered to a client that offers it.
    pub(super) subprotocol: Option<&'static str>,
    /// A larger frame closes its socket.
    pub(super) frame_bytes_max: usize,
    /// A socket from which nothing has come for so long is taken for lost.
    pub(super) silence_max: Duration,
}

impl Rules {
    /// Those of most dialects.
    pub(super) fn new(dialect: &'static str, service: &Service) -> Self {
        Self {
            dialect,
            subprotocol: None,
            frame_bytes_max: service.settings.frame_bytes_max,
            silence_max: SILENCE_MAX,
        }
    }
}

/// What came of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reaction {
    /// It was understood and carried out.
    Taken,
    /// It was not. The dialect decides whether the client is told.
    Refused,
    /// The socket is closed, after what was sent before.
    Close(Close),
}

/// What the server does with the frames of one socket.
pub(super) trait Handler: Send + 'static {
    /// What it waits for besides frames.
    type Event: Send;

    /// Takes a frame. The next one waits for it.
    fn received(&mut self, text: &str) -> impl Future<Output = Reaction> + Send;

    /// Waits for an event. May be dropped at each await and called again.
    fn next_event(&mut self) -> impl Future<Output = Self::Event> + Send;

    /// Handles an event. Breaks to close the socket.
    fn handle_event(
        &mut self,
        event: Self::Event,
    ) -> impl Future<Output = ControlFlow<Close>> + Send;

    /// The socket is gone, whatever the reason. Called exactly once.
    fn ended(self);
}

/// The event of a handler that waits for frames alone.
pub(super) async fn never() -> Infallible {
    std::future::pending().await
}

/// The way to a socket. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    queue: mpsc::Sender<Arc<str>>,
    /// The client does not take what is sent.
    slow: CancellationToken,
}

impl Outgoing {
    /// Sends a frame after those before it. What is sent to a socket that is gone is lost.
    pub(super) fn send(&self, frame: impl Into<Arc<str>>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(frame.into()) {
            self.slow.cancel();
        }
    }
}

/// Opens the socket of a dialect. `begin` is given the way to it, and what its client may do.
pub(super) fn open<T: Handler>(
    service: Service,
    request: UpgradeRequest,
    rules: Rules,
    begin: impl FnOnce(Outgoing, Grants) -> T + Send + 'static,
) -> Response {
    let grants = match request.grants {
        Ok(grants) => grants,
        Err(error) => return upgrade_request::refused(error),
    };
    let (subprotocol, frame_bytes_max) = (rules.subprotocol, rules.frame_bytes_max);
    let run = async move |service: Service, socket| {
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        let slow = CancellationToken::new();
        let mut socket_loop = SocketLoop {
            service,
            socket,
            rules,
            queued,
            slow: slow.clone(),
            frames: RateLimit::new(FRAMES_PER_SECOND),
        };
        let mut handler = begin(Outgoing { queue, slow }, grants);
        let ended = socket_loop.run(&mut handler).await;
        handler.ended();
        match ended? {
            Some(close) => socket::close(&mut socket_loop.socket, &close).await,
            None => Ok(()),
        }
    };
    let own = service.clone();
    socket::upgrade(
        &service,
        request.upgrade,
        subprotocol,
        frame_bytes_max,
        |socket| run(own, socket),
    )
}

/// A socket with what waits for it.
struct SocketLoop {
    service: Service,
    socket: WebSocket,
    rules: Rules,
    queued: mpsc::Receiver<Arc<str>>,
    slow: CancellationToken,
    frames: RateLimit,
}

impl SocketLoop {
    /// Runs until the socket ends. Returns the close that is still to be sent; `None` when the
    /// client is gone.
    async fn run(&mut self, handler: &mut impl Handler) -> Result<Option<Close>, axum::Error> {
        let silence_max = self.rules.silence_max;
        let mut ping = tokio::time::interval(silence_max / PINGS);
        let mut heard = Instant::now();
        loop {
            self.flush().await?;
            tokio::select! {
                // What has come counts before the time in which it came: this process may have
                // slept.
                biased;
                () = self.service.stopping.cancelled() => {
                    return Ok(Some(Close::new(Close::GOING_AWAY, "the server stops")));
                }
                () = self.slow.cancelled() => {
                    return Ok(Some(Close::new(Close::POLICY, "too slow: too much waits")));
                }
                message = self.socket.next() => {
                    heard = Instant::now();
                    let flow = match message {
                        Some(message) => self.message(handler, message).await?,
                        None => ControlFlow::Break(None),
                    };
                    if let ControlFlow::Break(close) = flow {
                        return Ok(close);
                    }
                }
                event = handler.next_event() => {
                    if let ControlFlow::Break(close) = handler.handle_event(event).await {
                        return self.last(close).await;
                    }
                }
                // The queue lives as long as the handler.
                Some(frame) = self.queued.recv() => self.put(&frame).await?,
                () = tokio::time::sleep_until((heard + silence_max).into()) => return Ok(None),
                _ = ping.tick() => send(&mut self.socket, Message::Ping(bytes::Bytes::new())).await?,
            }
        }
    }

    /// Sends what is queued.
    async fn flush(&mut self) -> Result<(), axum::Error> {
        while let Ok(frame) = self.queued.try_recv() {
            self.put(&frame).await?;
        }
        timed(self.socket.flush()).await
    }

    async fn put(&mut self, frame: &str) -> Result<(), axum::Error> {
        timed(self.socket.feed(Message::Text(frame.into()))).await
    }

    /// A close comes after what was sent before it.
    async fn last(&mut self, close: Close) -> Result<Option<Close>, axum::Error> {
        self.flush().await?;
        Ok(Some(close))
    }

    async fn message(
        &mut self,
        handler: &mut impl Handler,
        message: Result<Message, axum::Error>,
    ) -> Result<ControlFlow<Option<Close>>, axum::Error> {
        let text = match message {
            Ok(Message::Text(text)) => text,
            // Some clients write their text into binary frames.
            Ok(Message::Binary(bytes)) => match bytes.try_into() {
                Ok(text) => text,
                Err(_) => {
                    let close = Close::new(Close::POLICY, "frames are text");
                    return Ok(ControlFlow::Break(Some(close)));
                }
            },
            Ok(Message::Ping(_) | Message::Pong(_)) => return Ok(ControlFlow::Continue(())),
            Ok(Message::Close(_)) => {
                // The library has the close frame ready.
                timed(self.socket.flush()).await?;
                return Ok(ControlFlow::Break(None));
            }
            // Too large, or no UTF-8; where the network has failed, nobody hears it.
            Err(error) => {
                let close = Close::new(Close::POLICY, error.to_string());
                return Ok(ControlFlow::Break(Some(close)));
            }
        };
        while !self.frames.take(Instant::now()) {
            tokio::time::sleep(REST).await;
        }
        // A bug in there costs this socket, and nothing else.
        let received = AssertUnwindSafe(handler.received(&text))
            .catch_unwind()
            .await;
        let reaction = received.unwrap_or_else(|_| {
            tracing::error!(dialect = self.rules.dialect, "a frame could not be handled");
            Reaction::Close(Close::new(Close::FAILED, "the frame could not be handled"))
        });
        let taken = reaction == Reaction::Taken;
        self.service.metrics.frame(self.rules.dialect, taken);
        Ok(match reaction {
            Reaction::Taken | Reaction::Refused => ControlFlow::Continue(()),
            Reaction::Close(close) => ControlFlow::Break(self.last(close).await?),
        })
    }
}

//! The WebSocket of a dialect: frames are received one after the other, and sent through a queue.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::Permissions;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::upgrade_request::{self, UpgradeRequest};
use super::{Close, close, send, timed, upgrade};
use crate::http::{RateLimit, Service};

/// A socket that is silent for this long counts as lost, unless its dialect has its own time.
/// Clients of most dialects lose their whole session with it, so a short outage of the network is
/// tolerated.
const SILENCE_MAX: Duration = Duration::from_secs(16);

/// Pings within the time of silence after which a socket counts as lost. WebSocket libraries answer
/// them by themselves.
const PINGS: u32 = 3;

/// Frames per second of one socket, with bursts of twice as many. Further ones are read later.
const FRAMES_PER_SECOND: u32 = 200;

/// How long reading pauses after too many frames.
const REST: Duration = Duration::from_millis(20);

/// Frames that wait to be sent on one socket. A client that reads too slowly is disconnected.
const QUEUE_MAX: usize = 1_024;

/// The rules for all sockets of a dialect.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Rules {
    /// The dialect's name in metrics.
    pub(in crate::http) dialect: &'static str,
    /// The subprotocol that a client can offer and the server then selects.
    pub(in crate::http) subprotocol: Option<&'static str>,
    /// Bytes of a frame; a larger one closes its socket.
    pub(in crate::http) frame_bytes_max: usize,
    /// A socket that is silent for this long counts as lost.
    pub(in crate::http) silence_max: Duration,
}

impl Rules {
    /// The rules of most dialects.
    pub(in crate::http) fn new(dialect: &'static str, service: &Service) -> Self {
        Self {
            dialect,
            subprotocol: None,
            frame_bytes_max: service.settings.frame_bytes_max,
            silence_max: SILENCE_MAX,
        }
    }
}

/// The outcome of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum Reaction {
    /// The frame was understood and carried out.
    Taken,
    /// The frame was refused. The dialect decides whether the client is told.
    Refused,
    /// The socket is closed once all queued frames are sent.
    Close(Close),
}

/// A dialect's side of one socket.
pub(in crate::http) trait Handler: Send + 'static {
    /// An event that it waits for besides frames.
    type Event: Send;

    /// Handles a frame. The next one is read when this has returned.
    fn received(&mut self, text: &str) -> impl Future<Output = Reaction> + Send;

    /// Waits for an event. Cancel safe: may be dropped at each await and called again.
    fn next_event(&mut self) -> impl Future<Output = Self::Event> + Send;

    /// Handles an event. Breaks to close the socket.
    fn handle_event(
        &mut self,
        event: Self::Event,
    ) -> impl Future<Output = ControlFlow<Close>> + Send;

    /// Called exactly once, when the socket has ended for whatever reason.
    fn ended(self);
}

/// Never returns: [`Handler::next_event`] of a handler that waits only for frames.
pub(in crate::http) async fn never() -> Infallible {
    std::future::pending().await
}

/// The sending end of a socket. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::http) struct Outgoing {
    queue: mpsc::Sender<Arc<str>>,
    /// Cancelled when the queue is full: the client reads too slowly.
    slow: CancellationToken,
}

impl Outgoing {
    /// Queues a frame. It is lost when the socket has ended; a full queue ends the socket.
    pub(in crate::http) fn send(&self, frame: impl Into<Arc<str>>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(frame.into()) {
            self.slow.cancel();
        }
    }
}

/// Opens the socket of a dialect, or answers why not. `begin` makes the handler from the socket's
/// sending end and the permissions of its client, who may at least watch.
pub(in crate::http) fn open<T: Handler>(
    service: Service,
    request: UpgradeRequest,
    rules: Rules,
    begin: impl FnOnce(Outgoing, Permissions) -> T + Send + 'static,
) -> Response {
    let permissions = request.permissions;
    // Publishing in a room includes watching: a token that allows no watching opens nothing.
    if let Err(refusal) = permissions.join_as_viewer() {
        return upgrade_request::refused(refusal);
    }
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
        let mut handler = begin(Outgoing { queue, slow }, permissions);
        let ended = socket_loop.run(&mut handler).await;
        handler.ended();
        match ended? {
            Some(why) => close(&mut socket_loop.socket, &why).await,
            None => Ok(()),
        }
    };
    let own = service.clone();
    upgrade(
        &service,
        request.upgrade,
        subprotocol,
        frame_bytes_max,
        |socket| run(own, socket),
    )
}

/// A socket with its queue.
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
                // Frames before timers: when this process was suspended, a frame that came
                // meanwhile proves that the client is alive.
                biased;
                () = self.service.stopping.cancelled() => {
                    return Ok(Some(Close::new(Close::GOING_AWAY, "the server is stopping")));
                }
                () = self.slow.cancelled() => {
                    return Ok(Some(Close::new(Close::POLICY, "client is too slow: too many frames wait")));
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
                // Never `None`: the sender lives as long as the handler.
                Some(frame) = self.queued.recv() => self.put(&frame).await?,
                () = tokio::time::sleep_until((heard + silence_max).into()) => return Ok(None),
                _ = ping.tick() => send(&mut self.socket, Message::Ping(bytes::Bytes::new())).await?,
            }
        }
    }

    /// Sends all queued frames.
    async fn flush(&mut self) -> Result<(), axum::Error> {
        while let Ok(frame) = self.queued.try_recv() {
            self.put(&frame).await?;
        }
        timed(self.socket.flush()).await
    }

    async fn put(&mut self, frame: &str) -> Result<(), axum::Error> {
        timed(self.socket.feed(Message::Text(frame.into()))).await
    }

    /// Sends all queued frames before a close.
    async fn last(&mut self, close: Close) -> Result<Option<Close>, axum::Error> {
        self.flush().await?;
        Ok(Some(close))
    }

    /// Handles a message of the socket. Breaks when the socket ends, with the close that is still
    /// to be sent.
    async fn message(
        &mut self,
        handler: &mut impl Handler,
        message: Result<Message, axum::Error>,
    ) -> Result<ControlFlow<Option<Close>>, axum::Error> {
        let text = match message {
            Ok(Message::Text(text)) => text,
            // Some clients send text in binary frames.
            Ok(Message::Binary(bytes)) => match bytes.try_into() {
                Ok(text) => text,
                Err(_) => {
                    let close = Close::new(Close::POLICY, "frames must be text");
                    return Ok(ControlFlow::Break(Some(close)));
                }
            },
            Ok(Message::Ping(_) | Message::Pong(_)) => return Ok(ControlFlow::Continue(())),
            Ok(Message::Close(_)) => {
                // The library has the close frame ready.
                timed(self.socket.flush()).await?;
                return Ok(ControlFlow::Break(None));
            }
            // The frame is too large or not UTF-8. If the network failed, the close does not
            // arrive.
            Err(error) => {
                let close = Close::new(Close::POLICY, error.to_string());
                return Ok(ControlFlow::Break(Some(close)));
            }
        };
        while !self.frames.take(Instant::now()) {
            tokio::time::sleep(REST).await;
        }
        // A panic in the handler ends this socket and no other.
        let received = AssertUnwindSafe(handler.received(&text))
            .catch_unwind()
            .await;
        let reaction = received.unwrap_or_else(|_| {
            tracing::error!(dialect = self.rules.dialect, "handling a frame panicked");
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

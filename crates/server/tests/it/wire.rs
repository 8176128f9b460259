//! A plain WebSocket, for the dialects of earlier systems.

use std::time::{Duration, Instant};

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A socket with the runtime that drives it.
pub(crate) struct Wire {
    runtime: Runtime,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server selected.
    pub(crate) subprotocol: Option<String>,
}

impl Wire {
    /// Opens a socket; `address` is host and port, `path` begins with a slash.
    pub(crate) fn open(address: &str, path: &str) -> Self {
        Self::open_with(address, path, &[]).expect("a socket")
    }

    /// Opens a socket with headers. `Err` is the status with which it is refused.
    pub(crate) fn open_with(
        address: &str,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let url = format!("ws://{address}{path}");
        let mut request = url.into_client_request().expect("a URL");
        for (name, value) in headers {
            let value = value.parse().expect("a header's value");
            request.headers_mut().insert(*name, value);
        }
        match runtime.block_on(connect_async(request)) {
            Ok((stream, response)) => {
                let subprotocol = response.headers().get("sec-websocket-protocol");
                let subprotocol = subprotocol.and_then(|value| value.to_str().ok());
                Ok(Self {
                    subprotocol: subprotocol.map(str::to_owned),
                    runtime,
                    stream,
                })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no socket: {error}"),
        }
    }

    /// Sends a JSON value as a text frame.
    pub(crate) fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    /// Sends a text frame as is, JSON or not.
    pub(crate) fn send_text(&mut self, text: &str) {
        self.put(Message::Text(text.into()));
    }

    /// Sends a binary frame.
    pub(crate) fn send_binary(&mut self, bytes: &[u8]) {
        self.put(Message::Binary(bytes.to_vec().into()));
    }

    fn put(&mut self, message: Message) {
        let sent = self.stream.send(message);
        self.runtime.block_on(sent).expect("the socket is open");
    }

    /// Waits for the next text frame.
    pub(crate) fn next(&mut self) -> Value {
        self.within(PATIENCE).expect("a frame in time")
    }

    /// Waits for the next text frame; `None` when none comes within this time.
    pub(crate) fn within(&mut self, time: Duration) -> Option<Value> {
        let stream = &mut self.stream;
        let text = async {
            loop {
                match stream.next().await {
                    Some(Ok(Message::Text(text))) => return text,
                    Some(Ok(Message::Close(frame))) => panic!("closed: {frame:?}"),
                    Some(Ok(_)) => {}
                    other => panic!("the socket ended: {other:?}"),
                }
            }
        };
        let waited = async { tokio::time::timeout(time, text).await };
        let text = self.runtime.block_on(waited).ok()?;
        Some(serde_json::from_str(&text).expect("JSON"))
    }

    /// Waits for the first frame that `holds`. Earlier frames are skipped.
    pub(crate) fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let frame = self.within(left).expect("the frame in time");
            if holds(&frame) {
                return frame;
            }
        }
    }

    /// Returns the frames that have arrived and were not read yet, without waiting.
    pub(crate) fn waiting(&mut self) -> Vec<Value> {
        let stream = &mut self.stream;
        let ready =
            async { std::iter::from_fn(|| stream.next().now_or_never()).collect::<Vec<_>>() };
        let ready = self.runtime.block_on(async {
            tokio::task::yield_now().await;
            ready.await
        });
        let texts = ready.into_iter().filter_map(|message| match message {
            Some(Ok(Message::Text(text))) => Some(text),
            _ => None,
        });
        let read = |text: tokio_tungstenite::tungstenite::Utf8Bytes| serde_json::from_str(&text);
        texts.map(|text| read(text).expect("JSON")).collect()
    }

    /// Waits until the server closes the socket. Returns the code of its close frame; `None`
    /// without one.
    pub(crate) fn closed(&mut self) -> Option<u16> {
        let stream = &mut self.stream;
        let end = async {
            loop {
                match stream.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|f| f.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        let waited = async { tokio::time::timeout(PATIENCE, end).await };
        self.runtime.block_on(waited).expect("closed in time")
    }

    /// Closes the socket with a close frame.
    pub(crate) fn close(mut self) {
        let closed = self.stream.close(None);
        self.runtime.block_on(closed).expect("the socket is open");
    }
}

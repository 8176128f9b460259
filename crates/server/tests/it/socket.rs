//! A participant as these tests need it: its socket, without media.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::running::Running;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A participant's WebSocket.
pub(crate) struct Socket {
    runtime: Runtime,
    /// The result of `join`; `null` before.
    joined: Value,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket that the server refuses. Returns the status and the body.
    pub(crate) fn refused(server: &Running) -> (u16, String) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let url = format!("ws://{}/api/v1/connect", server.address);
        match runtime.block_on(connect_async(url)) {
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                let body = String::from_utf8_lossy(&body).into_owned();
                (response.status().as_u16(), body)
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Opens a socket without joining a room.
    pub(crate) fn open(server: &Running) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let url = format!("ws://{}/api/v1/connect", server.address);
        let (stream, _) = runtime.block_on(connect_async(url)).expect("a socket");
        Self {
            runtime,
            joined: Value::Null,
            stream,
        }
    }

    /// Asks to join a room, and returns the response as well.
    pub(crate) fn enter(server: &Running, room: &str, id: &str) -> (Self, Value) {
        let mut socket = Self::open(server);
        let answer = socket.ask(1, "join", &json!({ "room": room, "id": id }));
        socket.joined = answer["result"].clone();
        (socket, answer)
    }

    /// The secret that resumes the session.
    pub(crate) fn secret(&mut self) -> String {
        self.joined["session"]
            .as_str()
            .expect("it has joined")
            .to_owned()
    }

    /// Sends a request. Returns the response.
    pub(crate) fn ask(&mut self, id: u64, method: &str, params: &Value) -> Value {
        self.send(&json!({ "id": id, "method": method, "params": params }));
        loop {
            let frame = self.next();
            if frame["id"] == id {
                return frame;
            }
        }
    }

    /// Joins a room.
    pub(crate) fn join(server: &Running, room: &str, id: &str) -> Self {
        let (socket, answer) = Self::enter(server, room, id);
        assert_eq!(answer["result"]["participant"]["id"], id, "{answer}");
        socket
    }

    fn send(&mut self, frame: &Value) {
        let sent = self.stream.send(Message::Text(frame.to_string().into()));
        self.runtime.block_on(sent).expect("the socket is open");
    }

    /// The next frame.
    fn next(&mut self) -> Value {
        let stream = &mut self.stream;
        let text = async {
            loop {
                match stream
                    .next()
                    .await
                    .expect("a frame")
                    .expect("a whole frame")
                {
                    Message::Text(text) => return text,
                    _ => continue,
                }
            }
        };
        let waited = async { tokio::time::timeout(PATIENCE, text).await };
        let text = self.runtime.block_on(waited).expect("in time");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Waits for an event of this name.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.next();
            let events = frame["events"].as_array().cloned().unwrap_or_default();
            if let Some(event) = events.into_iter().find(|event| event["event"] == name) {
                return event;
            }
        }
    }
}

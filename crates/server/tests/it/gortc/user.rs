//! A client that behaves as protoo-client does, the library of gortc's clients.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

/// A frame that has not come after this time counts as not coming at all.
const QUIET: Duration = Duration::from_millis(500);

/// A user with its socket.
pub(crate) struct User {
    pub(crate) wire: Wire,
    id: u64,
    /// Notifications that came before an awaited response.
    told: VecDeque<Value>,
}

impl User {
    pub(crate) fn open(server: &Running, uid: &str) -> Self {
        Self::at(&server.address, uid)
    }

    pub(crate) fn at(address: &str, uid: &str) -> Self {
        Self {
            wire: Wire::open(address, &format!("/ws?peer={uid}")),
            id: 1_000_000,
            told: VecDeque::new(),
        }
    }

    /// Opens a user's socket and joins a room.
    pub(crate) fn join(server: &Running, uid: &str, rid: &str) -> Self {
        let mut user = Self::open(server, uid);
        user.done("join", &json!({ "rid": rid }));
        user
    }

    /// Sends a request. Returns the response.
    pub(crate) fn ask(&mut self, method: &str, data: &Value) -> Value {
        self.id += 1;
        let id = self.id;
        let request = json!({ "request": true, "id": id, "method": method, "data": data });
        self.wire.send(&request);
        self.response(&json!(id))
    }

    /// Waits for the response to this request. Notifications before it are kept.
    pub(crate) fn response(&mut self, id: &Value) -> Value {
        loop {
            let frame = self.wire.next();
            if frame["response"] == true {
                assert_eq!(frame["id"], *id, "{frame}");
                return frame;
            }
            self.told.push_back(frame);
        }
    }

    /// Sends a request that succeeds. Returns the data of the response.
    pub(crate) fn done(&mut self, method: &str, data: &Value) -> Value {
        let response = self.ask(method, data);
        assert_eq!(response["ok"], true, "{method} {data}: {response}");
        response["data"].clone()
    }

    /// Sends a request that is refused. Returns the code and the reason.
    pub(crate) fn refused(&mut self, method: &str, data: &Value) -> (i64, String) {
        refusal(&self.ask(method, data))
    }

    /// The next notification: its name and data.
    pub(crate) fn told(&mut self) -> (String, Value) {
        let frame = self.told.pop_front().unwrap_or_else(|| self.wire.next());
        notification(&frame)
    }

    /// All notifications until none comes for [`QUIET`].
    pub(crate) fn all_told(&mut self) -> Vec<(String, Value)> {
        let mut told: Vec<_> = self
            .told
            .drain(..)
            .map(|frame| notification(&frame))
            .collect();
        while let Some(frame) = self.wire.within(QUIET) {
            told.push(notification(&frame));
        }
        told
    }
}

/// Code and reason of a response.
pub(crate) fn refusal(response: &Value) -> (i64, String) {
    assert_eq!(response["ok"], false, "{response}");
    let code = response["errorCode"].as_i64().expect("a whole number");
    let reason = response["errorReason"].as_str().expect("a text");
    (code, reason.to_owned())
}

fn notification(frame: &Value) -> (String, Value) {
    assert_eq!(frame["notification"], true, "{frame}");
    assert!(frame.get("id").is_none(), "{frame}");
    let method = frame["method"].as_str().expect("a name");
    (method.to_owned(), frame["data"].clone())
}

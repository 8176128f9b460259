//! Somebody in a live room, and what it is told.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A socket whose pushes are passed over where they do not matter.
pub(super) struct Person {
    pub(super) wire: Wire,
}

impl Person {
    pub(super) fn comes(server: &Running) -> Self {
        Self {
            wire: Wire::open(&server.address, "/rtc"),
        }
    }

    /// Comes with a token, by the address.
    pub(super) fn comes_with(server: &Running, token: &str) -> Self {
        Self {
            wire: Wire::open(&server.address, &format!("/rtc?token={token}")),
        }
    }

    /// Comes, and has a room.
    pub(super) fn hosts(server: &Running, room: &str) -> Self {
        let mut host = Self::comes(server);
        host.wire.send(&create(room));
        assert_eq!(host.told(), [of("createRoomOk")], "{room}");
        host
    }

    /// The same, where media goes through the server. Returns also what the server is called,
    /// which has asked for the host's stream.
    pub(super) fn hosts_for(server: &Running, room: &str) -> (Self, String) {
        let mut host = Self::comes(server);
        host.wire.send(&create(room));
        host.wire.until(|frame| *frame == of("createRoomOk"));
        let asks = host.wire.until(|frame| frame["event"] == "joinRoom");
        (host, asks["name"].as_str().expect("a name").to_owned())
    }

    /// Comes, and views a room.
    pub(super) fn views(server: &Running, room: &str, name: &str) -> Self {
        let mut viewer = Self::comes(server);
        viewer.wire.send(&join(room, name));
        assert_eq!(viewer.told(), [] as [Value; 0], "{name}");
        viewer
    }

    /// Sends a frame. Returns what comes back, up to where the server has dealt with it.
    pub(super) fn says(&mut self, frame: &Value) -> Vec<Value> {
        self.wire.send(frame);
        self.told()
    }

    /// All that was told since this was last asked, without lists and counts.
    ///
    /// The server refuses a room and a place without names, one after the other, and whatever it
    /// said before comes before that. So nothing is missed, and nothing is waited for.
    pub(super) fn told(&mut self) -> Vec<Value> {
        let (first, second) = (of("createRoomFailed"), of("joinRoomFailed"));
        self.wire.send(&json!({ "event": "createRoom" }));
        self.wire.send(&json!({ "event": "joinRoom" }));
        let end = Instant::now() + PATIENCE;
        let mut told = Vec::new();
        loop {
            assert!(Instant::now() < end, "only this was told: {told:?}");
            let frame = self.wire.next();
            let is_push = frame["event"] == "roomsInfo" || frame["event"] == "count";
            // What others do may come between the two.
            let mark = told.iter().rposition(|earlier| *earlier == first);
            match mark.filter(|_| frame == second) {
                Some(mark) => {
                    told.remove(mark);
                    return told;
                }
                None if !is_push => told.push(frame),
                None => {}
            }
        }
    }

    /// The next list of rooms. What was told before is passed over.
    pub(super) fn list(&mut self) -> Vec<String> {
        self.told();
        let frame = self.wire.until(|frame| frame["event"] == "roomsInfo");
        let names = frame["info"].as_array().expect("a list").iter();
        names
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect()
    }

    /// The next count. What was told before is passed over.
    pub(super) fn count(&mut self) -> u64 {
        self.told();
        let frame = self.wire.until(|frame| frame["event"] == "count");
        frame["count"].as_u64().expect("a number")
    }
}

pub(super) fn create(room: &str) -> Value {
    json!({ "event": "createRoom", "roomName": room })
}

pub(super) fn join(room: &str, name: &str) -> Value {
    json!({ "event": "joinRoom", "name": name, "roomName": room })
}

pub(super) fn chat(room: &str, msg: &str) -> Value {
    json!({ "event": "chatSend", "msg": msg, "roomName": room })
}

/// A frame that is only its event.
pub(super) fn of(event: &str) -> Value {
    json!({ "event": event })
}

/// A frame about somebody.
pub(super) fn about(event: &str, name: &str) -> Value {
    json!({ "event": event, "name": name })
}

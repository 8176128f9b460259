//! A person in a live room, and the frames that it is sent.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A person's socket. Pushes are skipped where they do not matter.
pub(super) struct Person {
    pub(super) wire: Wire,
}

impl Person {
    pub(super) fn comes(server: &Running) -> Self {
        Self {
            wire: Wire::open(&server.address, "/rtc"),
        }
    }

    /// Connects with a token in the URL.
    pub(super) fn comes_with(server: &Running, token: &str) -> Self {
        Self {
            wire: Wire::open(&server.address, &format!("/rtc?token={token}")),
        }
    }

    /// Connects and opens a room.
    pub(super) fn hosts(server: &Running, room: &str) -> Self {
        let mut host = Self::comes(server);
        host.wire.send(&create(room));
        assert_eq!(host.told(), [of("createRoomOk")], "{room}");
        host
    }

    /// Connects and opens a room whose media goes through the server. Also returns the name under
    /// which the server asks for the host's stream.
    pub(super) fn hosts_for(server: &Running, room: &str) -> (Self, String) {
        let mut host = Self::comes(server);
        host.wire.send(&create(room));
        host.wire.until(|frame| *frame == of("createRoomOk"));
        let asks = host.wire.until(|frame| frame["event"] == "joinRoom");
        (host, asks["name"].as_str().expect("a name").to_owned())
    }

    /// Connects and views a room.
    pub(super) fn views(server: &Running, room: &str, name: &str) -> Self {
        let mut viewer = Self::comes(server);
        viewer.wire.send(&join(room, name));
        assert_eq!(viewer.told(), [] as [Value; 0], "{name}");
        viewer
    }

    /// Sends a frame. Returns all that comes until the server has handled it.
    pub(super) fn says(&mut self, frame: &Value) -> Vec<Value> {
        self.wire.send(frame);
        self.told()
    }

    /// All frames since the last call, without lists and counts.
    ///
    /// Asks for a room and for a place in one without giving names, which the server refuses in
    /// this order. All that it sent before comes before the refusals, so nothing is missed and no
    /// time is waited for.
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
            // Frames caused by others may come between the two refusals.
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

    /// The next list of rooms. Earlier frames are skipped.
    pub(super) fn list(&mut self) -> Vec<String> {
        self.told();
        let frame = self.wire.until(|frame| frame["event"] == "roomsInfo");
        let names = frame["info"].as_array().expect("a list").iter();
        names
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect()
    }

    /// The next count. Earlier frames are skipped.
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

/// A frame about the person of this name.
pub(super) fn about(event: &str, name: &str) -> Value {
    json!({ "event": event, "name": name })
}

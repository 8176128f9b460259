//! The dialect of tributary at the real server. Media goes between browsers, so offers and answers
//! are synthetic here.

mod port;
mod refusals;
mod signals;
mod storm;
mod tree;

use std::time::Duration;

use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

/// A peer counts as having media this long after it was answered.
const READY: Duration = Duration::from_secs(1);

/// Starts a server whose peers relay to at most `max_listeners` others each.
fn server(max_listeners: u32) -> Running {
    let number = max_listeners.to_string();
    Running::start(&[("HEADWATER_DIALECTS__TRIBUTARY__MAX_LISTENERS", &number)])
}

/// A peer and its socket.
struct Peer {
    name: &'static str,
    wire: Wire,
}

impl Peer {
    fn comes(server: &Running, name: &'static str) -> Self {
        let wire = Wire::open(&server.address, "/api/ws");
        Self { name, wire }
    }

    /// Connects and starts the broadcast `derby`.
    fn broadcasts(server: &Running, name: &'static str) -> Self {
        let mut peer = Self::comes(server, name);
        peer.says(&json!({ "command": "START_BROADCAST", "name": "derby", "peerName": name }));
        assert_eq!(peer.wire.next(), command("START_BROADCAST_RECEIVED"));
        peer
    }

    fn says(&mut self, frame: &Value) {
        self.wire.send(frame);
    }

    /// Waits for a command. Earlier ones are skipped.
    fn told(&mut self, command: &str) -> Value {
        self.wire.until(|frame| frame["command"] == command)
    }

    fn joins(&mut self) {
        let name = self.name;
        let offer = json!({ "type": "offer", "sdp": format!("offer of {name}") });
        self.says(&json!({
            "command": "JOIN_BROADCAST", "name": "derby", "peerName": name, "offer": offer,
        }));
    }

    /// Waits to be asked to relay to a joining peer, and answers. Returns the id of that peer.
    fn feeds(&mut self) -> String {
        let relay = self.told("RELAY_BROADCAST");
        let joiner = relay["peer"].as_str().expect("an id").to_owned();
        let answer = json!({ "type": "answer", "sdp": format!("answer of {}", self.name) });
        self.says(&json!({
            "command": "RELAY_BROADCAST_RECEIVED", "peer": joiner, "answer": answer,
        }));
        joiner
    }

    /// Joins below a parent. Returns its own id and the parent's.
    fn arrives(&mut self, parent: &mut Self) -> (String, String) {
        self.joins();
        let own = parent.feeds();
        let joined = self.told("JOIN_BROADCAST_RECEIVED");
        let parent = joined["peer"].as_str().expect("an id").to_owned();
        (own, parent)
    }

    fn leaves(&mut self) {
        self.says(&json!({ "command": "LEAVE_BROADCAST", "name": "derby" }));
        self.told("LEAVE_BROADCAST_RECEIVED");
    }

    /// The tree as names: `mona(per ida)`. Subscribes again each time.
    fn tree(&mut self) -> String {
        self.says(&json!({ "command": "SUBSCRIBE_TO_TREE_STATE", "name": "derby" }));
        self.told("SUBSCRIBE_TO_TREE_STATE_RECEIVED");
        drawn(&self.told("TREE_STATE_CHANGED")["tree"])
    }

    /// Checks that no frame is unread: the response to a new request is the next one.
    fn hears_nothing(&mut self) {
        self.says(&command("FETCH_CONFIG"));
        assert_eq!(self.wire.next()["command"], "FETCH_CONFIG_RECEIVED");
    }
}

fn command(command: &str) -> Value {
    json!({ "command": command })
}

fn error(message: &str) -> Value {
    json!({ "command": "ERROR", "message": message })
}

fn drawn(node: &Value) -> String {
    let name = node["name"].as_str().expect("a name");
    let children = node["children"].as_array().expect("children");
    let children: Vec<_> = children.iter().map(drawn).collect();
    if children.is_empty() {
        name.to_owned()
    } else {
        format!("{name}({})", children.join(" "))
    }
}

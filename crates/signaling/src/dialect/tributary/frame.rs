//! What peers are told, as text. Every frame ends with a line feed, which clients of this protocol
//! have always got.

use broadcast::relay::{Event, PeerId, TreeNode};

use super::peer_text;

/// A frame.
pub fn write(event: &Event) -> String {
    match event {
        Event::Started => frame("START_BROADCAST_RECEIVED", &[]),
        Event::BroadcastEnded { name } => frame("BROADCAST_ENDED", &[("name", &quoted(name))]),
        Event::Ended { name } => frame("END_BROADCAST_RECEIVED", &[("name", &quoted(name))]),
        Event::Relay { joiner, offer } => frame(
            "RELAY_BROADCAST",
            &[("peer", &peer(*joiner)), ("offer", offer)],
        ),
        Event::Joined { parent, answer } => frame(
            "JOIN_BROADCAST_RECEIVED",
            &[("peer", &peer(*parent)), ("answer", answer)],
        ),
        Event::Unanswered => error("No peer has answered the offer: join again"),
        Event::Reconnect { name } => frame("RECONNECT_TO_BROADCAST", &[("name", &quoted(name))]),
        Event::Left => frame("LEAVE_BROADCAST_RECEIVED", &[]),
        Event::Candidates { from, candidates } => frame(
            "ICE_CANDIDATES",
            &[("peer", &peer(*from)), ("candidates", candidates)],
        ),
        Event::CandidatesReceived { from } => {
            frame("ICE_CANDIDATES_RECEIVED", &[("peer", &peer(*from))])
        }
        Event::Watching => frame("SUBSCRIBE_TO_TREE_STATE_RECEIVED", &[]),
        Event::NotWatching => frame("UNSUBSCRIBE_FROM_TREE_STATE_RECEIVED", &[]),
        Event::Tree(nodes) => frame("TREE_STATE_CHANGED", &[("tree", &tree(nodes))]),
    }
}

/// An `ERROR` with its text.
pub(super) fn error(message: &str) -> String {
    frame("ERROR", &[("message", &quoted(message))])
}

/// A command with fields, whose values are JSON.
pub(super) fn frame(command: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!("{{\"command\":\"{command}\"");
    for (name, json) in fields {
        text += &format!(",\"{name}\":{json}");
    }
    text + "}\n"
}

/// The tree as objects in each other. It may be a chain of thousands, so nothing here recurses.
fn tree(nodes: &[TreeNode]) -> String {
    let mut text = String::new();
    // Objects that are not closed yet.
    let mut open = 0;
    for node in nodes {
        while open > node.depth {
            text += "]}";
            open -= 1;
        }
        if text.ends_with('}') {
            text += ",";
        }
        let (id, name) = (peer(node.peer), quoted(&node.name));
        text += &format!("{{\"id\":{id},\"name\":{name},\"children\":[");
        open += 1;
    }
    text + &"]}".repeat(open as usize)
}

fn peer(peer: PeerId) -> String {
    format!("\"{}\"", peer_text(peer))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

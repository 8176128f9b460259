//! Frames to peers. Every frame ends with a line feed: clients of this protocol have always got
//! one.

use room::peer_tree::{Event, PeerId, TreeNode};

use super::peer_text;

/// Writes an event as a frame.
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

/// An `ERROR` frame with this message.
pub(super) fn error(message: &str) -> String {
    frame("ERROR", &[("message", &quoted(message))])
}

/// A frame with a command and fields. The values are JSON.
pub(super) fn frame(command: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!("{{\"command\":\"{command}\"");
    for (name, json) in fields {
        text += &format!(",\"{name}\":{json}");
    }
    text + "}\n"
}

/// Writes the tree as nested objects. It may be a chain of thousands of nodes, so this does not
/// recurse.
fn tree(nodes: &[TreeNode]) -> String {
    let mut text = String::new();
    // The number of objects that are not closed yet.
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

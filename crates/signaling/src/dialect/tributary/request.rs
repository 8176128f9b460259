//! Commands of peers.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A well-formed command. Offers, answers and candidates are JSON, byte for byte as the peer sent
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub enum Request<'a> {
    FetchConfig,
    StartBroadcast {
        name: String,
        peer_name: Option<String>,
    },
    EndBroadcast {
        name: String,
    },
    JoinBroadcast {
        name: String,
        peer_name: Option<String>,
        offer: &'a str,
    },
    /// The broadcast's name is ignored: a peer is in at most one broadcast.
    LeaveBroadcast,
    RelayBroadcastReceived {
        peer: String,
        answer: &'a str,
    },
    IceCandidates {
        peer: String,
        candidates: &'a str,
    },
    IceCandidatesReceived {
        peer: String,
    },
    SubscribeToTreeState {
        name: String,
    },
    UnsubscribeFromTreeState {
        name: String,
    },
}

/// Why a frame cannot be read as a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// The frame is not JSON. The caller closes the socket.
    NoJson,
    /// The command is unknown or a field is missing; the text names it.
    Message(String),
}

/// Reads a frame.
pub fn read(text: &str) -> Result<Request<'_>, Unreadable> {
    let json: &RawValue = serde_json::from_str(text).map_err(|_| Unreadable::NoJson)?;
    if !json.get().starts_with('{') {
        return Err(message("Message is not a JSON object"));
    }
    let fields = serde_json::from_str(json.get()).map_err(|_| Unreadable::NoJson)?;
    let mut fields = Fields {
        command: String::new(),
        fields,
    };
    let command = fields.text("command");
    fields.command = command.ok_or_else(|| message("Message is lacking a command property"))?;
    request(&fields)
}

fn request<'a>(fields: &Fields<'a>) -> Result<Request<'a>, Unreadable> {
    Ok(match fields.command.as_str() {
        "FETCH_CONFIG" => Request::FetchConfig,
        "START_BROADCAST" => Request::StartBroadcast {
            name: fields.string("name")?,
            peer_name: fields.text("peerName"),
        },
        "END_BROADCAST" => Request::EndBroadcast {
            name: fields.string("name")?,
        },
        "JOIN_BROADCAST" => Request::JoinBroadcast {
            name: fields.string("name")?,
            peer_name: fields.text("peerName"),
            offer: fields.json("offer", Kind::Object)?,
        },
        "LEAVE_BROADCAST" => Request::LeaveBroadcast,
        "RELAY_BROADCAST_RECEIVED" => Request::RelayBroadcastReceived {
            peer: fields.string("peer")?,
            answer: fields.json("answer", Kind::Object)?,
        },
        "ICE_CANDIDATES" => Request::IceCandidates {
            peer: fields.string("peer")?,
            candidates: fields.json("candidates", Kind::Array)?,
        },
        "ICE_CANDIDATES_RECEIVED" => Request::IceCandidatesReceived {
            peer: fields.string("peer")?,
        },
        "SUBSCRIBE_TO_TREE_STATE" => Request::SubscribeToTreeState {
            name: fields.string("name")?,
        },
        "UNSUBSCRIBE_FROM_TREE_STATE" => Request::UnsubscribeFromTreeState {
            name: fields.string("name")?,
        },
        other => return Err(message(&format!("Unknown command: {other}"))),
    })
}

fn message(text: &str) -> Unreadable {
    Unreadable::Message(text.to_owned())
}

/// The JSON type that a field must have.
#[derive(Clone, Copy)]
enum Kind {
    Object,
    Array,
}

/// The fields of a frame. The last of several fields with one name counts.
struct Fields<'a> {
    command: String,
    fields: BTreeMap<String, &'a RawValue>,
}

impl<'a> Fields<'a> {
    /// Returns an optional string. A field of another type counts as missing.
    fn text(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.fields.get(field)?.get()).ok()
    }

    fn string(&self, field: &str) -> Result<String, Unreadable> {
        self.text(field)
            .ok_or_else(|| self.lacks(field, "a string"))
    }

    fn json(&self, field: &str, kind: Kind) -> Result<&'a str, Unreadable> {
        let (first, what) = match kind {
            Kind::Object => ('{', "an object"),
            Kind::Array => ('[', "an array"),
        };
        let json = self.fields.get(field).map(|json| json.get());
        json.filter(|json| json.starts_with(first))
            .ok_or_else(|| self.lacks(field, what))
    }

    fn lacks(&self, field: &str, what: &str) -> Unreadable {
        let command = &self.command;
        message(&format!(
            "No \"{field}\" property specified or not {what} in {command} message"
        ))
    }
}

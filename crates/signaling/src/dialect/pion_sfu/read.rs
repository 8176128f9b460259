//! Frames from clients.
//!
//! ```text
//! {"event":"joinRoom","data":{"room_id":"attic","self_id":"mia"}}
//! {"event":"leaveRoom","data":{"room_id":"attic","self_id":"mia"}}
//! {"event":"offer","data":{"room_id":"attic","self_id":"mia","offer":{"type":"offer","sdp":"…"}}}
//! {"event":"answer","data":{"answer":{"type":"answer","sdp":"…"}}}        mostly without ids
//! {"event":"ice-candidate","data":{…,"candidate":{"candidate":"…","sdpMid":"0",…}}}
//! ```

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use thiserror::Error;

/// The fields of an object, with their values as raw JSON. The last of several fields with one name
/// counts, as in JavaScript.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// A request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The room and participant that the client names in the request.
    pub named: Named,
    /// What the client asks for.
    pub call: Call,
}

/// The kinds of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Join a room.
    Join(Identity),
    /// Leave the room.
    Leave,
    /// An SDP offer of the client, to be answered.
    Offer(String),
    /// The client's SDP answer to the server's offer.
    Answer(String),
    /// An ICE candidate of the client, as in `a=candidate`; empty at the end of candidates.
    Candidate(String),
}

/// A participant and its room. Both are arbitrary texts that are not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The room: `room_id`.
    pub room: String,
    /// The participant: `self_id`.
    pub peer: String,
}

/// The ids that a request names. The answers of most clients name none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    room: Option<String>,
    peer: Option<String>,
}

/// Why a frame cannot be read. The client is not told: the protocol has no errors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// The frame is not JSON. The caller closes the socket.
    #[error("a frame is JSON: {0}")]
    NoJson(String),
    /// The server takes no frames with this event.
    #[error("unknown event {0:?}")]
    UnknownEvent(String),
    /// A field is missing or has the wrong type.
    #[error("{0} is missing or not a valid {1}")]
    Field(&'static str, &'static str),
}

impl Named {
    /// Whether the request can come from this participant: each id that it names is equal. Ids that
    /// it does not name are not checked.
    pub fn fits(&self, identity: &Identity) -> bool {
        let fits = |said: &Option<String>, is: &str| said.as_deref().is_none_or(|said| said == is);
        fits(&self.room, &identity.room) && fits(&self.peer, &identity.peer)
    }
}

/// Reads a frame.
pub fn read(text: &str) -> Result<Request, Unreadable> {
    let json: Result<IgnoredAny, _> = serde_json::from_str(text);
    json.map_err(|error| Unreadable::NoJson(error.to_string()))?;
    let frame = object(text).ok_or(Unreadable::Field("the frame", "object"))?;
    let event = needed(&frame, "event")?;
    let data = within(&frame, "data")?;
    let named = Named {
        room: said(&data, "room_id")?,
        peer: said(&data, "self_id")?,
    };
    let call = match event.as_str() {
        "joinRoom" => Call::Join(identity(&named)?),
        "leaveRoom" => Call::Leave,
        "offer" => Call::Offer(needed(&within(&data, "offer")?, "sdp")?),
        "answer" => Call::Answer(needed(&within(&data, "answer")?, "sdp")?),
        // With one transport for all m-lines, the m-line that a candidate names does not matter.
        "ice-candidate" => Call::Candidate(needed(&within(&data, "candidate")?, "candidate")?),
        _ => return Err(Unreadable::UnknownEvent(event)),
    };
    Ok(Request { named, call })
}

fn identity(named: &Named) -> Result<Identity, Unreadable> {
    let text = |said: &Option<String>, field| {
        let text = said.clone().filter(|text| !text.is_empty());
        text.ok_or(Unreadable::Field(field, "text"))
    };
    Ok(Identity {
        room: text(&named.room, "room_id")?,
        peer: text(&named.peer, "self_id")?,
    })
}

fn object(text: &str) -> Option<Object<'_>> {
    serde_json::from_str(text).ok()
}

fn within<'a>(fields: &Object<'a>, name: &'static str) -> Result<Object<'a>, Unreadable> {
    let value = fields.get(name).and_then(|value| object(value.get()));
    value.ok_or(Unreadable::Field(name, "object"))
}

fn needed(fields: &Object<'_>, name: &'static str) -> Result<String, Unreadable> {
    said(fields, name)?.ok_or(Unreadable::Field(name, "text"))
}

/// Reads an optional string; `None` when it is missing or `null`.
fn said(fields: &Object<'_>, name: &'static str) -> Result<Option<String>, Unreadable> {
    let value = fields.get(name).map_or("null", |value| value.get());
    let text: Result<Option<String>, _> = serde_json::from_str(value);
    text.map_err(|_| Unreadable::Field(name, "text"))
}

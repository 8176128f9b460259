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

/// The fields of an object, each value as it came. Of two with one name the later counts, as in
/// JavaScript.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who it says that it is.
    pub named: Named,
    /// What it wants.
    pub call: Call,
}

/// The kinds of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Enter a room.
    Join(Identity),
    /// Leave it.
    Leave,
    /// A description of its connection, to be answered.
    Offer(String),
    /// The answer to the server's offer.
    Answer(String),
    /// An address at which it may be reached, as in `a=candidate`; empty at the end of them.
    Candidate(String),
}

/// Who is where: texts that are not empty, and otherwise as clients like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `room_id`
    pub room: String,
    /// `self_id`
    pub peer: String,
}

/// What a request says of its sender. Answers of most clients say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    room: Option<String>,
    peer: Option<String>,
}

/// Why a frame is no request. No client is told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It is no JSON: the socket is to be closed.
    #[error("a frame is JSON: {0}")]
    NoJson(String),
    /// There is no such event for the server.
    #[error("there is no event {0:?}")]
    UnknownEvent(String),
    /// A field is missing, or is of another type.
    #[error("{0} is missing or no {1}")]
    Field(&'static str, &'static str),
}

impl Named {
    /// Whether these can be the words of somebody: what is said fits, and what is not said is no
    /// matter.
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
        // All are of one connection: which m-line a candidate names is no matter.
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

/// A text; `None` when there is none, or `null`.
fn said(fields: &Object<'_>, name: &'static str) -> Result<Option<String>, Unreadable> {
    let value = fields.get(name).map_or("null", |value| value.get());
    let text: Result<Option<String>, _> = serde_json::from_str(value);
    text.map_err(|_| Unreadable::Field(name, "text"))
}

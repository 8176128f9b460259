//! Frames read and written as JSON text.
//!
//! ```text
//! {"type":"broadcastRequest","message":"…","userId":"ana","roomId":"lab7"}   base64 of {type,sdp}
//! {"type":"subscribeRequest","message":"…","userId":"ana","roomId":"lab7"}   or of null
//! {"type":"remoteAnswer","message":"…"}
//! {"type":"iceCandidate","message":"{\"candidate\":\"candidate:…\",…}"}      in both directions
//!
//! {"type":"remoteDescription","message":{"type":"answer","sdp":"…"}}
//! {"type":"remoteOffer","message":{"type":"offer","sdp":"…"}}
//! {"type":"broadcasterExited","message":{"type":"offer","sdp":"…"}}
//! {"type":"duplicatedSession"}
//! ```

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use super::names::{Names, NamesError};

/// Maximum size of a candidate in bytes. A longer one is refused.
const CANDIDATE_BYTES_MAX: usize = 1_024;

/// The role of a client on its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The client sends audio and video.
    Broadcaster,
    /// The client receives audio and video.
    Subscriber,
}

/// A session description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Description {
    /// `offer` or `answer`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The SDP.
    pub sdp: String,
}

/// A request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Begin to broadcast or to subscribe.
    Begin {
        /// Whether the client broadcasts or subscribes.
        role: Role,
        /// The broadcast.
        names: Names,
        /// The client's offer; `None` when the server is to offer.
        offer: Option<String>,
    },
    /// Answer the server's last offer; `None` when the client's answer is not ready.
    Answer(Option<Description>),
    /// Add an ICE candidate of the client; `None` at the end of candidates.
    Candidate(Option<String>),
}

/// Why a frame cannot be read. The client is not told: the protocol has no errors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// The frame is not a JSON object.
    #[error("a frame is a JSON object: {0}")]
    NoObject(String),
    /// The server takes no frames of this type.
    #[error("unknown type {0:?}")]
    UnknownType(String),
    /// A field is missing or has the wrong type or content.
    #[error("{0} is missing or not a valid {1}")]
    Field(&'static str, &'static str),
    /// The names cannot be those of a broadcast.
    #[error(transparent)]
    Names(#[from] NamesError),
}

/// Reads a frame.
pub fn read(text: &str) -> Result<Request, Unreadable> {
    let frame: BTreeMap<String, Value> =
        serde_json::from_str(text).map_err(|error| Unreadable::NoObject(error.to_string()))?;
    let kind = string(&frame, "type")?;
    match kind {
        "broadcastRequest" => begin(&frame, Role::Broadcaster),
        "subscribeRequest" => begin(&frame, Role::Subscriber),
        "remoteAnswer" => description(&frame).map(Request::Answer),
        "iceCandidate" => candidate(&frame).map(Request::Candidate),
        kind => Err(Unreadable::UnknownType(kind.to_owned())),
    }
}

fn begin(frame: &BTreeMap<String, Value>, role: Role) -> Result<Request, Unreadable> {
    let offer = description(frame)?;
    if offer.as_ref().is_some_and(|offer| offer.kind != "offer") {
        return Err(Unreadable::Field("message", "offer"));
    }
    let (room, user) = (name(frame, "roomId")?, name(frame, "userId")?);
    let (names, offer) = (Names::new(&room, &user)?, offer.map(|offer| offer.sdp));
    Ok(Request::Begin { role, names, offer })
}

/// Reads a description: JSON in base64; `None` for `null`.
fn description(frame: &BTreeMap<String, Value>) -> Result<Option<Description>, Unreadable> {
    let bytes = BASE64_STANDARD.decode(string(frame, "message")?).ok();
    let description = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    description.ok_or(Unreadable::Field("message", "description in base64"))
}

fn candidate(frame: &BTreeMap<String, Value>) -> Result<Option<String>, Unreadable> {
    #[derive(Deserialize)]
    struct Candidate {
        candidate: String,
    }
    let refused = || Unreadable::Field("message", "candidate");
    let text = string(frame, "message")?;
    let read: Option<Candidate> = serde_json::from_str(text).map_err(|_| refused())?;
    let candidate = read
        .map(|read| read.candidate)
        .filter(|text| !text.is_empty());
    match candidate {
        Some(text) if text.len() > CANDIDATE_BYTES_MAX => Err(refused()),
        candidate => Ok(candidate),
    }
}

fn string<'a>(
    frame: &'a BTreeMap<String, Value>,
    key: &'static str,
) -> Result<&'a str, Unreadable> {
    let value = frame.get(key).and_then(Value::as_str);
    value.ok_or(Unreadable::Field(key, "string"))
}

/// Reads a name. Pages with an empty name field send the number 0.
fn name(frame: &BTreeMap<String, Value>, key: &'static str) -> Result<String, Unreadable> {
    match frame.get(key) {
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => string(frame, key).map(str::to_owned),
    }
}

/// The server's answer to a request with an offer.
pub(super) fn remote_description(sdp: &str) -> String {
    let message = json!({ "type": "answer", "sdp": sdp });
    json!({ "type": "remoteDescription", "message": message }).to_string()
}

/// An offer with the tracks of the broadcast.
pub(super) fn remote_offer(sdp: &str) -> String {
    let message = json!({ "type": "offer", "sdp": sdp });
    json!({ "type": "remoteOffer", "message": message }).to_string()
}

/// An offer without tracks.
pub(super) fn broadcaster_exited(sdp: &str) -> String {
    let message = json!({ "type": "offer", "sdp": sdp });
    json!({ "type": "broadcasterExited", "message": message }).to_string()
}

/// A candidate of the server.
pub(super) fn ice_candidate(candidate: &str, mid: Option<&str>, ufrag: Option<&str>) -> String {
    let candidate = json!({
        "candidate": candidate,
        "sdpMid": mid,
        "sdpMLineIndex": 0,
        "usernameFragment": ufrag,
    });
    json!({ "type": "iceCandidate", "message": candidate.to_string() }).to_string()
}

/// Another client already broadcasts under these names.
pub(super) fn duplicated_session() -> String {
    json!({ "type": "duplicatedSession" }).to_string()
}

//! Frames from clients.
//!
//! ```text
//! {"event":"createRoom","roomName":"cooking"}
//! {"event":"closeRoom"}
//! {"event":"joinRoom","name":"lin","roomName":"cooking"}
//! {"event":"chatSend","msg":"hi","roomName":"cooking"}         hosts leave roomName out
//! {"event":"_offer","data":{"sdp":{…},"nameB":"lin"}}          from the host to this viewer
//! {"event":"_answer","data":{"sdp":{…},"nameA":"cooking"}}     from a viewer to this room
//! {"event":"_ice_candidate","data":{"candidate":{…},"to":"lin"}}
//! ```

use std::collections::BTreeMap;

use room::direct::{Request, Signal};
use serde_json::value::RawValue;
use thiserror::Error;

/// The fields of an object, with their values as raw JSON. The last of several fields with one name
/// counts, as in JavaScript.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Why a frame cannot be read. The client is not told: the protocol has no errors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// The frame is not a JSON object.
    #[error("a frame is a JSON object: {0}")]
    NoObject(String),
    /// The server takes no frames with this event.
    #[error("unknown event {0:?}")]
    UnknownEvent(String),
    /// A field is missing or has the wrong type.
    #[error("{0} is missing or not a valid {1}")]
    Field(&'static str, &'static str),
}

/// Reads a frame.
pub fn read(text: &str) -> Result<Request, Unreadable> {
    let frame: Object<'_> =
        serde_json::from_str(text).map_err(|error| Unreadable::NoObject(error.to_string()))?;
    let event = needed(&frame, "event")?;
    Ok(match event.as_str() {
        "createRoom" => Request::Create {
            room: name(&frame, "roomName"),
        },
        "closeRoom" => Request::Close,
        "joinRoom" => Request::Join {
            room: name(&frame, "roomName"),
            name: name(&frame, "name"),
        },
        "chatSend" => Request::Chat {
            room: string(&frame, "roomName"),
            text: needed(&frame, "msg")?,
        },
        "_offer" => signal(Signal::Offer, &frame, &event)?,
        "_answer" => signal(Signal::Answer, &frame, &event)?,
        "_ice_candidate" => signal(Signal::Candidate, &frame, &event)?,
        _ => return Err(Unreadable::UnknownEvent(event)),
    })
}

/// Reads a signal to pass on. Its body is the frame with all values byte for byte, open at the end:
/// the writer adds the sender's name to `data` and closes the objects.
fn signal(signal: Signal, frame: &Object<'_>, event: &str) -> Result<Request, Unreadable> {
    let no_data = Unreadable::Field("data", "object");
    let data = frame.get("data").ok_or(no_data.clone())?;
    let mut data: Object<'_> = serde_json::from_str(data.get()).map_err(|_| no_data)?;
    let to = needed(&data, receiver(signal))?;
    // A sender's name that the client gives is dropped: it could be that of another client.
    data.remove(sender(signal));
    let others = frame
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "event" | "data"));
    let mut body = format!("{{\"event\":{}", quoted(event));
    for (key, value) in others {
        body += &format!(",{}:{value}", quoted(key));
    }
    body += ",\"data\":{";
    for (key, value) in &data {
        body += &format!("{}:{value},", quoted(key));
    }
    Ok(Request::Signal { signal, to, body })
}

/// The field of `data` that names the receiver of a signal.
pub(super) fn receiver(signal: Signal) -> &'static str {
    match signal {
        Signal::Offer => "nameB",
        Signal::Answer => "nameA",
        Signal::Candidate => "to",
    }
}

/// The field of `data` that names the sender of a signal.
pub(super) fn sender(signal: Signal) -> &'static str {
    match signal {
        Signal::Offer => "nameA",
        Signal::Answer => "nameB",
        Signal::Candidate => "from",
    }
}

/// Reads a name; blank when it is missing or not a string. Requests with blank names are refused,
/// so that the client is told, which it would not be of an unreadable frame.
fn name(object: &Object<'_>, key: &'static str) -> String {
    string(object, key).unwrap_or_default()
}

fn needed(object: &Object<'_>, key: &'static str) -> Result<String, Unreadable> {
    string(object, key).ok_or(Unreadable::Field(key, "string"))
}

fn string(object: &Object<'_>, key: &str) -> Option<String> {
    serde_json::from_str(object.get(key)?.get()).ok()
}

/// Writes a text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}

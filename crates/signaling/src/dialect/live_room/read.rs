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

use broadcast::direct::{Request, Signal};
use serde_json::value::RawValue;
use thiserror::Error;

/// The fields of an object, each value as it came. Of two with one name the later counts, as in
/// JavaScript.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Why a frame is no request. No client is told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It is no JSON object.
    #[error("a frame is a JSON object: {0}")]
    NoObject(String),
    /// There is no such event for the server.
    #[error("there is no event {0:?}")]
    UnknownEvent(String),
    /// A field is missing, or is of another type.
    #[error("{0} is missing or no {1}")]
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

/// What is to be passed on: as it came, up to where the sender's name is put in.
fn signal(signal: Signal, frame: &Object<'_>, event: &str) -> Result<Request, Unreadable> {
    let no_data = Unreadable::Field("data", "object");
    let data = frame.get("data").ok_or(no_data.clone())?;
    let mut data: Object<'_> = serde_json::from_str(data.get()).map_err(|_| no_data)?;
    let to = needed(&data, receiver(signal))?;
    // Who says that it is somebody else is not believed.
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

/// The field that names who a signal is for.
pub(super) fn receiver(signal: Signal) -> &'static str {
    match signal {
        Signal::Offer => "nameB",
        Signal::Answer => "nameA",
        Signal::Candidate => "to",
    }
}

/// The field that names who a signal is from.
pub(super) fn sender(signal: Signal) -> &'static str {
    match signal {
        Signal::Offer => "nameA",
        Signal::Answer => "nameB",
        Signal::Candidate => "from",
    }
}

/// A name. One that cannot be read is blank: requests with blank names are refused, and the client
/// is told.
fn name(object: &Object<'_>, key: &'static str) -> String {
    string(object, key).unwrap_or_default()
}

fn needed(object: &Object<'_>, key: &'static str) -> Result<String, Unreadable> {
    string(object, key).ok_or(Unreadable::Field(key, "string"))
}

fn string(object: &Object<'_>, key: &str) -> Option<String> {
    serde_json::from_str(object.get(key)?.get()).ok()
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}

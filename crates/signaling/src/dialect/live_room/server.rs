//! What the server says and is told where media goes through it: it is one of the two sides then.

use broadcast::direct::{Name, Signal};
use serde::Deserialize;

use super::read::{Unreadable, quoted, receiver};

/// An offer to this viewer, as the body of an
/// [`Event::Signal`](broadcast::direct::Event::Signal).
pub fn offer(viewer: &Name, sdp: &str) -> String {
    describe(Signal::Offer, "offer", viewer, sdp)
}

/// An answer to the host of this room, as such a body.
pub fn answer(room: &Name, sdp: &str) -> String {
    describe(Signal::Answer, "answer", room, sdp)
}

fn describe(signal: Signal, kind: &str, to: &Name, sdp: &str) -> String {
    let (receiver, to, sdp) = (receiver(signal), quoted(to.as_str()), quoted(sdp));
    let sdp = format!(r#"{{"type":"{kind}","sdp":{sdp}}}"#);
    // The sender's name is put in when it is written.
    format!(r#"{{"event":"_{kind}","data":{{"sdp":{sdp},"{receiver}":{to},"#)
}

#[derive(Deserialize)]
struct Said {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    sdp: Description,
}

#[derive(Deserialize)]
struct Description {
    sdp: String,
}

/// The SDP in the body of an offer or an answer.
pub fn sdp(body: &str) -> Result<String, Unreadable> {
    // It ends where the sender's name would be put in.
    let said: Result<Said, _> = serde_json::from_str(&format!("{body}\"\":null}}}}"));
    let said = said.map_err(|_| Unreadable::Field("data.sdp.sdp", "string"))?;
    Ok(said.data.sdp.sdp)
}

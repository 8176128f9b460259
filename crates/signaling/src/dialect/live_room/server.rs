//! Offers and answers of the server, which is one of the two peers when media goes through it.

use room::direct::{Name, Signal};
use serde::Deserialize;

use super::read::{Unreadable, quoted, receiver};

/// An offer of the server to a viewer, as the body of an
/// [`Event::Signal`](room::direct::Event::Signal).
pub fn offer(viewer: &Name, sdp: &str) -> String {
    describe(Signal::Offer, "offer", viewer, sdp)
}

/// An answer of the server to the host of a room, as such a body.
pub fn answer(room: &Name, sdp: &str) -> String {
    describe(Signal::Answer, "answer", room, sdp)
}

fn describe(signal: Signal, kind: &str, to: &Name, sdp: &str) -> String {
    let (receiver, to, sdp) = (receiver(signal), quoted(to.as_str()), quoted(sdp));
    let sdp = format!(r#"{{"type":"{kind}","sdp":{sdp}}}"#);
    // The body stays open: `write` adds the sender's name and closes the objects.
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

/// The SDP in the body of an offer or an answer. Fails when `data.sdp.sdp` is not a string.
pub fn sdp(body: &str) -> Result<String, Unreadable> {
    // The body ends where the sender's name belongs. An empty field takes its place here.
    let said: Result<Said, _> = serde_json::from_str(&format!("{body}\"\":null}}}}"));
    let said = said.map_err(|_| Unreadable::Field("data.sdp.sdp", "string"))?;
    Ok(said.data.sdp.sdp)
}

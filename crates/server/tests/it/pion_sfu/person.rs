//! A client that behaves as those in the field do, without media.

use std::time::Duration;

use serde_json::{Value, json};

use crate::offer;
use crate::running::Running;
use crate::wire::Wire;

/// A frame that has not come after this time counts as not coming at all.
const QUIET: Duration = Duration::from_millis(300);

/// A participant and its socket.
pub(super) struct Person {
    pub(super) wire: Wire,
    pub(super) room: String,
    pub(super) id: String,
    /// The offer of what it publishes, the same for the whole connection.
    pub(super) offer: String,
}

impl Person {
    /// Connects and joins a room.
    pub(super) fn joins(server: &Running, room: &str, id: &str) -> Self {
        let mut person = Self::comes(server, room, id);
        person.join();
        person
    }

    /// Connects, joins a room, and publishes audio and video as `<id>-stream`.
    pub(super) fn publishes(server: &Running, room: &str, id: &str) -> Self {
        let mut person = Self::joins(server, room, id);
        person.publish();
        person
    }

    /// Connects without joining yet.
    pub(super) fn comes(server: &Running, room: &str, id: &str) -> Self {
        Self {
            wire: Wire::open(&server.address, "/"),
            room: room.to_owned(),
            id: id.to_owned(),
            offer: publishing(&format!("{id}-stream"), id),
        }
    }

    pub(super) fn join(&mut self) {
        let data = self.ids();
        self.tell("joinRoom", data);
    }

    pub(super) fn ids(&self) -> Value {
        json!({ "room_id": self.room, "self_id": self.id })
    }

    pub(super) fn tell(&mut self, event: &str, data: Value) {
        self.wire.send(&json!({ "event": event, "data": data }));
    }

    /// Sends its offer. Returns the answer.
    pub(super) fn publish(&mut self) -> String {
        let offer = self.offer.clone();
        self.send_offer(&offer);
        self.comes_next("answer")["sdp"]
            .as_str()
            .expect("a description")
            .to_owned()
    }

    pub(super) fn send_offer(&mut self, sdp: &str) {
        let mut data = self.ids();
        data["offer"] = json!({ "type": "offer", "sdp": sdp });
        self.tell("offer", data);
    }

    /// Answers an offer of the server, without ids.
    pub(super) fn answer(&mut self, offer: &Value) {
        let answer = self.answer_to(offer);
        self.tell("answer", json!({ "answer": answer }));
    }

    /// An answer that accepts all, and sends what the server asks for.
    pub(super) fn answer_to(&self, offer: &Value) -> Value {
        let sdp = offer["sdp"].as_str().expect("a description");
        let own = |name: &str| {
            let mut lines = self.offer.lines();
            lines
                .find(|line| line.starts_with(name))
                .expect("it is there")
        };
        let lines = sdp.lines().filter_map(|line| match line {
            "a=sendonly" => Some("a=recvonly"),
            "a=recvonly" => Some("a=sendonly"),
            "a=setup:actpass" => Some("a=setup:active"),
            _ if line.starts_with("a=ssrc") || line.starts_with("a=msid") => None,
            _ if line.starts_with("a=candidate") => None,
            _ => {
                let names = ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint"];
                let name = names.iter().find(|name| line.starts_with(**name));
                Some(name.map_or(line, |name| own(name)))
            }
        });
        let sdp: String = lines.map(|line| format!("{line}\r\n")).collect();
        json!({ "type": "answer", "sdp": sdp })
    }

    /// Waits for the next frame that is no candidate, and checks its event. Returns its data,
    /// parsed.
    pub(super) fn comes_next(&mut self, event: &str) -> Value {
        let frame = self.wire.until(|frame| frame["event"] != "candidate");
        assert_eq!(frame["event"], event, "{frame}");
        let data = said(&frame);
        assert_eq!(data["type"], event, "{frame}");
        data
    }

    /// Waits for the next offer and answers it. Returns the streams in it.
    pub(super) fn is_shown(&mut self) -> Vec<String> {
        let offer = self.comes_next("offer");
        self.answer(&offer);
        streams(&offer)
    }

    /// Answers offers until one has exactly these streams.
    pub(super) fn sees(&mut self, wanted: &[&str]) {
        while self.is_shown() != wanted {}
    }

    /// Checks that nothing but candidates comes for [`QUIET`].
    pub(super) fn hears_nothing(&mut self) {
        while let Some(frame) = self.wire.within(QUIET) {
            assert_eq!(frame["event"], "candidate", "{frame}");
        }
    }

    pub(super) fn leave(&mut self) {
        let data = self.ids();
        self.tell("leaveRoom", data);
    }
}

/// The data of a frame, which is JSON in a text.
pub(super) fn said(frame: &Value) -> Value {
    let text = frame["data"].as_str().expect("a text");
    serde_json::from_str(text).expect("JSON in the text")
}

/// An offer whose tracks have the msids `<stream> <id>-audio` and `<stream> <id>-video`.
pub(super) fn publishing(stream: &str, id: &str) -> String {
    let sdp = offer::publishing();
    let mut kinds = ["audio", "video"].into_iter();
    let mut out = String::new();
    for line in sdp.lines() {
        let replaced = line.starts_with("a=msid") || line.starts_with("a=ssrc");
        if !replaced {
            out += &format!("{line}\r\n");
        }
        if line.starts_with("a=mid:") {
            let kind = kinds.next().expect("two m-lines");
            out += &format!("a=msid:{stream} {id}-{kind}\r\n");
        }
    }
    out
}

/// The streams that the server sends according to a description, each once, sorted.
pub(super) fn streams(description: &Value) -> Vec<String> {
    let mut streams: Vec<String> = tracks(description)
        .into_iter()
        .map(|(stream, _)| stream)
        .collect();
    streams.sort();
    streams.dedup();
    streams
}

/// The mids of the m-lines in a description.
pub(super) fn mids(description: &Value) -> Vec<&str> {
    let sdp = description["sdp"].as_str().expect("a description");
    let mids = sdp.lines().filter_map(|line| line.strip_prefix("a=mid:"));
    mids.collect()
}

/// The streams and tracks that the server sends according to a description.
pub(super) fn tracks(description: &Value) -> Vec<(String, String)> {
    let sdp = description["sdp"].as_str().expect("a description");
    let sections = sdp.split("\nm=").skip(1);
    let sent = sections.filter(|s| s.contains("a=sendonly") || s.contains("a=sendrecv"));
    let names = sent.filter_map(|section| {
        let mut lines = section.lines();
        let msid = lines.find_map(|line| line.strip_prefix("a=msid:"))?;
        let (stream, track) = msid.split_once(' ')?;
        Some((stream.to_owned(), track.to_owned()))
    });
    names.collect()
}

//! Frames to clients. Their `data` is JSON inside a string.
//!
//! ```text
//! {"event":"answer","data":"{\"type\":\"answer\",\"sdp\":\"…\"}"}
//! {"event":"offer","data":"{\"type\":\"offer\",\"sdp\":\"…\",\"self_id\":\"mia\",\"room_id\":\"attic\"}"}
//! {"event":"candidate","data":"{\"candidate\":\"candidate:…\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"usernameFragment\":null}"}
//! ```

use serde::Serialize;

use super::Identity;

#[derive(Serialize)]
struct Frame {
    event: &'static str,
    data: String,
}

#[derive(Serialize)]
struct Description<'a> {
    r#type: &'static str,
    sdp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    candidate: &'a str,
    sdp_mid: &'a str,
    #[serde(rename = "sdpMLineIndex")]
    sdp_m_line_index: usize,
    /// Always `null`: the ufrag is that of the description before.
    username_fragment: Option<&'a str>,
}

/// The server's answer to a client's offer.
pub fn answer(sdp: &str) -> String {
    let description = Description {
        r#type: "answer",
        sdp,
        self_id: None,
        room_id: None,
    };
    frame("answer", &description)
}

/// An offer of the server, with the ids that some clients copy into their answers.
pub fn offer(sdp: &str, identity: &Identity) -> String {
    let description = Description {
        r#type: "offer",
        sdp,
        self_id: Some(&identity.peer),
        room_id: Some(&identity.room),
    };
    frame("offer", &description)
}

/// The candidates of a description, one frame each. They are taken from the first m-line that has
/// any: all m-lines share them.
pub fn candidates(sdp: &str) -> Vec<String> {
    let sections = sdp.split("\nm=").skip(1).enumerate();
    let mut frames = sections.map(|(index, section)| of_section(index, section));
    frames.find(|all| !all.is_empty()).unwrap_or_default()
}

fn of_section(index: usize, section: &str) -> Vec<String> {
    let lines = || section.lines().map(str::trim_end);
    let attributes = || lines().filter_map(|line| line.strip_prefix("a="));
    let mid = attributes().find_map(|attribute| attribute.strip_prefix("mid:"));
    let candidates = attributes().filter(|attribute| attribute.starts_with("candidate:"));
    let frames = candidates.map(|candidate| {
        let candidate = Candidate {
            candidate,
            sdp_mid: mid.unwrap_or_default(),
            sdp_m_line_index: index,
            username_fragment: None,
        };
        frame("candidate", &candidate)
    });
    frames.collect()
}

fn frame(event: &'static str, data: &impl Serialize) -> String {
    let data = json(data);
    json(&Frame { event, data })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have string keys and finite numbers")
}

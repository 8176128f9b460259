//! Plays the transcripts of broadcast-recording against its sessions, in virtual time.
//!
//! ```text
//! ### A broadcaster starts                                    title of a scene; resets everything
//! * A is o=- 1 1|m=audio 9 X 111|a=mid:0                      defines a description named A
//! ana > {"type":"broadcastRequest","message":offer(A),…}      a client's frame, offer(A) in base64
//! ana = begin Broadcaster lab7/ana, offer A                   an output the server carries out
//! * ana is answered B                                         a call of the server
//! ana < {"message":{"sdp":"<B>","type":"answer"},…}           a frame to a client
//! * ana is offered C, * ana is duplicated, * ana has to be offered first
//! * video of ana, * ana pings ping-1000, * 500 ms
//! ana ! unknown type "x"                                      why a frame was dropped
//! ```
//!
//! `HEADWATER_RECORD=1 cargo test -p headwater-signaling broadcast_recording` records the output in
//! the files instead.

use base64::prelude::{BASE64_STANDARD, Engine};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_signaling::dialect::broadcast_recording::{Label, Output, Role, Session};

use crate::transcripts;

#[test]
fn broadcast_recording_transcripts_replay_unchanged() {
    transcripts::replay("broadcast_recording", play);
}

/// Plays a transcript. Returns it with the lines with `<`, `=` and `!` replaced by the actual
/// output.
fn play(text: &str) -> String {
    let mut scene = Scene::new();
    for line in text.lines() {
        let sign = line.split(' ').nth(1);
        match sign {
            Some("<" | "=" | "!") => continue,
            Some(">") => scene.frame(line),
            _ => scene.direct(line),
        }
    }
    scene.out
}

struct Scene {
    begin: Instant,
    now: Instant,
    sessions: BTreeMap<String, (Session, Option<(Role, String)>)>,
    descriptions: BTreeMap<String, String>,
    out: String,
}

impl Scene {
    fn new() -> Self {
        let begin = Instant::now();
        Self {
            begin,
            now: begin,
            sessions: BTreeMap::new(),
            descriptions: BTreeMap::new(),
            out: String::new(),
        }
    }

    fn write(&mut self, line: &str) {
        self.out += line.trim_end();
        self.out.push('\n');
    }

    /// Carries out a stage direction: a line that is not a frame.
    fn direct(&mut self, line: &str) {
        self.write(line);
        if line.starts_with("###") {
            let out = std::mem::take(&mut self.out);
            *self = Self { out, ..Self::new() };
        }
        let Some(stage) = line.strip_prefix("* ") else {
            return;
        };
        match stage.splitn(4, ' ').collect::<Vec<_>>()[..] {
            [time, "ms"] => return self.pass(time.parse().expect("a number")),
            ["video", "of", name] => {
                let now = self.now;
                self.session(name).0.video_came(now);
            }
            [name, "pings", text] => {
                let now = self.now;
                let pong = self
                    .session(name)
                    .0
                    .channel_text(now, Label::HealthCheck, text);
                self.write(&format!("{name} = write HealthCheck {pong:?}"));
            }
            [name, "is", "duplicated"] => self.session(name).0.duplicated(),
            [name, "is", "answered", called] => {
                let answer = self.descriptions[called].clone();
                let (session, asked) = self.session(name);
                let (role, offer) = asked.take().expect("it has asked");
                session.begun(role, Some((&offer, &answer)));
            }
            [name, "has", "to", _] => {
                let (session, asked) = self.session(name);
                let (role, _) = asked.take().expect("it has asked");
                session.begun(role, None);
            }
            [name, "is", "offered", called] => {
                let offer = self.descriptions[called].clone();
                self.session(name).0.offered(&offer);
            }
            _ => {
                let (name, text) = stage.split_once(" is ").expect("a description");
                let sdp = text.split('|').flat_map(|line| [line, "\r\n"]).collect();
                self.descriptions.insert(name.to_owned(), sdp);
            }
        }
        self.tell();
    }

    fn session(&mut self, name: &str) -> &mut (Session, Option<(Role, String)>) {
        self.sessions.entry(name.to_owned()).or_default()
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        loop {
            let due = self
                .sessions
                .values()
                .filter_map(|(session, _)| session.poll_timeout());
            let Some(due) = due.min().filter(|due| *due <= end) else {
                break;
            };
            self.now = due;
            for (session, _) in self.sessions.values_mut() {
                if session.poll_timeout().is_some_and(|at| at <= due) {
                    session.handle_timeout(due);
                }
            }
            self.tell();
        }
        self.now = end;
    }

    /// Carries out a line with `>`, a frame of a client.
    fn frame(&mut self, line: &str) {
        self.write(line);
        let (name, frame) = line.split_once(" > ").expect("a frame");
        let mut frame = frame.to_owned();
        for (called, sdp) in &self.descriptions {
            for kind in ["offer", "answer"] {
                let json = serde_json::json!({ "type": kind, "sdp": sdp }).to_string();
                let message = format!("\"{}\"", BASE64_STANDARD.encode(&json));
                frame = frame.replace(&format!("{kind}({called})"), &message);
            }
        }
        frame = frame.replace("base64(null)", "\"bnVsbA==\"");
        if let Err(refusal) = self.session(name).0.received(&frame) {
            self.write(&format!("{name} ! {refusal}"));
        }
        self.tell();
    }

    fn tell(&mut self) {
        let mut lines = Vec::new();
        let at = (self.now - self.begin).as_millis();
        for (name, (session, asked)) in &mut self.sessions {
            while let Some(output) = session.poll_output() {
                lines.push(match output {
                    Output::Send(frame) => format!("{name} < {frame}"),
                    Output::Begin { role, names, offer } => {
                        let stream = names.stream;
                        *asked = Some((role, offer.clone().unwrap_or_default()));
                        match offer {
                            Some(offer) => {
                                format!("{name} = begin {role:?} {stream}, offer {offer}")
                            }
                            None => format!("{name} = begin {role:?} {stream}, no offer"),
                        }
                    }
                    Output::Answer(answer) => format!("{name} = answer {answer}"),
                    Output::Candidate(candidate) => format!("{name} = {candidate}"),
                    Output::Write(label, text) => {
                        format!("{name} = write {label:?} {text:?} at {at} ms")
                    }
                    Output::End => format!("{name} = end at {at} ms"),
                });
            }
        }
        for line in lines {
            let line = self.with_names(line);
            self.write(&line);
        }
    }

    /// The line with every known description replaced by its name.
    fn with_names(&self, mut line: String) -> String {
        for (called, sdp) in &self.descriptions {
            let quoted = serde_json::json!(sdp).to_string();
            line = line.replace(quoted.trim_matches('"'), &format!("<{called}>"));
            line = line.replace(sdp, called);
        }
        line.replace("\r\n", "|")
    }
}

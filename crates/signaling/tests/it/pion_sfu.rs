//! Plays the transcripts of Pion_SFU: the dialect reads and writes frames, and real rooms behind it
//! keep the participants. Stage directions replace media.
//!
//! ```text
//! ### A participant joins                                     title of a scene; resets everything
//! mia > {"event":"joinRoom","data":{…}}                       a frame of a client
//! mia : joins                                                 the effect of the frame
//! mia ! data is missing or not a valid object                 why a frame was dropped
//! * answer to mia: v=0|m=audio 9|…                            the server has a description to send
//! mia < {"event":"answer","data":"…"}                         the frames to the client
//! * mia is gone                                               the client's socket ends
//! ```
//!
//! In descriptions `|` stands for the end of a line. `HEADWATER_RECORD=1 cargo test -p
//! headwater-signaling pion_sfu` records the output in the files instead.

use std::collections::BTreeMap;
use std::time::Instant;

use headwater_signaling::dialect::pion_sfu::{self, Call, Identity};
use room::{
    EndReason, Event, Join, Limits, Output, ParticipantId, ParticipantKey, Role, RoomName, Rooms,
};

use crate::transcripts;

#[test]
fn pion_sfu_transcripts_replay_unchanged() {
    let played = transcripts::replay("pion_sfu", play);
    assert!(played >= 2, "only {played} transcripts");
}

/// Plays a transcript. Returns it with the lines with `<`, `:` and `!` replaced by the actual
/// output.
fn play(text: &str) -> String {
    let mut scene = Scene::new();
    for line in text.lines() {
        let sign = line
            .split(' ')
            .nth(1)
            .filter(|_| !line.starts_with(['#', '*']));
        if matches!(sign, Some("<" | ":" | "!")) {
            continue;
        }
        if line.starts_with("### ") {
            let out = std::mem::take(&mut scene.out);
            scene = Scene {
                out,
                ..Scene::new()
            };
        }
        scene.out += &format!("{line}\n");
        match line.split_once(" > ") {
            Some((name, frame)) => scene.frame(name, frame),
            None => scene.direct(line),
        }
    }
    scene.out
}

struct Scene {
    rooms: Rooms,
    now: Instant,
    /// Sockets by name, with their participants.
    people: BTreeMap<String, (ParticipantKey, Identity)>,
    keys: u64,
    out: String,
}

impl Scene {
    fn new() -> Self {
        Self {
            rooms: Rooms::new(Limits::default()),
            now: Instant::now(),
            people: BTreeMap::new(),
            keys: 0,
            out: String::new(),
        }
    }

    fn frame(&mut self, name: &str, frame: &str) {
        let request = match pion_sfu::read(frame) {
            Ok(request) => request,
            Err(error) => return self.say(name, '!', &error.to_string()),
        };
        if let Call::Join(identity) = request.call {
            return self.join(name, identity);
        }
        let identity = self.people.get(name).map(|(_, identity)| identity);
        let Some(identity) = identity.filter(|identity| request.named.fits(identity)) else {
            return self.say(name, '!', "it is not who it says");
        };
        let room = identity.room.clone();
        match request.call {
            Call::Join(_) => {}
            Call::Leave => self.leave(name, &format!("leaves {room}")),
            Call::Offer(sdp) => self.say(name, ':', &format!("offers {}", short(&sdp))),
            Call::Answer(sdp) => self.say(name, ':', &format!("answers {}", short(&sdp))),
            Call::Candidate(text) => self.say(name, ':', &format!("is at {text:?}")),
        }
    }

    fn join(&mut self, name: &str, identity: Identity) {
        if self.people.contains_key(name) {
            self.leave(name, "begins anew");
        }
        self.keys += 1;
        let join = Join {
            key: ParticipantKey(self.keys),
            room: RoomName::of_text(&identity.room).expect("a name"),
            id: ParticipantId::of_text(&identity.peer).expect("an id"),
            name: None,
            metadata: String::new(),
            role: Role::Publisher,
            auto_subscribe: true,
            joined_at: 0,
            is_proved: true,
        };
        let joined = self.rooms.join(self.now, join).expect("there is room");
        let id = joined.participant.id;
        self.say(name, ':', &format!("joins {} as {id}", joined.room.name));
        self.people
            .insert(name.to_owned(), (ParticipantKey(self.keys), identity));
        self.deliver();
    }

    fn leave(&mut self, name: &str, how: &str) {
        if let Some((key, _)) = self.people.remove(name) {
            self.rooms.leave(self.now, key, EndReason::Left);
            self.say(name, ':', how);
            self.deliver();
        }
    }

    /// Handles the events of the rooms. A replaced participant is not told; its socket has no
    /// participant from then on.
    fn deliver(&mut self) {
        while let Some(output) = self.rooms.poll_output() {
            let Output::Deliver { to, events } = output else {
                continue;
            };
            let ended = |event: &Event| matches!(event, Event::Ended { .. });
            if !events.iter().any(ended) {
                continue;
            }
            let gone = self.people.extract_if(.., |_, (key, _)| to.contains(key));
            let gone: Vec<String> = gone.map(|(name, _)| name).collect();
            for name in gone {
                self.say(&name, ':', "is nobody any more");
            }
        }
    }

    fn direct(&mut self, line: &str) {
        let Some(stage) = line.strip_prefix("* ") else {
            return;
        };
        if let Some(name) = stage.strip_suffix(" is gone") {
            return self.leave(name, "is away");
        }
        let (what, sdp) = stage.split_once(": ").expect("a description");
        let (kind, name) = what.split_once(" to ").expect("somebody");
        let sdp = sdp.replace('|', "\r\n");
        if kind == "answer" {
            self.say(name, '<', &pion_sfu::answer(&sdp));
            for candidate in pion_sfu::candidates(&sdp) {
                self.say(name, '<', &candidate);
            }
        } else {
            let (_, identity) = self.people.get(name).expect("it is there");
            let offer = pion_sfu::offer(&sdp, identity);
            self.say(name, '<', &offer);
        }
    }

    fn say(&mut self, name: &str, sign: char, what: &str) {
        self.out += &format!("{name} {sign} {what}\n");
    }
}

fn short(sdp: &str) -> String {
    sdp.replace("\r\n", "|")
}

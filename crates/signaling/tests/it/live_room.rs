//! Plays the transcripts of the live room against the dialect and the rooms behind it, in virtual
//! time.
//!
//! ```text
//! ### A host opens a room                                     title of a scene; resets everything
//! * ada, lin                                                  the clients that connect
//! ada > {"event":"createRoom","roomName":"cooking"}           a frame of a client
//! ada < {"event":"createRoomOk"}                              a frame to a client
//! * lin is gone                                               the client's socket is lost
//! * 500 ms                                                    time passes
//! lin > {"event":"closeRoom"}
//! lin ! there is no such room here                            why a frame was dropped
//! ```
//!
//! `* two clicks`, `* media server` and `* viewers_max 1` are settings and come first. Lists and
//! counts come only where time passes. In `media server` mode the server asks for each host's
//! stream at once, answers the host's offers, and sends an offer to each viewer.
//!
//! `HEADWATER_RECORD=1 cargo test -p headwater-signaling live_room` records the output in the files
//! instead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_signaling::dialect::live_room;
use room::Grants;
use room::direct::{ClientId, Limits, LinkId, Media, Name, Output, Rooms, Switch, Task};

use crate::transcripts;

#[test]
fn live_room_transcripts_replay_unchanged() {
    transcripts::replay("live_room", play);
}

/// Plays a transcript. Returns it with the lines with `<` and `!` replaced by the actual output.
fn play(text: &str) -> String {
    let mut scene = Scene::new();
    for line in text.lines() {
        let is_frame = !line.starts_with("###") && !line.starts_with("* ");
        let sign = line
            .split(' ')
            .find(|word| matches!(*word, ">" | "<" | "!"));
        match sign.filter(|_| is_frame) {
            // These lines are output.
            Some("<" | "!") => continue,
            Some(_) => scene.frame(line),
            None => scene.direct(line),
        }
        scene.serve();
        scene.tell();
    }
    scene.out
}

struct Scene {
    rooms: Rooms,
    limits: Limits,
    switch: Switch,
    media: Media,
    /// The rooms whose media goes through the server, by the link to their host.
    hosts: BTreeMap<LinkId, Name>,
    now: Instant,
    /// The clients' names; the index of a name is the client's id.
    names: Vec<String>,
    out: String,
}

impl Scene {
    fn new() -> Self {
        Self {
            rooms: Rooms::new(Limits::default(), Switch::default(), Media::default()),
            limits: Limits::default(),
            switch: Switch::default(),
            media: Media::default(),
            hosts: BTreeMap::new(),
            now: Instant::now(),
            names: Vec::new(),
            out: String::new(),
        }
    }

    /// Carries out a stage direction: a line that is not a frame.
    fn direct(&mut self, line: &str) {
        self.out += &format!("{line}\n");
        if line.starts_with("###") {
            let out = std::mem::take(&mut self.out);
            *self = Self { out, ..Self::new() };
        }
        let Some(stage) = line.strip_prefix("* ") else {
            return;
        };
        let settings = (self.limits.clone(), self.switch, self.media);
        match stage.split(' ').collect::<Vec<_>>()[..] {
            ["two", "clicks"] => self.switch = Switch::TwoClicks,
            ["media", "server"] => self.media = Media::Server,
            ["viewers_max", limit] => self.limits.viewers_max = number(limit),
            ["rooms_max", limit] => self.limits.rooms_max = number(limit),
            ["name_bytes_max", limit] => self.limits.name_bytes_max = number(limit),
            ["chat_bytes_max", limit] => self.limits.chat_bytes_max = number(limit),
            [time, "ms"] => self.pass(Duration::from_millis(number(time) as u64)),
            [name, "is", "gone"] => {
                let id = self.id(name);
                self.rooms.closed(id);
            }
            [name, "may", "only", what] => {
                let (publish, view) = (what == "host", what == "view");
                self.open(name, Grants { publish, view });
            }
            _ => {
                let (publish, view) = (true, true);
                for name in stage.split(", ") {
                    self.open(name, Grants { publish, view });
                }
            }
        }
        if settings != (self.limits.clone(), self.switch, self.media) {
            assert!(self.names.is_empty(), "settings stand first");
            self.rooms = Rooms::new(self.limits.clone(), self.switch, self.media);
        }
    }

    fn open(&mut self, name: &str, grants: Grants) {
        let id = ClientId(self.names.len() as u128);
        self.names.push(name.to_owned());
        self.rooms.opened(self.now, id, grants);
    }

    fn id(&self, name: &str) -> ClientId {
        let place = self.names.iter().position(|other| other == name);
        let place = place.unwrap_or_else(|| panic!("nobody is called {name:?}"));
        ClientId(place as u128)
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.rooms.poll_timeout().filter(|due| *due <= end) {
            self.rooms.handle_timeout(due);
        }
        self.now = end;
    }

    /// Carries out a line with `>`, a frame of a client.
    fn frame(&mut self, line: &str) {
        self.out += &format!("{line}\n");
        let (who, frame) = line.split_once(" > ").expect("a frame");
        let refused = match live_room::read(frame) {
            Ok(request) => {
                let taken = self.rooms.request(self.id(who), request);
                taken.err().map(|refusal| refusal.to_string())
            }
            Err(unreadable) => Some(unreadable.to_string()),
        };
        if let Some(reason) = refused {
            self.out += &format!("{who} ! {reason}\n");
        }
    }

    /// Plays the server's part when media goes through it.
    fn serve(&mut self) {
        while let Some(task) = self.rooms.poll_task() {
            match task {
                Task::Take { link, room } => {
                    self.hosts.insert(link, room);
                    self.rooms.ask(link);
                }
                Task::Show { link, room, viewer } => {
                    let sdp = format!("{room} for {viewer}");
                    self.rooms.say(link, live_room::offer(&viewer, &sdp));
                }
                Task::Said { link, body } => {
                    let sdp = live_room::sdp(&body).expect("a description");
                    if let Some(room) = self.hosts.get(&link) {
                        let answer = live_room::answer(room, &format!("taken: {sdp}"));
                        self.rooms.say(link, answer);
                    }
                }
                Task::End(_) => {}
            }
        }
    }

    fn tell(&mut self) {
        while let Some(Output { to, event }) = self.rooms.poll_output() {
            let names = to.iter().map(|id| self.names[id.0 as usize].as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            self.out += &format!("{names} < {}\n", live_room::write(&event));
        }
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

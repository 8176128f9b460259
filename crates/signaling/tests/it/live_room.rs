//! Plays the transcripts of the live room against the dialect and the rooms behind it, in virtual
//! time.
//!
//! ```text
//! ### Somebody opens a room                                   what it shows; begins anew
//! * ada, lin                                                  who is there
//! ada > {"event":"createRoom","roomName":"cooking"}           a frame as it came
//! ada < {"event":"createRoomOk"}                              what who gets
//! * lin is gone                                               its socket is lost
//! * 500 ms                                                    time passes
//! lin > {"event":"closeRoom"}
//! lin ! there is no such room here                            why nothing came of it
//! ```
//!
//! `* two clicks`, `* media server` and `* viewers_max 1` are settings, and stand first. With them,
//! lists and counts come only where time passes. A server through which media goes asks at once for
//! each host's stream, answers what it is offered, and offers to each viewer.
//!
//! `HEADWATER_RECORD=1 cargo test -p headwater-signaling live_room` writes what comes out into the
//! files instead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broadcast::direct::{
    ClientId, Grants, Limits, LinkId, Media, Name, Output, Rooms, Switch, Task,
};
use headwater_signaling::dialect::live_room;

use crate::transcripts;

#[test]
fn live_room_conversations_go_as_recorded() {
    transcripts::replay("live_room", play);
}

/// A transcript as it is now: lines with `<` and `!` are written anew.
fn play(text: &str) -> String {
    let mut scene = Scene::new();
    for line in text.lines() {
        let is_frame = !line.starts_with("###") && !line.starts_with("* ");
        let sign = line
            .split(' ')
            .find(|word| matches!(*word, ">" | "<" | "!"));
        match sign.filter(|_| is_frame) {
            // What these say follows from the lines before them.
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
    /// The rooms whose hosts the server knows.
    hosts: BTreeMap<LinkId, Name>,
    now: Instant,
    /// Their places are their ids.
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

    /// Carries out a line that is no frame.
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

    /// Carries out a line with `>`.
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

    /// Does what a server does through which media goes.
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

//! Plays the transcripts of tributary against the dialect and the broadcasts behind it, in virtual
//! time.
//!
//! ```text
//! ### A peer joins                                           title of a scene; resets everything
//! * mona, per                                                the peers that connect
//! mona > {"command":"START_BROADCAST","name":"derby"}        a frame of a peer
//! mona < {"command":"START_BROADCAST_RECEIVED"}              a frame to a peer
//! * 1000 ms                                                  time passes
//! * per is gone                                              the peer's socket is lost
//! mona > {
//! mona ! frames are JSON                                     why the server closes a socket
//! ```
//!
//! `<per>` is the id of Per. `* max-listeners 1`, `* ice-servers []` and `* per may not view` are
//! settings and come before the list of peers.
//!
//! `HEADWATER_RECORD=1 cargo test -p headwater-signaling tributary` records the output in the files
//! instead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_signaling::dialect::tributary::{self, IceServers, Refused, peer_id, peer_text};
use room::Grants;
use room::peer_tree::{Broadcasts, Limits, Output, PeerId};

use crate::transcripts;

#[test]
fn tributary_transcripts_replay_unchanged() {
    transcripts::replay("tributary", play);
}

/// Plays a transcript. Returns it with the lines with `<` and `!` replaced by the actual output.
fn play(text: &str) -> String {
    let mut scene = Scene::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let (first, second) = (words.next(), words.next());
        match (first, second) {
            // These lines are output.
            (_, Some("<" | "!")) if first != Some("###") => continue,
            (Some(name), Some(">")) => scene.frame(name, line),
            (Some("*"), _) => scene.direct(line),
            (Some("###"), _) => {
                let out = std::mem::take(&mut scene.out);
                scene = Scene::new();
                scene.out = out + line + "\n";
            }
            _ => scene.out += &format!("{line}\n"),
        }
    }
    scene.out
}

struct Scene {
    limits: Limits,
    ice_servers: IceServers,
    broadcasts: Option<Broadcasts>,
    now: Instant,
    peers: BTreeMap<String, (PeerId, Grants)>,
    no_viewers: Vec<String>,
    out: String,
}

impl Scene {
    fn new() -> Self {
        Self {
            limits: Limits::default(),
            ice_servers: IceServers::new("[]"),
            broadcasts: None,
            now: Instant::now(),
            peers: BTreeMap::new(),
            no_viewers: Vec::new(),
            out: String::new(),
        }
    }

    fn broadcasts(&mut self) -> &mut Broadcasts {
        self.broadcasts.as_mut().expect("somebody is there")
    }

    fn direct(&mut self, line: &str) {
        self.out += &format!("{line}\n");
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        match words.as_slice() {
            ["max-listeners", number] => {
                self.limits.listeners_max = number.parse().expect("a number");
            }
            ["name-bytes-max", number] => {
                self.limits.name_bytes_max = number.parse().expect("a number");
            }
            ["ice-servers", json] => self.ice_servers = IceServers::new(json),
            [name, "may", "not", "view"] => self.no_viewers.push((*name).to_owned()),
            [name, "is", "gone"] => {
                let (peer, _) = self.peers.remove(*name).expect("it was there");
                let now = self.now;
                self.broadcasts().closed(now, peer);
                self.tell();
            }
            [number, "ms"] => self.pass(number.parse().expect("a number")),
            names => names.iter().for_each(|name| self.come(name)),
        }
    }

    fn come(&mut self, name: &str) {
        let name = name.trim_end_matches(',');
        let limits = self.limits.clone();
        let broadcasts = self
            .broadcasts
            .get_or_insert_with(|| Broadcasts::new(limits));
        let peer = peer_id(self.peers.len() as u128 + 1);
        broadcasts.opened(peer);
        let grants = Grants {
            publish: true,
            view: !self.no_viewers.iter().any(|other| other == name),
        };
        self.peers.insert(name.to_owned(), (peer, grants));
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.broadcasts().poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let now = self.now;
            self.broadcasts().handle_timeout(now);
            self.tell();
        }
        self.now = end;
    }

    fn frame(&mut self, name: &str, line: &str) {
        self.out += &format!("{line}\n");
        let (_, text) = line.split_once(" > ").expect("a frame");
        let mut text = text.to_owned();
        for (name, (peer, _)) in &self.peers {
            text = text.replace(&format!("<{name}>"), &peer_text(*peer));
        }
        let (peer, grants) = self.peers[name];
        let (now, ice) = (self.now, self.ice_servers.clone());
        let broadcasts = self.broadcasts();
        match tributary::handle(broadcasts, &ice, grants, now, peer, &text) {
            Ok(None) => {}
            Ok(Some(reply)) | Err(Refused::Frame(reply)) => self.told(name, &reply),
            Err(Refused::Close(reason)) => self.out += &format!("{name} ! {reason}\n"),
        }
        self.tell();
    }

    fn tell(&mut self) {
        while let Some(Output { to, event }) = self.broadcasts().poll_output() {
            let names = to.iter().map(|peer| {
                let mut all = self.peers.iter();
                let named = all.find(|(_, (other, _))| other == peer);
                named.expect("only who is there is told").0.clone()
            });
            for name in names.collect::<Vec<_>>() {
                self.told(&name, &tributary::write(&event));
            }
        }
    }

    fn told(&mut self, name: &str, frame: &str) {
        let mut text = frame.strip_suffix('\n').expect("a line feed").to_owned();
        for (name, (peer, _)) in &self.peers {
            text = text.replace(&peer_text(*peer), &format!("<{name}>"));
        }
        self.out += &format!("{name} < {text}\n");
    }
}

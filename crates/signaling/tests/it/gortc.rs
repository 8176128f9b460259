//! Plays the transcripts of gortc: real rooms carry out the frames of users, with fixed SDP answers
//! instead of media.
//!
//! ```text
//! ### A user joins                                         title of a scene; resets everything
//! rio > {"request":true,"id":1,"method":"join",…}          a frame of a client
//! kai < {"notification":true,"method":"peer-join",…}       the frames that it causes, in order
//! rio < {"response":true,"id":1,"ok":true,…}
//! ! rio is lost                                            a socket breaks; or: 8 s pass
//! ```
//!
//! `HEADWATER_RECORD=1 cargo test -p headwater-signaling` records the output in the files instead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_signaling::dialect::gortc::{
    self, Call, Error, Jsep, Minfo, Node, NotificationNames, Notifications, Published, Pubs,
    Subscribed, Users,
};
use model::StreamName;
use room::{
    Declared, EndReason, Event, Join, Limits, MessageKind, Output, ParticipantId, ParticipantKey,
    Role, RoomName, Rooms,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::transcripts;

#[test]
fn gortc_transcripts_replay_unchanged() {
    let played = transcripts::replay("gortc", play);
    assert!(played >= 3, "only {played} transcripts");
}

proptest::proptest! {
    #[test]
    fn arbitrary_frames_never_panic(frame in proptest::prelude::any::<String>()) {
        gortc::read(&frame);
    }

    #[test]
    fn request_id_is_read_whatever_the_method(
        id in proptest::prelude::any::<i64>(),
        method in proptest::prelude::any::<String>(),
        data in proptest::sample::select(vec!["{}", "[]", "7", "null", "{\"rid\":\"x\"}"]),
    ) {
        let method = serde_json::to_string(&method).expect("a text");
        let frame = format!("{{\"request\":true,\"id\":{id},\"method\":{method},\"data\":{data}}}");
        let read = gortc::read(&frame).expect("a request");
        proptest::prop_assert_eq!(read.id, Some(id.to_string()));
    }
}

#[test]
fn earlier_notification_names_differ_only_in_underscores() {
    let (hyphens, underscores) = (NotificationNames::Hyphen, NotificationNames::Underscore);
    let [new, old] =
        [hyphens, underscores].map(|names| notifications(names).removed("r", "u", "m"));
    assert_eq!(new.replace("stream-remove", "stream_remove"), old);
    assert_ne!(new, old);
}

/// Plays a transcript. Returns it with the lines with `<` replaced by the actual output.
fn play(text: &str) -> String {
    let mut out = String::new();
    let mut house = House::new();
    for line in text.lines() {
        if line.starts_with("### ") {
            house = House::new();
        }
        if line.split(' ').nth(1) == Some("<") {
            continue;
        }
        out += &format!("{line}\n");
        if let Some((uid, frame)) = line.split_once(" > ") {
            house.frame(uid, frame);
        } else if let Some(happening) = line.strip_prefix("! ") {
            house.happens(happening);
        }
        for (uid, frame) in house.sent.drain(..) {
            out += &format!("{uid} < {frame}\n");
        }
    }
    out
}

fn notifications(names: NotificationNames) -> Notifications {
    let node = Node {
        signalid: "eu_signal_1".to_owned(),
        sfuid: "eu_sfu_1".to_owned(),
    };
    Notifications { node, names }
}

/// A server with rooms, but without sockets and media.
struct House {
    rooms: Rooms,
    now: Instant,
    notifications: Notifications,
    /// The users with a socket, and their rooms.
    places: BTreeMap<ParticipantKey, (String, RoomName)>,
    count: u64,
    sent: Vec<(String, String)>,
}

impl House {
    fn new() -> Self {
        Self {
            rooms: Rooms::new(Limits::default()),
            now: Instant::now(),
            notifications: notifications(NotificationNames::Hyphen),
            places: BTreeMap::new(),
            count: 0,
            sent: Vec::new(),
        }
    }

    fn happens(&mut self, happening: &str) {
        if let Some(uid) = happening.strip_suffix(" is lost") {
            for (key, _) in self.places.extract_if(.., |_, (other, _)| other == uid) {
                self.rooms.lost_for(self.now, key, Duration::from_secs(8));
            }
        } else {
            let seconds = happening
                .strip_suffix(" s pass")
                .expect("something that happens");
            self.now += Duration::from_secs(seconds.parse().expect("a number"));
            self.rooms.handle_timeout(self.now);
        }
        self.deliver();
    }

    fn frame(&mut self, uid: &str, frame: &str) {
        let Some(request) = gortc::read(frame) else {
            return;
        };
        let answer = request.call.and_then(|call| self.call(uid, call));
        self.deliver();
        if let Some(id) = request.id {
            let response = match answer {
                Ok(data) => gortc::success(&id, &data),
                Err(error) => gortc::failure(&id, &error),
            };
            self.sent.push((uid.to_owned(), response));
        }
    }

    fn deliver(&mut self) {
        while let Some(output) = self.rooms.poll_output() {
            let Output::Deliver { to, events } = output else {
                continue;
            };
            for key in to {
                for event in &*events {
                    self.tell(key, event);
                }
            }
        }
    }

    fn tell(&mut self, key: ParticipantKey, event: &Event) {
        let Some((uid, room)) = self.places.get(&key).cloned() else {
            return;
        };
        let id = ParticipantId::of_text(&uid).expect("an id");
        let frame = match event {
            Event::Ended { reason, .. } => {
                self.places.remove(&key);
                let kicked = self.notifications.kicked(&room, &id);
                (*reason == EndReason::Replaced).then_some(kicked)
            }
            event => self.notifications.of(&room, &id, event),
        };
        self.sent.extend(frame.map(|frame| (uid, frame)));
    }

    /// Carries out a request, without media.
    fn call(&mut self, uid: &str, call: Call) -> Result<Box<RawValue>, Error> {
        let me = ParticipantId::of_text(uid).expect("an id");
        let nothing = || written(&serde_json::Map::new());
        match call {
            Call::Join { rid } => {
                let room = RoomName::of_text(&rid).map_err(|error| Error::name(&error))?;
                let key = self.next_key();
                self.places.insert(key, (uid.to_owned(), room.clone()));
                let join = Join {
                    key,
                    room: room.clone(),
                    id: me.clone(),
                    name: None,
                    metadata: String::new(),
                    role: Role::Publisher,
                    auto_subscribe: false,
                    joined_at: 0,
                    is_proved: true,
                };
                let joined = self.rooms.join(self.now, join).expect("there is room");
                let node = &self.notifications.node;
                written(&node.lists(&room, &joined.participants, &joined.streams, &me))
            }
            Call::Leave { rid } => {
                if let Ok((_, key)) = self.place(uid, &rid) {
                    self.rooms.leave(self.now, key, EndReason::Left);
                }
                nothing()
            }
            Call::Keepalive { rid } => self.place(uid, &rid).and_then(|_| nothing()),
            Call::Publish { rid, minfo, .. } => {
                let (room, key) = self.place(uid, &rid)?;
                self.count += 1;
                let label = gortc::label(self.count as u32);
                let name = StreamName::new(&format!("{room}/{me}~{label}")).expect("a name");
                let declared = Declared {
                    label: Some(label.clone()),
                    metadata: Minfo::metadata(&minfo),
                    tracks: Vec::new(),
                };
                let published = self.rooms.publish(self.now, key, name, declared);
                published.expect("there is room");
                written(&Published {
                    mid: gortc::sid(uid, &label),
                    sfuid: self.notifications.node.sfuid.clone(),
                    jsep: Jsep::answer("v=0".to_owned()),
                })
            }
            Call::Unpublish { rid, mid, .. } => {
                let (room, key) = self.place(uid, &rid)?;
                let name = gortc::stream_of(&room, &mid).ok_or(Error::NO_SFU)?;
                let ended = self.rooms.unpublish(self.now, key, &name);
                ended.map_err(|_| Error::NOT_OWN)?;
                nothing()
            }
            Call::Subscribe { rid, mid, .. } => {
                let (room, _) = self.place(uid, &rid)?;
                let name = gortc::stream_of(&room, &mid).ok_or(Error::NO_SFU)?;
                self.rooms.stream(&name).ok_or(Error::NO_SFU)?;
                self.count += 1;
                written(&Subscribed {
                    sid: gortc::sid(uid, &gortc::label(self.count as u32)),
                    jsep: Jsep::answer("v=0".to_owned()),
                })
            }
            Call::Unsubscribe { .. } => nothing(),
            Call::Broadcast { rid, data } => {
                let (_, key) = self.place(uid, &rid)?;
                let (rooms, kind) = (&mut self.rooms, MessageKind::Data);
                rooms.send(self.now, 0, key, kind, None, None, data)?;
                nothing()
            }
            Call::GetUsers { rid } => {
                let room = RoomName::of_text(&rid).map_err(|error| Error::name(&error))?;
                let users = self.rooms.participants(&room).unwrap_or_default();
                let users = self.notifications.node.users(&room, &users, &me);
                written(&Users { users })
            }
            Call::GetPubs { rid } => {
                let room = RoomName::of_text(&rid).map_err(|error| Error::name(&error))?;
                let pubs = self.rooms.streams(&room).unwrap_or_default();
                let pubs = self.notifications.node.pubs(&room, &pubs, &me);
                written(&Pubs { pubs })
            }
        }
    }

    fn next_key(&mut self) -> ParticipantKey {
        self.count += 1;
        ParticipantKey(self.count)
    }

    fn place(&self, uid: &str, rid: &str) -> Result<(RoomName, ParticipantKey), Error> {
        let is_it = |(other, room): &(String, RoomName)| other == uid && room.text() == rid;
        let mut places = self.places.iter();
        let place = places.find(|(_, place)| is_it(place));
        let (key, (_, room)) = place.ok_or(Error::NO_RID)?;
        Ok((room.clone(), *key))
    }
}

fn written(answer: &impl Serialize) -> Result<Box<RawValue>, Error> {
    Ok(serde_json::value::to_raw_value(answer).expect("string keys and finite numbers"))
}

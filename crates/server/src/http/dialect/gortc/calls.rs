//! Requests of gortc's clients, carried out.

use std::time::{Duration, Instant};

use model::{Open, OpenError, Role, StreamName};
use room::{Declared, EndReason, RoomName};
use serde_json::value::RawValue;
use signaling::dialect::gortc::{
    self, Call, Error, Jsep, Minfo, Published, Pubs, Subscribed, Users, label, sid,
};

use super::Session;
use super::membership::{InRoom, WATCHES_MAX};
use crate::control::{random, unix_ms};
use crate::http::admission::{Names, role};

/// The name of its clients in the log.
const CLIENT: &str = "gortc";

/// Rooms of one socket at a time; one more is refused.
const ROOMS_MAX: usize = 16;

/// How many random labels are tried for a new stream: one of a million is nearly always free.
const LABELS_TRIED: usize = 8;

/// How long a published stream may take to send media, since connecting may take as long.
const BEGIN_MAX: Duration = Duration::from_secs(15);

/// The topic of `broadcast` messages in other dialects.
const TOPIC: &str = "broadcast";

/// The data of a response, written as JSON.
pub(super) type Answer = Result<Box<RawValue>, Error>;

impl Session {
    /// Carries out a request. Others in the room have been told before this returns.
    pub(super) async fn call(&mut self, call: Call) -> Answer {
        match call {
            Call::Join { rid } => self.join(&rid),
            Call::Leave { rid } => {
                self.leave(&rid);
                nothing()
            }
            Call::Keepalive { rid } => {
                self.room(&rid)?;
                nothing()
            }
            Call::Publish { rid, sdp, minfo } => self.publish(&rid, sdp, &minfo).await,
            Call::Unpublish { rid, mid, sfuid } => self.unpublish(&rid, &mid, sfuid.as_deref()),
            Call::Subscribe {
                rid,
                mid,
                sdp,
                sfuid,
            } => self.subscribe(&rid, &mid, sdp, sfuid.as_deref()).await,
            Call::Unsubscribe {
                rid,
                mid,
                sid,
                sfuid,
            } => self.unsubscribe(&rid, &mid, &sid, sfuid.as_deref()),
            Call::Broadcast { rid, data } => self.broadcast(&rid, data),
            Call::GetUsers { rid } => self.users(&rid),
            Call::GetPubs { rid } => self.pubs(&rid),
        }
    }

    fn join(&mut self, rid: &str) -> Answer {
        let room = RoomName::of_text(rid).map_err(|error| Error::name(&error))?;
        if self.rooms.len() >= ROOMS_MAX && !self.rooms.contains_key(&room) {
            let reason = format!("a socket can be in at most {ROOMS_MAX} rooms");
            return Err(Error::full(reason));
        }
        self.take_opening()?;
        let names = Names {
            room: room.clone(),
            id: self.id.clone(),
        };
        let enter = names.enter(role(&self.permissions), CLIENT);
        let entrance = self.service.control.enter(enter);
        let entrance = entrance.map_err(|error| Error::join(&error))?;
        let (key, joined) = (entrance.key, entrance.joined);
        let outgoing = self.outgoing.clone();
        self.gortc
            .enter(room.clone(), key, self.id.clone(), outgoing);
        let node = &self.gortc.notifications.node;
        let lists = node.lists(&room, &joined.participants, &joined.streams, &self.id);
        // A second join over the same socket replaces the first participation, whose events are
        // dropped unread.
        let inside = InRoom::new(key, entrance.events);
        if let Some(before) = self.rooms.insert(room.clone(), inside) {
            self.gortc.leave(&room, before.key);
        }
        written(&lists)
    }

    fn leave(&mut self, rid: &str) {
        let Ok((room, key)) = self.room(rid) else {
            return;
        };
        self.forget(&room);
        let control = &self.service.control;
        control.leave(key, EndReason::Left);
    }

    async fn publish(&mut self, rid: &str, sdp: String, minfo: &str) -> Answer {
        let (room, key) = self.room(rid)?;
        if self.permissions.join_as_publisher().is_err() {
            return Err(Error::FORBIDDEN);
        }
        self.service
            .settings
            .check_length("an offer", &sdp)
            .map_err(|error| Error::publish(&error))?;
        self.take_opening()?;
        // The label is part of the stream's name: when that is taken, another one is tried.
        let mut opened = Err(OpenError::AlreadyLive);
        for _ in 0..LABELS_TRIED {
            let label = label(random::<4>() as u32);
            let name = StreamName::new(&format!("{room}/{}~{label}", self.id));
            let name = name.map_err(|error| Error::name(&error))?;
            let declared = Declared {
                label: Some(label.clone()),
                metadata: Minfo::metadata(minfo),
                tracks: Vec::new(),
            };
            let open = open(Role::Publisher, name.clone(), sdp.clone());
            opened = self.service.control.open_for(key, declared, open).await;
            if let Ok(opened) = opened {
                let inside = self.rooms.get_mut(&room).ok_or(Error::NO_RID)?;
                inside.published(name, Instant::now() + BEGIN_MAX);
                return written(&Published {
                    mid: sid(&self.uid, &label),
                    sfuid: self.gortc.notifications.node.sfuid.clone(),
                    jsep: Jsep::answer(opened.answer),
                });
            }
            if opened != Err(OpenError::AlreadyLive) {
                break;
            }
        }
        Err(Error::publish(
            &opened.err().unwrap_or(OpenError::AlreadyLive),
        ))
    }

    fn unpublish(&mut self, rid: &str, mid: &str, sfuid: Option<&str>) -> Answer {
        let is_here = self.reaches(sfuid)?;
        let Some((room, stream)) = self.stream(rid, mid) else {
            return if is_here {
                nothing()
            } else {
                Err(Error::NO_SFU)
            };
        };
        let inside = self
            .rooms
            .get(&room)
            .filter(|_| stream.participant == self.id);
        let key = inside.ok_or(Error::NOT_OWN)?.key;
        let name = &stream.name;
        let control = &self.service.control;
        let ended = control.with_rooms(|rooms, now| rooms.unpublish(now, key, name));
        ended.map_err(|_| Error::NOT_OWN)?;
        nothing()
    }

    async fn subscribe(
        &mut self,
        rid: &str,
        mid: &str,
        sdp: String,
        sfuid: Option<&str>,
    ) -> Answer {
        let (room, key) = self.room(rid)?;
        if self.permissions.join_as_viewer().is_err() {
            return Err(Error::FORBIDDEN);
        }
        let is_here = self.reaches(sfuid)?;
        let Some((_, stream)) = self.stream(rid, mid) else {
            if !is_here {
                return Err(Error::NO_SFU);
            }
            if self.announced.take(Instant::now()) {
                self.gortc.announce_gone(&room, mid);
            }
            return Err(Error::stream_gone(mid));
        };
        self.service
            .settings
            .check_length("an offer", &sdp)
            .map_err(|error| Error::subscribe(&error))?;
        self.take_opening()?;
        let inside = self.rooms.get_mut(&room).ok_or(Error::NO_RID)?;
        if inside.is_full(&self.service.control) {
            let reason = format!("a user can watch at most {WATCHES_MAX} streams");
            return Err(Error::full(reason));
        }
        let open = open(Role::Viewer, stream.name.clone(), sdp);
        let opened = self
            .service
            .control
            .open_for(key, Declared::default(), open);
        let opened = opened.await.map_err(|error| Error::subscribe(&error))?;
        let mut new = sid(&self.uid, &label(random::<4>() as u32));
        while inside.is_taken(&new) {
            new = sid(&self.uid, &label(random::<4>() as u32));
        }
        inside.watched(new.clone(), opened.session, stream.name);
        written(&Subscribed {
            sid: new,
            jsep: Jsep::answer(opened.answer),
        })
    }

    fn unsubscribe(&mut self, rid: &str, mid: &str, sid: &str, sfuid: Option<&str>) -> Answer {
        let is_here = self.reaches(sfuid)?;
        let Some((room, stream)) = self.stream(rid, mid) else {
            return Err(if is_here {
                Error::no_stream(mid)
            } else {
                Error::NO_SFU
            });
        };
        if let Some(inside) = self.rooms.get_mut(&room) {
            inside.close_watch(sid, &stream.name, &self.service.control);
        }
        nothing()
    }

    fn broadcast(&self, rid: &str, data: String) -> Answer {
        let (_, key) = self.room(rid)?;
        let (topic, bytes_max) = (Some(TOPIC.to_owned()), gortc::BROADCAST_BYTES_MAX);
        let control = &self.service.control;
        control.with_rooms(|rooms, now| {
            rooms.send_long(now, unix_ms(), key, topic, data, bytes_max)
        })?;
        nothing()
    }

    fn users(&self, rid: &str) -> Answer {
        let users = RoomName::of_text(rid).ok().and_then(|room| {
            let control = &self.service.control;
            let users = control.with_rooms(|rooms, _| rooms.participants(&room))?;
            Some(self.gortc.notifications.node.users(&room, &users, &self.id))
        });
        let users = users.unwrap_or_default();
        written(&Users { users })
    }

    fn pubs(&self, rid: &str) -> Answer {
        let pubs = RoomName::of_text(rid).ok().and_then(|room| {
            let control = &self.service.control;
            let streams = control.with_rooms(|rooms, _| rooms.streams(&room))?;
            Some(
                self.gortc
                    .notifications
                    .node
                    .pubs(&room, &streams, &self.id),
            )
        });
        let pubs = pubs.unwrap_or_default();
        written(&Pubs { pubs })
    }

    /// A room that this user is in, with the key of the participation.
    fn room(&self, rid: &str) -> Result<(RoomName, room::ParticipantKey), Error> {
        let room = RoomName::of_text(rid).map_err(|_| Error::NO_RID)?;
        let inside = self.rooms.get(&room).ok_or(Error::NO_RID)?;
        Ok((room, inside.key))
    }

    /// A stream with its room, if it exists.
    fn stream(&self, rid: &str, mid: &str) -> Option<(RoomName, room::Stream)> {
        let room = RoomName::of_text(rid).ok()?;
        let name = gortc::stream_of(&room, mid)?;
        let control = &self.service.control;
        let stream = control.with_rooms(|rooms, _| rooms.stream(&name).cloned())?;
        (gortc::mid(&stream) == mid).then_some((room, stream))
    }

    /// Whether the request names this node; an error when it names another one.
    fn reaches(&self, sfuid: Option<&str>) -> Result<bool, Error> {
        match sfuid {
            None => Ok(false),
            Some(sfuid) if sfuid == self.gortc.notifications.node.sfuid => Ok(true),
            Some(_) => Err(Error::NO_SFU),
        }
    }

    /// Counts a request that costs more than a lookup towards `limits.sessions_per_second`.
    fn take_opening(&self) -> Result<(), Error> {
        let taken = self.service.take_opening();
        taken.map_err(|error| Error::full(error.to_string()))
    }
}

fn open(role: Role, stream: StreamName, offer: String) -> Open {
    Open {
        role,
        stream,
        offer,
        client: CLIENT.to_owned(),
    }
}

fn nothing() -> Answer {
    written(&serde_json::Map::new())
}

fn written(answer: &impl serde::Serialize) -> Answer {
    let written = serde_json::value::to_raw_value(answer);
    Ok(written.expect("these types have string keys and finite numbers"))
}

//! Participants by the Headwater protocol: they join, break and resume, and send requests.

use std::time::Instant;

use room::{ParticipantId, ParticipantKey, Rooms};
use rtp::Bitrate;
use session::{DeclaredTrack, Enter, Error as Refusal, LayerStats, TransportKind};
use signaling::dialect::headwater::{
    self, Answer, Code, Error, Join, Joined, Publish, Published, Resume, Resumed,
};

use super::link::{Link, Socket};
use super::outlets::{Linked, Outlet};
use super::refusals::{busy, gone, refused_field};
use super::{Control, denied, now, random};

/// A participant that has joined, or is back.
pub(crate) struct Entered {
    pub(crate) key: ParticipantKey,
    pub(crate) socket: Socket,
}

impl Control {
    /// Adds a participant to a room. The first frame to it is the response to request `id`;
    /// `client` is what its program calls itself.
    pub(crate) fn join(
        &self,
        id: u64,
        join: &Join,
        ice_servers: Vec<headwater::IceServer>,
        client: String,
    ) -> Result<Entered, Error> {
        let room = join.room_name()?;
        let participant = join.participant_id()?.unwrap_or_else(random_id);
        let role = join.wanted_role();
        self.check_role(role, join.token.as_deref())?;
        let enter = Enter {
            room,
            id: participant,
            name: join.name.clone(),
            metadata: join.metadata.clone().unwrap_or_default(),
            role,
            client,
            auto_subscribe: join.wants_all(),
            transport: TransportKind::Split,
        };
        let (mut state, now) = (self.state(), now());
        let entered = state.core.enter(now, enter);
        let (key, joined) = entered.map_err(|error| self.refused_to(error))?;
        let secret = random::<16>();
        let link = Link::new();
        let linked = Linked {
            link: link.clone(),
            secret,
            received: id,
            entered: id,
        };
        state.outlets.insert(key, Outlet::Link(linked));
        // Before anything that the core wants told.
        let result = Joined::new(format!("{secret:032x}"), &joined, ice_servers);
        let sent = state.outlets.send(key, &headwater::responded(id, &result));
        debug_assert!(sent.is_ok(), "an outbox takes its first frame");
        self.settle(&mut state, now);
        tracing::info!(room = %joined.room.name, participant = %joined.participant.id, "joined");
        // Nothing was taken from it yet.
        let socket = link.attach(0).ok_or_else(gone)?;
        Ok(Entered { key, socket })
    }

    fn check_role(&self, role: room::Role, token: Option<&str>) -> Result<(), Error> {
        let permissions = self.verify(token);
        let permitted = match role {
            room::Role::Host => permissions.join_as_host(),
            room::Role::Publisher => permissions.join_as_publisher(),
            room::Role::Viewer | room::Role::Hidden => permissions.join_as_viewer(),
        };
        permitted.map_err(|refusal| refused_field("params.token", &denied(refusal)))
    }

    /// Goes on with a participation over a new socket.
    ///
    /// One that was delayed, so that a later one has come before it, is refused.
    pub(crate) fn resume(&self, id: u64, resume: &Resume) -> Result<(Entered, Resumed), Error> {
        let (mut state, now) = (self.state(), now());
        let secret = u128::from_str_radix(&resume.session, 16).map_err(|_| gone())?;
        let found = state.outlets.find(secret, now.instant).ok_or_else(gone)?;
        let (key, link) = (found.key, found.link);
        if !link.continues(resume.seen) {
            return Err(gone());
        }
        if let Some(linked) = state.outlets.linked_mut(key) {
            if id < linked.entered {
                let message = "a later resume has come before this one";
                return Err(Error::of("id", Code::Conflict, message));
            }
            linked.entered = id;
        }
        let socket = link.attach(resume.seen).ok_or_else(gone)?;
        link.confirm(resume.seen);
        let core = &mut state.core;
        core.in_rooms(now, |rooms| rooms.found(now.instant, key));
        self.settle(&mut state, now);
        let received = found.received;
        Ok((Entered { key, socket }, Resumed { received }))
    }

    /// A participant's socket is gone.
    pub(crate) fn lost(&self, key: ParticipantKey) {
        self.with_rooms(|rooms, now| rooms.lost(now, key));
    }

    /// Takes note of a request. One that came before, or out of order, is refused. False when
    /// a newer socket has the participant: a client that resumed was told that this request is to
    /// be sent again.
    pub(crate) fn received(
        &self,
        key: ParticipantKey,
        socket: &Socket,
        id: u64,
    ) -> Result<bool, Error> {
        let mut state = self.state();
        if !socket.is_present() {
            return Ok(false);
        }
        let linked = state.outlets.linked_mut(key).ok_or_else(gone)?;
        if id <= linked.received {
            let message = format!("ids count up: the last was {}", linked.received);
            return Err(Error::of("id", Code::BadRequest, message));
        }
        linked.received = id;
        Ok(true)
    }

    /// Sends the response to a request. A participant that has confirmed too little for it is ended.
    pub(crate) fn respond(&self, key: ParticipantKey, body: &str) {
        let (mut state, now) = (self.state(), now());
        if state.outlets.send(key, body).is_err() {
            state.core.leave(now, key, room::EndReason::Slow);
        }
        self.settle(&mut state, now);
    }

    /// Does what a participant asks for in its room, sends the response that `call` returns, and
    /// then does what follows from it: that may be the end of the participation.
    pub(crate) fn in_room(
        &self,
        key: ParticipantKey,
        call: impl FnOnce(&mut Rooms, Instant) -> Result<String, Error>,
    ) -> Result<(), Error> {
        let (mut state, now) = (self.state(), now());
        if state.outlets.linked(key).is_none() {
            return Err(gone());
        }
        let core = &mut state.core;
        let called = core.in_rooms(now, |rooms| call(rooms, now.instant));
        // Before anything that follows from it, of which nothing was carried out yet.
        if let Ok(response) = &called
            && state.outlets.send(key, response).is_err()
        {
            state.core.leave(now, key, room::EndReason::Slow);
        }
        self.settle(&mut state, now);
        called.map(|_| ())
    }

    /// Begins a stream, or changes it.
    pub(crate) fn publish(
        &self,
        key: ParticipantKey,
        publish: Publish,
    ) -> Result<Published, Error> {
        // Read before the lock: it takes the longest.
        let offer = self.read_of(&publish.sdp)?;
        let track = |track: headwater::PublishedTrack| {
            let layer = |layer: headwater::PublishedLayer| room::Layer {
                rid: layer.rid,
                width: layer.width,
                height: layer.height,
                active: false,
            };
            DeclaredTrack {
                mid: track.mid,
                source: track.source,
                muted: track.muted,
                layers: track.layers.into_iter().map(layer).collect(),
            }
        };
        let publish = session::Publish {
            label: publish.label,
            tracks: publish.tracks.into_iter().map(track).collect(),
        };
        let published = self.with_free(|core, now| core.publish(now, key, publish, &offer))?;
        Ok(Published {
            stream: published.stream.to_string(),
            sdp: published.sdp,
        })
    }

    /// ICE of the publisher peer begins anew, by an offer of the participant.
    pub(crate) fn restart_publishing(
        &self,
        key: ParticipantKey,
        offer: &str,
    ) -> Result<String, Error> {
        let offer = self.read_of(offer)?;
        self.with_free(|core, _| core.restart_publisher(key, &offer))
    }

    /// Takes the answer to an offer of the subscriber peer.
    pub(crate) fn answer_viewing(&self, key: ParticipantKey, answer: &Answer) -> Result<(), Error> {
        // Read before the lock: it takes the longest.
        let description = self.read_of(&answer.sdp)?;
        let number = answer.offer;
        self.with_free(|core, now| core.answer(now, key, number, &description))
    }

    /// Takes candidates of a participant: of no use to an ICE-lite agent, which learns from checks
    /// (RFC 8445 §2.5).
    pub(crate) fn trickle_of(&self, key: ParticipantKey) -> Result<(), Error> {
        let state = self.state();
        state.outlets.linked(key).map(|_| ()).ok_or_else(gone)
    }

    /// ICE of the subscriber peer begins anew: an offer follows.
    pub(crate) fn restart_viewing(&self, key: ParticipantKey) -> Result<(), Error> {
        self.with_free(|core, now| core.restart_subscriber(now, key))
    }

    /// What the server measures of a participant's media.
    pub(crate) fn stats_of(&self, key: ParticipantKey) -> Result<headwater::Stats, Error> {
        let stats = self.state().core.stats(key);
        let stats = stats.map_err(|error| self.refused_to(error))?;
        let layer = |layer: LayerStats| headwater::TrackStats {
            stream: layer.stream.to_string(),
            kind: layer.kind.into(),
            rid: layer.rid,
            bitrate: layer.bitrate,
        };
        Ok(headwater::Stats {
            bandwidth: stats.bandwidth.map(Bitrate::as_bps),
            published: stats.published.into_iter().map(layer).collect(),
        })
    }

    /// Does something with the core that asks much of shards: refused while any of them does not
    /// keep up.
    fn with_free<T>(
        &self,
        act: impl FnOnce(&mut session::Core, session::Now) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let (mut state, now) = (self.state(), now());
        if !state.commands.are_free() {
            return Err(busy());
        }
        let result = act(&mut state.core, now);
        self.settle(&mut state, now);
        drop(state);
        result.map_err(|error| self.refused_to(error))
    }
}

/// An id for a participant that did not bring one.
fn random_id() -> ParticipantId {
    let id = format!("{:08x}", random::<4>());
    ParticipantId::new(&id).expect("hexadecimal digits are allowed")
}

//! Participants by the Headwater protocol: they join, break and resume, and send requests.

use std::time::Instant;

use broadcast::room::{self, ParticipantId, ParticipantKey, Rooms};
use signaling::dialect::headwater::{self, Code, Error, Join, Joined, Resume, Resumed};

use super::link::{Link, Socket};
use super::members::{Member, wall_ms};
use super::refusal::{gone, refused};
use super::telling::{Linked, Way};
use super::{Control, random};

/// Somebody has joined, or is back.
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
        let mut state = self.state();
        if state.stopping {
            return Err(Error::new(Code::Busy, "the server is shutting down"));
        }
        let permitted = state.registry.check_role(role, join.token.as_deref());
        permitted.map_err(|error| refused("params.token", &error))?;
        let key = state.members.next_key();
        let joined = state.members.rooms.join(
            Instant::now(),
            room::Join {
                key,
                room,
                id: participant,
                name: join.name.clone(),
                metadata: join.metadata.clone().unwrap_or_default(),
                role,
                auto_subscribe: join.wants_all(),
                joined_at: wall_ms(),
                is_proved: true,
            },
        )?;
        let secret = random::<16>();
        let link = Link::new();
        let result = Joined::new(format!("{secret:032x}"), &joined, ice_servers);
        let linked = Linked {
            link: link.clone(),
            secret,
            received: id,
            entered: id,
        };
        let member = Member::new(Way::Link(linked), client);
        state.members.all.insert(key, member);
        state.members.secrets.insert(secret, key);
        state.members.send(key, &headwater::responded(id, &result));
        self.settle(&mut state);
        tracing::info!(room = %joined.room.name, participant = %joined.participant.id, "joined");
        // Nothing was taken from it yet.
        let socket = link.attach(0).ok_or_else(gone)?;
        Ok(Entered { key, socket })
    }

    /// Goes on with a participation over a new socket.
    ///
    /// One that was delayed, so that a later one has come before it, is refused.
    pub(crate) fn resume(&self, id: u64, resume: &Resume) -> Result<(Entered, Resumed), Error> {
        let mut state = self.state();
        let secret = u128::from_str_radix(&resume.session, 16).map_err(|_| gone())?;
        let (key, link, received) = state.members.find(secret).ok_or_else(gone)?;
        if !link.continues(resume.seen) {
            return Err(gone());
        }
        if let Some(linked) = state.members.linked(key) {
            if id < linked.entered {
                let message = "a later resume has come before this one";
                return Err(Error::of("id", Code::Conflict, message));
            }
            linked.entered = id;
        }
        let socket = link.attach(resume.seen).ok_or_else(gone)?;
        link.confirm(resume.seen);
        state.members.rooms.found(Instant::now(), key);
        self.settle(&mut state);
        Ok((Entered { key, socket }, Resumed { received }))
    }

    /// A participant's socket is gone.
    pub(crate) fn lost(&self, key: ParticipantKey) {
        self.with_rooms(|rooms, now| rooms.lost(now, key));
    }

    /// Takes note of a request. One that came before, or out of order, is refused. False when
    /// a newer socket has the participant: who resumed was told that this request is to be sent
    /// again.
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
        let linked = state.members.linked(key).ok_or_else(gone)?;
        if id <= linked.received {
            let message = format!("ids count up: the last was {}", linked.received);
            return Err(Error::of("id", Code::BadRequest, message));
        }
        linked.received = id;
        Ok(true)
    }

    /// Sends the response to a request.
    pub(crate) fn respond(&self, key: ParticipantKey, body: &str) {
        let mut state = self.state();
        if state.members.send(key, body) {
            self.settle(&mut state);
        }
    }

    /// Does what a participant asks for in its room, sends the response that `call` returns, and
    /// then does what follows from it: that may be the end of the participation.
    pub(crate) fn in_room(
        &self,
        key: ParticipantKey,
        call: impl FnOnce(&mut Rooms, Instant) -> Result<String, Error>,
    ) -> Result<(), Error> {
        let mut state = self.state();
        state.members.member(key)?;
        let response = call(&mut state.members.rooms, Instant::now())?;
        state.members.send(key, &response);
        self.settle(&mut state);
        Ok(())
    }
}

/// An id for who did not bring one.
fn random_id() -> ParticipantId {
    let id = format!("{:08x}", random::<4>());
    ParticipantId::new(&id).expect("hexadecimal digits are allowed")
}

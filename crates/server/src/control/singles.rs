//! Sessions that a client opens for one stream: by WHIP, by WHEP, and by dialects with a
//! connection for each stream.

use std::time::{Duration, Instant};

use broadcast::registry::Admitted;
use broadcast::room::{self, Declared, EndReason, ParticipantId, ParticipantKey, RoomName};
use broadcast::{Open, OpenError, Role, SessionId, StreamName};
use shard::Command;

use super::members::{Purpose, wall_ms};
use super::{Control, State};

/// Who opens a session.
#[derive(Debug)]
pub(super) enum Opener {
    /// Somebody who is in no room: by WHIP or WHEP.
    Outsider,
    /// A participant, with what it says of a stream that it publishes.
    Participant(ParticipantKey, Declared),
}

/// To whom a stream with a session of its own belongs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// To a synthetic participant, which the server adds for a WHIP publisher. Comes and goes with it.
    MadeUp(ParticipantKey),
    /// To a participant.
    Participant(ParticipantKey),
}

impl Control {
    /// Ends a session that a participant has opened for one stream. False when there is none.
    pub(crate) fn close_single(&self, key: ParticipantKey, session: SessionId) -> bool {
        let shard = {
            let state = self.state();
            let member = state.members.all.get(&key);
            let own = member.is_some_and(|member| member.singles.contains(&session));
            let session = state.registry.session(session).filter(|_| own);
            session.map(|session| session.shard)
        };
        let Some(shard) = shard else {
            return false;
        };
        self.order(shard, Command::Close { session });
        self.remove(session);
        true
    }

    /// A room is done with a stream: the session that publishes nothing else ends.
    pub(super) fn close_publisher(&self, state: &mut State, stream: &StreamName) {
        if !state.disown(stream) {
            return;
        }
        let publisher = state.registry.publisher(stream);
        let session = publisher.and_then(|id| Some((id, state.registry.session(id)?.shard)));
        if let Some((session, shard)) = session {
            self.order(shard, Command::Close { session });
        }
    }
}

impl State {
    /// A session is connected: its publisher is really in the room.
    pub(super) fn prove(&mut self, session: SessionId) {
        let known = self.registry.session(session);
        let stream = known.and_then(|session| session.stream());
        let owner = stream.and_then(|stream| self.members.owners.get(stream));
        if let Some(Owner::MadeUp(key)) = owner {
            self.members.rooms.prove(*key);
        }
    }

    /// Whether somebody may open a session, as far as that can be said before its offer is read.
    pub(super) fn may_open(&self, opener: &Opener, open: &Open) -> Result<(), OpenError> {
        if self.stopping {
            return Err(OpenError::Stopping);
        }
        match opener {
            Opener::Outsider => {
                let (now, token) = (Instant::now(), open.token.as_deref());
                self.registry.check(now, open.role, &open.stream, token)
            }
            Opener::Participant(key, _) => {
                let room = self.members.rooms.room_of(*key);
                if room.is_some_and(|room| *room == RoomName::of(&open.stream)) {
                    return Ok(());
                }
                let error = "the stream is not in a room of this participant";
                Err(OpenError::Refused(error.to_owned()))
            }
        }
    }

    /// Lets a session of a participant in.
    pub(super) fn admit_single(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        session: SessionId,
        open: &Open,
        formats: Vec<rtp::Format>,
        shard: usize,
    ) -> Result<Admitted, OpenError> {
        let (registry, members) = (&mut self.registry, &mut self.members);
        registry.open_in_room(session, open.role, shard)?;
        let admitted = match open.role {
            Role::Publisher => registry.publish(now, session, &open.stream, formats),
            Role::Viewer => Ok(registry.view(now, session, &open.stream)),
        };
        if admitted.is_err() {
            registry.remove(now, session);
            return admitted;
        }
        members.sessions.insert(session, (key, Purpose::Single));
        if let Some(member) = members.all.get_mut(&key) {
            member.singles.insert(session);
        }
        admitted
    }

    /// A stream that has a session of its own is in its room.
    pub(super) fn own(&mut self, opener: &Opener, name: &StreamName) -> Result<(), OpenError> {
        let owner = match opener {
            // Another publisher has taken over.
            Opener::Outsider if self.members.owners.contains_key(name) => return Ok(()),
            Opener::Outsider => Owner::MadeUp(self.make_up(name)?),
            Opener::Participant(key, declared) => {
                let rooms = &mut self.members.rooms;
                let published = rooms.publish(Instant::now(), *key, name.clone(), declared.clone());
                published.map_err(|error| OpenError::Refused(error.to_string()))?;
                Owner::Participant(*key)
            }
        };
        self.members.owners.insert(name.clone(), owner);
        Ok(())
    }

    /// The session of a stream is over, or to end. False when it has none of its own.
    pub(super) fn disown(&mut self, name: &StreamName) -> bool {
        let (rooms, now) = (&mut self.members.rooms, Instant::now());
        match self.members.owners.remove(name) {
            Some(Owner::MadeUp(key)) => rooms.leave(now, key, EndReason::Left),
            Some(Owner::Participant(key)) => {
                if let Err(error) = rooms.unpublish(now, key, name) {
                    tracing::debug!(stream = %name, %error, "its room has ended it before");
                }
            }
            None => return false,
        }
        true
    }

    /// A stream that came by WHIP is in its room, of a participant that the server makes up.
    fn make_up(&mut self, name: &StreamName) -> Result<ParticipantKey, OpenError> {
        let now = Instant::now();
        let key = self.members.next_key();
        let join = room::Join {
            key,
            room: RoomName::of(name),
            id: ParticipantId::made_up("whip", name),
            name: name.as_str().rsplit('/').next().map(str::to_owned),
            metadata: String::new(),
            role: room::Role::Publisher,
            auto_subscribe: false,
            joined_at: wall_ms(),
            is_proved: false,
        };
        let rooms = &mut self.members.rooms;
        rooms.join(now, join).map_err(|error| not_entered(&error))?;
        let published = rooms.publish(now, key, name.clone(), Declared::default());
        if let Err(error) = published {
            rooms.leave(now, key, EndReason::Left);
            return Err(OpenError::Refused(error.to_string()));
        }
        Ok(key)
    }
}

/// Somebody does not come into a room.
pub(super) fn not_entered(error: &room::JoinError) -> OpenError {
    match error {
        room::JoinError::Full { limit } => OpenError::Full {
            limit,
            retry_after: Duration::from_secs(5),
        },
        error => OpenError::Refused(error.to_string()),
    }
}

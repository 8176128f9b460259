//! Participants by a dialect: they enter rooms, and do in them what rooms allow.

use std::time::Instant;

use broadcast::room::{self, EndReason, ParticipantId, ParticipantKey, RoomName, Rooms};
use broadcast::{OpenError, StreamName};
use tokio::sync::mpsc;

use super::members::{Member, wall_ms};
use super::singles::not_entered;
use super::telling::{EventBatch, Queue, Way};
use super::{Control, State};

/// A request to enter a room by a dialect.
#[derive(Debug)]
pub(crate) struct Enter {
    pub(crate) room: RoomName,
    /// Another participation of this id in the room ends, as replaced.
    pub(crate) id: ParticipantId,
    /// For people; `None`: the id.
    pub(crate) name: Option<String>,
    /// The application's.
    pub(crate) metadata: String,
    /// Whoever fills this in has looked at [grants](super::Grants).
    pub(crate) role: room::Role,
    /// The dialect, for the log.
    pub(crate) client: &'static str,
}

/// Somebody has entered.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub(crate) key: ParticipantKey,
    /// The room at this moment.
    pub(crate) joined: room::Joined,
    /// What happens afterwards. Who drops this is told nothing more, and is still in the room.
    pub(crate) events: mpsc::Receiver<EventBatch>,
}

impl Control {
    /// Lets somebody into a room. It is shown no streams: it opens sessions for those that it
    /// wants. Its dialect says when its socket is lost, and when it leaves.
    pub(crate) fn enter(&self, enter: Enter) -> Result<Entrance, OpenError> {
        self.enter_with(enter, false, |_, _| Ok(()))
    }

    /// The same, for one who is shown all streams or none. `begin` makes what it needs for that.
    pub(super) fn enter_with(
        &self,
        enter: Enter,
        auto_subscribe: bool,
        begin: impl FnOnce(&mut State, ParticipantKey) -> Result<(), OpenError>,
    ) -> Result<Entrance, OpenError> {
        let mut state = self.state();
        if state.stopping {
            return Err(OpenError::Stopping);
        }
        let key = state.members.next_key();
        let join = room::Join {
            key,
            room: enter.room,
            id: enter.id,
            name: enter.name,
            metadata: enter.metadata,
            role: enter.role,
            auto_subscribe,
            joined_at: wall_ms(),
            is_proved: true,
        };
        let joined = state.members.rooms.join(Instant::now(), join);
        let joined = joined.map_err(|error| not_entered(&error))?;
        let (queue, events) = Queue::new();
        let member = Member::new(Way::Queue(queue), enter.client.to_owned());
        state.members.all.insert(key, member);
        if let Err(error) = begin(&mut state, key) {
            let (rooms, now) = (&mut state.members.rooms, Instant::now());
            rooms.leave(now, key, EndReason::Left);
            self.settle(&mut state);
            return Err(error);
        }
        self.settle(&mut state);
        tracing::info!(room = %joined.room.name, participant = %joined.participant.id, "entered");
        Ok(Entrance {
            key,
            joined,
            events,
        })
    }

    /// A participation is over. Nothing when it is so already.
    pub(crate) fn leave(&self, key: ParticipantKey, reason: EndReason) {
        self.with_rooms(|rooms, now| rooms.leave(now, key, reason));
    }

    /// Shows a participant a stream of its room. False when the stream has ended meanwhile, which
    /// the participant is told next.
    pub(crate) fn subscribe(&self, key: ParticipantKey, stream: &StreamName) -> bool {
        let subscribed = self.with_rooms(|rooms, _| rooms.subscribe(key, stream, None));
        if let Err(error) = &subscribed {
            tracing::debug!(%stream, %error, "nothing to subscribe to");
        }
        subscribed.is_ok()
    }

    /// Looks at rooms, or does something in them, and then does what follows from it. Others have
    /// been told when this returns.
    pub(crate) fn with_rooms<T>(&self, act: impl FnOnce(&mut Rooms, Instant) -> T) -> T {
        let mut state = self.state();
        let result = act(&mut state.members.rooms, Instant::now());
        self.settle(&mut state);
        result
    }
}

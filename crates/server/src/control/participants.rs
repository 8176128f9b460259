//! Participants: they enter and leave rooms, and open a session for each stream that they want.

use model::{Open, OpenError, Opened, SessionError, SessionId, StreamName};
use room::{Declared, EndReason, Joined, ParticipantId, ParticipantKey, RoomName};
use session::{Core, Now, Opener, Stats, TransportKind};
use tokio::sync::mpsc;

use super::outlets::{EventBatch, Outlet};
use super::queue::{Queue, UnifiedOutlet};
use super::{Control, now};

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
    /// What the participant may do. The caller has looked at permissions.
    pub(crate) role: room::Role,
    /// It is shown all tracks of others that it does not decline; otherwise those to which it
    /// subscribes by [`Control::subscribe`]. False with a peer for each stream.
    pub(crate) auto_subscribe: bool,
    /// The dialect, for the log.
    pub(crate) client: &'static str,
}

/// A participant that has entered.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub(crate) key: ParticipantKey,
    /// The room at this moment.
    pub(crate) joined: Joined,
    /// What happens afterwards. A dialect that drops this is told nothing more, and its participant
    /// is still in the room.
    pub(crate) events: mpsc::Receiver<EventBatch>,
}

impl Control {
    /// Lets a participant into a room, which is told everything through the outlet that `make`
    /// returns. What `make` sends comes before all that follows from the entry.
    pub(crate) fn join(
        &self,
        enter: session::Enter,
        make: impl FnOnce(ParticipantKey, &Joined) -> Box<dyn Outlet>,
    ) -> Result<(ParticipantKey, Joined), session::Error> {
        let (mut state, now) = (self.state(), now());
        let (key, joined) = state.core.enter(now, enter)?;
        let outlet = make(key, &joined);
        state.outlets.insert(key, outlet);
        self.settle(&mut state, now);
        Ok((key, joined))
    }

    /// Lets a participant into a room, which is told events by a queue. It is shown no streams: it
    /// opens sessions for those that it wants. Its dialect says when its socket is lost, and when
    /// it leaves.
    pub(crate) fn enter(&self, enter: Enter) -> Result<Entrance, OpenError> {
        self.enter_with(enter, TransportKind::PerStream, None)
    }

    /// The same, over other peers.
    pub(super) fn enter_with(
        &self,
        enter: Enter,
        transport: TransportKind,
        unified: Option<UnifiedOutlet>,
    ) -> Result<Entrance, OpenError> {
        let enter = session::Enter {
            room: enter.room,
            id: enter.id,
            name: enter.name,
            metadata: enter.metadata,
            role: enter.role,
            client: enter.client.to_owned(),
            auto_subscribe: enter.auto_subscribe,
            transport,
        };
        let (queue, events) = Queue::new(unified);
        let entered = self.join(enter, |_, _| Box::new(queue));
        let (key, joined) = entered.map_err(|error| self.refused(error))?;
        tracing::info!(room = %joined.room.name, participant = %joined.participant.id, "entered");
        Ok(Entrance {
            key,
            joined,
            events,
        })
    }

    /// Does something with the core that asks much of shards: refused while any of them does not
    /// keep up.
    pub(crate) fn with_free<T>(
        &self,
        act: impl FnOnce(&mut Core, Now) -> Result<T, session::Error>,
    ) -> Result<T, session::Error> {
        let (mut state, now) = (self.state(), now());
        if !state.commands.are_free() {
            return Err(SessionError::Busy.into());
        }
        let result = act(&mut state.core, now);
        self.settle(&mut state, now);
        result
    }

    /// Returns what the server measures of a participant's media.
    pub(crate) fn stats(&self, key: ParticipantKey) -> Result<Stats, session::Error> {
        self.state().core.stats(key)
    }

    /// Ends a participation. Nothing happens when it is over already.
    pub(crate) fn leave(&self, key: ParticipantKey, reason: EndReason) {
        self.with_core(|core, now| core.leave(now, key, reason));
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

    /// Opens a session of a participant for one stream of its room: to publish it, as declared,
    /// or to watch it. The dialect has looked at permissions. When a publishing session ends, so
    /// does its stream in the room, and the other way round. A watching session outlives its
    /// stream: [`Self::close_single`] ends either kind.
    pub(crate) async fn open_for(
        &self,
        key: ParticipantKey,
        declared: Declared,
        open: Open,
    ) -> Result<Opened, OpenError> {
        self.open_by(Opener::Participant(key, declared), open).await
    }

    /// Ends a session that a participant has opened for one stream. False when there is none.
    pub(crate) fn close_single(&self, key: ParticipantKey, session: SessionId) -> bool {
        self.with_core(|core, now| core.close_own(now, key, session))
    }
}

//! Streams that come by WHIP: each is in its room, of a participant that the server makes up.

use std::time::{Duration, Instant};

use broadcast::room::{self, EndReason, ParticipantId, RoomName};
use broadcast::{OpenError, StreamName};

use super::State;
use super::members::wall_ms;

impl State {
    /// A stream that came by WHIP is in its room, of a participant that the server makes up.
    pub(super) fn enter_made_up(&mut self, name: &StreamName) -> Result<(), OpenError> {
        if self.members.made_up.contains_key(name) {
            return Ok(());
        }
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
        };
        let rooms = &mut self.members.rooms;
        rooms.join(now, join).map_err(|error| not_entered(&error))?;
        let published = rooms.publish(now, key, name.clone(), None, Vec::new());
        if let Err(error) = published {
            rooms.leave(now, key, EndReason::Left);
            return Err(OpenError::Refused(error.to_string()));
        }
        self.members.made_up.insert(name.clone(), key);
        Ok(())
    }

    /// A stream that came by WHIP is over.
    pub(super) fn leave_made_up(&mut self, name: &StreamName) {
        if let Some(key) = self.members.made_up.remove(name) {
            let now = Instant::now();
            self.members.rooms.leave(now, key, EndReason::Left);
        }
    }
}

fn not_entered(error: &room::JoinError) -> OpenError {
    match error {
        room::JoinError::Full { limit } => OpenError::Full {
            limit,
            retry_after: Duration::from_secs(5),
        },
        error => OpenError::Refused(error.to_string()),
    }
}

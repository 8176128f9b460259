//! Live broadcasts, and how broadcasters and subscribers enter their rooms.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::{OpenError, StreamName};
use room::{EndReason, ParticipantKey};
use signaling::dialect::broadcast_recording::{BroadcastId, Names};

use crate::control::{Control, Enter, Participation, UnifiedOptions, random};
use crate::http::admission;

/// The name of its clients in the log.
const CLIENT: &str = "Broadcast-Recording";

/// A subscriber is shown only the stream that it subscribes to, under the name that the original
/// server gave it. The tracks of a broadcaster that returns use the same m-lines.
const OPTIONS: UnifiedOptions = UnifiedOptions {
    stream_name: Some("pion"),
    new_lines: 0,
};

/// The state that all sockets of the dialect share.
#[derive(Debug)]
pub(super) struct Broadcasts {
    /// Accept sockets from pages of other hosts.
    pub(super) any_origin: bool,
    /// The broadcaster of each broadcast.
    pub(super) live: Mutex<BTreeMap<StreamName, ParticipantKey>>,
}

impl Broadcasts {
    /// Lets a broadcaster in, or returns `None` when these names are taken.
    ///
    /// A broadcaster of this dialect that has the names is removed then, and its socket closed:
    /// mostly it is the same client, which has started over before its old socket ended, and asks
    /// again. Letting it in at once would make it start over for ever.
    pub(super) fn enter(
        &self,
        control: &Control,
        names: &Names,
    ) -> Result<Option<Participation>, OpenError> {
        // Locked until the new one is in, so that of two at once the second finds the first.
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let before = live.remove(&names.stream);
        let is_taken = control.with_rooms(|rooms, now| match before {
            Some(before) if rooms.participant(before).is_some() => {
                rooms.leave(now, before, EndReason::Replaced);
                true
            }
            _ => {
                let is_there = rooms.key(&names.room, &names.broadcaster).is_some();
                is_there || rooms.stream(&names.stream).is_some()
            }
        });
        if is_taken {
            return Ok(None);
        }
        let entering = admission::Names {
            room: names.room.clone(),
            id: names.broadcaster.clone(),
        };
        let enter = entering.enter(room::Role::Publisher, CLIENT);
        let participation = control.enter_unified(enter, OPTIONS)?;
        live.insert(names.stream.clone(), participation.entrance.key);
        Ok(Some(participation))
    }

    /// Removes a broadcaster, unless another one has the stream by now.
    pub(super) fn leave(&self, stream: &StreamName, key: ParticipantKey) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.get(stream) == Some(&key) {
            live.remove(stream);
        }
    }
}

/// Lets a subscriber in, under a random id.
pub(super) fn enter_subscriber(
    control: &Control,
    names: &Names,
) -> Result<Participation, OpenError> {
    let id = format!("subscriber-{}", BroadcastId::new(random::<16>()));
    let entering = admission::Names {
        room: names.room.clone(),
        id: admission::participant_id(&id)?,
    };
    let enter = Enter {
        name: Some("subscriber".to_owned()),
        ..entering.enter(room::Role::Viewer, CLIENT)
    };
    control.enter_unified(enter, OPTIONS)
}

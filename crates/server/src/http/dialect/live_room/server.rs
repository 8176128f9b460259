//! The server as one side of each connection, where media goes through the server. A live room then
//! is a room of [`room`] with the host's stream, both under one name.

use std::sync::Arc;
use std::time::Duration;

use model::{OpenError, StreamName};
use room::direct::{LinkId, Name, Rooms};
use room::{EndReason, ParticipantId, ParticipantKey, RoomName};
use signaling::dialect::live_room;

use crate::control::{Control, Enter};
use crate::http::{RateLimit, Settings, admission};

/// The name of its clients in the log.
pub(super) const CLIENT: &str = "live room";

/// Time between two tries to open a session while `limits.sessions_per_second` is reached.
const REST: Duration = Duration::from_millis(50);

/// The state that the tasks of connections share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) control: Control,
    pub(super) settings: Arc<Settings>,
    pub(super) opens: Arc<RateLimit>,
}

/// The names of a live room in the other protocols.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) room: RoomName,
    pub(super) host: ParticipantId,
    pub(super) stream: StreamName,
}

impl Names {
    /// Makes the names from any text. Refused when a name is too long after escaping.
    pub(super) fn of(room: &str) -> Result<Self, OpenError> {
        let admission::Names { room, id } = admission::Names::of_texts(room, room)?;
        let stream = StreamName::new(room.as_str());
        let stream = stream.map_err(|error| OpenError::Refused(error.to_string()))?;
        Ok(Self {
            room,
            host: id,
            stream,
        })
    }

    /// The entry of a participant into the room.
    pub(super) fn enter(&self, id: ParticipantId, name: &Name, role: room::Role) -> Enter {
        let room = self.room.clone();
        let entry = admission::Names { room, id }.enter(role, CLIENT);
        Enter {
            name: Some(name.to_string()),
            ..entry
        }
    }
}

impl Server {
    /// Changes the rooms, and sends the frames that result.
    pub(super) fn act(&self, act: impl FnOnce(&mut Rooms)) {
        self.control.with_core(|core, now| core.in_direct(now, act));
    }

    /// Fails a connection, and logs why.
    pub(super) fn fail(&self, link: LinkId, error: &OpenError) {
        tracing::info!(?link, %error, "a live-room connection through the server failed");
        self.act(|rooms| rooms.fail(link));
    }

    /// Waits until `limits.sessions_per_second` allows one more session.
    pub(super) async fn turn(&self) {
        while admission::take_opening(&self.opens).is_err() {
            tokio::time::sleep(REST).await;
        }
    }

    /// Reads the session description from a client's message.
    pub(super) fn sdp(&self, body: &str) -> Result<String, OpenError> {
        let sdp = live_room::sdp(body).map_err(|error| OpenError::BadOffer(error.to_string()))?;
        self.settings.check_length("a description", &sdp)?;
        Ok(sdp)
    }
}

/// A participation in a room, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct LeavesOnDrop {
    pub(super) control: Control,
    pub(super) key: ParticipantKey,
}

impl Drop for LeavesOnDrop {
    fn drop(&mut self) {
        self.control.leave(self.key, EndReason::Left);
    }
}

//! The server as one side of each connection, where media goes through the server. A live room then
//! is a room of [`room`] with the host's stream, both under one name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{OpenError, StreamName};
use room::direct::{LinkId, Name, Rooms, Task};
use room::{EndReason, ParticipantId, ParticipantKey, RoomName};
use signaling::dialect::live_room;
use tokio::sync::mpsc;

use super::host::Host;
use super::{Protocol, viewer};
use crate::control::{Control, Enter, Entrance};
use crate::http::socket::hub::Handle;
use crate::http::{RateLimit, Settings, admission};

/// The name of its clients in the log.
pub(super) const CLIENT: &str = "live room";

/// Descriptions of one client that wait for the task of its connection. Further ones are dropped.
const SAID_MAX: usize = 16;

/// Time between two tries to open a session while `limits.sessions_per_second` is reached.
const REST: Duration = Duration::from_millis(50);

/// The state that the tasks of connections share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) control: Control,
    pub(super) settings: Arc<Settings>,
    pub(super) opens: Arc<RateLimit>,
    pub(super) rooms: Handle<Protocol>,
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

/// All connections of the server with hosts and viewers.
#[derive(Debug)]
pub(super) struct Links {
    server: Server,
    all: BTreeMap<LinkId, Link>,
}

/// A connection. Dropping it ends its task.
#[derive(Debug)]
struct Link {
    said: mpsc::Sender<String>,
    /// The host. Kept here and not in its task, so that it leaves at once with its room: the next
    /// room of this name may be created right after.
    _host: Option<Inside>,
}

impl Links {
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            all: BTreeMap::new(),
        }
    }

    /// Checks whether a host can create a room of this name. A publisher may be live under it by
    /// another protocol.
    pub(super) fn may_take(&self, room: &str) -> Result<(), OpenError> {
        let names = Names::of(room)?;
        let control = &self.server.control;
        let is_taken = control.with_rooms(|rooms, _| {
            rooms.key(&names.room, &names.host).is_some() || rooms.stream(&names.stream).is_some()
        });
        if is_taken {
            return Err(OpenError::AlreadyLive);
        }
        Ok(())
    }

    /// Carries out a task of the rooms. Returns the connection that failed.
    pub(super) fn carry_out(&mut self, task: Task) -> Result<(), (LinkId, OpenError)> {
        match task {
            Task::Take { link, room } => {
                let (names, entrance) = self.enter(&room).map_err(|error| (link, error))?;
                let host = Inside {
                    control: self.server.control.clone(),
                    key: entrance.key,
                };
                let said = self.begin(link, Some(host));
                let host = Host::new(self.server.clone(), link, room, names, entrance);
                tokio::spawn(host.run(said));
            }
            Task::Show { link, room, viewer } => {
                let said = self.begin(link, None);
                let server = self.server.clone();
                tokio::spawn(viewer::run(server, link, room, viewer, said));
            }
            Task::Said { link, body } => {
                if let Some(Link { said, .. }) = self.all.get(&link)
                    && let Err(error) = said.try_send(body)
                {
                    tracing::debug!(?link, %error, "a session description was dropped");
                }
            }
            Task::End(link) => drop(self.all.remove(&link)),
        }
        Ok(())
    }

    /// Lets a host into its room.
    fn enter(&self, room: &Name) -> Result<(Names, Entrance), OpenError> {
        let names = Names::of(room.as_str())?;
        let enter = names.enter(names.host.clone(), room, room::Role::Publisher);
        let entrance = self.server.control.enter(enter)?;
        Ok((names, entrance))
    }

    fn begin(&mut self, link: LinkId, host: Option<Inside>) -> mpsc::Receiver<String> {
        let (said, receiver) = mpsc::channel(SAID_MAX);
        self.all.insert(link, Link { said, _host: host });
        receiver
    }
}

impl Server {
    /// Changes the rooms, and sends the frames that result.
    pub(super) fn act(&self, act: impl FnOnce(&mut Rooms)) {
        self.rooms.act(|protocol| act(&mut protocol.rooms));
    }

    /// Fails a connection.
    pub(super) fn fail(&self, link: LinkId, error: &OpenError) {
        self.act(|rooms| fail(rooms, link, error));
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

/// Fails a connection, and logs why.
pub(super) fn fail(rooms: &mut Rooms, link: LinkId, error: &OpenError) {
    tracing::info!(?link, %error, "a live-room connection through the server failed");
    rooms.fail(link);
}

/// A participation in a room, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) control: Control,
    pub(super) key: ParticipantKey,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.control.leave(self.key, EndReason::Left);
    }
}

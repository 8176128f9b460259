//! The server as one side of each connection, where media goes through it: a room is one of
//! [`broadcast::room`] with the host's stream in it, under one name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broadcast::direct::{LinkId, Name, Rooms, Task};
use broadcast::room::{self, EndReason, ParticipantId, ParticipantKey, RoomName};
use broadcast::{OpenError, StreamName};
use signaling::dialect::live_room;
use tokio::sync::mpsc;

use super::super::hub::Handle;
use super::super::{RateLimit, Settings};
use super::host::Host;
use super::{Protocol, viewer};
use crate::control::{Control, Enter, Entrance};

/// What its clients are called in the log.
pub(super) const CLIENT: &str = "live room";

/// Descriptions of one client that wait for its connection's task. Further ones are left out.
const SAID_MAX: usize = 16;

/// How long a connection waits that has come with too many others.
const REST: Duration = Duration::from_millis(50);

/// What the tasks of connections need. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) control: Control,
    pub(super) settings: Arc<Settings>,
    pub(super) opens: Arc<RateLimit>,
    pub(super) rooms: Handle<Protocol>,
}

/// What a room of the live room is called elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) room: RoomName,
    pub(super) host: ParticipantId,
    pub(super) stream: StreamName,
}

impl Names {
    /// Any text is a name, unless it is too long when it is written as one.
    pub(super) fn of(room: &str) -> Result<Self, OpenError> {
        let refused = |error: &dyn std::error::Error| OpenError::Refused(error.to_string());
        let name = RoomName::of_text(room).map_err(|error| refused(&error))?;
        Ok(Self {
            host: ParticipantId::of_text(room).map_err(|error| refused(&error))?,
            stream: StreamName::new(name.as_str()).map_err(|error| refused(&error))?,
            room: name,
        })
    }

    /// Somebody who enters the room.
    pub(super) fn enter(&self, id: ParticipantId, name: &Name, role: room::Role) -> Enter {
        Enter {
            room: self.room.clone(),
            id,
            name: Some(name.to_string()),
            metadata: String::new(),
            role,
            client: CLIENT,
        }
    }
}

/// All connections.
#[derive(Debug)]
pub(super) struct Links {
    server: Server,
    all: BTreeMap<LinkId, Link>,
}

/// A connection. Its task ends when this is dropped.
#[derive(Debug)]
struct Link {
    said: mpsc::Sender<String>,
    /// The host. It is gone with its room, and not a moment later: the next one of this name may
    /// come at once.
    _host: Option<Inside>,
}

impl Links {
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            all: BTreeMap::new(),
        }
    }

    /// Whether a host may have a room of this name. Somebody may be live under it by another
    /// protocol.
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

    /// Carries out what the rooms want. Returns the connection that cannot be.
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
                    tracing::debug!(?link, %error, "a description is left out");
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
    /// Says something by a connection.
    pub(super) fn act(&self, act: impl FnOnce(&mut Rooms)) {
        self.rooms.act(|protocol| act(&mut protocol.rooms));
    }

    /// The connection cannot be.
    pub(super) fn fail(&self, link: LinkId, error: &OpenError) {
        self.act(|rooms| fail(rooms, link, error));
    }

    /// Waits until one more session may be opened.
    pub(super) async fn turn(&self) {
        while !self.opens.take(Instant::now()) {
            tokio::time::sleep(REST).await;
        }
    }

    /// The description in what somebody has said.
    pub(super) fn sdp(&self, body: &str) -> Result<String, OpenError> {
        let sdp = live_room::sdp(body).map_err(|error| OpenError::BadOffer(error.to_string()))?;
        self.settings.check_length("a description", &sdp)?;
        Ok(sdp)
    }
}

/// A connection cannot be.
pub(super) fn fail(rooms: &mut Rooms, link: LinkId, error: &OpenError) {
    tracing::info!(?link, %error, "the live room's media cannot go through the server");
    rooms.fail(link);
}

/// Somebody whom the server has let into a room; it leaves when this is dropped.
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

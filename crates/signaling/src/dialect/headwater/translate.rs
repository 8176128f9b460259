//! Conversions between the types of `room` and those of the wire.

use rtp::Kind;

use super::error::{Code, Error};
use super::event::Event;
use super::params::{Join, PublishedTrack, SubscribeMode};
use super::results::Joined;
use crate::json::Role;

impl From<&room::Event> for Event {
    fn from(event: &room::Event) -> Self {
        match event {
            room::Event::ParticipantJoined(participant) => Self::ParticipantJoined {
                participant: participant.into(),
            },
            room::Event::ParticipantChanged(participant) => Self::ParticipantChanged {
                participant: participant.into(),
            },
            room::Event::ParticipantLeft { id, reason } => Self::ParticipantLeft {
                id: id.to_string(),
                reason: (*reason).into(),
            },
            room::Event::StreamAdded(stream) => Self::StreamAdded {
                stream: stream.into(),
            },
            room::Event::StreamChanged(stream) => Self::StreamChanged {
                stream: stream.into(),
            },
            room::Event::StreamRemoved(stream) => Self::StreamRemoved {
                stream: stream.name.to_string(),
            },
            room::Event::Message(message) => Self::Message {
                message: message.into(),
            },
            room::Event::Speakers(participants) => Self::Speakers {
                participants: participants.iter().map(ToString::to_string).collect(),
            },
            room::Event::RoomChanged(room) => Self::RoomChanged { room: room.into() },
            room::Event::MuteRequested { stream, kind, by } => Self::MuteRequested {
                stream: stream.to_string(),
                kind: (*kind).into(),
                by: by.to_string(),
            },
            room::Event::Ended { reason, text } => Self::Ended {
                reason: (*reason).into(),
                text: text.clone(),
            },
        }
    }
}

impl Joined {
    /// Builds the result of `join`. `session` is the secret for `resume`.
    pub fn new(
        session: String,
        joined: &room::Joined,
        ice_servers: Vec<super::results::IceServer>,
    ) -> Self {
        Self {
            session,
            participant: (&joined.participant).into(),
            room: (&joined.room).into(),
            participants: joined.participants.iter().map(Into::into).collect(),
            streams: joined.streams.iter().map(Into::into).collect(),
            messages: joined.messages.iter().map(Into::into).collect(),
            ice_servers,
        }
    }
}

impl Join {
    /// The room to join. Fails for a name that no room can have.
    pub fn room_name(&self) -> Result<room::RoomName, Error> {
        room::RoomName::new(&self.room)
            .map_err(|error| Error::of("params.room", Code::BadRequest, error.to_string()))
    }

    /// The id to join with; `None` when the server chooses. Fails for an invalid id.
    pub fn participant_id(&self) -> Result<Option<room::ParticipantId>, Error> {
        self.id
            .as_deref()
            .map(participant_id("params.id"))
            .transpose()
    }

    /// The role to join with; `publisher` by default.
    pub fn wanted_role(&self) -> room::Role {
        self.role.unwrap_or(Role::Publisher).into()
    }

    /// Whether the participant subscribes to all streams of others; true by default.
    pub fn wants_all(&self) -> bool {
        self.subscribe.unwrap_or(SubscribeMode::Auto) == SubscribeMode::Auto
    }
}

/// Returns a reader of participant ids. Its error names `field`.
pub fn participant_id(field: &str) -> impl Fn(&str) -> Result<room::ParticipantId, Error> {
    move |id| {
        room::ParticipantId::new(id)
            .map_err(|error| Error::of(field, Code::BadRequest, error.to_string()))
    }
}

/// Reads a stream name. The error names `field`.
pub fn stream_name(field: &str, name: &str) -> Result<model::StreamName, Error> {
    model::StreamName::new(name)
        .map_err(|error| Error::of(field, Code::BadRequest, error.to_string()))
}

impl PublishedTrack {
    /// The track for the room: not yet active, and without a codec.
    pub fn track(&self, kind: Kind) -> room::Track {
        let layer = |layer: &super::params::PublishedLayer| room::Layer {
            rid: layer.rid.clone(),
            width: layer.width,
            height: layer.height,
            active: false,
        };
        room::Track {
            kind,
            source: self.source.clone(),
            muted: self.muted,
            codec: None,
            layers: self.layers.iter().map(layer).collect(),
        }
    }
}

/// The refusal of a request that arrived after the participation had ended.
fn gone() -> Error {
    Error::new(Code::SessionGone, "the participation has ended: join anew")
}

impl From<room::JoinError> for Error {
    fn from(error: room::JoinError) -> Self {
        let message = error.to_string();
        match error {
            room::JoinError::Locked => Self::of("params.room", Code::Locked, message),
            room::JoinError::Full { .. } => Self::new(Code::LimitReached, message),
            room::JoinError::TooLong { field, .. } => too_long(field, message),
        }
    }
}

impl From<room::PublishError> for Error {
    fn from(error: room::PublishError) -> Self {
        let message = error.to_string();
        match error {
            room::PublishError::Unknown => gone(),
            room::PublishError::Forbidden => Self::new(Code::Forbidden, message),
            room::PublishError::Taken => Self::of("params.label", Code::Conflict, message),
            room::PublishError::Full { .. } => Self::new(Code::LimitReached, message),
            room::PublishError::TooLong { field, .. } => too_long(field, message),
        }
    }
}

impl From<room::StreamError> for Error {
    fn from(error: room::StreamError) -> Self {
        let message = error.to_string();
        let field = "params.stream";
        match error {
            room::StreamError::Unknown => gone(),
            room::StreamError::NotFound | room::StreamError::NotSubscribed => {
                Self::of(field, Code::NotFound, message)
            }
            room::StreamError::Forbidden => Self::of(field, Code::Forbidden, message),
            room::StreamError::Own => Self::of(field, Code::BadRequest, message),
        }
    }
}

impl From<room::SendError> for Error {
    fn from(error: room::SendError) -> Self {
        let message = error.to_string();
        match error {
            room::SendError::Unknown => gone(),
            room::SendError::Forbidden => Self::new(Code::Forbidden, message),
            room::SendError::TooLong { field, .. } => too_long(field, message),
            room::SendError::TooFast => Self::new(Code::TooFast, message),
            room::SendError::NotFound => Self::of("params.to", Code::NotFound, message),
        }
    }
}

impl From<room::MetadataError> for Error {
    fn from(error: room::MetadataError) -> Self {
        match error {
            room::MetadataError::Unknown => gone(),
            room::MetadataError::TooLong { field, .. } => too_long(field, error.to_string()),
        }
    }
}

impl From<room::HostError> for Error {
    fn from(error: room::HostError) -> Self {
        let message = error.to_string();
        match error {
            room::HostError::Unknown => gone(),
            room::HostError::Forbidden => Self::new(Code::Forbidden, message),
            room::HostError::NotFound => Self::new(Code::NotFound, message),
            room::HostError::BadTarget => Self::of("params.participant", Code::BadRequest, message),
        }
    }
}

fn too_long(field: &str, message: String) -> Error {
    Error::of(&format!("params.{field}"), Code::LimitReached, message)
}

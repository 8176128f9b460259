//! The shapes of what `room` has.

use rtp::Kind;

use super::{
    EndReason, Layer, Message, MessageKind, Participant, ParticipantState, Quality, Role, Room,
    Send, Stream, Track, TrackKind,
};

impl From<Kind> for TrackKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Audio => Self::Audio,
            Kind::Video => Self::Video,
        }
    }
}

impl From<TrackKind> for Kind {
    fn from(kind: TrackKind) -> Self {
        match kind {
            TrackKind::Audio => Self::Audio,
            TrackKind::Video => Self::Video,
        }
    }
}

impl From<room::Role> for Role {
    fn from(role: room::Role) -> Self {
        match role {
            room::Role::Host => Self::Host,
            room::Role::Publisher => Self::Publisher,
            room::Role::Viewer => Self::Viewer,
            room::Role::Hidden => Self::Hidden,
        }
    }
}

impl From<Role> for room::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Host => Self::Host,
            Role::Publisher => Self::Publisher,
            Role::Viewer => Self::Viewer,
            Role::Hidden => Self::Hidden,
        }
    }
}

impl From<room::EndReason> for EndReason {
    fn from(reason: room::EndReason) -> Self {
        match reason {
            room::EndReason::Left => Self::Left,
            room::EndReason::Lost => Self::Lost,
            room::EndReason::Replaced => Self::Replaced,
            room::EndReason::Kicked => Self::Kicked,
            room::EndReason::Closed => Self::Closed,
            room::EndReason::Slow => Self::Slow,
            room::EndReason::Stopping => Self::Stopping,
        }
    }
}

impl From<room::MessageKind> for MessageKind {
    fn from(kind: room::MessageKind) -> Self {
        match kind {
            room::MessageKind::Chat => Self::Chat,
            room::MessageKind::Data => Self::Data,
        }
    }
}

impl From<MessageKind> for room::MessageKind {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Chat => Self::Chat,
            MessageKind::Data => Self::Data,
        }
    }
}

impl From<&room::Participant> for Participant {
    fn from(participant: &room::Participant) -> Self {
        Self {
            id: participant.id.to_string(),
            name: participant.name.clone(),
            role: participant.role.into(),
            metadata: participant.metadata.clone(),
            state: match participant.state {
                room::State::Connected => ParticipantState::Connected,
                room::State::Lost => ParticipantState::Lost,
            },
            quality: match participant.quality {
                model::Quality::Unknown => Quality::Unknown,
                model::Quality::Good => Quality::Good,
                model::Quality::Fair => Quality::Fair,
                model::Quality::Poor => Quality::Poor,
            },
            joined_at: participant.joined_at,
        }
    }
}

impl From<&room::Room> for Room {
    fn from(room: &room::Room) -> Self {
        Self {
            name: room.name.to_string(),
            locked: room.locked,
            participants: room.participants as u32,
            viewers: room.viewers as u32,
        }
    }
}

impl From<&room::Stream> for Stream {
    fn from(stream: &room::Stream) -> Self {
        Self {
            name: stream.name.to_string(),
            participant: stream.participant.to_string(),
            label: stream.label.clone(),
            active: stream.active,
            tracks: stream.tracks.iter().map(Track::from).collect(),
        }
    }
}

impl From<&room::Track> for Track {
    fn from(track: &room::Track) -> Self {
        let layer = |layer: &room::Layer| Layer {
            rid: layer.rid.clone(),
            width: layer.width,
            height: layer.height,
            active: layer.active,
        };
        Self {
            kind: track.kind.into(),
            source: track.source.clone(),
            muted: track.muted,
            codec: track.codec.clone(),
            layers: track.layers.iter().map(layer).collect(),
        }
    }
}

impl From<&room::Message> for Message {
    fn from(message: &room::Message) -> Self {
        Self {
            number: message.number,
            kind: message.kind.into(),
            from: message.from.to_string(),
            name: message.name.clone(),
            to: message.to.as_ref().map(ToString::to_string),
            topic: message.topic.clone(),
            body: message.body.clone(),
            sent_at: message.sent_at,
        }
    }
}

impl Send {
    /// The recipient; `None` for all participants. Fails for an id that no participant can have.
    pub fn recipient(&self) -> Result<Option<room::ParticipantId>, room::ParticipantIdError> {
        let to = self.to.as_deref();
        to.map(room::ParticipantId::new).transpose()
    }
}

impl From<room::Topology> for super::Topology {
    fn from(topology: room::Topology) -> Self {
        match topology {
            room::Topology::Sfu => Self::Sfu,
            room::Topology::Direct => Self::Direct,
            room::Topology::Tree => Self::Tree,
        }
    }
}

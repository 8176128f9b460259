use room::WebhookEvent;
use serde::{Deserialize, Serialize};
use signaling::json::{EndReason, Participant, Stream, Topology};
use utoipa::ToSchema;

/// The kinds of events, as the setting `events` and the header `Headwater-Event` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// A room started.
    RoomStarted,
    /// A room ended.
    RoomEnded,
    /// A participant joined a room.
    ParticipantJoined,
    /// A participant left a room.
    ParticipantLeft,
    /// A stream started.
    StreamStarted,
    /// A stream ended.
    StreamEnded,
}

/// The body of a delivery.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookDelivery)]
pub(crate) struct Body {
    /// Unique for each event, and the same in all attempts to deliver it.
    pub(crate) id: String,
    /// When the event happened, in milliseconds since 1970.
    pub(crate) at: u64,
    /// The way of the room's media.
    pub(crate) topology: Topology,
    /// The event itself.
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// An event in a room.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
#[schema(as = WebhookEvent)]
pub(crate) enum Event {
    /// A room started.
    RoomStarted {
        /// Name of the room.
        room: String,
    },
    /// A room ended: its last participants have left it.
    RoomEnded {
        /// Name of the room.
        room: String,
    },
    /// A participant joined a room.
    ParticipantJoined {
        /// Name of the room.
        room: String,
        /// The participant that joined.
        participant: Participant,
    },
    /// A participant left a room.
    ParticipantLeft {
        /// Name of the room.
        room: String,
        /// The participant that left.
        participant: Gone,
        /// Why it left.
        reason: EndReason,
    },
    /// A stream started.
    StreamStarted {
        /// Name of the room.
        room: String,
        /// The stream that started.
        stream: Stream,
    },
    /// A stream ended.
    StreamEnded {
        /// Name of the room.
        room: String,
        /// The stream that ended.
        stream: Ended,
    },
}

/// A participant that left.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = GoneParticipant)]
pub(crate) struct Gone {
    /// Id of the participant.
    pub(crate) id: String,
}

/// A stream that ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EndedStream)]
pub(crate) struct Ended {
    /// Name of the stream.
    pub(crate) name: String,
}

impl Kind {
    pub(super) fn of(event: &WebhookEvent) -> Self {
        match event {
            WebhookEvent::RoomStarted { .. } => Self::RoomStarted,
            WebhookEvent::RoomEnded { .. } => Self::RoomEnded,
            WebhookEvent::ParticipantJoined { .. } => Self::ParticipantJoined,
            WebhookEvent::ParticipantLeft { .. } => Self::ParticipantLeft,
            WebhookEvent::StreamStarted { .. } => Self::StreamStarted,
            WebhookEvent::StreamEnded { .. } => Self::StreamEnded,
        }
    }

    /// The name in settings, headers and bodies.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RoomStarted => "roomStarted",
            Self::RoomEnded => "roomEnded",
            Self::ParticipantJoined => "participantJoined",
            Self::ParticipantLeft => "participantLeft",
            Self::StreamStarted => "streamStarted",
            Self::StreamEnded => "streamEnded",
        }
    }
}

impl From<&WebhookEvent> for Event {
    fn from(event: &WebhookEvent) -> Self {
        match event {
            WebhookEvent::RoomStarted { room } => Self::RoomStarted {
                room: room.to_string(),
            },
            WebhookEvent::RoomEnded { room } => Self::RoomEnded {
                room: room.to_string(),
            },
            WebhookEvent::ParticipantJoined { room, participant } => Self::ParticipantJoined {
                room: room.to_string(),
                participant: participant.into(),
            },
            WebhookEvent::ParticipantLeft {
                room,
                participant,
                reason,
            } => Self::ParticipantLeft {
                room: room.to_string(),
                participant: Gone {
                    id: participant.to_string(),
                },
                reason: (*reason).into(),
            },
            WebhookEvent::StreamStarted { room, stream } => Self::StreamStarted {
                room: room.to_string(),
                stream: stream.into(),
            },
            WebhookEvent::StreamEnded { room, stream } => Self::StreamEnded {
                room: room.to_string(),
                stream: Ended {
                    name: stream.to_string(),
                },
            },
        }
    }
}

/// Writes the JSON body of a delivery.
pub(super) fn body(id: String, at: u64, topology: room::Topology, event: &WebhookEvent) -> String {
    let event = event.into();
    let body = Body {
        id,
        at,
        topology: topology.into(),
        event,
    };
    serde_json::to_string(&body).expect("these types have string keys and finite numbers")
}

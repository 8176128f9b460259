use broadcast::room::Notice;
use serde::{Deserialize, Serialize};
use signaling::dialect::headwater::{EndReason, Participant, Stream};
use utoipa::ToSchema;

/// Kinds of events, as settings and headers name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// A room began.
    RoomStarted,
    /// A room is over.
    RoomEnded,
    /// Somebody came.
    ParticipantJoined,
    /// Somebody is gone.
    ParticipantLeft,
    /// A stream began.
    StreamStarted,
    /// A stream is over.
    StreamEnded,
}

/// What is posted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookDelivery)]
pub(crate) struct Body {
    /// The same in each try of one event, and of no other.
    pub(crate) id: String,
    /// When it happened, in milliseconds since 1970.
    pub(crate) at: u64,
    /// What happened.
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// What happened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "camelCase")]
#[schema(as = WebhookEvent)]
pub(crate) enum Event {
    /// A room began.
    RoomStarted {
        /// Its name.
        room: String,
    },
    /// A room is over; nobody is in it any more.
    RoomEnded {
        /// Its name.
        room: String,
    },
    /// Somebody came.
    ParticipantJoined {
        /// Into which room.
        room: String,
        /// Who.
        participant: Participant,
    },
    /// Somebody is gone.
    ParticipantLeft {
        /// From which room.
        room: String,
        /// Who.
        participant: Gone,
        /// Why.
        reason: EndReason,
    },
    /// A stream began.
    StreamStarted {
        /// In which room.
        room: String,
        /// Which.
        stream: Stream,
    },
    /// A stream is over.
    StreamEnded {
        /// In which room.
        room: String,
        /// Which.
        stream: Ended,
    },
}

/// A participant that is gone.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = GoneParticipant)]
pub(crate) struct Gone {
    /// Its id.
    pub(crate) id: String,
}

/// A stream that is over.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EndedStream)]
pub(crate) struct Ended {
    /// Its name.
    pub(crate) name: String,
}

impl Kind {
    pub(super) fn of(notice: &Notice) -> Self {
        match notice {
            Notice::RoomStarted { .. } => Self::RoomStarted,
            Notice::RoomEnded { .. } => Self::RoomEnded,
            Notice::ParticipantJoined { .. } => Self::ParticipantJoined,
            Notice::ParticipantLeft { .. } => Self::ParticipantLeft,
            Notice::StreamStarted { .. } => Self::StreamStarted,
            Notice::StreamEnded { .. } => Self::StreamEnded,
        }
    }

    /// As it is written.
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

impl From<&Notice> for Event {
    fn from(notice: &Notice) -> Self {
        match notice {
            Notice::RoomStarted { room } => Self::RoomStarted {
                room: room.to_string(),
            },
            Notice::RoomEnded { room } => Self::RoomEnded {
                room: room.to_string(),
            },
            Notice::ParticipantJoined { room, participant } => Self::ParticipantJoined {
                room: room.to_string(),
                participant: participant.into(),
            },
            Notice::ParticipantLeft {
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
            Notice::StreamStarted { room, stream } => Self::StreamStarted {
                room: room.to_string(),
                stream: stream.into(),
            },
            Notice::StreamEnded { room, stream } => Self::StreamEnded {
                room: room.to_string(),
                stream: Ended {
                    name: stream.to_string(),
                },
            },
        }
    }
}

/// The JSON that is posted.
pub(super) fn body(id: String, at: u64, notice: &Notice) -> String {
    let event = notice.into();
    let body = Body { id, at, event };
    serde_json::to_string(&body).expect("these types have string keys and finite numbers")
}

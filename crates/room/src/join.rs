use super::{Message, Participant, ParticipantId, ParticipantKey, Role, Room, RoomName, Stream};

/// A request to enter a room.
#[derive(Debug, Clone)]
pub struct Join {
    /// The key of the new participation; never used before.
    pub key: ParticipantKey,
    /// The room. It begins if it does not exist.
    pub room: RoomName,
    /// The participant's id. Another participation with this id in the room ends with
    /// [`EndReason::Replaced`](super::EndReason::Replaced).
    pub id: ParticipantId,
    /// Its name, to show to users; `None` stands for the id.
    pub name: Option<String>,
    /// Text of the application, passed on as it is.
    pub metadata: String,
    /// What the participant may do. The caller has checked its token for that.
    pub role: Role,
    /// The participant gets all tracks of others but those that it declines; otherwise only those
    /// that it asks for.
    pub auto_subscribe: bool,
    /// When it joined, in milliseconds since 1970.
    pub joined_at: u64,
    /// The participant has proved that it is there. A publisher by WHIP does so when it connects
    /// ([`Rooms::prove`](super::Rooms::prove)). A room in which no participant ever did ends with its last participant.
    pub is_proved: bool,
}

/// The state of a room at the moment when a participant joined it. Everything that happens later
/// comes to the participant as events, and nothing from before does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The participant that joined, as others see it.
    pub participant: Participant,
    /// The room, with the new participant counted.
    pub room: Room,
    /// The other participants without the hidden ones, in the order of their keys.
    pub participants: Vec<Participant>,
    /// The streams in the room, in the order of their names.
    pub streams: Vec<Stream>,
    /// The last [`MESSAGES_KEPT`](super::MESSAGES_KEPT) messages to all, oldest first.
    pub messages: Vec<Message>,
}

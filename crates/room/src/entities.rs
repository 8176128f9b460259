use rtp::Kind;

use super::{ParticipantId, RoomName};
use model::{Quality, StreamName};

/// The role of a participant: what it may do in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May publish, view and send messages, and act on others.
    Host,
    /// May publish, view and send messages.
    Publisher,
    /// May view and send messages.
    Viewer,
    /// May view. Others do not see it.
    Hidden,
}

impl Role {
    /// Whether it may publish streams.
    pub fn may_publish(self) -> bool {
        matches!(self, Self::Host | Self::Publisher)
    }

    /// Whether it may view the streams of others.
    pub fn may_view(self) -> bool {
        true
    }

    /// Whether it may send messages.
    pub fn may_write(self) -> bool {
        self != Self::Hidden
    }

    /// Whether it may act on others: request a mute, kick, lock and close.
    pub fn is_host(self) -> bool {
        self == Self::Host
    }

    /// Whether others are told of it, and it is counted.
    pub fn is_seen(self) -> bool {
        self != Self::Hidden
    }
}

/// Whether a participant's client is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Its socket is open.
    Connected,
    /// Its socket is lost. It may come back within [`Limits::lost_grace`](super::Limits).
    Lost,
}

/// A participant as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Its id, unique in the room.
    pub id: ParticipantId,
    /// Its name, to show to users.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Text of the application, passed on as it is.
    pub metadata: String,
    /// Whether its client is connected.
    pub state: State,
    /// The quality of its connection.
    pub quality: Quality,
    /// When it joined, in milliseconds since 1970.
    pub joined_at: u64,
}

/// A room as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its name, unique in the process.
    pub name: RoomName,
    /// Only hosts may enter.
    pub locked: bool,
    /// The number of participants without the hidden ones.
    pub participants: usize,
    /// The number of external viewers, who watch a stream of the room by WHEP without being in it.
    pub viewers: usize,
}

/// A stream in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name, unique in the process. The first segment is the room's name.
    pub name: StreamName,
    /// The participant that publishes it.
    pub participant: ParticipantId,
    /// The label that tells the participant's streams apart.
    pub label: Option<String>,
    /// Text of the application, passed on as it is.
    pub metadata: String,
    /// Media arrives.
    pub active: bool,
    /// Audio first; at most one of each kind.
    pub tracks: Vec<Track>,
}

/// A track of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Audio or video.
    pub kind: Kind,
    /// Its source in the application's words: `camera`, `screen`.
    pub source: Option<String>,
    /// Its publisher has muted it.
    pub muted: bool,
    /// The codec's name as SDP writes it; `None` before the first packet.
    pub codec: Option<String>,
    /// Simulcast layers, worst first; empty without simulcast.
    pub layers: Vec<Layer>,
}

/// A simulcast layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its rid.
    pub rid: String,
    /// Its width in pixels; 0 if the publisher did not declare it.
    pub width: u32,
    /// Its height in pixels; 0 if the publisher did not declare it.
    pub height: u32,
    /// Packets of the layer arrive.
    pub active: bool,
}

/// A message in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number. It counts up from 1 in the room, private messages included.
    pub number: u64,
    /// Whether it is for users or for programs.
    pub kind: MessageKind,
    /// The id of its sender.
    pub from: ParticipantId,
    /// The sender's name at that time.
    pub name: String,
    /// The only participant that gets it, besides the sender; `None` for all.
    pub to: Option<ParticipantId>,
    /// Its topic, in the application's words.
    pub topic: Option<String>,
    /// Its text.
    pub body: String,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at: u64,
}

/// Whether a message is for users or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A text to show to users.
    Chat,
    /// Data for the application.
    Data,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in docs/protocol/headwater.md.
    #[test]
    fn roles_match_the_table_of_the_protocol() {
        for (role, may) in [
            (Role::Host, [true, true, true, true, true]),
            (Role::Publisher, [true, true, true, false, true]),
            (Role::Viewer, [false, true, true, false, true]),
            (Role::Hidden, [false, true, false, false, false]),
        ] {
            let is = [
                role.may_publish(),
                role.may_view(),
                role.may_write(),
                role.is_host(),
                role.is_seen(),
            ];
            assert_eq!(is, may, "{role:?}");
        }
    }
}

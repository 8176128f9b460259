use rtp::Kind;

use super::{ParticipantId, RoomName};
use crate::StreamName;

/// What a participant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// All, also what concerns others.
    Host,
    /// Publish, view, write.
    Publisher,
    /// View and write.
    Viewer,
    /// View; others do not see it.
    Hidden,
}

impl Role {
    /// May publish streams.
    pub fn may_publish(self) -> bool {
        matches!(self, Self::Host | Self::Publisher)
    }

    /// May view streams of others.
    pub fn may_view(self) -> bool {
        true
    }

    /// May send messages.
    pub fn may_write(self) -> bool {
        self != Self::Hidden
    }

    /// May act on others: ask for mute, kick, lock, close.
    pub fn is_host(self) -> bool {
        self == Self::Host
    }

    /// Others are told of it, and it is counted.
    pub fn is_seen(self) -> bool {
        self != Self::Hidden
    }
}

/// Whether a participant is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It is.
    Connected,
    /// Its socket is lost; it may come back.
    Lost,
}

/// How well a participant's connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Nothing is known: there is no media.
    Unknown,
    /// Nothing is missing.
    Good,
    /// Some packets are lost, or take long.
    Fair,
    /// It shows.
    Poor,
}

/// Somebody in a room, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Unique in the room.
    pub id: ParticipantId,
    /// For people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The application's.
    pub metadata: String,
    /// Whether it is heard of.
    pub state: State,
    /// Of its connection.
    pub quality: Quality,
    /// Since when, in milliseconds since 1970.
    pub joined_at: u64,
}

/// A room, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Unique in the process.
    pub name: RoomName,
    /// Only hosts may enter.
    pub locked: bool,
    /// Those in it, without the hidden.
    pub participants: usize,
    /// Those who watch a stream of it without being in it: by WHEP.
    pub viewers: usize,
}

/// A stream in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Unique in the process. Its first segment is the room's name.
    pub name: StreamName,
    /// Whose.
    pub participant: ParticipantId,
    /// What tells the participant's streams apart.
    pub label: Option<String>,
    /// The application's.
    pub metadata: String,
    /// Media comes.
    pub active: bool,
    /// Audio first; at most one of each kind.
    pub tracks: Vec<Track>,
}

/// A track of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Audio or video.
    pub kind: Kind,
    /// Where it comes from, in the application's words: `camera`, `screen`.
    pub source: Option<String>,
    /// Its publisher sends nothing.
    pub muted: bool,
    /// As SDP calls it; `None` before the first packet.
    pub codec: Option<String>,
    /// Simulcast layers, worst first; empty without.
    pub layers: Vec<Layer>,
}

/// A simulcast layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name.
    pub rid: String,
    /// In pixels; 0 when its publisher did not say.
    pub width: u32,
    /// In pixels; 0 when its publisher did not say.
    pub height: u32,
    /// Packets of it come.
    pub active: bool,
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Counts up in the room from 1, also over messages that one participant alone got.
    pub number: u64,
    /// For people or for programs.
    pub kind: MessageKind,
    /// Who wrote it.
    pub from: ParticipantId,
    /// The writer's name at that time.
    pub name: String,
    /// The only one who gets it, besides the writer; `None`: all.
    pub to: Option<ParticipantId>,
    /// What it is about.
    pub topic: Option<String>,
    /// The text.
    pub body: String,
    /// When, in milliseconds since 1970.
    pub sent_at: u64,
}

/// For whom a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// People.
    Chat,
    /// Programs.
    Data,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in docs/protocol/headwater.md.
    #[test]
    fn roles_allow_what_the_protocol_says() {
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

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::{STREAM_NAME_MAX, StreamName, StreamNameError};

/// The longest id that a client may take, in bytes.
pub const PARTICIPANT_ID_MAX: usize = 64;

/// One participation: somebody in a room, from joining to the end. Chosen by who calls
/// [`Rooms::join`](super::Rooms::join), and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantKey(pub u64);

/// The name of a room: what may be one segment of a [`StreamName`], with at most
/// [`STREAM_NAME_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

/// Why a text is no name of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RoomNameError {
    /// No characters, or `.` or `..`, which URLs resolve away.
    #[error("a room's name needs at least one character, and is neither '.' nor '..'")]
    Empty,
    /// More than [`STREAM_NAME_MAX`] bytes.
    #[error("a room's name has at most {STREAM_NAME_MAX} characters")]
    TooLong,
    /// A character that a URL would have to escape, or '/'.
    #[error("a room's name takes letters, digits, '-', '_', '.' and '~', not {0:?}")]
    Character(char),
}

impl RoomName {
    /// Checks and takes a name.
    pub fn new(name: &str) -> Result<Self, RoomNameError> {
        match StreamName::new(name) {
            // The only other character that a stream's name takes.
            Ok(_) if name.contains('/') => Err(RoomNameError::Character('/')),
            Ok(_) => Ok(Self(name.into())),
            Err(StreamNameError::Empty) if name.contains('/') => Err(RoomNameError::Character('/')),
            Err(StreamNameError::Empty) => Err(RoomNameError::Empty),
            Err(StreamNameError::TooLong) => Err(RoomNameError::TooLong),
            Err(StreamNameError::TooDeep) => Err(RoomNameError::Character('/')),
            Err(StreamNameError::Character(c)) => Err(RoomNameError::Character(c)),
        }
    }

    /// The room that a stream is in: the first segment of its name.
    pub fn of(stream: &StreamName) -> Self {
        let name = stream.as_str();
        Self(name.split_once('/').map_or(name, |(room, _)| room).into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a participant is called in its room; there is one of an id at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(Arc<str>);

/// Why a text is no id that a client may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParticipantIdError {
    /// No characters, or `.` or `..`, which could be no part of a stream's name.
    #[error("a participant's id needs at least one character, and is neither '.' nor '..'")]
    Empty,
    /// More than [`PARTICIPANT_ID_MAX`] bytes.
    #[error("a participant's id has at most {PARTICIPANT_ID_MAX} characters")]
    TooLong,
    /// A character that ids of clients do not have.
    #[error("a participant's id takes letters, digits, '-', '_' and '.', not {0:?}")]
    Character(char),
}

impl ParticipantId {
    /// Checks and takes the id of a client: letters, digits, `-`, `_` and `.`.
    ///
    /// `~` is not among them: it stands between a participant and a label in the names of
    /// streams, and marks the ids that the server makes up.
    pub fn new(id: &str) -> Result<Self, ParticipantIdError> {
        if matches!(id, "" | "." | "..") {
            return Err(ParticipantIdError::Empty);
        }
        let odd = |c: &char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.');
        if let Some(c) = id.chars().find(odd) {
            return Err(ParticipantIdError::Character(c));
        }
        if id.len() > PARTICIPANT_ID_MAX {
            return Err(ParticipantIdError::TooLong);
        }
        Ok(Self(id.into()))
    }

    /// The participant that stands for a publisher of another dialect: `whip~camera` for
    /// `whip` and the stream `garden/camera`. No client can take this id.
    ///
    /// `garden/garden` keeps its whole name, `whip~garden/garden`, since it is in one room with
    /// the stream `garden`.
    pub fn made_up(dialect: &str, stream: &StreamName) -> Self {
        let name = stream.as_str();
        let last = match name.split_once('/') {
            Some((room, last)) if room != last => last,
            _ => name,
        };
        Self(format!("{dialect}~{last}").into())
    }

    /// Who writes what the server itself has to say. No client can take this id.
    pub fn server() -> Self {
        Self("~server".into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str) -> StreamName {
        StreamName::new(name).expect("a good name")
    }

    #[test]
    fn a_room_is_named_like_one_segment_of_a_stream() {
        use RoomNameError::*;
        assert!(RoomName::new("a.b_c~d").is_ok());
        assert!(RoomName::new(&"x".repeat(128)).is_ok());
        for (name, why) in [
            ("", Empty),
            ("..", Empty),
            ("a/b", Character('/')),
            ("a/", Character('/')),
            ("a/b/c", Character('/')),
            ("a b", Character(' ')),
        ] {
            assert_eq!(RoomName::new(name), Err(why), "{name:?}");
        }
        assert_eq!(RoomName::new(&"x".repeat(129)), Err(TooLong));
    }

    #[test]
    fn a_stream_is_in_the_room_of_its_first_segment() {
        for name in ["garden", "garden/camera"] {
            assert_eq!(RoomName::of(&stream(name)).as_str(), "garden");
        }
    }

    #[test]
    fn clients_cannot_take_what_the_server_makes_up() {
        use ParticipantIdError::*;
        let made_up = ParticipantId::made_up("whip", &stream("garden/camera"));
        assert_eq!(made_up.as_str(), "whip~camera");
        for id in [made_up, ParticipantId::server()] {
            assert_eq!(ParticipantId::new(id.as_str()), Err(Character('~')));
        }
        assert!(ParticipantId::new(&"x".repeat(64)).is_ok());
        assert_eq!(ParticipantId::new(&"x".repeat(65)), Err(TooLong));
        for id in ["", ".", ".."] {
            assert_eq!(ParticipantId::new(id), Err(Empty));
        }
    }

    #[test]
    fn two_streams_of_a_room_are_never_of_one_made_up_participant() {
        let ids = ["garden", "garden/garden", "garden/gate"]
            .map(|name| ParticipantId::made_up("whip", &stream(name)));
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }
}

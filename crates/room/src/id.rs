use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::escape::{escaped, shortened, unescaped};
use model::{STREAM_NAME_MAX, StreamName, StreamNameError};

/// The longest id that a client may choose, in bytes.
pub const PARTICIPANT_ID_MAX: usize = 64;

/// The longest escaped id of a client that may choose any text ([`ParticipantId::of_text`]), in
/// bytes. More than [`PARTICIPANT_ID_MAX`], since one letter may take nine bytes.
pub const ESCAPED_ID_MAX: usize = 96;

/// What is kept of a name and of an id that are too long, in bytes.
const NAME_KEPT: usize = STREAM_NAME_MAX - 32;
const ID_KEPT: usize = ESCAPED_ID_MAX - 32;

/// Identifies one participation: a participant in a room, from joining to the end. The caller of
/// [`Rooms::join`](super::Rooms::join) chooses it, and never uses it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantKey(pub u64);

/// The name of a room: one segment of a [`StreamName`], with at most [`STREAM_NAME_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

/// Why a text is not the name of a room.
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
    /// Checks a name.
    pub fn new(name: &str) -> Result<Self, RoomNameError> {
        match StreamName::new(name) {
            // The name of a stream may have a '/', that of a room may not.
            Ok(_) if name.contains('/') => Err(RoomNameError::Character('/')),
            Ok(_) => Ok(Self(name.into())),
            Err(StreamNameError::Empty) if name.contains('/') => Err(RoomNameError::Character('/')),
            Err(StreamNameError::Empty) => Err(RoomNameError::Empty),
            Err(StreamNameError::TooLong) => Err(RoomNameError::TooLong),
            Err(StreamNameError::TooDeep) => Err(RoomNameError::Character('/')),
            Err(StreamNameError::Character(c)) => Err(RoomNameError::Character(c)),
        }
    }

    /// The name of the room that a dialect with free names calls `text`: `a/b` is `a~2Fb`.
    /// Different texts are different rooms. A text that needs no escape is the same room in all
    /// dialects.
    pub fn of_text(text: &str) -> Result<Self, RoomNameError> {
        Self::new(&escaped(text))
    }

    /// The same for any text: of one that is too long, its beginning and a number that stands for
    /// the rest.
    pub fn of_any_text(text: &str) -> Self {
        let name = escaped(text);
        Self::new(&name).unwrap_or_else(|_| Self(shortened(&name, NAME_KEPT).into()))
    }

    /// What dialects with free names call this room: the text given to [`Self::of_text`], or the
    /// name itself.
    pub fn text(&self) -> String {
        unescaped(&self.0).unwrap_or_else(|| self.0.to_string())
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

/// The id of a participant, unique in its room at any time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(Arc<str>);

/// Why a client may not choose a text as its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParticipantIdError {
    /// No characters, or `.` or `..`, which cannot be a segment of a stream's name.
    #[error("a participant's id needs at least one character, and is neither '.' nor '..'")]
    Empty,
    /// More than [`PARTICIPANT_ID_MAX`] bytes, or [`ESCAPED_ID_MAX`] of an escaped id.
    #[error("a participant's id has at most {PARTICIPANT_ID_MAX} characters")]
    TooLong,
    /// A character that the id of a client may not have.
    #[error("a participant's id takes letters, digits, '-', '_' and '.', not {0:?}")]
    Character(char),
}

impl ParticipantId {
    /// Checks the id of a client, which has letters, digits, `-`, `_` and `.`.
    ///
    /// `~` is not among them: it separates a participant's id from a label in the names of
    /// streams, and marks the ids that the server chooses.
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

    /// The id of the participant that a dialect with free names calls `text`: `a/b` is `~a~2Fb`. A
    /// text that needs no escape is the same id in all dialects. The escape after the leading `~`
    /// sets it apart from all ids that the server chooses.
    pub fn of_text(text: &str) -> Result<Self, ParticipantIdError> {
        let name = escaped(text);
        if name == text {
            return Self::new(text);
        }
        let id = format!("~{name}");
        if id.len() > ESCAPED_ID_MAX {
            return Err(ParticipantIdError::TooLong);
        }
        Ok(Self(id.into()))
    }

    /// The same for any text: of one that is too long, its beginning and a number that stands for
    /// the rest.
    pub fn of_any_text(text: &str) -> Self {
        let name = escaped(text);
        Self::of_text(text).unwrap_or_else(|_| Self(shortened(&name, ID_KEPT).into()))
    }

    /// What dialects with free names call this participant: the text given to [`Self::of_text`], or
    /// the id itself.
    pub fn text(&self) -> String {
        let escape = self.0.strip_prefix('~');
        // An id of `of_text` that begins with '~' contains an escape; the server's own id does not.
        let escape = escape.filter(|escape| escape.contains('~'));
        let text = escape.and_then(unescaped);
        text.unwrap_or_else(|| self.0.to_string())
    }

    /// The id of the synthetic participant for a publisher of another dialect: `whip~camera` for
    /// `whip` and the stream `garden/camera`. No client can choose this id.
    ///
    /// The stream `garden/garden` keeps its whole name, `whip~garden/garden`, since it is in the
    /// same room as the stream `garden`.
    pub fn synthetic(dialect: &str, stream: &StreamName) -> Self {
        let name = stream.as_str();
        let last = match name.split_once('/') {
            Some((room, last)) if room != last => last,
            _ => name,
        };
        Self(format!("{dialect}~{last}").into())
    }

    /// The id under which the server itself sends messages. No client can choose this id.
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
    fn room_name_is_one_segment_of_a_stream_name() {
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
    fn stream_is_in_the_room_of_its_first_segment() {
        for name in ["garden", "garden/camera"] {
            assert_eq!(RoomName::of(&stream(name)).as_str(), "garden");
        }
    }

    #[test]
    fn clients_cannot_choose_ids_of_the_server() {
        use ParticipantIdError::*;
        let synthetic = ParticipantId::synthetic("whip", &stream("garden/camera"));
        assert_eq!(synthetic.as_str(), "whip~camera");
        for id in [synthetic, ParticipantId::server()] {
            assert_eq!(ParticipantId::new(id.as_str()), Err(Character('~')));
        }
        assert!(ParticipantId::new(&"x".repeat(64)).is_ok());
        assert_eq!(ParticipantId::new(&"x".repeat(65)), Err(TooLong));
        for id in ["", ".", ".."] {
            assert_eq!(ParticipantId::new(id), Err(Empty));
        }
    }

    #[test]
    fn any_text_becomes_a_room_and_an_id_and_reads_back() {
        for (text, room, id) in [
            ("garden", "garden", "garden"),
            ("a/b", "a~2Fb", "~a~2Fb"),
            ("whip~camera", "whip~7Ecamera", "~whip~7Ecamera"),
            ("~server", "~7Eserver", "~~7Eserver"),
            ("..", "~2E.", "~~2E."),
            ("Garden", "Garden", "Garden"),
        ] {
            let (of_room, of_id) = (RoomName::of_text(text), ParticipantId::of_text(text));
            let (of_room, of_id) = (of_room.expect("a room"), of_id.expect("an id"));
            assert_eq!((of_room.as_str(), of_id.as_str()), (room, id));
            assert_eq!((of_room.text(), of_id.text()), (text.into(), text.into()));
        }
        let synthetic = ParticipantId::synthetic("whip", &stream("garden/23camera"));
        assert_ne!(ParticipantId::of_text("whip#camera"), Ok(synthetic.clone()));
        assert_eq!(synthetic.text(), "whip~23camera");
        assert_eq!(ParticipantId::server().text(), "~server");
    }

    #[test]
    fn text_that_is_too_long_when_escaped_is_refused() {
        assert_eq!(ParticipantId::of_text(""), Err(ParticipantIdError::Empty));
        assert_eq!(RoomName::of_text(""), Err(RoomNameError::Empty));
        for (length, fits) in [(31, true), (32, false)] {
            let id = ParticipantId::of_text(&"#".repeat(length));
            assert_eq!(id.is_ok(), fits, "{id:?}");
        }
        assert_eq!(
            ParticipantId::of_text(&"x".repeat(65)),
            Err(ParticipantIdError::TooLong)
        );
        assert!(RoomName::of_text(&"#".repeat(42)).is_ok());
        assert_eq!(
            RoomName::of_text(&"#".repeat(43)),
            Err(RoomNameError::TooLong)
        );
    }

    #[test]
    fn streams_of_a_room_have_distinct_synthetic_participants() {
        let ids = ["garden", "garden/garden", "garden/gate"]
            .map(|name| ParticipantId::synthetic("whip", &stream(name)));
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }
}

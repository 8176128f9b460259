//! The names of rooms, broadcasters and broadcasts.

use model::StreamName;
use room::{ParticipantId, ParticipantIdError, RoomName, RoomNameError};
use thiserror::Error;

/// The names that identify a broadcast. Two broadcasts are the same if both room and user are
/// equal; equal concatenations of the two are not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `roomId`, escaped.
    pub room: RoomName,
    /// `userId`, escaped.
    pub broadcaster: ParticipantId,
    /// The stream of the broadcast: `{room}/{broadcaster}`.
    pub stream: StreamName,
}

/// Why names cannot be those of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NamesError {
    /// `roomId` is not valid.
    #[error("roomId: {0}")]
    Room(#[from] RoomNameError),
    /// `userId` is not valid.
    #[error("userId: {0}")]
    User(#[from] ParticipantIdError),
    /// The two exceed the length of a stream name together.
    #[error("roomId and userId are too long together")]
    TooLong,
}

impl Names {
    /// Takes any two texts that are neither empty nor too long.
    pub fn new(room: &str, user: &str) -> Result<Self, NamesError> {
        let room = RoomName::of_text(room)?;
        let broadcaster = ParticipantId::of_text(user)?;
        let stream = StreamName::new(&format!("{room}/{broadcaster}"));
        let stream = stream.map_err(|_| NamesError::TooLong)?;
        Ok(Self {
            room,
            broadcaster,
            stream,
        })
    }
}

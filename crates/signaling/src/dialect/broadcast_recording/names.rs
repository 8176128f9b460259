//! What rooms, broadcasters and broadcasts are called.

use broadcast::StreamName;
use broadcast::room::{ParticipantId, ParticipantIdError, RoomName, RoomNameError};
use thiserror::Error;

/// Whose broadcast it is. Two are the same when room and user are: not their texts put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `roomId`, escaped.
    pub room: RoomName,
    /// `userId`, escaped.
    pub broadcaster: ParticipantId,
    /// The broadcast: `{room}/{broadcaster}`.
    pub stream: StreamName,
}

/// Why there is no such broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NamesError {
    /// Of the room.
    #[error("roomId: {0}")]
    Room(#[from] RoomNameError),
    /// Of the user.
    #[error("userId: {0}")]
    User(#[from] ParticipantIdError),
    /// Of both together.
    #[error("roomId and userId are too long together")]
    TooLong,
}

impl Names {
    /// Any two texts that are not empty and not too long.
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

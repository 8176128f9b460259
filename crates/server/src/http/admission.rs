//! What dialects without names, roles and limits of their own share when they let clients in, and
//! when a participation ends.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use auth::Permissions;
use model::OpenError;
use room::{EndReason, ParticipantId, RoomName};
use thiserror::Error;

use super::socket::Close;
use super::{RateLimit, Service};
use crate::control::Enter;

/// `limits.sessions_per_second` is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("limits.sessions_per_second is reached: try again in a second")]
pub(super) struct TooFast;

impl TooFast {
    /// When to try again.
    pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);
}

impl From<TooFast> for OpenError {
    fn from(_: TooFast) -> Self {
        Self::Full {
            limit: "limits.sessions_per_second",
            retry_after: TooFast::RETRY_AFTER,
        }
    }
}

impl Service {
    /// Counts a request that costs more than a lookup towards `limits.sessions_per_second`.
    pub(super) fn take_opening(&self) -> Result<(), TooFast> {
        take_opening(&self.opens)
    }
}

/// The same as [`Service::take_opening`], for those that have only the limit.
pub(super) fn take_opening(opens: &RateLimit) -> Result<(), TooFast> {
    match opens.take(Instant::now()) {
        true => Ok(()),
        false => Err(TooFast),
    }
}

/// The role in a room of a client whose dialect knows no roles.
pub(super) fn role(permissions: &Permissions) -> room::Role {
    match permissions.join_as_publisher() {
        Ok(()) => room::Role::Publisher,
        Err(_) => room::Role::Viewer,
    }
}

/// A room and a participant, named by any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) room: RoomName,
    pub(super) id: ParticipantId,
}

/// Which name is refused, and why: mostly it is too long once it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum NameError {
    #[error("{0}")]
    Room(room::RoomNameError),
    #[error("{0}")]
    Participant(room::ParticipantIdError),
}

impl From<NameError> for OpenError {
    fn from(error: NameError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Names {
    /// Makes names of a room and of a participant in it from any text.
    pub(super) fn of_texts(room: &str, id: &str) -> Result<Self, NameError> {
        Ok(Self {
            room: RoomName::of_text(room).map_err(NameError::Room)?,
            id: participant_id(id)?,
        })
    }

    /// The entry of this participant, whose name is the text of its id. `client` is the dialect,
    /// for the log.
    pub(super) fn enter(self, role: room::Role, client: &'static str) -> Enter {
        Enter {
            name: Some(self.id.text()),
            room: self.room,
            id: self.id,
            metadata: String::new(),
            role,
            auto_subscribe: false,
            client,
        }
    }
}

/// Makes the id of a participant from any text.
pub(super) fn participant_id(text: &str) -> Result<ParticipantId, NameError> {
    ParticipantId::of_text(text).map_err(NameError::Participant)
}

/// What the end of a participation means for its socket, where protocols differ. A participation
/// that ended because its client was too slow, or because the server is stopping, ends the socket
/// in all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endings {
    /// The client has left, or closed its connection.
    pub(super) left: After,
    /// Its connection was lost.
    pub(super) lost: After,
    /// Another participant has come with the same id.
    pub(super) replaced: After,
    /// A host or the API has removed it.
    pub(super) kicked: After,
    /// The room was closed.
    pub(super) closed: After,
}

/// What happens to a socket without participation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It stays, and its client may enter again.
    Stay,
    /// It is closed, with a code and a reason.
    Close(u16, &'static str),
}

impl Endings {
    /// What to do with the socket. Breaks when it is closed.
    pub(super) fn of(&self, reason: EndReason) -> ControlFlow<Close> {
        let after = match reason {
            EndReason::Left => self.left,
            EndReason::Lost => self.lost,
            EndReason::Replaced => self.replaced,
            EndReason::Kicked => self.kicked,
            EndReason::Closed => self.closed,
            EndReason::Slow => After::Close(Close::POLICY, "client is too slow"),
            EndReason::Stopping => After::Close(Close::GOING_AWAY, "the server is stopping"),
        };
        match after {
            After::Stay => ControlFlow::Continue(()),
            After::Close(code, reason) => ControlFlow::Break(Close::new(code, reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_clients_and_a_stopping_server_end_every_socket() {
        let endings = Endings {
            left: After::Stay,
            lost: After::Stay,
            replaced: After::Stay,
            kicked: After::Close(Close::OVER, "over"),
            closed: After::Stay,
        };
        let code = |reason| endings.of(reason).break_value().map(|close| close.code);
        assert_eq!(code(EndReason::Left), None);
        assert_eq!(code(EndReason::Kicked), Some(Close::OVER));
        assert_eq!(code(EndReason::Slow), Some(Close::POLICY));
        assert_eq!(code(EndReason::Stopping), Some(Close::GOING_AWAY));
    }
}

//! Actions of hosts on their rooms.

use std::time::Instant;

use room::{HostError, ParticipantId, ParticipantKey, Rooms};
use rtp::Kind;
use signaling::dialect::headwater::{
    Action, Code, Error, Host, TrackKind, participant_id, stream_name,
};

/// Bytes of the reason that a host gives when it kicks participants or closes the room.
const REASON_BYTES_MAX: usize = 1_024;

/// An action of a host, with its fields parsed.
pub(super) enum Wanted {
    Mute(model::StreamName, Kind),
    Kick(ParticipantId, Option<String>),
    Lock(bool),
    Close(Option<String>),
}

impl Wanted {
    /// Reads the action; refused when a field that it needs is missing.
    pub(super) fn read(host: &Host) -> Result<Self, Error> {
        let needed = |field: &'static str, value: &Option<String>| {
            value.clone().ok_or_else(|| {
                let message = format!("this action needs {field:?}");
                Error::of(&format!("params.{field}"), Code::BadRequest, message)
            })
        };
        let reason = host.reason.clone();
        if reason
            .as_ref()
            .is_some_and(|reason| reason.len() > REASON_BYTES_MAX)
        {
            let message = format!("a reason can have at most {REASON_BYTES_MAX} bytes");
            return Err(Error::of("params.reason", Code::LimitReached, message));
        }
        Ok(match host.action {
            Action::Mute => {
                let stream = needed("stream", &host.stream)?;
                let kind = host.kind.unwrap_or(TrackKind::Audio);
                Self::Mute(stream_name("params.stream", &stream)?, kind.into())
            }
            Action::Kick => {
                let id = needed("participant", &host.participant)?;
                Self::Kick(participant_id("params.participant")(&id)?, reason)
            }
            Action::Lock => Self::Lock(true),
            Action::Unlock => Self::Lock(false),
            Action::Close => Self::Close(reason),
        })
    }

    /// Carries the action out in the host's room.
    pub(super) fn carry_out(
        &self,
        rooms: &mut Rooms,
        now: Instant,
        key: ParticipantKey,
    ) -> Result<(), HostError> {
        match self {
            Self::Mute(stream, kind) => rooms.request_mute(key, stream, *kind),
            Self::Kick(id, reason) => rooms.kick_by(now, key, id, reason.clone()),
            Self::Lock(locked) => rooms.lock(now, key, *locked),
            Self::Close(reason) => rooms.close_by(key, reason.clone()),
        }
    }
}

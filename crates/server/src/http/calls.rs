//! Requests of participants: from the wire to the control plane, and the result back.

use std::time::Instant;

use room::{EndReason, HostError, ParticipantId, ParticipantKey, Rooms};
use rtp::Kind;
use signaling::dialect::headwater::{
    self, Action, Call, Code, Error, Host, IceServer, PeerName, Restart, Restarted, Sent,
    Subscribe, TrackKind, participant_id, responded, stream_name,
};

use super::Service;
use crate::control::{Entered, unix_ms};

/// Lets a participant join or resume. Returns it with the response to a resume; that to a join goes
/// through the outbox.
pub(super) fn enter(
    service: &Service,
    request: headwater::Request,
    client: &str,
) -> Result<(Entered, Option<String>), Error> {
    match request.call? {
        Call::Join(join) => {
            if !service.opens.take(Instant::now()) {
                let message = "limits.sessions_per_second is reached: try again in a second";
                return Err(Error::new(Code::TooFast, message));
            }
            let (id, servers) = (request.id, ice_servers(service));
            let entered = service
                .control
                .join(id, &join, servers, client.to_owned())?;
            Ok((entered, None))
        }
        Call::Resume(resume) => {
            let (entered, resumed) = service.control.resume(request.id, &resume)?;
            Ok((entered, Some(responded(request.id, &resumed))))
        }
        _ => Err(Error::of(
            "method",
            Code::NotJoined,
            "a join or resume must come first",
        )),
    }
}

fn ice_servers(service: &Service) -> Vec<IceServer> {
    let servers = service.settings.ice_servers.iter();
    servers
        .map(|server| IceServer {
            urls: server.url.clone(),
            username: server.username.clone(),
            credential: server.credential.clone(),
        })
        .collect()
}

/// Carries out a request of a participant. Returns the body of the response, or `None` when it is
/// in the outbox already.
pub(super) fn call(
    service: &Service,
    key: ParticipantKey,
    id: u64,
    call: Call,
) -> Result<Option<String>, Error> {
    let control = &service.control;
    // Requests that concern only the room are answered under its lock.
    let room = |call: &dyn Fn(&mut Rooms, Instant) -> Result<(), Error>| {
        let responded = |rooms: &mut Rooms, now| call(rooms, now).map(|()| empty(id));
        control.in_room(key, responded).map(|()| None)
    };
    match call {
        Call::Join(_) | Call::Resume(_) => Err(Error::new(
            Code::AlreadyJoined,
            "this socket already has a participant: open another socket",
        )),
        Call::Leave => room(&|rooms, now| {
            rooms.leave(now, key, EndReason::Left);
            Ok(())
        }),
        Call::Publish(publish) => {
            let published = control.publish(key, publish)?;
            Ok(Some(responded(id, &published)))
        }
        Call::Unpublish(params) => {
            let stream = stream_name("params.stream", &params.stream)?;
            room(&|rooms, now| Ok(rooms.unpublish(now, key, &stream)?))
        }
        Call::Mute(params) => {
            let stream = stream_name("params.stream", &params.stream)?;
            let (kind, muted) = (params.kind.into(), params.muted);
            room(&|rooms, now| Ok(rooms.mute(now, key, &stream, kind, muted)?))
        }
        Call::Subscribe(params) => {
            let (stream, kinds) = tracks(&params)?;
            room(&|rooms, _| Ok(rooms.subscribe(key, &stream, kinds.as_deref())?))
        }
        Call::Unsubscribe(params) => {
            let (stream, kinds) = tracks(&params)?;
            room(&|rooms, _| Ok(rooms.unsubscribe(key, &stream, kinds.as_deref())?))
        }
        Call::Layers(params) => {
            let stream = stream_name("params.stream", &params.stream)?;
            let kind = params.kind.unwrap_or(TrackKind::Video).into();
            let size = match (params.width, params.height) {
                (None, None) => None,
                (width, height) => Some((width.unwrap_or(0), height.unwrap_or(0))),
            };
            room(&|rooms, _| Ok(rooms.adjust(key, &stream, kind, params.paused, size)?))
        }
        Call::Answer(answer) => {
            control.answer_viewing(key, &answer)?;
            Ok(Some(empty(id)))
        }
        Call::Trickle(trickle) => {
            let candidates = trickle.candidates;
            if candidates.len() > CANDIDATES_MAX {
                let message = format!("a request can have at most {CANDIDATES_MAX} candidates");
                let field = "params.candidates";
                return Err(Error::of(field, Code::LimitReached, message));
            }
            control.trickle_of(key)?;
            Ok(Some(empty(id)))
        }
        Call::Restart(restart) => restarted(service, key, id, restart).map(Some),
        Call::Send(send) => {
            let to = send.recipient()?;
            let kind = send.kind.unwrap_or(headwater::MessageKind::Chat).into();
            let said = |rooms: &mut Rooms, now| {
                let (topic, body) = (send.topic, send.body);
                let number = rooms.send(now, unix_ms(), key, kind, to, topic, body)?;
                Ok(responded(id, &Sent { number }))
            };
            control.in_room(key, said).map(|()| None)
        }
        Call::Metadata(params) => room(&|rooms, now| {
            let (name, metadata) = (params.name.clone(), params.metadata.clone());
            Ok(rooms.set_metadata(now, key, name, metadata)?)
        }),
        Call::Host(host) => {
            let wanted = Wanted::read(&host)?;
            room(&|rooms, now| Ok(wanted.carry_out(rooms, now, key)?))
        }
        Call::Stats => Ok(Some(responded(id, &control.stats_of(key)?))),
        Call::Ping => Ok(Some(empty(id))),
    }
}

/// Candidates of one `trickle` request.
const CANDIDATES_MAX: usize = 64;

fn empty(id: u64) -> String {
    responded(id, &serde_json::Map::new())
}

fn tracks(params: &Subscribe) -> Result<(model::StreamName, Option<Vec<Kind>>), Error> {
    let stream = stream_name("params.stream", &params.stream)?;
    let kinds = params.kinds.as_ref();
    let kinds = kinds.map(|kinds| kinds.iter().map(|kind| (*kind).into()).collect());
    Ok((stream, kinds))
}

fn restarted(
    service: &Service,
    key: ParticipantKey,
    id: u64,
    restart: Restart,
) -> Result<String, Error> {
    let control = &service.control;
    match (restart.peer, restart.sdp) {
        (PeerName::View, _) => {
            control.restart_viewing(key)?;
            Ok(responded(id, &Restarted { sdp: None }))
        }
        (PeerName::Publish, Some(offer)) => {
            let sdp = control.restart_publishing(key, &offer)?;
            Ok(responded(id, &Restarted { sdp: Some(sdp) }))
        }
        (PeerName::Publish, None) => {
            let message = "a restart of the publishing peer needs an offer";
            Err(Error::of("params.sdp", Code::BadRequest, message))
        }
    }
}

/// Bytes of the reason that a host gives when it kicks participants or closes the room.
const REASON_BYTES_MAX: usize = 1_024;

/// An action of a host, with its fields parsed.
enum Wanted {
    Mute(model::StreamName, Kind),
    Kick(ParticipantId, Option<String>),
    Lock(bool),
    Close(Option<String>),
}

impl Wanted {
    fn read(host: &Host) -> Result<Self, Error> {
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

    fn carry_out(
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

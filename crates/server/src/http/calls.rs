//! Requests of participants: from the wire to the control plane, and the result back.

use broadcast::room::{EndReason, ParticipantKey, Rooms};
use rtp::Kind;
use signaling::dialect::headwater::{
    self, Action, Call, Code, Error, Host, IceServer, PeerName, Restart, Restarted, Send, Sent,
    Subscribe, TrackKind, participant_id, responded, stream_name,
};
use std::time::Instant;

use super::Service;
use crate::control::{Entered, wall_ms};

/// Lets somebody in, or back in. With it the answer that goes out before anything else.
pub(super) fn enter(
    service: &Service,
    request: headwater::Request,
) -> Result<(Entered, Option<String>), Error> {
    match request.call? {
        Call::Join(join) => {
            if !service.opens.take(Instant::now()) {
                let message = "limits.sessions_per_second is reached: try again in a second";
                return Err(Error::new(Code::TooFast, message));
            }
            let entered = service
                .control
                .join(request.id, &join, ice_servers(service))?;
            Ok((entered, None))
        }
        Call::Resume(resume) => {
            let (entered, resumed) = service.control.resume(&resume)?;
            Ok((entered, Some(responded(request.id, &resumed))))
        }
        _ => Err(Error::of(
            "method",
            Code::NotJoined,
            "join or resume comes first",
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

/// Carries out a request of a participant. Returns the body of the response.
pub(super) async fn call(
    service: &Service,
    key: ParticipantKey,
    id: u64,
    call: Call,
) -> Result<String, Error> {
    let control = &service.control;
    // What only concerns the room.
    let room = |call: &dyn Fn(&mut Rooms, Instant) -> Result<(), Error>| {
        control.in_room(call).map(|()| empty(id))
    };
    match call {
        Call::Join(_) | Call::Resume(_) => Err(Error::new(Code::AlreadyJoined, "joined already")),
        Call::Leave => {
            control.respond(key, &empty(id));
            room(&|rooms, now| {
                rooms.leave(now, key, EndReason::Left);
                Ok(())
            })
        }
        Call::Publish(publish) => {
            let published = control.publish(key, publish).await?;
            Ok(responded(id, &published))
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
        Call::Answer(answer) => control.answer_viewing(key, &answer).map(|()| empty(id)),
        Call::Trickle(trickle) => {
            let candidates = trickle.candidates;
            if candidates.len() > CANDIDATES_MAX {
                let message = format!("{CANDIDATES_MAX} candidates are the most in one request");
                let field = "params.candidates";
                return Err(Error::of(field, Code::LimitReached, message));
            }
            let trickled = control.trickle_of(key, trickle.peer, candidates);
            trickled.map(|()| empty(id))
        }
        Call::Restart(restart) => restarted(service, key, id, restart).await,
        Call::Send(send) => said(service, key, id, send),
        Call::Metadata(params) => room(&|rooms, now| {
            let (name, metadata) = (params.name.clone(), params.metadata.clone());
            Ok(rooms.set_metadata(now, key, name, metadata)?)
        }),
        Call::Host(host) => {
            hosted(service, key, &host)?;
            Ok(empty(id))
        }
        Call::Stats => Ok(responded(id, &control.stats_of(key)?)),
        Call::Ping => Ok(empty(id)),
    }
}

/// Candidates of one request.
const CANDIDATES_MAX: usize = 64;

fn empty(id: u64) -> String {
    responded(id, &serde_json::Map::new())
}

fn tracks(params: &Subscribe) -> Result<(broadcast::StreamName, Option<Vec<Kind>>), Error> {
    let stream = stream_name("params.stream", &params.stream)?;
    let kinds = params.kinds.as_ref();
    let kinds = kinds.map(|kinds| kinds.iter().map(|kind| (*kind).into()).collect());
    Ok((stream, kinds))
}

async fn restarted(
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
            let sdp = control.restart_publishing(key, offer).await?;
            Ok(responded(id, &Restarted { sdp: Some(sdp) }))
        }
        (PeerName::Publish, None) => {
            let message = "the publishing peer restarts with an offer of the client";
            Err(Error::of("params.sdp", Code::BadRequest, message))
        }
    }
}

fn said(service: &Service, key: ParticipantKey, id: u64, send: Send) -> Result<String, Error> {
    let to = send.recipient()?;
    let kind = send.kind.unwrap_or(headwater::MessageKind::Chat).into();
    let number = service.control.in_room(|rooms, now| {
        Ok(rooms.send(now, wall_ms(), key, kind, to, send.topic, send.body)?)
    })?;
    Ok(responded(id, &Sent { number }))
}

fn hosted(service: &Service, key: ParticipantKey, host: &Host) -> Result<(), Error> {
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
        let message = format!("a reason has at most {REASON_BYTES_MAX} bytes");
        return Err(Error::of("params.reason", Code::LimitReached, message));
    }
    match host.action {
        Action::Mute => {
            let stream = stream_name("params.stream", &needed("stream", &host.stream)?)?;
            let kind = host.kind.unwrap_or(TrackKind::Audio).into();
            in_room(service, |rooms, now| {
                rooms.request_mute(now, key, &stream, kind)
            })
        }
        Action::Kick => {
            let id = needed("participant", &host.participant)?;
            let id = participant_id("params.participant")(&id)?;
            in_room(service, |rooms, now| rooms.kick_by(now, key, &id, reason))
        }
        Action::Lock => in_room(service, |rooms, now| rooms.lock(now, key, true)),
        Action::Unlock => in_room(service, |rooms, now| rooms.lock(now, key, false)),
        Action::Close => in_room(service, |rooms, now| rooms.close_by(now, key, reason)),
    }
}

/// What a host says to those who have to go.
const REASON_BYTES_MAX: usize = 1_024;

fn in_room<E: Into<Error>>(
    service: &Service,
    call: impl FnOnce(&mut Rooms, Instant) -> Result<(), E>,
) -> Result<(), Error> {
    let call = |rooms: &mut Rooms, now| call(rooms, now).map_err(Into::into);
    service.control.in_room(call)
}

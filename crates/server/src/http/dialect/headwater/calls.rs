//! Requests of participants: from the wire to the control plane, and the result back.

use std::time::Instant;

use room::{EndReason, Rooms};
use rtp::Kind;
use signaling::dialect::headwater::{
    Call, Code, Error, MessageKind, Send, Sent, Subscribe, TrackKind, Trickle, responded,
    stream_name,
};

use super::host::Wanted;
use super::link::Link;
use super::media;
use super::refusals::gone;
use crate::control::{Control, unix_ms};

/// Carries out a request of a participant. Returns the body of the response, or `None` when it is
/// in the outbox already.
pub(super) fn call(
    control: &Control,
    link: &Link,
    id: u64,
    call: Call,
) -> Result<Option<String>, Error> {
    let key = link.key;
    // Requests that concern only the room are answered under its lock.
    let room = |call: &dyn Fn(&mut Rooms, Instant) -> Result<(), Error>| {
        let responded = |rooms: &mut Rooms, now| call(rooms, now).map(|()| empty(id));
        in_room(control, link, responded).map(|()| None)
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
            let published = media::publish(control, key, publish)?;
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
            room(&|rooms, _| {
                Ok(rooms.set_track_settings(key, &stream, kind, params.paused, size)?)
            })
        }
        Call::Answer(answer) => {
            media::answer(control, key, &answer)?;
            Ok(Some(empty(id)))
        }
        Call::Trickle(params) => {
            trickle(link, &params)?;
            Ok(Some(empty(id)))
        }
        Call::Restart(restart) => {
            let restarted = media::restart(control, key, restart)?;
            Ok(Some(responded(id, &restarted)))
        }
        Call::Send(params) => send(control, link, id, params).map(|()| None),
        Call::Metadata(params) => room(&|rooms, now| {
            let (name, metadata) = (params.name.clone(), params.metadata.clone());
            Ok(rooms.set_metadata(now, key, name, metadata)?)
        }),
        Call::Host(host) => {
            let wanted = Wanted::read(&host)?;
            room(&|rooms, now| Ok(wanted.carry_out(rooms, now, key)?))
        }
        Call::Stats => Ok(Some(responded(id, &media::stats(control, key)?))),
        Call::Ping => Ok(Some(empty(id))),
    }
}

/// Takes candidates of a participant: of no use to an ICE-lite agent, which learns from checks
/// (RFC 8445 §2.5).
fn trickle(link: &Link, trickle: &Trickle) -> Result<(), Error> {
    if trickle.candidates.len() > CANDIDATES_MAX {
        let message = format!("a request can have at most {CANDIDATES_MAX} candidates");
        let field = "params.candidates";
        return Err(Error::of(field, Code::LimitReached, message));
    }
    match link.is_over() {
        true => Err(gone()),
        false => Ok(()),
    }
}

/// Sends a message of a participant to its room.
fn send(control: &Control, link: &Link, id: u64, send: Send) -> Result<(), Error> {
    let to = send.recipient();
    let to = to.map_err(|error| Error::of("params.to", Code::BadRequest, error.to_string()))?;
    let kind = send.kind.unwrap_or(MessageKind::Chat).into();
    let said = |rooms: &mut Rooms, now| {
        let (key, topic, body) = (link.key, send.topic, send.body);
        let number = rooms.send(now, unix_ms(), key, kind, to, topic, body)?;
        Ok(responded(id, &Sent { number }))
    };
    in_room(control, link, said)
}

/// Does what a participant asks for in its room, sends the response that `call` returns, and then
/// does what follows from it: that may be the end of the participation.
fn in_room(
    control: &Control,
    link: &Link,
    call: impl FnOnce(&mut Rooms, Instant) -> Result<String, Error>,
) -> Result<(), Error> {
    control.with_core(|core, now| {
        if link.is_over() {
            return Err(gone());
        }
        let response = core.in_rooms(now, |rooms| call(rooms, now.instant))?;
        // Before anything that follows from it, of which nothing was carried out yet.
        if link.push(&response).is_err() {
            core.leave(now, link.key, EndReason::Slow);
        }
        Ok(())
    })
}

/// Sends the response to a request. A participant that has confirmed too little for it is ended.
pub(super) fn respond(control: &Control, link: &Link, body: &str) {
    control.with_core(|core, now| {
        if link.push(body).is_err() {
            core.leave(now, link.key, EndReason::Slow);
        }
    });
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

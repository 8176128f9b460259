//! Participants join, and resume over a new socket.

use auth::Permissions;
use room::ParticipantId;
use session::{Enter, TransportKind};
use signaling::dialect::headwater::{
    Call, Code, Error, IceServer, Join, Joined, Request, Resume, Resumed, responded,
};

use super::context::Context;
use super::link::{Link, Socket};
use super::outlet::LinkOutlet;
use super::refusals::{gone, refused, refused_field};
use crate::control::{denied, random};

/// Lets a participant join or resume. Returns its socket with the response to a resume; that to a
/// join goes through the outbox.
pub(super) fn enter(
    context: &Context,
    request: Request,
    client: &str,
) -> Result<(Socket, Option<String>), Error> {
    let id = request.id;
    match request.call? {
        Call::Join(join) => {
            let taken = context.service.take_opening();
            taken.map_err(|error| Error::new(Code::TooFast, error.to_string()))?;
            let socket = joined(context, id, &join, client)?;
            Ok((socket, None))
        }
        Call::Resume(resume) => {
            let (socket, resumed) = resumed(context, id, &resume)?;
            Ok((socket, Some(responded(id, &resumed))))
        }
        _ => {
            let message = "a join or resume must come first";
            Err(Error::of("method", Code::NotJoined, message))
        }
    }
}

/// Adds a participant to a room. The first frame to it is the response to request `id`; `client`
/// is what its program calls itself.
fn joined(context: &Context, id: u64, join: &Join, client: &str) -> Result<Socket, Error> {
    let control = &context.service.control;
    let (room, named) = (join.room_name()?, join.participant_id()?);
    let role = join.wanted_role();
    check_role(role, &control.verify(join.token.as_deref()))?;
    let enter = Enter {
        room,
        id: named.unwrap_or_else(random_id),
        name: join.name.clone(),
        metadata: join.metadata.clone().unwrap_or_default(),
        role,
        client: client.to_owned(),
        auto_subscribe: join.wants_all(),
        transport: TransportKind::Split,
    };
    let secret = random::<16>();
    let mut link = None;
    let (_, joined) = control
        .join(enter, |key, joined| {
            let new = link.insert(Link::new(key, id)).clone();
            // Before anything that the core wants told.
            let result = Joined::new(format!("{secret:032x}"), joined, ice_servers(context));
            let sent = new.push(&responded(id, &result));
            debug_assert!(sent.is_ok(), "an outbox takes its first frame");
            context.participations.insert(secret, new.clone());
            Box::new(LinkOutlet {
                link: new,
                secret,
                participations: context.participations.clone(),
            })
        })
        .map_err(|error| refused(control, error))?;
    tracing::info!(room = %joined.room.name, participant = %joined.participant.id, "joined");
    Ok(link.ok_or_else(gone)?.begin())
}

fn check_role(role: room::Role, permissions: &Permissions) -> Result<(), Error> {
    let permitted = match role {
        room::Role::Host => permissions.join_as_host(),
        room::Role::Publisher => permissions.join_as_publisher(),
        room::Role::Viewer | room::Role::Hidden => permissions.join_as_viewer(),
    };
    permitted.map_err(|refusal| refused_field("params.token", &denied(refusal)))
}

fn ice_servers(context: &Context) -> Vec<IceServer> {
    let servers = context.service.settings.ice_servers.iter();
    servers
        .map(|server| IceServer {
            urls: server.url.clone(),
            username: server.username.clone(),
            credential: server.credential.clone(),
        })
        .collect()
}

/// An id for a participant that did not bring one.
fn random_id() -> ParticipantId {
    let id = format!("{:08x}", random::<4>());
    ParticipantId::new(&id).expect("hexadecimal digits are allowed")
}

/// Goes on with a participation over a new socket.
///
/// One that was delayed, so that a later one has come before it, is refused.
fn resumed(context: &Context, id: u64, resume: &Resume) -> Result<(Socket, Resumed), Error> {
    let secret = u128::from_str_radix(&resume.session, 16).map_err(|_| gone())?;
    // Under the lock, so that the socket before is not found lost after this one has come.
    context.service.control.with_core(|core, now| {
        let found = context.participations.find(secret, now.instant);
        let (socket, received) = found.ok_or_else(gone)?.resume(id, resume.seen)?;
        let key = socket.link.key;
        core.in_rooms(now, |rooms| rooms.found(now.instant, key));
        Ok((socket, Resumed { received }))
    })
}

/// The socket of a participant is gone. Nothing happens when a newer one has the participant.
pub(super) fn lost(context: &Context, socket: &Socket) {
    context.service.control.with_core(|core, now| {
        if socket.is_present() {
            let key = socket.link.key;
            core.in_rooms(now, |rooms| rooms.lost(now.instant, key));
        }
    });
}

//! Handles one frame: reads it, carries it out and writes the reply.

use std::time::Instant;

use room::Grants;
use room::peer_tree::{Broadcasts, Error, Join, PeerId};

use super::frame::{error, frame};
use super::peer::parse;
use super::{IceServers, Request, Unreadable, read, refusal};

/// Why a frame was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Send this `ERROR` frame to the peer. The socket stays open.
    Frame(String),
    /// The frame is not JSON: close the socket with this reason.
    Close(&'static str),
}

/// Handles a frame of the peer `sender`. Returns the reply to the sender alone, if there is one;
/// the caller takes the events for all peers from `broadcasts`.
pub fn handle(
    broadcasts: &mut Broadcasts,
    ice_servers: &IceServers,
    grants: Grants,
    now: Instant,
    sender: PeerId,
    text: &str,
) -> Result<Option<String>, Refused> {
    let request = read(text).map_err(|unreadable| match unreadable {
        Unreadable::NoJson => Refused::Close("frames are JSON"),
        Unreadable::Message(text) => Refused::Frame(error(&text)),
    })?;
    if let Request::FetchConfig = request {
        let json = ice_servers.json();
        let json = json.ok_or_else(|| Refused::Frame(error("Invalid ICE server JSON")))?;
        return Ok(Some(frame(
            "FETCH_CONFIG_RECEIVED",
            &[("iceServers", json)],
        )));
    }
    check(grants, &request).map_err(|text| Refused::Frame(error(text)))?;
    match carry_out(broadcasts, now, sender, &request) {
        Ok(()) => Ok(None),
        Err(reason) => {
            let text = refusal::text(&request, sender, reason);
            Err(Refused::Frame(error(&text)))
        }
    }
}

fn check(grants: Grants, request: &Request<'_>) -> Result<(), &'static str> {
    match request {
        Request::StartBroadcast { .. } if !grants.publish => {
            Err("To broadcast, add auth.publish_token to the address: ?token=…")
        }
        Request::JoinBroadcast { .. } | Request::SubscribeToTreeState { .. } if !grants.view => {
            Err("To watch, add auth.view_token to the address: ?token=…")
        }
        _ => Ok(()),
    }
}

fn carry_out(
    broadcasts: &mut Broadcasts,
    now: Instant,
    sender: PeerId,
    request: &Request<'_>,
) -> Result<(), Error> {
    let known = |text: &str| parse(text).ok_or(Error::UnknownPeer);
    match request {
        Request::FetchConfig => Ok(()),
        Request::StartBroadcast { name, peer_name } => {
            broadcasts.start(now, sender, name, peer_name.as_deref())
        }
        Request::EndBroadcast { name } => broadcasts.end(now, sender, name),
        Request::JoinBroadcast {
            name,
            peer_name,
            offer,
        } => {
            let join = Join {
                name,
                peer_name: peer_name.as_deref(),
                offer,
            };
            broadcasts.join(now, sender, join)
        }
        Request::LeaveBroadcast => broadcasts.leave(now, sender),
        Request::RelayBroadcastReceived { peer, answer } => {
            broadcasts.answer(now, sender, known(peer)?, answer)
        }
        Request::IceCandidates { peer, candidates } => {
            broadcasts.candidates(sender, known(peer)?, candidates)
        }
        Request::IceCandidatesReceived { peer } => {
            broadcasts.candidates_received(sender, known(peer)?)
        }
        Request::SubscribeToTreeState { name } => broadcasts.watch(sender, name),
        Request::UnsubscribeFromTreeState { name } => broadcasts.unwatch(sender, name),
    }
}

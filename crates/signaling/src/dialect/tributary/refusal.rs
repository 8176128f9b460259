//! The texts of refusals. Clients show them and some compare them, so those of the protocol are
//! kept to the letter.

use room::peer_tree::{Error, PeerId};

use super::{Request, peer_text};

/// The text for a peer whose request was refused.
pub(super) fn text(request: &Request<'_>, sender: PeerId, error: Error) -> String {
    let sender = peer_text(sender);
    match error {
        Error::Taken => format!("Broadcast \"{}\" already exists", subject(request)),
        Error::UnknownBroadcast if matches!(request, Request::EndBroadcast { .. }) => {
            format!("Broadcast \"{}\" does not exist", subject(request))
        }
        Error::UnknownBroadcast => format!("Unknown broadcast: {}", subject(request)),
        Error::NotOwner => format!(
            "Peer \"{sender}\" did not start broadcast \"{}\"",
            subject(request)
        ),
        Error::Broadcasting => {
            format!("Peer \"{sender}\" has started a broadcast: end that first")
        }
        Error::NotMember => {
            format!("Unable to find peer \"{sender}\" in LEAVE_BROADCAST message")
        }
        Error::UnknownPeer => format!("Unknown peer: {}", subject(request)),
        Error::Full { limit } => {
            format!("dialects.tributary.{limit} is reached: try again later")
        }
        Error::TooLong { max } => format!("\"name\" and \"peerName\" have at most {max} bytes"),
    }
}

/// The broadcast or peer that a request names; empty when it names none.
fn subject<'a>(request: &'a Request<'_>) -> &'a str {
    match request {
        Request::StartBroadcast { name, .. }
        | Request::EndBroadcast { name }
        | Request::JoinBroadcast { name, .. }
        | Request::SubscribeToTreeState { name }
        | Request::UnsubscribeFromTreeState { name } => name,
        Request::RelayBroadcastReceived { peer, .. }
        | Request::IceCandidates { peer, .. }
        | Request::IceCandidatesReceived { peer } => peer,
        Request::FetchConfig | Request::LeaveBroadcast => "",
    }
}

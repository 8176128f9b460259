//! Both ends in one process, for simulations and benchmarks.

use std::time::Instant;

use rtp::{Bitrate, Kind};

use super::Dialogue;
use crate::Config;
use crate::negotiation::OutgoingTrack;
use crate::peer::Peer;
use crate::sdp::{self, Direction, OfferError};

/// Both ends of a connection over which each has sound to send and pictures: on the lines 0 and 1
/// of [`Peer::sent`]. All is negotiated, and nothing connected.
#[derive(Debug)]
pub struct Ends {
    /// The client's.
    pub client: Peer,
    /// The server's.
    pub server: Peer,
    /// What the server has offered.
    pub offer: String,
    /// The `a=mid` of what the client sends.
    pub published: Vec<String>,
}

impl Ends {
    /// The server offers first, then the client. The candidates of the configurations are their
    /// addresses; `estimate` is as in [`Peer::answer`].
    pub fn new(
        client: &Config,
        server: &Config,
        estimate: Option<Bitrate>,
        now: Instant,
    ) -> Result<Self, OfferError> {
        let mut server = Dialogue::new(server, estimate, 0, now);
        // The client is who checks paths (RFC 8445 §6.1.1): from the server's `a=ice-lite` the
        // library knows it.
        let rtc = client.rtc(Direction::Receive, false, now);
        let mut client = Dialogue::over(rtc, client, None, 0, now);
        for kind in [Kind::Audio, Kind::Video] {
            server.0.add(track("server", kind));
            client.0.add(track("client", kind));
        }
        let offer = exchange(&mut server, &mut client)?;
        let published = exchange(&mut client, &mut server)?;
        let published = sdp::sent_tracks(&published).into_iter();
        Ok(Self {
            client: client.1,
            server: server.1,
            offer,
            published: published.map(|track| track.mid).collect(),
        })
    }
}

fn track(stream: &str, kind: Kind) -> OutgoingTrack {
    OutgoingTrack {
        kind,
        stream: stream.to_owned(),
        track: format!("{stream}-{kind}"),
        formats: Vec::new(),
    }
}

/// One side offers what it has to tell, and the other answers. Returns the offer.
fn exchange(
    (offering, their_peer): &mut (Dialogue, Peer),
    (answering, peer): &mut (Dialogue, Peer),
) -> Result<String, OfferError> {
    let nothing = || OfferError::Refused("there is nothing to tell".to_owned());
    let offer = offering.offer().ok_or_else(nothing)?;
    let shown = answering.offered(&offer)?;
    let heard = peer.answer_again(&shown)?;
    if !answering.begun {
        answering.follow(peer);
    }
    let (answer, agreed) = answering.answer(&heard)?;
    for line in agreed.lines {
        peer.set_line(line);
    }
    let (agreed, shown) = offering.answered(&answer)?;
    if let Some(shown) = shown {
        let heard = their_peer.answer_again(&shown)?;
        offering.hear(&heard);
    }
    for line in agreed.lines {
        their_peer.set_line(line);
    }
    Ok(offer)
}

//! A bidirectional connection, negotiated between a client and the server.

use std::time::Instant;

use rtc::Negotiator;
use rtp::{Bitrate, Kind};

/// The kinds that the client sends, in this order.
const KINDS: [Kind; 2] = [Kind::Audio, Kind::Video];

/// Both ends of a unified peer's connection, over which the client sends audio and video. It is
/// negotiated, and not connected yet.
#[derive(Debug)]
pub struct Unified {
    /// The client's end.
    pub client: client::Peer,
    /// The server's end.
    pub server: rtc::Peer,
    /// The server's offer, which describes the media that it sends.
    pub offer: String,
    /// The `a=mid` of each m-line on which the client sends.
    pub published: Vec<String>,
}

impl Unified {
    /// Negotiates an offer of the server, and then one of the client. The server sends on a line of
    /// each of the kinds in `sent`, in this order of its [`rtc::Peer::sent`]. `estimate` is as in
    /// [`rtc::Peer::answer`].
    ///
    /// # Panics
    /// If one side refuses the other's description, which is a bug of this project.
    pub fn negotiate(
        client: &client::Config,
        server: &rtc::Config,
        sent: &[Kind],
        estimate: Option<Bitrate>,
        now: Instant,
    ) -> Self {
        let role = rtc::Role::Unified { new_lines: 0 };
        let mut negotiator = Negotiator::new(server, role);
        for (number, kind) in sent.iter().copied().enumerate() {
            let track = rtc::OutgoingTrack {
                kind,
                stream: "server".to_owned(),
                track: format!("server-{kind}-{number}"),
                formats: Vec::new(),
            };
            negotiator
                .add(track)
                .expect("there is room for a few lines");
        }
        let offer = negotiator.offer();
        let offer = offer.expect("the server has tracks to offer");
        let answered = client::Peer::answer(client, &offer, now);
        let (mut client, answer) = answered.expect("the client takes the server's offer");
        let agreed = negotiator.answered(&read(&answer));
        let agreed = agreed.expect("the server takes the client's answer");
        let peer = rtc::Peer::new(server, agreed, estimate, now);
        let mut peer = peer.expect("the client's answer has a transport");
        let answered = negotiator.offered(&read(&client.offer(&KINDS)));
        let answered = answered.expect("the server takes the client's offer");
        peer.apply(answered.agreed);
        let accepted = client.accept(&answered.sdp);
        accepted.expect("the client takes the server's answer");
        let published = client.media().iter().filter(|media| media.sends);
        Self {
            published: published.map(client::Media::mid).collect(),
            client,
            server: peer,
            offer,
        }
    }
}

fn read(text: &str) -> sdp::Description {
    sdp::Description::parse(text).expect("the client writes a description")
}

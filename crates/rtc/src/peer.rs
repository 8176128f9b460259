mod agreement;
mod crypto;
mod handshaking;
mod polling;
mod receiving;
mod sending;
mod timers;

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ice::{Credentials, Path};
use rtp::Bitrate;

use crate::channels::Channels;
use crate::config::Config;
use crate::early::Early;
use crate::event::{Event, Stage};
use crate::flow::Traffic;
use crate::media::Media;
use crate::negotiator::{Agreed, Negotiator, Remote, Role};
use crate::offer_error::OfferError;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::wall_clock::WallClock;

use crypto::Crypto;

/// One WebRTC connection of the server: ICE, DTLS, SRTP, and media both ways.
///
/// A [`Negotiator`] decides what flows: the peer is built from the first [`Agreed`] outcome, and
/// later ones are applied to it. It appends the datagrams that it sends to the
/// [`Datagrams`](crate::Datagrams) of each call. It has no socket and no clock: give it a datagram
/// or the time, drain [`Self::poll_output`], and come back at the timeout that this returns.
///
/// `repr(C)` keeps the order of the fields, so that those that every datagram needs stay together.
#[repr(C)]
pub struct Peer {
    /// `None` until the handshake has completed.
    crypto: Option<Box<Crypto>>,
    receiver: Box<Receiver>,
    sender: Option<Box<Sender>>,
    channels: Option<Box<Channels>>,
    events: VecDeque<Event>,
    ice: ice::Agent,
    /// The path of media that was last reported to the owner.
    selected: Option<Path>,
    sent: Vec<Media>,
    dtls_due: Option<Instant>,
    /// The `now` of the last call that had one.
    now: Instant,
    received: Vec<Media>,
    /// In use until `crypto` is set.
    early: Early,
    dtls: Box<dtls::Endpoint>,
    /// The initial bandwidth estimate for the sender, which the first line creates.
    estimate: Option<Bitrate>,
    wall_clock: WallClock,
    remote_ufrag: String,
    unified: bool,
    /// A DTLS datagram has arrived.
    dtls_heard: bool,
    /// The connection ended, or the owner closed it.
    over: bool,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("received", &self.received)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// Creates a peer from the first agreement. `estimate` is the initial bandwidth estimate of a
    /// peer that sends; estimation needs a remote with transport-wide feedback.
    ///
    /// Returns an error when the agreement has no transport, or when no fingerprint uses a known
    /// hash.
    pub fn new(
        config: &Config,
        mut agreed: Agreed,
        estimate: Option<Bitrate>,
        now: Instant,
    ) -> Result<Self, OfferError> {
        let Some(remote) = agreed.remote.take() else {
            return Err(OfferError::refused("it has no ICE and DTLS attributes"));
        };
        let dtls = handshake(config, &remote, now)?;
        let mut ice = ice::Agent::new(remote.local, now);
        let remote_ufrag = remote.credentials.ufrag().to_owned();
        ice.set_remote(remote.credentials);
        let mut peer = Self {
            ice,
            dtls: Box::new(dtls),
            dtls_due: Some(now),
            dtls_heard: false,
            crypto: None,
            early: Early::default(),
            selected: None,
            receiver: Box::new(Receiver::new(now, crate::random::u32())),
            sender: None,
            channels: None,
            received: Vec::new(),
            sent: Vec::new(),
            events: VecDeque::new(),
            estimate,
            wall_clock: config.wall_clock,
            remote_ufrag,
            unified: agreed.unified,
            over: false,
            now,
        };
        peer.apply(agreed);
        Ok(peer)
    }

    /// Answers the offer of a client that publishes or watches and offers only once. Returns the
    /// peer and the SDP answer, or why the offer is refused.
    pub fn answer(
        config: &Config,
        role: Role,
        offer: &str,
        estimate: Option<Bitrate>,
        now: Instant,
    ) -> Result<(Self, String), OfferError> {
        let offer = sdp::Description::parse(offer)?;
        let answered = Negotiator::new(config, role).offered(&offer)?;
        let peer = Self::new(config, answered.agreed, estimate, now)?;
        Ok((peer, answered.sdp))
    }

    /// Returns the sections that the remote sends on.
    pub fn received(&self) -> &[Media] {
        &self.received
    }

    /// Whether the connection is bidirectional: it stays up when the remote stops publishing.
    pub fn is_unified(&self) -> bool {
        self.unified
    }

    /// Returns the lines that this side sends on, by index.
    pub fn sent(&self) -> &[Media] {
        &self.sent
    }

    /// Iterates over the sections of both directions.
    pub fn media(&self) -> impl Iterator<Item = &Media> {
        self.received.iter().chain(&self.sent)
    }

    /// Returns the latest round trip measured from receiver reports.
    pub fn round_trip(&self) -> Option<Duration> {
        self.sender.as_ref().and_then(|sender| sender.round_trip())
    }

    /// Returns how far the connection has come.
    pub fn stage(&self) -> Stage {
        if self.selected.is_some() {
            Stage::Connected
        } else if self.dtls_heard {
            Stage::Handshaking
        } else if self.ice.handshake_path().is_some() {
            Stage::Checked
        } else {
            Stage::NotReached
        }
    }

    /// Returns the media counters of the connection so far.
    pub fn traffic(&self) -> Traffic {
        let sent = self.sender.as_ref().map(|sender| sender.flow());
        Traffic {
            received: self.receiver.flow(),
            sent: sent.unwrap_or_default(),
        }
    }

    /// Returns this side's current credentials. Their ufrag names the peer that a STUN request is
    /// for.
    pub fn local_credentials(&self) -> &Credentials {
        self.ice.local()
    }

    /// Returns the remote's current ufrag, from its last description or ICE restart.
    pub fn remote_ufrag(&self) -> &str {
        &self.remote_ufrag
    }

    /// Returns when the last authentic datagram arrived from the remote on the path in use.
    pub fn last_heard(&self) -> Instant {
        self.ice.last_heard()
    }

    /// Returns how many datagrams were held back because their destination was not validated.
    pub fn held_back(&self) -> u32 {
        self.ice.held_back()
    }

    /// Whether the connection is up, or can still come up.
    pub fn is_alive(&self) -> bool {
        !self.over
    }

    /// Loads into the cache the state that the next received datagram and the next sent packet
    /// need.
    pub fn prefetch(&self) {
        black_box((self.selected, self.sent.len()));
        if let Some(crypto) = &self.crypto {
            crypto.inbound.prefetch();
            crypto.outbound.prefetch();
        }
        self.receiver.prefetch();
        if let Some(sender) = &self.sender {
            sender.prefetch();
        }
    }
}

/// Creates the DTLS endpoint for a remote. Fingerprints with an unknown hash are ignored.
fn handshake(config: &Config, remote: &Remote, now: Instant) -> Result<dtls::Endpoint, OfferError> {
    let known = remote.fingerprints.iter().filter_map(|fingerprint| {
        Some(dtls::Fingerprint {
            algorithm: dtls::Hash::from_name(&fingerprint.algorithm)?,
            bytes: fingerprint.bytes.clone(),
        })
    });
    let endpoint = dtls::Endpoint::new(&config.identity, remote.role, known.collect(), now);
    endpoint.map_err(|error| OfferError::Refused(error.to_string()))
}

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ice::{Credentials, Path};
use rtp::{Bitrate, Packet, Rewrite, Sort, rtcp};

use crate::channels::{ChannelNumber, Channels};
use crate::config::Config;
use crate::datagrams::Datagrams;
use crate::early::Early;
use crate::event::{Connection, Ended, Event, Output, Stage};
use crate::flow::Traffic;
use crate::formats::PayloadTypes;
use crate::media::Media;
use crate::negotiator::{Agreed, AgreedLine, Negotiator, Remote, Role};
use crate::offer_error::OfferError;
use crate::outlet::Outlet;
use crate::receiver::{Cause, Receiver};
use crate::refused::Refused;
use crate::sender::{Feedback, Sender, WriteError};
use crate::srtp::{self, Inbound, Outbound, Protection, Replay};
use crate::wall_clock::WallClock;

/// The largest RTP payload that is sent, in bytes. With headers, extensions and tag it already
/// makes a datagram that no path over Ethernet carries unfragmented; the kernel refuses a datagram
/// that exceeds the path's MTU.
pub const PAYLOAD_BYTES_MAX: usize = 1_472;

/// One WebRTC connection of the server: ICE, DTLS, SRTP, and media both ways.
///
/// A [`Negotiator`] decides what flows: the peer is built from the first [`Agreed`] outcome, and
/// later ones are applied to it. It appends the datagrams that it sends to the [`Datagrams`] of
/// each call. It has no socket and no clock: give it a datagram or the time, drain
/// [`Self::poll_output`], and come back at the timeout that this returns.
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

/// The SRTP keys of both directions, and the replay protection of RTCP.
struct Crypto {
    protection: Protection,
    version: dtls::Version,
    inbound: Inbound,
    outbound: Outbound,
    replay: Replay,
}

impl Crypto {
    /// Borrows what the sender needs to send on a path.
    fn outlet<'a>(&'a mut self, path: Path, to: &'a mut Datagrams) -> Outlet<'a> {
        Outlet {
            srtp: &mut self.outbound,
            path,
            to,
        }
    }
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

    /// Applies an agreement. Returns the lines of this side on which a new source has begun.
    pub fn apply(&mut self, agreed: Agreed) -> Vec<usize> {
        if let Some(remote) = agreed.remote {
            remote
                .credentials
                .ufrag()
                .clone_into(&mut self.remote_ufrag);
            self.ice.restart_with(remote.local, remote.credentials);
            self.drop_forgotten_ufrags();
        }
        self.received = agreed.received.iter().map(Media::received).collect();
        self.receiver.set_sections(agreed.received);
        if agreed.channels && self.channels.is_none() {
            self.channels = Some(Box::new(Channels::new()));
        }
        let mut begun = Vec::new();
        for line in agreed.lines {
            let index = line.index;
            if self.set_line(line) {
                begun.push(index);
            }
        }
        begun
    }

    /// Applies what was agreed about a line, and ends the line's source if another one takes its
    /// place. Returns whether a new source has begun.
    fn set_line(&mut self, agreed: AgreedLine) -> bool {
        let AgreedLine {
            index,
            mut media,
            encoding,
        } = agreed;
        let sender = self.sender.get_or_insert_with(|| {
            let mut sender = Sender::new(self.now, self.wall_clock, Vec::new(), self.estimate);
            if self.crypto.is_some() {
                sender.connect(self.now);
            }
            Box::new(sender)
        });
        // A line whose SSRC stays keeps its encoding, with its numbers and the packets to resend.
        let before = self.sent.get(index).map(|line| line.encodings.clone());
        let before = before.filter(|encodings| !encodings.is_empty());
        let ssrc = encoding.as_ref().map(|encoding| encoding.ssrc);
        let goes_on = before
            .clone()
            .filter(|range| ssrc.is_some() && sender.ssrc(range.start) == ssrc);
        if let (Some(range), None) = (before, &goes_on) {
            sender.end(range.start);
        }
        let begins = goes_on.is_none() && encoding.is_some();
        media.encodings = match (goes_on, encoding) {
            (Some(range), _) => range,
            (None, Some(encoding)) => {
                let number = sender.add(encoding);
                number..number + 1
            }
            (None, None) => 0..0,
        };
        match self.sent.get_mut(index) {
            Some(line) => *line = media,
            // Lines before this one may never have sent anything: fill them with empty sections.
            None => {
                let nothing = || Media::new(media.mid(), media.kind, PayloadTypes::default());
                self.sent.resize_with(index, nothing);
                self.sent.push(media);
            }
        }
        begins
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

    /// Restarts ICE with the remote's new credentials (RFC 8445 §9). Media continues on the old
    /// path until a new one is validated. Returns the new local credentials.
    pub fn restart_ice(&mut self, remote: Credentials) -> &Credentials {
        remote.ufrag().clone_into(&mut self.remote_ufrag);
        self.ice.restart(remote);
        self.drop_forgotten_ufrags();
        self.ice.local()
    }

    /// Discards the agent's notices about expired ufrags: the owner keeps its own list of the
    /// ufrags that lead to this peer.
    fn drop_forgotten_ufrags(&mut self) {
        while self.ice.take_forgotten_ufrag().is_some() {}
    }

    /// Returns when the last authentic datagram arrived from the remote on the path in use.
    pub fn last_heard(&self) -> Instant {
        self.ice.last_heard()
    }

    /// Returns how many datagrams were held back because their destination was not validated.
    pub fn held_back(&self) -> u32 {
        self.ice.held_back()
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

    /// Handles a datagram, which is decrypted in place. A datagram that does not authenticate, or
    /// that belongs to none of WebRTC's protocols, is refused and has no effect.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &mut [u8],
        to: &mut Datagrams,
    ) -> Result<(), Refused> {
        self.now = now;
        match Sort::of(datagram) {
            Sort::Rtp => {
                // Authentic media shows that the remote has finished DTLS: its Finished was lost or
                // is still on its way.
                if self.crypto.is_none() && self.early.is_proved(&self.dtls, datagram) {
                    self.dtls.confirm();
                    self.drain_dtls(now, to);
                }
                self.rtp(now, path, datagram).map_err(Refused::Packet)
            }
            Sort::Rtcp => self.rtcp(now, path, datagram, to).map_err(Refused::Packet),
            Sort::Stun => self.stun(now, path, datagram, to).map_err(Refused::Stun),
            Sort::Dtls => self.dtls(now, path, datagram, to),
            Sort::Other => Err(Refused::NotWebrtc),
        }
    }

    fn rtp(&mut self, now: Instant, path: Path, datagram: &mut [u8]) -> Result<(), Cause> {
        // Media before the keys is dropped without an error: it is expected and may be resent.
        let Some(crypto) = &self.crypto else {
            return Ok(());
        };
        let arrived = self.receiver.handle_rtp(now, &crypto.inbound, datagram);
        // An authentic packet keeps the path alive even if the receiver has no use for it.
        if arrived
            .as_ref()
            .map_or_else(|cause| cause.is_authentic(), |_| true)
        {
            self.ice.authentic(now, path);
        }
        if let Some(arrived) = arrived? {
            self.events.push_back(Event::Packet {
                media: arrived.section,
                layer: arrived.layer,
                restarted: arrived.restarted,
                packet: arrived.packet,
            });
        }
        Ok(())
    }

    fn rtcp(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &mut [u8],
        to: &mut Datagrams,
    ) -> Result<(), Cause> {
        let Some(crypto) = &mut self.crypto else {
            return Ok(());
        };
        let index = crypto.inbound.rtcp_index(datagram);
        let (ssrc, index) = index.ok_or(Cause::Malformed)?;
        let compound = crypto.inbound.open_rtcp(datagram);
        let compound = compound.ok_or(Cause::NotAuthentic)?;
        if !crypto.replay.is_new(ssrc, index) {
            return Err(Cause::Replayed);
        }
        self.ice.authentic(now, path);
        let Some(path) = self.selected else {
            return Ok(());
        };
        let mut outlet = crypto.outlet(path, to);
        for received in rtcp::read(compound) {
            self.receiver.handle_rtcp(now, &received);
            if let Some(sender) = &mut self.sender {
                sender.handle_rtcp(now, &received, &mut outlet);
            }
        }
        Ok(())
    }

    fn stun(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        to: &mut Datagrams,
    ) -> Result<(), ice::Reason> {
        let buffer = to.buffer();
        let start = buffer.len();
        let handled = self.ice.handle_stun(now, path, datagram, buffer);
        if buffer.len() > start {
            to.commit(path, start);
        }
        match handled {
            ice::Handled::Answered { .. } => {
                self.events.push_back(Event::Reached(Box::new(path)));
                // As the DTLS client, this side has waited for a path to send its first flight on.
                if self.crypto.is_none() {
                    self.drain_dtls(now, to);
                }
            }
            ice::Handled::Proved { .. } | ice::Handled::Refused(_) => {}
            ice::Handled::Ignored(reason) => return Err(reason),
        }
        self.follow_path();
        Ok(())
    }

    fn dtls(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        to: &mut Datagrams,
    ) -> Result<(), Refused> {
        if self.crypto.is_none() && !self.ice.dtls_arrived(now, path, datagram.len()) {
            return Ok(());
        }
        self.dtls_heard = true;
        let taken = self.dtls.handle_datagram(now, datagram);
        self.drain_dtls(now, to);
        self.turn_channels(now, to);
        taken.then_some(()).ok_or(Refused::Dtls)
    }

    /// Handles all outputs of DTLS. A completed handshake may give media its path.
    fn drain_dtls(&mut self, now: Instant, to: &mut Datagrams) {
        self.take_dtls(now, to);
        self.follow_path();
    }

    fn take_dtls(&mut self, now: Instant, to: &mut Datagrams) {
        // Without a path a flight would be lost and repeated only after a timeout.
        if self.ice.handshake_path().is_none() {
            return;
        }
        loop {
            match self.dtls.poll_output() {
                dtls::Output::Datagram(datagram) => {
                    if let Some(path) = self.ice.handshake_path()
                        && self.ice.may_send(now, path, datagram.len())
                    {
                        to.push(path, &datagram);
                    }
                }
                dtls::Output::Connected(connected) => self.connected(now, &connected),
                dtls::Output::Data(data) => {
                    if let Some(channels) = &mut self.channels {
                        channels.handle_data(now, &data);
                    }
                }
                dtls::Output::Closed => return self.end(Ended::Closed),
                dtls::Output::Failed(error) => return self.end(Ended::Handshake(error)),
                dtls::Output::Timeout(at) => {
                    self.dtls_due = at;
                    return;
                }
            }
        }
    }

    fn connected(&mut self, now: Instant, connected: &dtls::Connected) {
        let Some(keys) = srtp::Keys::agreed(&connected.keys) else {
            let error = dtls::Error::Protocol("keys of a wrong length".to_owned());
            return self.end(Ended::Handshake(error));
        };
        self.ice.handshake_completed(now);
        self.early = Early::default();
        self.crypto = Some(Box::new(Crypto {
            inbound: keys.inbound(),
            outbound: keys.outbound(),
            replay: Replay::default(),
            protection: keys.protection(),
            version: connected.version,
        }));
        if let Some(sender) = &mut self.sender {
            sender.connect(now);
        }
    }

    /// Reports the path of media to the owner, the first time and whenever it changes.
    fn follow_path(&mut self) {
        let selected = self.ice.selected();
        let Some((path, crypto)) = selected.zip(self.crypto.as_ref()) else {
            return;
        };
        if self.selected == Some(path) {
            return;
        }
        let event = match self.selected {
            None => Event::Connected(Box::new(Connection {
                path,
                version: crypto.version,
                protection: crypto.protection,
            })),
            Some(_) => Event::Selected(Box::new(path)),
        };
        self.selected = Some(path);
        self.events.push_back(event);
    }

    fn end(&mut self, ended: Ended) {
        if !self.over {
            self.over = true;
            self.events.push_back(Event::Closed(ended));
        }
    }

    /// Runs the timers that are due at `now`.
    pub fn handle_timeout(&mut self, now: Instant, to: &mut Datagrams) {
        self.now = now;
        self.ice
            .handle_timeout(now, |path, request| to.push(path, request));
        if self.dtls_due().is_some_and(|due| due <= now) {
            self.dtls.handle_timeout(now);
            self.drain_dtls(now, to);
        }
        self.turn_channels(now, to);
        let Some((crypto, path)) = self.crypto.as_mut().zip(self.selected) else {
            return;
        };
        let mut outlet = crypto.outlet(path, to);
        self.receiver
            .handle_timeout(now, &mut |compound| outlet.send_rtcp(compound));
        if let Some(sender) = &mut self.sender {
            sender.handle_timeout(now, &mut outlet);
        }
    }

    /// Runs the data channels' timers, and sends their SCTP packets inside DTLS.
    fn turn_channels(&mut self, now: Instant, to: &mut Datagrams) {
        let Some(channels) = &mut self.channels else {
            return;
        };
        if self.crypto.is_none() {
            return;
        }
        channels.handle_timeout(now);
        let packets = channels.poll_packets(now);
        for packet in &packets {
            // SCTP repeats a packet that DTLS does not accept now.
            self.dtls.send(packet);
        }
        if !packets.is_empty() {
            self.drain_dtls(now, to);
        }
    }

    /// Returns the next event, or [`Output::Timeout`] when there is none.
    pub fn poll_output(&mut self) -> Output {
        match self.poll_event() {
            Some(event) => Output::Event(event),
            None => Output::Timeout(self.due()),
        }
    }

    /// Returns the next event. An owner that handles many datagrams in a row takes the events after
    /// each of them and calls [`Self::due`] after the last.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        if let Some(feedback) = self.sender.as_mut().and_then(|sender| sender.poll())
            && let Some(event) = self.fed_back(feedback)
        {
            return Some(event);
        }
        if let Some(event) = self.channels.as_mut().and_then(|c| c.poll_event(self.now)) {
            return Some(event);
        }
        match self.receiver.poll_nacks() {
            0 => None,
            count => Some(Event::Nacks { sent: true, count }),
        }
    }

    /// Returns when to call [`Self::handle_timeout`]. Valid once all events were taken.
    pub fn due(&self) -> Option<Instant> {
        let connected = self.crypto.is_some();
        let of_receiver = self.receiver.due(self.now).filter(|_| connected);
        let of_sender = self.sender.as_ref().filter(|_| connected);
        let of_channels = self.channels.as_ref().filter(|_| connected);
        [
            self.ice.poll_timeout(),
            self.dtls_due(),
            of_receiver,
            of_sender.map(|sender| sender.due(self.now)),
            of_channels.and_then(|channels| channels.due()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Returns when DTLS has something to do: never while it has no path.
    fn dtls_due(&self) -> Option<Instant> {
        self.dtls_due
            .filter(|_| self.ice.handshake_path().is_some())
    }

    /// Passes all events to `event`. Returns when to call [`Self::handle_timeout`].
    pub fn drain(&mut self, mut event: impl FnMut(Event)) -> Option<Instant> {
        loop {
            match self.poll_output() {
                Output::Event(what) => event(what),
                Output::Timeout(at) => return at,
            }
        }
    }

    /// Whether the connection is up, or can still come up.
    pub fn is_alive(&self) -> bool {
        !self.over
    }

    /// Closes the connection: sends an RTCP BYE, then a DTLS close_notify.
    pub fn close(&mut self, now: Instant, to: &mut Datagrams) {
        self.over = true;
        if let Some((crypto, path)) = self.crypto.as_mut().zip(self.selected)
            && let Some(sender) = &mut self.sender
        {
            sender.close(&mut crypto.outlet(path, to));
        }
        self.dtls.close();
        self.drain_dtls(now, to);
    }

    /// Asks the remote for a key frame of one layer of a section in [`Self::received`].
    pub fn request_keyframe(&mut self, media: usize, layer: usize) {
        self.receiver.request_keyframe(media, layer);
    }

    /// Sets the rates that bandwidth estimation works towards. When `wanted` exceeds the estimate,
    /// the peer probes for it, at most a few times its estimate at once. Media is padded up to
    /// `padded` as far as the estimate allows.
    pub fn set_wanted_bitrate(&mut self, now: Instant, padded: Bitrate, wanted: Bitrate) {
        if let Some(sender) = &mut self.sender {
            sender.set_wanted(now, padded, wanted);
        }
    }

    /// Stops answering NACKs for the packets sent so far on this line: nobody needs them any more.
    pub fn forget_sent(&mut self, media: usize) {
        if let Some((media, sender)) = self.sent.get(media).zip(self.sender.as_mut()) {
            media.encodings.clone().for_each(|e| sender.forget_sent(e));
        }
    }

    /// Sends a text over a data channel. Returns false, and drops the text, when the channel is
    /// gone or its queue has no room for the text.
    pub fn write_channel(&mut self, channel: ChannelNumber, text: &str) -> bool {
        let channels = self.channels.as_mut();
        channels.is_some_and(|channels| channels.write(channel, text))
    }

    /// Sends a packet on a line of this side, under the numbers in `rewrite`. See [`WriteError`]
    /// for the reasons why it may not be sent.
    pub fn write(
        &mut self,
        now: Instant,
        media: usize,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        to: &mut Datagrams,
    ) -> Result<(), WriteError> {
        let line = self.sent.get_mut(media).zip(self.sender.as_mut());
        let (line, sender) = line.ok_or(WriteError::NotSending)?;
        let connected = self.crypto.as_mut().zip(self.selected);
        let (crypto, path) = connected.ok_or(WriteError::NotSending)?;
        if line.encodings.is_empty() {
            return Err(WriteError::NotSending);
        }
        let encoding = line.encodings.start;
        let types = line.types_for(&packet.format).ok_or(WriteError::Codec)?;
        if types.payload(packet).len() > PAYLOAD_BYTES_MAX {
            return Err(WriteError::TooLarge);
        }
        let mut outlet = crypto.outlet(path, to);
        sender.send(now, encoding, packet, rewrite, types, &mut outlet)
    }

    fn fed_back(&mut self, feedback: Feedback) -> Option<Event> {
        Some(match feedback {
            Feedback::KeyframeRequest(encoding) => Event::KeyframeRequest {
                media: self
                    .sent
                    .iter()
                    .position(|m| m.encodings.contains(&encoding))?,
            },
            Feedback::Nacks(count) => Event::Nacks { sent: false, count },
            Feedback::Estimate(bandwidth, congested) => Event::Estimate {
                bandwidth,
                congested,
            },
        })
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

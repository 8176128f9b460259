use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// How long a read waits for a datagram.
const LISTEN: Duration = Duration::from_millis(1);

/// An m-line that a client offers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Line {
    /// To send video.
    Sent,
    /// To receive video.
    Received,
    /// A data channel: the one over which clients of Broadcast-Recording ping.
    Channels,
}

/// A WebRTC connection by the library str0m.
pub(crate) struct Client {
    pub(super) rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    /// The client's clock, which [`Self::hear`] does not advance.
    pub(super) now: Instant,
    pending: Option<SdpPendingOffer>,
    /// The m-line on which the client sends.
    pub(super) sends: Option<Mid>,
    /// Offers answered so far.
    answers: u32,
}

impl Client {
    pub(crate) fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_read_timeout(Some(LISTEN)).expect("a socket");
        let address = socket.local_addr().expect("its address");
        let now = Instant::now();
        let rtc = Rtc::builder().set_rtp_mode(true).clear_codecs();
        let mut rtc = rtc.enable_vp8(true).build(now);
        let candidate = Candidate::host(address, Protocol::Udp).expect("an address");
        rtc.add_local_candidate(candidate);
        Self {
            rtc,
            socket,
            address,
            now,
            pending: None,
            sends: None,
            answers: 0,
        }
    }

    /// Returns an offer with these m-lines.
    pub(crate) fn offer(&mut self, lines: &[Line]) -> String {
        let mut changes = self.rtc.sdp_api();
        let video = MediaKind::Video;
        for line in lines {
            match line {
                Line::Sent => {
                    let mid = changes.add_media(video, Direction::SendOnly, None, None, None);
                    self.sends = Some(mid);
                }
                Line::Received => {
                    changes.add_media(video, Direction::RecvOnly, None, None, None);
                }
                Line::Channels => {
                    changes.add_channel("health-check".to_owned());
                }
            }
        }
        let (offer, pending) = changes.apply().expect("there are lines");
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Accepts the answer to the client's offer.
    pub(crate) fn accept(&mut self, answer: &str) {
        let pending = self.pending.take().expect("it has offered");
        let answer = SdpAnswer::from_sdp_string(answer).expect("an answer");
        let accepted = self.rtc.sdp_api().accept_answer(pending, answer);
        accepted.expect("it fits the offer");
    }

    /// Returns the answer to an offer of the server.
    pub(crate) fn answer(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).expect("an offer");
        let answer = self.rtc.sdp_api().accept_offer(offer);
        let answer = answer.expect("it can be taken").to_sdp_string();
        // str0m gives every description version 2. A further one has the next version (RFC 3264
        // §8), by which broadcast-recording recognizes stale answers.
        self.answers += 1;
        let version = format!(" {} IN IP4 ", 2 + self.answers);
        answer.replacen(" 2 IN IP4 ", &version, 1)
    }

    /// Advances the clock to `now`. Returns the events that this causes.
    pub(super) fn pass(&mut self, now: Instant) -> Vec<Event> {
        self.now = self.now.max(now);
        let passed = self.rtc.handle_input(Input::Timeout(self.now));
        passed.expect("the connection works");
        self.drain()
    }

    /// Receives the next datagram, unless `is_lost`, without advancing the clock. Returns the
    /// events.
    pub(super) fn hear(&mut self, is_lost: impl Fn(&[u8]) -> bool) -> Vec<Event> {
        let mut buffer = [0; 2_000];
        // Nothing has arrived, or an earlier datagram went to an address on which nothing listens.
        let Ok((length, source)) = self.socket.recv_from(&mut buffer) else {
            return Vec::new();
        };
        let datagram = &buffer[..length];
        if is_lost(datagram) {
            return Vec::new();
        }
        let received = Receive::new(Protocol::Udp, source, self.address, datagram);
        let input = Input::Receive(self.now, received.expect("a datagram of WebRTC"));
        self.rtc.handle_input(input).expect("the connection works");
        self.drain()
    }

    /// Advances the clock to the present and receives a datagram. Returns the events.
    pub(crate) fn turn(&mut self) -> Vec<Event> {
        let mut events = self.pass(Instant::now());
        events.extend(self.hear(|_| false));
        events
    }

    fn drain(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            match self.rtc.poll_output().expect("the connection works") {
                Output::Timeout(_) => return events,
                Output::Event(event) => events.push(event),
                // Not every address of the server can be reached from loopback.
                Output::Transmit(t) => {
                    self.socket.send_to(&t.contents, t.destination).ok();
                }
            }
        }
    }
}

use std::sync::Arc;
use std::time::Duration;

use rtp::{Codec, Format, Packet, Profile, Rewrite};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction as Way, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Input, Rtc};

use super::*;
use crate::tests::{config, deliver};
use crate::{Datagrams, Event, TEXT_BYTES_MAX, TEXTS_PER_SECOND};

const OPUS: Format = Format {
    codec: Codec::Opus,
    clock_rate: 48_000,
    profile: Profile::Any,
    red: false,
};

/// The server's side, and a remote by the library alone.
struct Pair {
    now: Instant,
    dialogue: Dialogue,
    peer: Peer,
    remote: Rtc,
    /// What the server has seen.
    seen: Vec<Event>,
    /// Payloads and texts that the remote has got.
    got: Vec<Vec<u8>>,
    begun: bool,
}

impl Pair {
    fn new() -> Self {
        Self::with_new_lines(0)
    }

    fn with_new_lines(new_lines: usize) -> Self {
        let now = Instant::now();
        let (dialogue, peer) = Dialogue::new(&config(5_000), None, new_lines, now);
        let remote = config(6_000).rtc(Direction::Receive, false, now);
        Self {
            now,
            dialogue,
            peer,
            remote,
            seen: Vec::new(),
            got: Vec::new(),
            begun: false,
        }
    }

    fn add(&mut self, kind: Kind, stream: &str) -> usize {
        let track = OutgoingTrack {
            kind,
            stream: stream.to_owned(),
            track: format!("{stream}-{kind}"),
            formats: Vec::new(),
        };
        self.dialogue.add(track).expect("there is room")
    }

    /// The server's answer to an offer of the remote; its lines are set.
    fn answer(&mut self, offer: &str) -> Result<String, OfferError> {
        let shown = self.dialogue.offered(offer)?;
        let heard = self.peer.answer_again(&shown);
        let heard = heard.expect("the library takes it");
        if !std::mem::replace(&mut self.begun, true) {
            self.dialogue.follow(&self.peer);
        }
        let (answer, agreed) = self.dialogue.answer(&heard)?;
        self.set(agreed);
        Ok(answer)
    }

    fn set(&mut self, agreed: Agreed) {
        for line in agreed.lines {
            self.peer.set_line(line);
        }
    }

    /// The remote offers what is added, and takes the answer. Returns both texts.
    fn remote_offers(
        &mut self,
        add: impl FnOnce(&mut Rtc) -> (String, SdpPendingOffer),
    ) -> (String, String) {
        let (offer, pending) = add(&mut self.remote);
        let answer = self.answer(&offer).expect("a good offer");
        let parsed = SdpAnswer::from_sdp_string(&answer).expect("readable");
        let accepted = self.remote.sdp_api().accept_answer(pending, parsed);
        accepted.unwrap_or_else(|error| panic!("{error}\n{offer}\n{answer}"));
        (offer, answer)
    }

    /// The server offers, and takes the answer. Returns both texts.
    fn server_offers(&mut self) -> (String, String) {
        let offer = self.dialogue.offer().expect("something to tell");
        let parsed = SdpOffer::from_sdp_string(&offer).expect("readable");
        let answer = self.remote.sdp_api().accept_offer(parsed);
        let answer = answer.unwrap_or_else(|error| panic!("{error}\n{offer}"));
        let answer = answer.to_sdp_string();
        let (agreed, shown) = self.dialogue.answered(&answer).expect("a good answer");
        self.set(agreed);
        if let Some(shown) = shown {
            let heard = self
                .peer
                .answer_again(&shown)
                .expect("the library takes it");
            self.dialogue.hear(&heard);
        }
        (offer, answer)
    }

    /// Lets time pass, in which both sides hear each other.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let mut to = Datagrams::default();
        while self.now < end {
            self.now += Duration::from_millis(5);
            self.peer.handle_timeout(self.now, &mut to);
            let seen = &mut self.seen;
            self.peer.drain(&mut to, |event| seen.push(event));
            self.hand_over(&mut to);
            let input = Input::Timeout(self.now);
            self.remote.handle_input(input).expect("time passes");
            loop {
                match self.remote.poll_output().expect("the remote works") {
                    str0m::Output::Timeout(_) => break,
                    str0m::Output::Transmit(t) => {
                        let mut contents = t.contents.to_vec();
                        self.peer.handle_datagram(
                            self.now,
                            t.source,
                            t.destination,
                            &mut contents,
                            &mut to,
                        );
                        let seen = &mut self.seen;
                        self.peer.drain(&mut to, |event| seen.push(event));
                    }
                    str0m::Output::Event(str0m::Event::RtpPacket(packet)) => {
                        self.got.push(packet.payload.to_vec());
                    }
                    str0m::Output::Event(str0m::Event::ChannelData(data)) => {
                        self.got.push(data.data);
                    }
                    str0m::Output::Event(_) => {}
                }
            }
        }
    }

    fn is_connected(&self) -> bool {
        self.seen
            .iter()
            .any(|event| matches!(event, Event::Connected))
    }

    /// The remote sends a packet of sound.
    fn remote_sends(&mut self, mid: Mid, seq: u64, payload: &[u8]) {
        let media = self.remote.media(mid).expect("the line is there");
        let pt = media.remote_pts()[0];
        let mut direct = self.remote.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None).expect("it sends");
        let time = MediaTime::new(seq * 960, str0m::media::Frequency::FORTY_EIGHT_KHZ);
        let time = u32::try_from(time.numer()).expect("small");
        let packet = RtpWrite::new(pt, seq.into(), time, self.now, payload.to_vec());
        stream.write_rtp(packet);
    }

    /// The server sends a packet of sound on a line.
    fn server_sends(&mut self, line: usize, seq: u64, payload: &[u8]) {
        let packet = Arc::new(Packet::new(self.now, OPUS, payload));
        let mut to = Datagrams::default();
        let rewrite = Rewrite::new(seq, 960);
        let sent = self
            .peer
            .write(self.now, line, 0, &packet, rewrite, &mut to);
        sent.expect("the line sends");
        self.hand_over(&mut to);
    }

    /// What the server has sent comes to the remote.
    fn hand_over(&mut self, sent: &mut Datagrams) {
        while let Some(transmit) = sent.pop() {
            let (from, to) = (transmit.source, transmit.destination);
            for datagram in transmit.datagrams() {
                let receive = Receive::new(Protocol::Udp, from, to, datagram);
                let receive = receive.expect("a datagram of WebRTC");
                let taken = self.remote.handle_input(Input::Receive(self.now, receive));
                taken.expect("the remote takes it");
            }
        }
    }

    /// Payloads that the server has received.
    fn received(&self) -> Vec<&[u8]> {
        let packets = self.seen.iter().filter_map(|event| match event {
            Event::Packet { packet, .. } => Some(packet),
            _ => None,
        });
        packets.map(|packet| &*packet.payload).collect()
    }
}

fn adding(kinds: &[MediaKind], way: Way) -> impl FnOnce(&mut Rtc) -> (String, SdpPendingOffer) {
    let kinds = kinds.to_vec();
    move |rtc| {
        let mut changes = rtc.sdp_api();
        for kind in kinds {
            changes.add_media(kind, way, None, None, None);
        }
        let (offer, pending) = changes.apply().expect("a change");
        (offer.to_sdp_string(), pending)
    }
}

fn with_channel(rtc: &mut Rtc) -> (String, SdpPendingOffer) {
    let mut changes = rtc.sdp_api();
    changes.add_channel("health-check".to_owned());
    let (offer, pending) = changes.apply().expect("a change");
    (offer.to_sdp_string(), pending)
}

fn mids(sdp: &str) -> Vec<&str> {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix("a=mid:"));
    lines.collect()
}

fn directions(sdp: &str) -> Vec<&str> {
    let names = ["sendrecv", "sendonly", "recvonly", "inactive"];
    let attributes = sdp.lines().filter_map(|line| line.strip_prefix("a="));
    attributes.filter(|name| names.contains(name)).collect()
}

#[test]
fn both_sides_send_over_one_connection_and_both_hear() {
    let mut pair = Pair::new();
    let (offer, answer) = pair.remote_offers(adding(&[MediaKind::Audio], Way::SendRecv));
    assert_eq!(directions(&answer), ["recvonly"]);
    let mid = Mid::from(mids(&offer)[0]);
    pair.pass(Duration::from_secs(1));
    assert!(pair.is_connected());
    let line = pair.add(Kind::Audio, "a");
    let (offer, _) = pair.server_offers();
    assert_eq!(directions(&offer), ["recvonly", "sendonly"]);
    assert_eq!(mids(&offer).len(), 2);
    for seq in 1..=5 {
        pair.remote_sends(mid, seq, &[1, seq as u8]);
        pair.server_sends(line, seq, &[2, seq as u8]);
        pair.pass(Duration::from_millis(20));
    }
    assert_eq!(pair.received().len(), 5);
    assert_eq!(pair.got.len(), 5);
    // Long enough for reports of both halves.
    pair.pass(Duration::from_secs(10));
    pair.remote_sends(mid, 6, &[1, 6]);
    pair.server_sends(line, 6, &[2, 6]);
    pair.pass(Duration::from_millis(50));
    assert_eq!((pair.received().len(), pair.got.len()), (6, 6));
}

#[test]
fn a_connection_of_data_channels_alone_takes_tracks_later() {
    let mut pair = Pair::new();
    let (_, answer) = pair.remote_offers(with_channel);
    assert!(answer.contains("m=application"), "{answer}");
    pair.pass(Duration::from_secs(2));
    let opened = pair.seen.iter().find_map(|event| match event {
        Event::ChannelOpened { channel, label } => Some((*channel, label.clone())),
        _ => None,
    });
    let (channel, label) = opened.expect("a channel");
    assert_eq!(label, "health-check");
    assert!(pair.peer.write_channel(channel, "pong-1000"));
    pair.pass(Duration::from_millis(200));
    assert_eq!(pair.got, [b"pong-1000"]);
    let line = pair.add(Kind::Audio, "a");
    pair.server_offers();
    pair.server_sends(line, 1, b"sound");
    pair.pass(Duration::from_millis(50));
    assert_eq!(pair.got.last().map(Vec::as_slice), Some(&b"sound"[..]));
}

#[test]
fn a_remote_that_floods_a_channel_is_heard_in_part() {
    let mut pair = Pair::new();
    pair.remote_offers(with_channel);
    pair.pass(Duration::from_secs(2));
    let id = pair.remote.direct_api().channel_id_by_sctp_stream_id(1);
    let id = id.or_else(|| pair.remote.direct_api().channel_id_by_sctp_stream_id(0));
    let id = id.expect("a channel");
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let mut write = |text: &str| {
        let mut channel = pair.remote.channel(id).expect("it is open");
        channel.write(false, text.as_bytes()).expect("it fits")
    };
    assert!(write(&long));
    for _ in 0..200 {
        assert!(write("ping-1000"));
    }
    pair.pass(Duration::from_millis(500));
    let texts = pair.seen.iter().filter_map(|event| match event {
        Event::ChannelText { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let texts: Vec<&str> = texts.collect();
    assert_eq!(texts, ["ping-1000"; TEXTS_PER_SECOND as usize]);
}

#[test]
fn lines_of_this_side_are_used_again_and_those_of_the_remote_stay() {
    let mut pair = Pair::new();
    pair.remote_offers(adding(&[MediaKind::Audio, MediaKind::Video], Way::SendOnly));
    let first = pair.add(Kind::Video, "a");
    let (before, _) = pair.server_offers();
    pair.dialogue.remove(first);
    let (during, _) = pair.server_offers();
    assert_eq!(directions(&during), ["recvonly", "recvonly", "inactive"]);
    assert_eq!(pair.add(Kind::Video, "b"), first);
    let (after, _) = pair.server_offers();
    assert_eq!(mids(&before), mids(&after));
    assert_eq!(directions(&after), ["recvonly", "recvonly", "sendonly"]);
}

#[test]
fn each_track_gets_a_new_line_until_there_are_as_many_as_asked_for() {
    let mut pair = Pair::with_new_lines(3);
    pair.remote_offers(adding(&[MediaKind::Audio], Way::SendOnly));
    for line in 0..3 {
        assert_eq!(pair.add(Kind::Video, "a"), line);
        let (offer, _) = pair.server_offers();
        assert_eq!(mids(&offer).len(), 2 + line);
        assert_eq!(directions(&offer).pop(), Some("sendonly"));
        pair.dialogue.remove(line);
        let (offer, _) = pair.server_offers();
        assert!(!directions(&offer).contains(&"sendonly"), "{offer}");
    }
    assert_eq!(pair.add(Kind::Video, "b"), 0);
    // What is free is of another kind.
    assert_eq!(pair.add(Kind::Audio, "b"), 3);
    let (offer, _) = pair.server_offers();
    assert_eq!(
        directions(&offer),
        ["recvonly", "sendonly", "inactive", "inactive", "sendonly"]
    );
}

#[test]
fn an_offer_that_the_remote_crosses_with_its_own_comes_again_behind() {
    let mut pair = Pair::new();
    pair.remote_offers(adding(&[MediaKind::Audio], Way::SendOnly));
    let line = pair.add(Kind::Audio, "a");
    let crossed = pair.dialogue.offer().expect("something to tell");
    assert!(pair.dialogue.waits());
    let (offer, answer) = pair.remote_offers(adding(&[MediaKind::Video], Way::SendOnly));
    assert_eq!(mids(&offer), mids(&answer));
    assert!(!pair.dialogue.waits() && !pair.dialogue.fits(&crossed));
    let (again, _) = pair.server_offers();
    assert_eq!(directions(&again), ["recvonly", "recvonly", "sendonly"]);
    assert!(pair.peer.sent()[line].accepts(&OPUS));
}

#[test]
fn a_remote_may_send_on_a_line_that_this_side_has_made() {
    let mut pair = Pair::new();
    pair.remote_offers(adding(&[MediaKind::Audio], Way::SendOnly));
    pair.pass(Duration::from_secs(1));
    let line = pair.add(Kind::Audio, "a");
    let (offer, _) = pair.server_offers();
    let mid = Mid::from(mids(&offer)[1]);
    let (_, answer) = pair.remote_offers(|rtc| {
        let mut changes = rtc.sdp_api();
        changes.set_direction(mid, Way::SendRecv);
        let (offer, pending) = changes.apply().expect("a change");
        (offer.to_sdp_string(), pending)
    });
    assert_eq!(directions(&answer), ["recvonly", "sendrecv"]);
    pair.remote_sends(mid, 1, b"up");
    pair.server_sends(line, 1, b"down");
    pair.pass(Duration::from_millis(50));
    assert_eq!(pair.received(), [b"up"]);
    assert_eq!(pair.got, [b"down"]);
}

#[test]
fn a_remote_that_did_not_offer_can_be_asked_to_send() {
    let mut pair = Pair::new();
    pair.dialogue.expect(Expected::Media(Kind::Audio));
    pair.dialogue.expect(Expected::Media(Kind::Video));
    pair.dialogue.expect(Expected::Channels);
    let offer = pair.dialogue.offer().expect("something to tell");
    // Chromium starts no data channels under another mid than that of its own offer.
    assert_eq!(mids(&offer), ["0", "1", "2"]);
    assert_eq!(directions(&offer), ["recvonly", "recvonly"]);
    assert!(offer.contains("a=ice-lite\r\n") && offer.contains("m=application"));
    let parsed = SdpOffer::from_sdp_string(&offer).expect("readable");
    let answer = pair
        .remote
        .sdp_api()
        .accept_offer(parsed)
        .expect("a good offer");
    let (_, shown) = pair
        .dialogue
        .answered(&answer.to_sdp_string())
        .expect("a good answer");
    let heard = pair
        .peer
        .answer_again(&shown.expect("what it sends"))
        .expect("taken");
    pair.dialogue.hear(&heard);
    pair.pass(Duration::from_secs(1));
    assert!(pair.is_connected());
    let mid = Mid::from(mids(&offer)[0]);
    pair.remote_sends(mid, 1, b"up");
    pair.pass(Duration::from_millis(50));
    assert_eq!(pair.received(), [b"up"]);
}

#[test]
fn what_is_asked_for_gets_another_mid_when_an_offer_of_the_remote_has_that() {
    let mut pair = Pair::new();
    pair.dialogue.expect(Expected::Media(Kind::Audio));
    pair.dialogue.offer().expect("something to tell");
    let (offer, pending) = adding(&[MediaKind::Video], Way::SendOnly)(&mut pair.remote);
    let theirs = offer.replace(mids(&offer)[0], "0");
    drop(pending);
    pair.answer(&theirs).expect("a good offer");
    let offer = pair.dialogue.offer().expect("something to ask for");
    assert_eq!(mids(&offer), ["0", "h1"]);
}

#[test]
fn a_remote_may_name_its_lines_as_this_side_does() {
    let mut pair = Pair::new();
    let kinds = [MediaKind::Audio, MediaKind::Video];
    let (offer, pending) = adding(&kinds, Way::SendOnly)(&mut pair.remote);
    let own: Vec<String> = mids(&offer).into_iter().map(str::to_owned).collect();
    let theirs = offer.replace(&own[0], "h2").replace(&own[1], "h1");
    drop(pending);
    pair.answer(&theirs).expect("a good offer");
    pair.add(Kind::Audio, "a");
    pair.add(Kind::Video, "a");
    let offer = pair.dialogue.offer().expect("something to tell");
    assert_eq!(mids(&offer), ["h2", "h1", "h3", "h4"]);
}

#[test]
fn each_of_both_ends_hears_media_and_reports_of_the_other() {
    let mut now = Instant::now();
    let ends = Ends::new(&config(6_000), &config(5_000), None, now).expect("our own offers");
    let mut peers = [ends.server, ends.client];
    let (mut connected, mut heard) = ([false; 2], [0; 2]);
    let mut to = Datagrams::default();
    for seq in 0..500 {
        now += Duration::from_millis(20);
        for side in [0, 1] {
            let peer = &mut peers[side];
            peer.handle_timeout(now, &mut to);
            if connected[side] {
                let packet = Arc::new(Packet::new(now, OPUS, b"sound".as_slice()));
                let rewrite = Rewrite::new(seq, seq as u32 * 960);
                let sent = peer.write(now, 0, 0, &packet, rewrite, &mut to);
                sent.expect("the line sends");
            }
            peer.drain(&mut to, |event| match event {
                Event::Connected => connected[side] = true,
                Event::Packet { .. } => heard[side] += 1,
                _ => {}
            });
            deliver(now, &mut to, &mut peers[1 - side]);
        }
    }
    assert_eq!(connected, [true; 2]);
    assert!(heard.iter().all(|packets| *packets > 450), "{heard:?}");
    // Each has sent a report, and the library over there has heard it and told of it.
    let known = peers.each_ref().map(|peer| peer.round_trip().is_some());
    assert_eq!(known, [true; 2]);
}

#[test]
fn descriptions_that_fit_nothing_are_refused_and_do_no_harm() {
    let mut pair = Pair::new();
    let (offer, _) =
        pair.remote_offers(adding(&[MediaKind::Audio, MediaKind::Video], Way::SendOnly));
    let swapped = offer
        .replace("m=audio", "m=x")
        .replace("m=video", "m=audio");
    let one: String = offer
        .split_inclusive("\r\n")
        .take_while(|line| !line.starts_with("m=video"))
        .collect();
    let other = offer.replace(&format!("a=mid:{}", mids(&offer)[0]), "a=mid:other");
    for text in ["", "v=0\r\n", &one, &other] {
        assert!(pair.dialogue.offered(text).is_err(), "{text}");
    }
    let many = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(REMOTE_SECTIONS_MAX);
    assert!(pair.dialogue.offered(&format!("{swapped}{many}")).is_err());
    assert!(pair.dialogue.answered(&offer).is_err(), "nothing was asked");
    assert!(pair.dialogue.answer(&offer).is_err(), "nothing was offered");
    pair.add(Kind::Audio, "a");
    let (_, answer) = pair.server_offers();
    assert_eq!(mids(&answer).len(), 3);
}

#[test]
fn an_offer_that_the_library_refuses_leaves_all_as_it_was() {
    let mut pair = Pair::new();
    pair.remote_offers(adding(&[MediaKind::Audio], Way::SendOnly));
    pair.add(Kind::Audio, "a");
    let (before, _) = pair.server_offers();
    let other = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:other\r\na=sendonly\r\n";
    let refused = format!("{before}{other}");
    pair.dialogue.offered(&refused).expect("it can be shown");
    pair.dialogue.refuse();
    assert_eq!(pair.dialogue.offer(), None);
    let (offer, answer) = pair.remote_offers(adding(&[MediaKind::Video], Way::SendOnly));
    assert_eq!(mids(&offer), mids(&answer));
    assert_eq!(mids(&offer).len(), 3);
}

#[test]
fn an_offer_with_the_wrong_lines_leaves_the_one_that_waits() {
    let mut pair = Pair::new();
    pair.remote_offers(adding(&[MediaKind::Audio], Way::SendOnly));
    pair.add(Kind::Audio, "a");
    let waits = pair.dialogue.offer().expect("something to tell");
    pair.dialogue.offered("v=0\r\n").expect_err("no m-lines");
    assert!(pair.dialogue.fits(&waits));
}

#[test]
fn a_remote_that_took_its_offer_back_is_asked_for_what_was_new_in_it() {
    let mut pair = Pair::new();
    pair.remote_offers(adding(&[MediaKind::Audio], Way::SendOnly));
    let (crossed, _) = adding(&[MediaKind::Video], Way::SendOnly)(&mut pair.remote);
    pair.dialogue.expect_offered(&crossed);
    let offer = pair.dialogue.offer().expect("something to ask for");
    assert_eq!(directions(&offer), ["recvonly", "recvonly"]);
    assert!(
        sdp::sections(&offer)
            .nth(1)
            .expect("two")
            .starts_with("m=video")
    );
}

#[test]
fn no_more_is_asked_for_than_one_connection_has_lines() {
    let mut pair = Pair::new();
    let line = |mid: usize| format!("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\n");
    let many: String = (0..2 * SECTIONS_MAX).map(line).collect();
    pair.dialogue.expect_offered(&format!("v=0\r\n{many}"));
    pair.dialogue.expect_offered(&format!("v=0\r\n{many}"));
    let offer = pair.dialogue.offer().expect("something to ask for");
    assert_eq!(mids(&offer).len(), SECTIONS_MAX);
}

#[test]
fn a_remote_that_only_receives_hears_what_it_was_offered_first_and_may_send_later() {
    let mut pair = Pair::new();
    let line = pair.add(Kind::Audio, "a");
    let (offer, answer) = pair.server_offers();
    assert_eq!(directions(&offer), ["sendonly"]);
    assert_eq!(directions(&answer), ["recvonly"]);
    pair.pass(Duration::from_secs(1));
    assert!(pair.is_connected());
    pair.server_sends(line, 1, b"first");
    pair.pass(Duration::from_millis(50));
    let later = pair.add(Kind::Audio, "b");
    pair.server_offers();
    pair.server_sends(later, 1, b"later");
    pair.pass(Duration::from_millis(50));
    assert_eq!(pair.got, [b"first", b"later"]);
    let (offer, _) = pair.remote_offers(adding(&[MediaKind::Audio], Way::SendOnly));
    let mid = mids(&offer).last().map(|mid| Mid::from(*mid));
    pair.remote_sends(mid.expect("a line"), 1, b"from the remote");
    pair.server_sends(line, 2, b"still");
    pair.pass(Duration::from_millis(50));
    assert_eq!(pair.received(), [b"from the remote"]);
    assert_eq!(pair.got.last().map(Vec::as_slice), Some(&b"still"[..]));
}

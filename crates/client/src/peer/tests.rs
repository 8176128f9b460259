use std::collections::VecDeque;
use std::time::Duration;

use rtp::{Codec, Extensions, Format, PictureIds, Profile};

use super::*;
use crate::{Certificate, Direction, Offering};

const STEP: Duration = Duration::from_millis(1);

const VP8: Format = Format {
    codec: Codec::Vp8,
    clock_rate: 90_000,
    profile: Profile::Any,
    red: false,
};

const AV1: Format = Format {
    codec: Codec::Av1,
    profile: Profile::Number(0),
    ..VP8
};

/// A profile that neither end offers.
const UNKNOWN: Format = Format {
    codec: Codec::H264,
    profile: Profile::H264 {
        profile_level_id: 0x00_0000,
        packetization_mode: 7,
    },
    ..VP8
};

/// Two clients, connected to each other in virtual time.
struct Pair {
    now: Instant,
    ends: [Peer; 2],
    events: [Vec<Event>; 2],
    /// Datagrams on their way, each with the end that it goes to.
    flights: VecDeque<(usize, Transmit)>,
    /// Number of RTP datagrams still to be lost.
    losses: usize,
}

fn config(end: usize) -> Config {
    Config::new(
        &Certificate::generate(),
        SocketAddr::from(([127, 0, 0, 1], 5_000 + end as u16)),
    )
}

impl Pair {
    /// End 0 offers, and sends with these rids.
    fn new(rids: &[&str]) -> Self {
        Self::with(config(0), rids)
    }

    fn with(config_here: Config, rids: &[&str]) -> Self {
        let now = Instant::now();
        let offering = Offering::new(&config_here, Direction::Send, rids, now);
        let (there, answer) = Peer::answer(&config(1), offering.sdp(), now).expect("good");
        let here = offering.accept(&answer).expect("good");
        let mut pair = Self {
            now,
            ends: [here, there],
            events: [Vec::new(), Vec::new()],
            flights: VecDeque::new(),
            losses: 0,
        };
        pair.pass(Duration::from_secs(1));
        let connected = |events: &Vec<Event>| events.iter().any(|e| matches!(e, Event::Connected));
        assert!(pair.events.iter().all(connected));
        pair
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += STEP;
            for end in 0..2 {
                self.ends[end].handle_timeout(self.now);
                self.drain(end);
            }
            while let Some((to, transmit)) = self.flights.pop_front() {
                let (from, own) = (transmit.source, transmit.destination);
                self.ends[to].handle_datagram(self.now, from, own, &transmit.contents);
                self.drain(to);
            }
        }
    }

    fn drain(&mut self, end: usize) {
        loop {
            match self.ends[end].poll_output() {
                Output::Timeout(_) => return,
                Output::Event(event) => self.events[end].push(event),
                Output::Transmit(transmit) => {
                    let is_rtp =
                        rtp::DatagramKind::of(&transmit.contents) == rtp::DatagramKind::Rtp;
                    if is_rtp && self.losses > 0 {
                        self.losses -= 1;
                    } else {
                        self.flights.push_back((1 - end, transmit));
                    }
                }
            }
        }
    }

    fn write(&mut self, end: usize, layer: usize, packet: &Packet, rewrite: &Rewrite) {
        let line = self.ends[end].sending(packet.format.codec.kind());
        let line = line.expect("it sends this kind");
        let written = self.ends[end].write(line, layer, packet, rewrite);
        written.expect("it is taken");
        self.pass(STEP);
    }

    /// The packets that an end has received: m-line, layer and packet.
    fn packets(&self, end: usize) -> Vec<(usize, usize, &Packet)> {
        let each = self.events[end].iter().filter_map(|event| match event {
            Event::Packet {
                line,
                layer,
                packet,
            } => Some((*line, *layer, packet)),
            _ => None,
        });
        each.collect()
    }
}

fn vp8(now: Instant) -> Packet {
    // A key frame's first packet with the picture id 0x1234.
    let payload = [0x90, 0x80, 0x92, 0x34, 0x10, 0, 0, 0x9d, 0x01, 0x2a];
    Packet {
        marker: true,
        ..Packet::new(now, VP8, payload)
    }
}

#[test]
fn written_packet_arrives_with_its_rewrite_and_extensions() {
    let mut pair = Pair::new(&[]);
    let mut packet = vp8(pair.now);
    packet.extensions = Extensions {
        capture_time: None,
        audio_level: None,
        rotation: Some(90),
        playout_delay: Some((0, 40)),
        dependency_descriptor: Some([0xc1, 0x12, 0x34].into()),
    };
    let rewrite = Rewrite {
        picture: Some(PictureIds {
            picture_id: Some(0x56),
            picture_id_wide: true,
            tl0_index: None,
        }),
        frame_number: Some(0xabcd),
        ..Rewrite::new(77, 90_000)
    };
    pair.write(0, 0, &packet, &rewrite);
    let packets = pair.packets(1);
    let [(line, 0, received)] = packets.as_slice() else {
        panic!("{packets:?}");
    };
    assert_eq!(pair.ends[1].receiving(Kind::Video), Some(*line));
    assert_eq!(
        (received.seq, received.timestamp, received.marker),
        (77, 90_000, true)
    );
    assert_eq!(received.frame.picture.picture_id, Some(0x56));
    assert!(received.frame.keyframe);
    let expected = Extensions {
        dependency_descriptor: Some([0xc1, 0xab, 0xcd].into()),
        ..packet.extensions
    };
    assert_eq!(received.extensions, expected);
}

#[test]
fn long_descriptor_and_audio_level_arrive() {
    let mut pair = Pair::new(&[]);
    let descriptor: Vec<u8> = (0..40).collect();
    let mut packet = Packet::new(pair.now, AV1, [0x10, 0x0a, 0x01, 0x00]);
    packet.extensions.dependency_descriptor = Some(descriptor.into());
    pair.write(0, 0, &packet, &Rewrite::new(1, 1));
    let opus = Format {
        codec: Codec::Opus,
        clock_rate: 48_000,
        ..VP8
    };
    let mut sound = Packet::new(pair.now, opus, [0xfc; 20]);
    sound.extensions.audio_level = Some((30, true));
    pair.write(0, 0, &sound, &Rewrite::new(1, 1));
    let received: Vec<_> = pair
        .packets(1)
        .iter()
        .map(|p| p.2.extensions.clone())
        .collect();
    assert_eq!(received, [packet.extensions, sound.extensions]);
}

#[test]
fn layers_are_distinguished_and_get_own_keyframe_requests() {
    let mut pair = Pair::new(&["l", "m", "h"]);
    let packet = vp8(pair.now);
    for layer in 0..3 {
        pair.write(0, layer, &packet, &Rewrite::new(100 * layer as u64, 1));
    }
    let received: Vec<_> = pair.packets(1).iter().map(|p| (p.1, p.2.seq)).collect();
    assert_eq!(received, [(0, 0), (1, 100), (2, 200)]);
    let line = pair.ends[1].receiving(Kind::Video).expect("video");
    assert_eq!(pair.ends[1].media()[line].rids(), ["l", "m", "h"]);
    pair.ends[1].request_keyframe(line, 1);
    pair.pass(Duration::from_millis(100));
    let asked: Vec<_> = pair.events[0]
        .iter()
        .filter_map(|event| match event {
            Event::KeyframeRequest { line, layer } => Some((*line, *layer)),
            _ => None,
        })
        .collect();
    let sending = pair.ends[0].sending(Kind::Video).expect("video");
    assert_eq!(asked, [(sending, 1)]);
}

#[test]
fn lost_packets_are_retransmitted_however_many_are_lost() {
    let mut pair = Pair::new(&[]);
    let packet = vp8(pair.now);
    for seq in 0..300 {
        // Half of the packets, so that retransmissions exceed a ratio of 0.15.
        pair.losses = usize::from(seq > 10 && seq < 290 && seq % 2 == 0);
        pair.write(0, 0, &packet, &Rewrite::new(seq, seq as u32 * 3_000));
    }
    pair.pass(Duration::from_secs(1));
    let mut received: Vec<_> = pair.packets(1).iter().map(|p| p.2.seq).collect();
    received.sort_unstable();
    assert_eq!(received, (0..300).collect::<Vec<_>>());
}

#[test]
fn both_ends_have_the_same_keys_and_opposite_roles() {
    let pair = Pair::new(&[]);
    let [here, there] = pair
        .ends
        .each_ref()
        .map(|end| end.srtp_keys().expect("keys"));
    assert_eq!(here.material, there.material);
    assert_eq!(here.protection, there.protection);
    assert!(here.material.len() >= 56 && here.client != there.client);
}

#[test]
fn keys_are_unknown_before_the_connection_is_up() {
    let now = Instant::now();
    let offering = Offering::new(&config(0), Direction::Send, &[], now);
    let (peer, _) = Peer::answer(&config(1), offering.sdp(), now).expect("good");
    assert!(peer.srtp_keys().is_none());
}

#[test]
fn answering_end_that_offers_too_sends_over_one_connection() {
    let mut pair = Pair::new(&[]);
    let offer = pair.ends[1].offer(&[Kind::Audio, Kind::Video]);
    let answer = pair.ends[0].answer_again(&offer).expect("good");
    pair.ends[1].accept(&answer).expect("good");
    assert_eq!(pair.ends.each_ref().map(|end| end.media().len()), [4, 4]);
    let packet = vp8(pair.now);
    pair.write(0, 0, &packet, &Rewrite::new(5, 1));
    pair.write(1, 0, &packet, &Rewrite::new(6, 1));
    for (end, seq) in [(1, 5), (0, 6)] {
        let line = pair.ends[end].receiving(Kind::Video).expect("video");
        let received: Vec<_> = pair.packets(end).iter().map(|p| (p.0, p.2.seq)).collect();
        assert_eq!(received, [(line, seq)], "end {end}");
    }
}

#[test]
fn close_is_noticed_by_the_other_end() {
    let mut pair = Pair::new(&[]);
    pair.ends[0].close();
    pair.pass(Duration::from_millis(200));
    let closed = pair.events[1].iter().any(|e| matches!(e, Event::Closed));
    assert!(closed && !pair.ends[0].is_alive());
}

#[test]
fn estimate_is_reported_only_where_it_is_turned_on() {
    let estimates = |estimate: Option<Bitrate>| {
        let config = Config {
            estimate,
            ..config(0)
        };
        let mut pair = Pair::with(config, &[]);
        pair.ends[0].set_wanted_bitrate(Bitrate::kbps(100), Bitrate::mbps(3));
        let packet = Packet::new(pair.now, VP8, [0x90; 1_000]);
        for seq in 0..1_000 {
            pair.write(0, 0, &packet, &Rewrite::new(seq, seq as u32 * 450));
            pair.pass(STEP * 4);
        }
        let found = pair.events[0].iter().filter_map(|event| match event {
            Event::Estimate(rate) => Some(*rate),
            _ => None,
        });
        found.collect::<Vec<_>>()
    };
    assert_eq!(estimates(None), []);
    let found = estimates(Some(Bitrate::mbps(1)));
    assert!(found.len() > 1, "{found:?}");
    assert!(
        found.iter().any(|rate| *rate > Bitrate::mbps(1)),
        "{found:?}"
    );
}

#[test]
fn packet_that_cannot_be_sent_is_refused_with_its_reason() {
    let mut pair = Pair::new(&[]);
    let line = pair.ends[0].sending(Kind::Video).expect("video");
    let rewrite = Rewrite::new(1, 1);
    let (fine, unknown) = (vp8(pair.now), Packet::new(pair.now, UNKNOWN, [1]));
    let large = |bytes: usize| Packet::new(pair.now, VP8, vec![0x90; bytes]);
    let now = [
        large(PAYLOAD_BYTES_MAX + 1),
        large(PAYLOAD_BYTES_LIMIT),
        large(PAYLOAD_BYTES_LIMIT + 1),
    ];
    let [end, other] = &mut pair.ends;
    let mut write = |layer, packet: &Packet| end.write(line, layer, packet, &rewrite);
    assert_eq!(write(0, &fine), Ok(()));
    assert_eq!(write(1, &fine), Err(WriteError::NotSending));
    assert_eq!(write(0, &unknown), Err(WriteError::Codec));
    assert_eq!(write(0, &now[0]), Err(WriteError::TooLarge));
    assert_eq!(
        other.write(line, 0, &fine, &rewrite),
        Err(WriteError::NotSending)
    );
    end.allow_payloads_up_to(10_000);
    assert_eq!(end.write(line, 0, &now[1], &Rewrite::new(2, 1)), Ok(()));
    assert_eq!(
        end.write(line, 0, &now[2], &rewrite),
        Err(WriteError::TooLarge)
    );
    // The largest one leaves, and arrives.
    pair.pass(STEP);
    assert_eq!(pair.packets(1).len(), 2);
}

#[test]
fn invalid_description_is_refused() {
    let now = Instant::now();
    let answered = Peer::answer(&config(1), "v=0 and no more", now);
    assert!(matches!(answered, Err(Error::Unreadable(_))));
    let offering = Offering::new(&config(0), Direction::Receive, &[], now);
    let answer = offering.sdp().replace("a=setup:actpass", "a=setup:passive");
    let mut peer = Pair::new(&[]).ends.into_iter().next().expect("two");
    assert!(matches!(peer.accept(&answer), Err(Error::NothingOffered)));
}

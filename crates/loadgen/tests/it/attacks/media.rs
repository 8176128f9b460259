//! Hostile media of connected publishers, on streams of their own.

use client::Direction;
use rtc::srtp::Outbound;

use super::arena::{Arena, is_long, paced};
use super::hostile::Hostile;

/// Limit for the growth of memory: the cache of a layer (`limits.cache_bytes_max`), and the rest of
/// a session.
const GROWTH_KB_MAX: u64 = 16_384 + 8_192;

/// The packets sent must reach the planned rate divided by this: a build without optimisation that
/// shares cores is slower.
const RATE_SHARE_MIN: u64 = 2;

/// A publisher that encrypts and sends arbitrary packets.
struct Forger<'a> {
    publisher: Hostile<'a>,
    outbound: Outbound,
    payload_type: u8,
}

impl<'a> Forger<'a> {
    fn connect(arena: &'a Arena, stream: &str) -> Self {
        let path = format!("/whip/{stream}");
        let mut publisher = Hostile::open(&arena.server, &path, Direction::Send);
        publisher.connect();
        Self {
            outbound: publisher.outbound(),
            payload_type: publisher.payload_type("VP8"),
            publisher,
        }
    }

    /// Sends a packet with the header extensions `extensions`, if any.
    fn send(&mut self, ssrc: u32, index: u64, extensions: &[u8], payload: &[u8]) {
        let extended = if extensions.is_empty() { 0x80 } else { 0x90 };
        let mut packet = vec![extended, self.payload_type];
        packet.extend((index as u16).to_be_bytes());
        packet.extend((index as u32).wrapping_mul(90).to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.extend(extensions);
        let header = packet.len();
        packet.extend(payload);
        self.outbound.seal_rtp(&mut packet, 0, header, index);
        self.publisher.send(&packet);
        if index.is_multiple_of(100) {
            self.publisher.turn();
        }
    }
}

/// The SSRC of video in the publisher's offer, or an arbitrary one if it has none.
fn declared(publisher: &Hostile<'_>) -> u32 {
    let video = publisher.offer.split("m=video").nth(1).unwrap_or_default();
    let mut lines = video.lines().filter_map(|l| l.strip_prefix("a=ssrc:"));
    let ssrc = lines.find_map(|line| line.split(' ').next()?.parse().ok());
    ssrc.unwrap_or(0x1234_5678)
}

#[test]
fn new_ssrc_in_each_packet_is_bounded() {
    let arena = Arena::enter();
    // At this rate the packets take 3.4 Mbit/s.
    const PER_SECOND: u64 = 400;
    let sent = arena.withstands("a new SSRC in each packet", GROWTH_KB_MAX, |until| {
        let mut forger = Forger::connect(&arena, "many-ssrcs");
        let payload = [0x10; 1_050];
        paced(until, PER_SECOND, |number| {
            forger.send(1_000 + number as u32, number, &[], &payload);
        })
    });
    eprintln!("{sent} SSRCs");
}

#[test]
fn packets_of_four_bytes_are_cached_at_their_real_size() {
    let arena = Arena::enter();
    const PER_SECOND: u64 = 15_000;
    /// `CACHE_PACKETS_MAX` of a layer.
    const CACHED_MAX: u64 = 16_384;
    let before = arena.server.metric("packets_in_total");
    let sent = arena.withstands("packets of four bytes", GROWTH_KB_MAX, |until| {
        let mut forger = Forger::connect(&arena, "small-packets");
        let ssrc = declared(&forger.publisher);
        paced(until, PER_SECOND, |number| {
            // A VP8 key frame begins (RFC 7741 §4.3), and all packets up to the limit of the cache
            // belong to it.
            let payload = if number.is_multiple_of(CACHED_MAX) {
                [0x10, 0, 0, 0]
            } else {
                [0, 1, 2, 3]
            };
            forger.send(ssrc, number, &[], &payload);
        })
    });
    let taken = arena.server.metric("packets_in_total") - before;
    eprintln!("{sent} sent, {taken} taken with those of the stream");
    assert!(taken > sent / RATE_SHARE_MIN, "{taken} of {sent}");
}

#[test]
fn garbage_payloads_and_extensions_harm_nobody() {
    let arena = Arena::enter();
    const PER_SECOND: u64 = 15_000;
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let sent = arena.withstands("garbage payloads and extensions", GROWTH_KB_MAX, |until| {
        let mut forger = Forger::connect(&arena, "garbage");
        let ssrc = declared(&forger.publisher);
        let noise: Vec<u8> = (0..4_096).map(|_| rng.u8(..)).collect();
        paced(until, PER_SECOND, |number| {
            let words = rng.usize(..8);
            let mut extensions = vec![0xbe, 0xde, 0, words as u8];
            let from = rng.usize(..2_000);
            extensions.extend(&noise[from..from + 4 * words]);
            let length = rng.usize(..400);
            forger.send(ssrc, number, &extensions, &noise[from..from + length]);
        })
    });
    assert!(
        !is_long() || sent > 20 * PER_SECOND / RATE_SHARE_MIN,
        "{sent}"
    );
}

use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;
use rtp::Packet;

use super::*;
use crate::tests::{Encoder, FRAME};

/// What happens to the next packet of a source.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Sent,
    LeftOut,
    /// It never arrived.
    Lost,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Sent),
        2 => Just(Fate::LeftOut),
        1 => Just(Fate::Lost),
    ]
}

/// A source with its first sequence number, timestamp and picture id, and its packets' fates.
fn source() -> impl Strategy<Value = (u64, u32, u16, Vec<Fate>)> {
    let fates = proptest::collection::vec(fate(), 1..200);
    (0_u64..1 << 40, any::<u32>(), 0_u16..0x8000, fates)
}

#[test]
fn leading_packets_get_own_numbers_in_the_same_picture() {
    let now = Instant::now();
    let (mut old, mut new) = (
        Encoder::new(500, 9, 3, 500),
        Encoder::new(7, 70_000, 90, 500),
    );
    let mut rewriter = Rewriter::new(100);
    for (encoder, at) in [(&mut old, now), (&mut new, now + 10 * FRAME)] {
        let packets = packets(encoder, at, 3);
        let before = rewriter.next_seq;
        rewriter.begin(&packets[0]);
        let leads = [(); 2].map(|()| rewriter.lead(&packets[0]).unwrap());
        let rest: Vec<_> = packets.iter().filter_map(|p| rewriter.rewrite(p)).collect();
        let all: Vec<_> = leads.iter().chain(&rest).collect();
        let seqs: Vec<_> = all.iter().map(|rewrite| rewrite.seq).collect();
        let expected: Vec<_> = (before..before + 5).collect();
        assert_eq!(seqs, expected);
        assert!(all.iter().all(|r| r.timestamp == all[0].timestamp));
    }
}

fn packets(encoder: &mut Encoder, now: Instant, count: usize) -> Vec<Arc<Packet>> {
    let frames = (0..).flat_map(|i| encoder.frame(now + i * FRAME, i == 0));
    frames.take(count).collect()
}

/// The packet, as the only one of its frame.
fn whole_frame(packet: &Packet) -> Packet {
    let mut packet = packet.clone();
    packet.frame.start = true;
    packet
}

proptest! {
    #[test]
    fn sequence_numbers_have_gaps_only_for_lost_packets(
        first: u16,
        sources in proptest::collection::vec(source(), 1..6),
    ) {
        let mut now = Instant::now();
        let mut rewriter = Rewriter::new(first);
        let mut next = u64::from(first & 0x7fff);
        let mut last: Option<Rewrite> = None;
        for (seq, timestamp, picture, fates) in sources {
            let mut encoder = Encoder::new(seq, timestamp, picture, 500);
            let packets = packets(&mut encoder, now, fates.len() + 1);
            // Each is a frame: what is left out is never a part of one.
            let packets: Vec<_> = packets.iter().map(|packet| whole_frame(packet)).collect();
            now += FRAME * (fates.len() as u32 + 30);
            rewriter.begin(&packets[0]);
            let fates = [Fate::Sent].into_iter().chain(fates);
            let mut lost = 0;
            for (packet, fate) in packets.iter().zip(fates) {
                match fate {
                    Fate::Lost => lost += 1,
                    Fate::LeftOut => rewriter.skip(packet),
                    Fate::Sent => {
                        let got = rewriter.rewrite(packet).expect("it is of this source");
                        prop_assert_eq!(got.seq, next + lost);
                        next = got.seq + 1;
                        lost = 0;
                        if let Some(before) = last {
                            let step = got.timestamp.wrapping_sub(before.timestamp);
                            prop_assert!(step < 90_000 * 60, "the timestamp jumps by {}", step);
                        }
                        last = Some(got);
                    }
                }
            }
        }
    }
}

//! The cost of a packet from its arrival to its numbers for each viewer: cache, choice and
//! rewriting, without encryption and sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::ItemsCount;
use headwater_forward::{Limits, Subscription, Track};
use rtp::{Codec, Format, Kind, LayerIndex, Packet, PayloadInfo, PictureIds, Profile};

const PACKETS: u64 = 1_000;
const PACKETS_PER_FRAME: u64 = 10;
const FRAME: Duration = Duration::from_millis(33);
const LAYER: LayerIndex = LayerIndex::FIRST;

fn main() {
    divan::main();
}

/// A hundred frames of VP8, the first of which is a key frame.
fn packets(begin: Instant) -> Vec<Arc<Packet>> {
    let packet = |i: u64| {
        let (frame, index) = (i / PACKETS_PER_FRAME, i % PACKETS_PER_FRAME);
        let arrived = begin + FRAME * frame as u32;
        let format = Format {
            codec: Codec::Vp8,
            clock_rate: 90_000,
            profile: Profile::Any,
            red: false,
        };
        Arc::new(Packet {
            seq: 1_000 + i,
            timestamp: frame as u32 * 3_000,
            marker: index == PACKETS_PER_FRAME - 1,
            frame: PayloadInfo {
                keyframe: frame == 0,
                start: index == 0,
                picture: PictureIds {
                    picture_id: Some(frame as u16),
                    picture_id_wide: true,
                    tl0_index: Some(frame as u8),
                },
                ..PayloadInfo::default()
            },
            ..Packet::new(arrived, format, vec![0; 1_100])
        })
    };
    (0..PACKETS).map(packet).collect()
}

/// Forwards a thousand packets to each of this many viewers. The items are forwarded packets.
#[divan::bench(args = [1, 10, 100, 1_000])]
fn forward(bencher: Bencher, viewers: usize) {
    let begin = Instant::now();
    let packets = packets(begin);
    bencher
        .counter(ItemsCount::new(PACKETS as usize * viewers))
        .with_inputs(|| {
            let mut track = Track::new(Kind::Video, Limits::default());
            track.begin(&[]);
            let subscriptions: Vec<_> = (0..viewers)
                .map(|_| {
                    let mut subscription = Subscription::new(1, begin);
                    subscription.select(begin, &mut track, LAYER);
                    subscription
                })
                .collect();
            (track, subscriptions)
        })
        .bench_local_values(|(mut track, mut subscriptions)| {
            for packet in &packets {
                track.push(LAYER, packet);
                for subscription in &mut subscriptions {
                    let now = packet.received;
                    divan::black_box(subscription.packet(now, &track, LAYER, packet));
                    while let Some(cached) = subscription.poll(now, &track, None) {
                        divan::black_box(cached);
                    }
                }
            }
        });
}

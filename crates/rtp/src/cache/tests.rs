use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{Codec, Format, PayloadInfo, Profile};

const PAYLOAD: usize = 100;

/// Cost of one packet: its slot in the cache, two allocations with two counters each, and their
/// contents.
const COST: usize = 5 * size_of::<usize>() + size_of::<Packet>() + PAYLOAD;

const ROOMY: Limits = Limits {
    bytes: usize::MAX,
    packets: usize::MAX,
    age: Duration::MAX,
};

/// A source whose frames are 30 ms apart.
struct Source {
    begun: Instant,
}

impl Source {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
        }
    }

    fn packet(&self, seq: u64, frame: u32, keyframe: bool) -> Arc<Packet> {
        let received = self.begun + Duration::from_millis(30) * frame;
        let format = Format {
            codec: Codec::H264,
            clock_rate: 90_000,
            profile: Profile::Any,
            red: false,
        };
        Arc::new(Packet {
            seq,
            timestamp: frame.wrapping_mul(2_700),
            frame: PayloadInfo {
                keyframe,
                ..PayloadInfo::default()
            },
            ..Packet::new(received, format, [0; PAYLOAD])
        })
    }

    fn key(&self, seq: u64, frame: u32) -> Arc<Packet> {
        self.packet(seq, frame, true)
    }

    fn delta(&self, seq: u64, frame: u32) -> Arc<Packet> {
        self.packet(seq, frame, false)
    }
}

fn seqs(cache: &KeyframeCache) -> Vec<u64> {
    cache.iter().map(|packet| packet.seq).collect()
}

fn read_all(cache: &KeyframeCache, cursor: &mut Cursor) -> Vec<(u64, bool)> {
    let next = || {
        cache
            .next(cursor)
            .map(|read| (read.packet.seq, read.jumped))
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn nothing_is_cached_before_the_first_key_frame() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    assert!(!cache.push(source.delta(10, 1)));
    assert!(cache.is_empty() && cache.start().is_none() && cache.keyframe_at().is_none());

    let key = source.key(11, 2);
    assert!(cache.push(key.clone()));
    assert!(!cache.push(source.delta(12, 3)));
    assert_eq!(seqs(&cache), [11, 12]);
    assert_eq!((cache.len(), cache.bytes()), (2, 2 * COST));
    assert_eq!(cache.keyframe_at(), Some(key.received));
}

#[test]
fn new_key_frame_restarts_the_cache() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(10, 1));
    cache.push(source.delta(11, 2));
    assert!(cache.push(source.key(12, 3)));
    assert_eq!(seqs(&cache), [12]);
    assert_eq!(cache.bytes(), COST);
}

#[test]
fn several_marked_packets_of_a_key_frame_are_one() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    assert!(cache.push(source.key(10, 1)));
    assert!(!cache.push(source.key(11, 1)));
    assert!(!cache.push(source.key(12, 1)));
    assert_eq!(seqs(&cache), [10, 11, 12]);
}

#[test]
fn late_packets_are_sorted_in_and_duplicates_ignored() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    for packet in [source.key(10, 1), source.delta(12, 3), source.delta(13, 4)] {
        cache.push(packet);
    }
    for packet in [
        source.delta(11, 2),
        source.delta(13, 4),
        source.delta(10, 1),
    ] {
        cache.push(packet);
    }
    assert_eq!(seqs(&cache), [10, 11, 12, 13]);
    assert_eq!(cache.bytes(), 4 * COST);
}

#[test]
fn packets_from_before_the_key_frame_are_ignored() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(10, 1));
    cache.push(source.key(20, 3));
    cache.push(source.delta(19, 2));
    // A retransmission of the older key frame.
    assert!(!cache.push(source.key(10, 1)));
    assert_eq!(seqs(&cache), [20]);
}

#[test]
fn late_beginning_of_a_key_frame_is_kept() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(12, 2));
    assert!(!cache.push(source.delta(11, 2)));
    assert!(!cache.push(source.key(10, 2)));
    cache.push(source.delta(9, 1));
    assert_eq!(seqs(&cache), [10, 11, 12]);
}

#[test]
fn late_key_frame_keeps_what_arrived_ahead_of_it() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(1, 1));
    // The frame 10..=12 without its first packet, and one after it.
    for packet in [
        source.delta(9, 2),
        source.delta(11, 3),
        source.delta(12, 3),
        source.delta(13, 4),
    ] {
        cache.push(packet);
    }
    assert!(cache.push(source.key(10, 3)));
    assert_eq!(seqs(&cache), [10, 11, 12, 13]);
    assert_eq!(cache.bytes(), 4 * COST);
}

#[test]
fn numbers_that_start_over_restart_the_cache() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(30_000, 1));
    cache.push(source.delta(30_001, 2));
    // Another SSRC: lower numbers, and unrelated timestamps.
    assert!(cache.push(source.key(7, 1_000_000)));
    cache.push(source.delta(8, 1_000_001));
    assert_eq!(seqs(&cache), [7, 8]);
}

#[test]
fn cache_over_its_byte_limit_waits_for_a_key_frame() {
    let source = Source::new();
    let mut cache = KeyframeCache::new(Limits {
        bytes: 2 * COST,
        ..ROOMY
    });
    for packet in [source.key(10, 1), source.key(11, 1), source.key(12, 1)] {
        cache.push(packet);
    }
    assert!(cache.is_empty());
    assert_eq!((cache.bytes(), cache.overflows()), (0, 1));

    // The rest of the dropped key frame, its retransmission, and what follows.
    for packet in [source.key(13, 1), source.key(10, 1), source.delta(14, 2)] {
        assert!(!cache.push(packet));
    }
    assert!(cache.is_empty());

    assert!(cache.push(source.key(15, 3)));
    assert_eq!(seqs(&cache), [15]);
    assert_eq!(cache.overflows(), 1);
}

#[test]
fn cost_of_a_packet_includes_its_overhead() {
    let source = Source::new();
    let mut cache = KeyframeCache::new(ROOMY);
    let key = source.key(10, 1);
    cache.push(Arc::new(Packet {
        payload: [0; 4].into(),
        ..(*key).clone()
    }));
    assert!(cache.bytes() > size_of::<Packet>() + 4, "{}", cache.bytes());
    let red = Packet {
        primary: Some([0; 40].into()),
        ..(*key).clone()
    };
    assert_eq!(cost(&red), COST + 2 * size_of::<usize>() + 40);
}

#[test]
fn cache_over_its_packet_limit_waits_for_a_key_frame() {
    let source = Source::new();
    let mut cache = KeyframeCache::new(Limits {
        packets: 2,
        ..ROOMY
    });
    cache.push(source.key(10, 1));
    cache.push(source.delta(11, 2));
    assert_eq!((cache.len(), cache.overflows()), (2, 0));
    cache.push(source.delta(12, 3));
    assert!(cache.is_empty());
    assert_eq!(cache.overflows(), 1);
}

#[test]
fn leading_packets_are_read_once_before_the_key_frame() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(10, 1));
    cache.push(source.delta(11, 2));
    cache.lead(vec![source.delta(9, 1), source.delta(9, 1)]);
    let mut cursor = cache.start().unwrap();
    let mut read = || {
        let read = cache.next(&mut cursor)?;
        Some((read.packet.seq, read.leads.map(|first| first.seq)))
    };
    let all: Vec<_> = std::iter::from_fn(&mut read).collect();
    assert_eq!(all, [(9, Some(10)), (9, Some(10)), (10, None), (11, None)]);

    // A reader past them gets no more, and a new key frame starts without any.
    cache.lead(vec![source.delta(9, 1); 3]);
    assert_eq!(read_all(&cache, &mut cursor), []);
    cache.push(source.key(12, 3));
    assert_eq!(read_all(&cache, &mut cursor), [(12, true)]);
}

#[test]
fn restarted_cache_accepts_any_key_frame() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(10, 5));
    let mut cursor = cache.start().unwrap();
    cache.restart();
    assert!(cache.is_empty() && cache.bytes() == 0);
    // In the old numbering it would have been late.
    assert!(cache.push(source.key(3, 4)));
    assert_eq!(read_all(&cache, &mut cursor), [(3, true)]);
}

#[test]
fn key_frame_over_the_limits_is_not_cached() {
    let source = Source::new();
    let mut cache = KeyframeCache::new(Limits {
        bytes: COST - 1,
        ..ROOMY
    });
    assert!(!cache.push(source.key(10, 1)));
    assert!(cache.is_empty());
    assert_eq!(cache.overflows(), 1);
}

#[test]
fn cache_over_its_age_limit_waits_for_a_key_frame() {
    let source = Source::new();
    let mut cache = KeyframeCache::new(Limits {
        age: Duration::from_millis(60),
        ..ROOMY
    });
    cache.push(source.key(10, 1));
    cache.push(source.delta(11, 3));
    assert_eq!(cache.len(), 2);
    cache.push(source.delta(12, 4));
    assert!(cache.is_empty());
    assert_eq!(cache.overflows(), 1);
}

#[test]
fn reader_continues_at_the_live_edge() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(10, 1));
    cache.push(source.delta(12, 2));
    let mut cursor = cache.start().unwrap();
    assert_eq!(read_all(&cache, &mut cursor), [(10, false), (12, false)]);
    assert_eq!(read_all(&cache, &mut cursor), []);

    // The reader is past 11.
    cache.push(source.delta(11, 2));
    cache.push(source.delta(13, 3));
    assert_eq!(read_all(&cache, &mut cursor), [(13, false)]);
}

#[test]
fn reader_jumps_once_to_the_new_key_frame() {
    let (source, mut cache) = (Source::new(), KeyframeCache::new(ROOMY));
    cache.push(source.key(10, 1));
    cache.push(source.delta(11, 2));
    let mut cursor = cache.start().unwrap();
    cache.next(&mut cursor).unwrap();

    cache.push(source.key(12, 3));
    cache.push(source.delta(13, 4));
    assert_eq!(read_all(&cache, &mut cursor), [(12, true), (13, false)]);
}

#[test]
fn reader_resumes_after_an_overflow() {
    let source = Source::new();
    let mut cache = KeyframeCache::new(Limits {
        bytes: COST,
        ..ROOMY
    });
    cache.push(source.key(10, 1));
    let mut cursor = cache.start().unwrap();
    cache.push(source.delta(11, 2));
    assert_eq!(read_all(&cache, &mut cursor), []);
    cache.push(source.key(12, 3));
    assert_eq!(read_all(&cache, &mut cursor), [(12, true)]);
}

/// The packets of a stream, from a first key frame of one packet. Each frame is given as its number
/// of packets and a bit mask of those that are marked as key frame.
fn stream(source: &Source, frames: &[(u64, u8)]) -> Vec<Arc<Packet>> {
    let mut packets = vec![source.key(1_000, 0)];
    for (frame, (len, flags)) in (1..).zip(frames) {
        for i in 0..*len {
            let seq = 1_000 + packets.len() as u64;
            packets.push(source.packet(seq, frame, flags >> i & 1 == 1));
        }
    }
    packets
}

/// Most frames are not key frames.
fn frames() -> impl Strategy<Value = Vec<(u64, u8)>> {
    let flags = prop_oneof![4 => Just(0), 1 => 0..16_u8];
    vec((1..5_u64, flags), 1..40)
}

/// The packets in the order of their arrival: `late` says past how many others each is delayed.
fn shuffled(packets: &[Arc<Packet>], late: &[usize]) -> Vec<Arc<Packet>> {
    let mut order: Vec<_> = (1..packets.len()).collect();
    order.sort_by_key(|i| i + late.get(i % late.len()).copied().unwrap_or_default());
    let rest = order.into_iter().filter_map(|i| packets.get(i).cloned());
    packets.iter().take(1).cloned().chain(rest).collect()
}

proptest! {
    #[test]
    fn arrival_order_does_not_matter(frames in frames(), late in vec(0..12_usize, 1..60)) {
        let source = Source::new();
        let packets = stream(&source, &frames);
        let mut cache = KeyframeCache::new(ROOMY);
        for packet in shuffled(&packets, &late) {
            cache.push(packet);
        }
        let last = packets.iter().rfind(|packet| packet.frame.keyframe).expect("the first is one");
        let first = packets.partition_point(|packet| packet.timestamp < last.timestamp);
        let expected: Vec<_> = packets.iter().skip(first).map(|packet| packet.seq).collect();
        prop_assert_eq!(seqs(&cache), expected);
    }

    #[test]
    fn cache_stays_ordered_and_within_its_limits(
        frames in frames(),
        late in vec(0..12_usize, 1..60),
        lost in vec(prop::bool::weighted(0.1), 1..60),
        twice in vec(prop::bool::weighted(0.1), 1..60),
        packets_max in 1..40_usize,
        frames_max in 0..40_u32,
    ) {
        let limits = Limits {
            bytes: packets_max * COST,
            packets: usize::MAX,
            age: Duration::from_millis(30) * frames_max,
        };
        let source = Source::new();
        let packets = stream(&source, &frames);
        let keyframes: Vec<_> = packets.iter().filter(|p| p.frame.keyframe).map(|p| p.timestamp).collect();
        let mut cache = KeyframeCache::new(limits);
        let mut reader: Option<Cursor> = None;
        let mut read_last = 0;
        for (i, packet) in shuffled(&packets, &late).into_iter().enumerate() {
            if lost.get(i % lost.len()) == Some(&true) {
                continue;
            }
            if twice.get(i % twice.len()) == Some(&true) {
                cache.push(packet.clone());
            }
            cache.push(packet);

            let seqs = seqs(&cache);
            prop_assert!(seqs.is_sorted_by(|a, b| a < b), "{:?}", seqs);
            prop_assert_eq!(cache.len(), seqs.len());
            prop_assert_eq!(cache.bytes(), seqs.len() * COST);
            prop_assert!(cache.bytes() <= limits.bytes);
            if let Some(first) = cache.iter().next() {
                prop_assert!(keyframes.contains(&first.timestamp));
                let newest = cache.iter().map(|packet| packet.received).max().expect("not empty");
                prop_assert!(newest.duration_since(first.received) <= limits.age);
            }

            // Reads one packet, and every tenth time all of them.
            reader = reader.or(cache.start());
            if let Some(cursor) = &mut reader {
                for _ in 0..if i % 10 == 9 { usize::MAX } else { 1 } {
                    let Some(read) = cache.next(cursor) else { break };
                    prop_assert!(read.packet.seq > read_last || read.jumped);
                    prop_assert!(!read.jumped || cache.iter().next().map(|p| p.seq) == Some(read.packet.seq));
                    read_last = read.packet.seq;
                }
            }
        }
    }
}

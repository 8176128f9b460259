//! Packets that are joined to access units, as a recorder does it.

use std::time::{Duration, Instant};

use media::{AccessUnit, Depacketizer, Limits, Packetizer, Part, Reorder, UNIT_BYTES_MAX};
use rtp::Codec;

use crate::script;

const LIMITS: Limits = Limits {
    wait: Duration::from_millis(100),
    packets: 16,
};
const PAYLOAD_MAX: usize = 200;

/// Takes a first byte that names the codec, then a step for each packet. Of `what`, the high bit is
/// the marker, two bits are how far time goes on, and the rest is the number, relative to the last.
/// What comes of packets must come back from packets of our own, if anything does.
pub(crate) fn units(input: &[u8]) {
    let Some((codec, packets)) = input.split_first() else {
        return;
    };
    let codec = Codec::ALL[usize::from(*codec) % Codec::ALL.len()];
    let now = Instant::now();
    let mut reorder = Reorder::new(LIMITS);
    let mut depacketizer = Depacketizer::new(codec);
    let mut packetizer = Packetizer::new(codec, PAYLOAD_MAX);
    let (mut seq, mut timestamp) = (0_u16, 0_u32);
    for (what, payload) in script::steps(packets) {
        timestamp = timestamp.wrapping_add(u32::from(what >> 5 & 3) * 3_000);
        // Mostly the next one.
        seq = seq.wrapping_add(u16::from(what & 0x1f).wrapping_sub(15));
        reorder.push(now, seq, (timestamp, what & 0x80 != 0, payload));
        while let Some((seq, (timestamp, marker, payload))) = reorder.pop(now) {
            depacketizer.push(Part {
                seq,
                timestamp,
                marker,
                payload,
            });
            while let Some(unit) = depacketizer.pop() {
                assert!(unit.data.len() <= UNIT_BYTES_MAX, "{codec}: too long");
                comes_back(codec, &mut packetizer, &unit);
            }
        }
    }
}

fn comes_back(codec: Codec, packetizer: &mut Packetizer, unit: &AccessUnit) {
    let Ok(payloads) = packetizer.packetize(unit) else {
        return;
    };
    let mut depacketizer = Depacketizer::new(codec);
    let last = payloads.len() - 1;
    for (place, payload) in payloads.iter().enumerate() {
        depacketizer.push(Part {
            seq: place as u64,
            timestamp: unit.timestamp,
            marker: place == last,
            payload,
        });
    }
    while let Some(back) = depacketizer.pop() {
        assert_eq!(back.data, unit.data, "{codec}");
    }
}

/// The packets of a key frame and of one that follows it, in each codec.
pub(crate) fn streams() -> Vec<Vec<u8>> {
    let frames: [(Codec, [&[u8]; 2]); 6] = [
        (Codec::Opus, [&[0xfc, 1, 2], &[0xfc, 3]]),
        (Codec::Vp8, [&[0x10, 1, 2], &[0x11, 3]]),
        (Codec::Vp9, [&[0x82, 1, 2], &[0x86, 3]]),
        (
            Codec::H264,
            [
                &[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 0x88],
                &[0, 0, 0, 2, 0x41, 0x9a],
            ],
        ),
        (
            Codec::H265,
            [
                &[0, 0, 0, 3, 0x42, 1, 1, 0, 0, 0, 3, 0x26, 1, 0xaf],
                &[0, 0, 0, 3, 2, 1, 0xd0],
            ],
        ),
        (
            Codec::Av1,
            [&[0x0a, 2, 0, 0, 0x32, 1, 0x10], &[0x32, 1, 0x30]],
        ),
    ];
    let stream = |(codec, frames): (Codec, [&[u8]; 2])| {
        let mut packetizer = Packetizer::new(codec, PAYLOAD_MAX);
        let mut input = vec![
            Codec::ALL
                .iter()
                .position(|known| *known == codec)
                .unwrap_or(0) as u8,
        ];
        for (place, data) in frames.into_iter().enumerate() {
            // Long enough for several packets.
            let tail = vec![0x5a; 2 * PAYLOAD_MAX * usize::from(codec == Codec::Vp8)];
            let unit = AccessUnit {
                timestamp: 0,
                keyframe: place == 0,
                after_gap: false,
                data: [data, &tail].concat(),
            };
            let payloads = packetizer.packetize(&unit).unwrap_or_default();
            let last = payloads.len().saturating_sub(1);
            for (place, payload) in payloads.iter().enumerate() {
                let (begins, ends) = (u8::from(place == 0), u8::from(place == last));
                script::write(&mut input, ends << 7 | begins << 5 | 16, payload);
            }
        }
        input
    };
    frames.into_iter().map(stream).collect()
}

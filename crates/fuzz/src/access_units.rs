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
    for (seq, payload) in (0..).zip(&payloads) {
        depacketizer.push(Part {
            seq,
            timestamp: unit.timestamp,
            marker: payload.marker,
            payload: &payload.data,
        });
    }
    while let Some(back) = depacketizer.pop() {
        assert_eq!(back.data, unit.data, "{codec}");
    }
}

/// The packets of a key frame and of one that follows it, in each codec.
pub(crate) fn streams() -> Vec<Vec<u8>> {
    // In the order of `Codec::ALL`; that of VP8 takes several packets.
    let long = [&[0x10, 1, 2][..], &[0x5a; 2 * PAYLOAD_MAX]].concat();
    let frames: [[&[u8]; 2]; 6] = [
        [&[0xfc, 1, 2], &[0xfc, 3]],
        [&long, &[0x11, 3]],
        [&[0x82, 1, 2], &[0x86, 3]],
        [
            &[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 0x88],
            &[0, 0, 0, 2, 0x41, 0x9a],
        ],
        [
            &[0, 0, 0, 3, 0x42, 1, 1, 0, 0, 0, 3, 0x26, 1, 0xaf],
            &[0, 0, 0, 3, 2, 1, 0xd0],
        ],
        [&[0x0a, 2, 0, 0, 0x32, 1, 0x10], &[0x32, 1, 0x30]],
    ];
    let codecs = (0_u8..).zip(Codec::ALL).zip(frames);
    codecs
        .map(|((number, codec), frames)| stream(number, codec, frames))
        .collect()
}

fn stream(number: u8, codec: Codec, [key, next]: [&[u8]; 2]) -> Vec<u8> {
    let mut packetizer = Packetizer::new(codec, PAYLOAD_MAX);
    let mut input = vec![number];
    for (keyframe, data) in [(true, key), (false, next)] {
        let unit = AccessUnit {
            timestamp: 0,
            keyframe,
            after_gap: false,
            data: data.to_vec(),
        };
        let payloads = packetizer.packetize(&unit).unwrap_or_default();
        for (place, payload) in payloads.iter().enumerate() {
            let (begins, ends) = (u8::from(place == 0), u8::from(payload.marker));
            script::write(&mut input, ends << 7 | begins << 5 | 16, &payload.data);
        }
    }
    input
}

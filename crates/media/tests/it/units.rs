//! Access units of each codec, as encoders make them.

use headwater_media::AccessUnit;
use proptest::collection::vec;
use proptest::prelude::*;
use rtp::Codec;
use rtp::av1::write_leb128;

/// A stream of units in one codec, whose timestamps differ, as one receives it from its begin.
pub(crate) fn stream() -> impl Strategy<Value = (Codec, Vec<AccessUnit>)> {
    proptest::sample::select(&Codec::ALL[..])
        .prop_flat_map(|codec| (Just(codec), vec(unit(codec), 1..8)))
        .prop_map(|(codec, mut units)| {
            for (number, unit) in (0_u32..).zip(&mut units) {
                unit.timestamp = number.wrapping_mul(3_000).wrapping_sub(6_000);
                unit.after_gap = number == 0;
            }
            (codec, units)
        })
}

fn unit(codec: Codec) -> BoxedStrategy<AccessUnit> {
    let made = (any::<bool>(), vec(body(), 1..5));
    made.prop_map(move |(keyframe, bodies)| AccessUnit {
        timestamp: 0,
        keyframe: keyframe || codec == Codec::Opus,
        after_gap: false,
        data: match codec {
            Codec::Opus => bodies.concat(),
            Codec::Vp8 => vp8(keyframe, &bodies.concat()),
            Codec::Vp9 => vp9(keyframe, &bodies.concat()),
            Codec::H264 | Codec::H265 => nal_units(codec, keyframe, &bodies),
            Codec::Av1 => obus(keyframe, &bodies),
        },
    })
    .boxed()
}

/// From one byte to more than a packet carries.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 1..40), vec(any::<u8>(), 1..4_000)]
}

/// The first bit of a frame is clear in a key frame (RFC 6386 §9.1).
fn vp8(keyframe: bool, body: &[u8]) -> Vec<u8> {
    [&[u8::from(!keyframe)], body].concat()
}

/// Two bits of marker, two of profile, then whether a frame is shown again, and whether it is no key
/// frame (VP9 bitstream specification, §6.2).
fn vp9(keyframe: bool, body: &[u8]) -> Vec<u8> {
    [&[0x80 | u8::from(!keyframe) << 2], body].concat()
}

/// A parameter set, and a slice for each of the others, of which the first begins the picture.
fn nal_units(codec: Codec, keyframe: bool, bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut add = |kind: u8, begins: bool, body: &[u8]| {
        let header = match codec {
            Codec::H265 => vec![kind << 1, 1],
            _ => vec![0x60 | kind],
        };
        let unit = [&header[..], &[u8::from(begins) << 7], body].concat();
        data.extend((unit.len() as u32).to_be_bytes());
        data.extend(unit);
    };
    let (set, slice) = match (codec, keyframe) {
        (Codec::H265, true) => (33, 19),
        (Codec::H265, false) => (33, 1),
        (_, true) => (7, 5),
        (_, false) => (7, 1),
    };
    for (place, body) in bodies.iter().enumerate() {
        match place {
            0 if keyframe => add(set, true, body),
            0 => add(slice, true, body),
            1 => add(slice, keyframe, body),
            _ => add(slice, false, body),
        }
    }
    // A parameter set alone is no picture.
    if keyframe && bodies.len() == 1 {
        add(slice, true, &[0]);
    }
    data
}

/// A sequence header before a key frame; then frames, the first of which begins the picture.
fn obus(keyframe: bool, bodies: &[Vec<u8>]) -> Vec<u8> {
    const SEQUENCE_HEADER: u8 = 1;
    const FRAME: u8 = 6;
    const TILE_GROUP: u8 = 4;
    let mut data = Vec::new();
    let mut add = |kind: u8, extended: bool, body: &[u8]| {
        data.push(kind << 3 | u8::from(extended) << 2 | 2);
        // Of the first temporal and spatial layer.
        data.extend(extended.then_some(0));
        write_leb128(body.len(), &mut data);
        data.extend(body);
    };
    if keyframe {
        add(SEQUENCE_HEADER, false, &[0; 10]);
    }
    for (place, body) in bodies.iter().enumerate() {
        let extended = body.len().is_multiple_of(2);
        add(if place == 0 { FRAME } else { TILE_GROUP }, extended, body);
    }
    data
}

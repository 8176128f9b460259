//! Frames that look real to everything but a decoder.

use std::sync::Arc;
use std::time::Duration;

use rtp::{Bitrate, Codec};

use crate::{Rng, Stamp};

/// A key frame is this many times as large as another frame; encoders of video calls make
/// them five to ten times as large.
const KEYFRAME_FACTOR: u64 = 6;

/// RTP payload bytes of a packet, as browsers send them.
const PAYLOAD_BYTES: usize = 1_150;

/// Templates of a dependency descriptor: one of the base layer, and for two temporal layers another
/// of the upper one. A viewer can switch up at each frame of the base layer.
const ONE_LAYER: [u8; 3] = [0x80, 0x00, 0xe0];
const TWO_LAYERS: [u8; 4] = [0x80, 0x01, 0x7a, 0x10];

/// One packet of a frame.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) payload: Vec<u8>,
    pub(crate) marker: bool,
    pub(crate) descriptor: Option<Arc<[u8]>>,
}

/// The encoder of one layer.
#[derive(Debug)]
pub(crate) struct Encoder {
    codec: Codec,
    temporal_layers: u8,
    delta_bytes: u64,
    frame: u32,
    /// The latest frame of the base temporal layer.
    base: u32,
    picture: u16,
    /// Frame number in the dependency descriptor.
    frame_number: u16,
    tl0: u8,
}

impl Encoder {
    pub(crate) fn new(
        codec: Codec,
        rate: Bitrate,
        fps: u32,
        keyframes: Duration,
        temporal_layers: u8,
        first_picture: u16,
    ) -> Self {
        let frames = (keyframes.as_secs_f64() * f64::from(fps)).round().max(1.0) as u64;
        Self {
            codec,
            temporal_layers,
            delta_bytes: rate.bytes_in(keyframes) / (frames - 1 + KEYFRAME_FACTOR),
            frame: 0,
            base: 0,
            picture: first_picture,
            frame_number: first_picture,
            tl0: first_picture as u8,
        }
    }

    /// Returns the packets of the next frame. Publisher, layer and time are taken from `stamp`; the
    /// other fields are filled in.
    pub(crate) fn frame(&mut self, keyframe: bool, stamp: Stamp, rng: &mut Rng) -> Vec<Piece> {
        // Two temporal layers alternate, beginning with the base layer at each key frame.
        let temporal = if keyframe || self.temporal_layers < 2 {
            0
        } else {
            (self.frame.wrapping_sub(self.base) % 2) as u8
        };
        let stamp = Stamp {
            temporal,
            frame: self.frame,
            depends_on: if keyframe { self.frame } else { self.base },
            ..stamp
        };
        if temporal == 0 {
            self.base = self.frame;
            self.tl0 = self.tl0.wrapping_add(1);
        }
        let factor = if keyframe { KEYFRAME_FACTOR } else { 1 };
        // The size of frames varies by a fifth to either side.
        let bytes = (self.delta_bytes * factor) as f64 * (0.8 + 0.4 * rng.fraction());
        let count = (bytes / PAYLOAD_BYTES as f64).ceil().max(1.0) as u16;
        // Browsers cut a frame into parts that differ by one byte at most, the longer ones last.
        let each = bytes as usize / usize::from(count);
        let first_longer = count - (bytes as usize % usize::from(count)) as u16;
        let pieces = (0..count).map(|index| {
            let stamp = Stamp {
                index,
                count,
                ..stamp
            };
            self.piece(&stamp, each + usize::from(index >= first_longer))
        });
        let pieces = pieces.collect();
        self.frame += 1;
        self.picture = (self.picture + 1) & 0x7fff;
        self.frame_number = self.frame_number.wrapping_add(1);
        pieces
    }

    fn piece(&self, stamp: &Stamp, bytes: usize) -> Piece {
        let (first, last) = (stamp.index == 0, stamp.index + 1 == stamp.count);
        let mut payload = match self.codec {
            Codec::H264 => h264(stamp.is_keyframe(), first, last),
            Codec::Av1 => av1(stamp.is_keyframe(), first, last),
            _ => self.vp8(stamp, first),
        };
        payload.resize(bytes.saturating_sub(Stamp::BYTES).max(payload.len()), 0x5a);
        stamp.write(&mut payload);
        let descriptor = (self.codec == Codec::Av1).then(|| {
            let [high, low] = self.frame_number.to_be_bytes();
            let edges = (u8::from(first) << 7) | (u8::from(last) << 6);
            let templates = match (stamp.is_keyframe() && first, self.temporal_layers) {
                (false, _) => [].as_slice(),
                (true, 0 | 1) => &ONE_LAYER,
                (true, _) => &TWO_LAYERS,
            };
            [&[edges | stamp.temporal, high, low], templates]
                .concat()
                .into()
        });
        Piece {
            payload,
            marker: last,
            descriptor,
        }
    }

    /// The payload descriptor of RFC 7741 §4.2 with a picture id of 15 bits, TL0PICIDX and TID;
    /// then the first byte of the frame header.
    fn vp8(&self, stamp: &Stamp, first: bool) -> Vec<u8> {
        let [high, low] = self.picture.to_be_bytes();
        let start = if first { 0x90 } else { 0x80 };
        // A frame of the upper layer needs only the base layer, so the Y bit allows a switch up.
        let tid = stamp.temporal << 6 | u8::from(stamp.temporal > 0) << 5;
        let header = if stamp.is_keyframe() { 0x10 } else { 0x11 };
        vec![start, 0xe0, 0x80 | high, low, self.tl0, tid, header]
    }
}

/// The headers of a FU-A (RFC 6184 §5.8) with an IDR slice or another one.
fn h264(keyframe: bool, first: bool, last: bool) -> Vec<u8> {
    let kind = if keyframe { 5 } else { 1 };
    let edges = (u8::from(first) << 7) | (u8::from(last) << 6);
    vec![0x7c, edges | kind, 0x88]
}

/// One OBU element: a sequence header begins a key frame, a frame OBU the others.
fn av1(keyframe: bool, first: bool, last: bool) -> Vec<u8> {
    let continues = (u8::from(!first) << 7) | (u8::from(!last) << 6);
    let sequence = u8::from(keyframe && first) << 3;
    let obu = if keyframe && first { 1 << 3 } else { 6 << 3 };
    vec![continues | 0x10 | sequence, obu]
}

#[cfg(test)]
mod tests {
    use rtp::PayloadInfo;

    use super::*;

    const STAMP: Stamp = Stamp {
        publisher: 0,
        layer: 1,
        temporal: 0,
        frame: 0,
        depends_on: 0,
        index: 0,
        count: 1,
        captured_us: 5,
    };

    fn encoder(codec: Codec, temporal_layers: u8) -> Encoder {
        let keyframes = Duration::from_secs(2);
        Encoder::new(
            codec,
            Bitrate::mbps(2),
            30,
            keyframes,
            temporal_layers,
            0x7fff,
        )
    }

    #[test]
    fn frame_starts_are_visible_in_every_codec() {
        for codec in [Codec::Vp8, Codec::H264, Codec::Av1] {
            let (mut encoder, mut rng) = (encoder(codec, 1), Rng::new(1));
            for keyframe in [true, false] {
                let pieces = encoder.frame(keyframe, STAMP, &mut rng);
                assert!(pieces.len() > 2);
                for (i, piece) in pieces.iter().enumerate() {
                    let frame = PayloadInfo::inspect(codec, &piece.payload);
                    assert_eq!(frame.start, i == 0, "{codec} {i}");
                    assert_eq!(frame.keyframe, i == 0 && keyframe, "{codec} {i}");
                    assert_eq!(piece.marker, i == pieces.len() - 1);
                }
            }
        }
    }

    #[test]
    fn vp8_picture_ids_wrap_and_temporal_layers_alternate() {
        let (mut encoder, mut rng) = (encoder(Codec::Vp8, 2), Rng::new(1));
        let seen: Vec<_> = (0..5)
            .map(|i| encoder.frame(i == 0, STAMP, &mut rng))
            .map(|pieces| {
                let frame = PayloadInfo::inspect(Codec::Vp8, &pieces[0].payload);
                let stamp = Stamp::read(&pieces[0].payload).expect("a stamp");
                let picture = frame.picture.picture_id.expect("an id");
                (picture, frame.temporal_id, stamp.depends_on)
            })
            .collect();
        assert_eq!(
            seen,
            [(0x7fff, 0, 0), (0, 1, 0), (1, 0, 0), (2, 1, 2), (3, 0, 2)]
        );
    }

    #[test]
    fn encoder_keeps_its_rate() {
        let (mut encoder, mut rng) = (encoder(Codec::Vp8, 1), Rng::new(1));
        let bytes: usize = (0..600)
            .flat_map(|i| encoder.frame(i % 60 == 0, STAMP, &mut rng))
            .map(|piece| piece.payload.len())
            .sum();
        let rate = Bitrate::of(bytes as u64, Duration::from_secs(20)).as_bps();
        assert!((1_900_000..2_100_000).contains(&rate), "{rate}");
    }
}

//! Frames that look real to everything but a decoder.

use std::sync::Arc;
use std::time::Duration;

use rtp::{Bitrate, Codec};

use crate::ivf::Video;
use crate::stamp::Stamp;

/// A key frame is this many times as large as another frame; encoders of video calls make
/// them five to ten times as large.
const KEYFRAME_FACTOR: u64 = 6;

/// The longest payload header that is written here.
const HEADER_MAX: usize = 16;

/// What stands for the picture.
const FILL: u8 = 0x5a;

/// One encoding's frames.
#[derive(Debug)]
pub(crate) struct Encoder {
    pictures: Pictures,
    payload_bytes_max: usize,
    picture: u16,
}

#[derive(Debug)]
enum Pictures {
    Synthetic {
        codec: Codec,
        keyframe_bytes: usize,
        delta_bytes: usize,
    },
    /// VP8, and the number of the next frame.
    File(Arc<Video>, usize),
}

impl Encoder {
    /// Frames of VP8, H.264 or AV1, whose payloads have this rate on average when key frames
    /// are so far apart.
    pub(crate) fn new(
        codec: Codec,
        rate: Bitrate,
        fps: u32,
        keyframes: Duration,
        payload_bytes_max: usize,
    ) -> Self {
        let frames = (keyframes.as_secs_f64() * f64::from(fps)).round().max(1.0) as u64;
        let delta = rate.bytes_in(keyframes) / (frames - 1 + KEYFRAME_FACTOR);
        let pictures = Pictures::Synthetic {
            codec,
            keyframe_bytes: (delta * KEYFRAME_FACTOR) as usize,
            delta_bytes: delta as usize,
        };
        Self::of(pictures, payload_bytes_max)
    }

    /// The frames of a file, over and over.
    pub(crate) fn of_file(video: Arc<Video>, payload_bytes_max: usize) -> Self {
        Self::of(Pictures::File(video, 0), payload_bytes_max)
    }

    fn of(pictures: Pictures, payload_bytes_max: usize) -> Self {
        Self {
            pictures,
            payload_bytes_max: payload_bytes_max.max(HEADER_MAX + Stamp::BYTES),
            picture: 0,
        }
    }

    /// Nobody decodes what it makes, so that there is room for a [`Stamp`].
    pub(crate) fn is_synthetic(&self) -> bool {
        matches!(self.pictures, Pictures::Synthetic { .. })
    }

    /// The RTP payloads of the next frame. A file has key frames where it has them.
    pub(crate) fn frame(&mut self, keyframe: bool) -> Vec<Vec<u8>> {
        let payloads = match &mut self.pictures {
            Pictures::File(video, next) => {
                let frame = &video.frames[*next % video.frames.len()];
                *next += 1;
                let chunks = frame
                    .chunks(self.payload_bytes_max - HEADER_MAX)
                    .enumerate();
                let payload = |(i, chunk): (usize, &[u8])| {
                    [&vp8_descriptor(self.picture, i == 0), chunk].concat()
                };
                chunks.map(payload).collect()
            }
            Pictures::Synthetic {
                codec,
                keyframe_bytes,
                delta_bytes,
            } => {
                let bytes = if keyframe {
                    *keyframe_bytes
                } else {
                    *delta_bytes
                };
                let codec = *codec;
                self.synthetic(codec, keyframe, bytes)
            }
        };
        self.picture = (self.picture + 1) & 0x7fff;
        payloads
    }

    /// All payloads are of the largest size but the last.
    fn synthetic(&self, codec: Codec, keyframe: bool, bytes: usize) -> Vec<Vec<u8>> {
        let count = bytes.div_ceil(self.payload_bytes_max).max(1);
        let payload = |i: usize| {
            let (first, last) = (i == 0, i + 1 == count);
            let mut payload = match codec {
                Codec::H264 => h264(keyframe, first, last),
                Codec::Av1 => av1(keyframe, first, last),
                _ => vp8(self.picture, keyframe, first),
            };
            let length = match last {
                true => bytes - (count - 1) * self.payload_bytes_max,
                false => self.payload_bytes_max,
            };
            payload.resize(length.max(payload.len() + Stamp::BYTES), FILL);
            payload
        };
        (0..count).map(payload).collect()
    }
}

/// X, I and a picture id of 15 bits (RFC 7741 §4.2).
fn vp8_descriptor(picture: u16, first: bool) -> [u8; 4] {
    let [high, low] = picture.to_be_bytes();
    [if first { 0x90 } else { 0x80 }, 0x80, 0x80 | high, low]
}

/// The descriptor, then, at the begin of a frame, its tag (RFC 6386 §9.1).
fn vp8(picture: u16, keyframe: bool, first: bool) -> Vec<u8> {
    let mut payload = vp8_descriptor(picture, first).to_vec();
    match (first, keyframe) {
        // Start code, and 1280 by 720.
        (true, true) => payload.extend([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]),
        (true, false) => payload.extend([0x11, 0, 0]),
        (false, _) => {}
    }
    payload
}

/// A fragment of one slice (FU-A, RFC 6184 §5.8), whose first macroblock is the picture's.
fn h264(keyframe: bool, first: bool, last: bool) -> Vec<u8> {
    const FU_A: u8 = 0x7c;
    let slice = if keyframe { 5 } else { 1 };
    let fragment = u8::from(first) << 7 | u8::from(last) << 6 | slice;
    vec![FU_A, fragment, 0x88]
}

/// One OBU element of a frame (RTP Payload Format For AV1 §4.4): Z, Y, W=1 and N.
fn av1(keyframe: bool, first: bool, last: bool) -> Vec<u8> {
    let begins = u8::from(keyframe && first);
    let head = u8::from(!first) << 7 | u8::from(!last) << 6 | 0x10 | begins << 3;
    // The OBU is a sequence header where a coded video sequence begins, else a frame.
    const SEQUENCE_HEADER: u8 = 1 << 3;
    const FRAME: u8 = 6 << 3;
    match (first, keyframe) {
        (true, true) => vec![head, SEQUENCE_HEADER],
        (true, false) => vec![head, FRAME],
        (false, _) => vec![head],
    }
}

#[cfg(test)]
mod tests {
    use rtp::Frame;

    use super::*;

    const CODECS: [Codec; 3] = [Codec::Vp8, Codec::H264, Codec::Av1];

    fn encoder(codec: Codec) -> Encoder {
        Encoder::new(codec, Bitrate::kbps(800), 25, Duration::from_secs(2), 1_100)
    }

    #[test]
    fn the_rate_is_kept_over_a_key_frame_interval() {
        for codec in CODECS {
            let mut encoder = encoder(codec);
            let payloads = (0..50).flat_map(|i| encoder.frame(i == 0));
            let bytes: usize = payloads.map(|payload| payload.len()).sum();
            assert!((197_000..=200_500).contains(&bytes), "{codec:?}: {bytes}");
        }
    }

    #[test]
    fn a_forwarder_finds_frames_and_key_frames() {
        for codec in CODECS {
            let mut encoder = encoder(codec);
            for (number, keyframe) in [true, false].into_iter().enumerate() {
                let payloads = encoder.frame(keyframe);
                assert!(payloads.len() > 1 && payloads.iter().all(|p| p.len() <= 1_100));
                for (i, payload) in payloads.iter().enumerate() {
                    let frame = Frame::inspect(codec, payload);
                    assert_eq!(frame.keyframe, i == 0 && keyframe, "{codec:?} {i}");
                    if codec == Codec::Vp8 {
                        assert_eq!(frame.picture.picture_id, Some(number as u16));
                    }
                }
            }
        }
    }
}

//! Frames that look like VP8 to everything but a decoder.

use std::time::Duration;

use rtp::Bitrate;

/// A key frame is this many times as large as another frame; encoders of video calls make
/// them five to ten times as large.
const KEYFRAME_FACTOR: u64 = 6;

/// X, I and the wide picture id: `1001 0000`, `1000 0000`, 15 bits (RFC 7741 §4.2).
const DESCRIPTOR: usize = 4;

/// Frame tag, start code and size of a key frame (RFC 6386 §9.1).
const KEYFRAME_HEADER: [u8; 10] = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02];

/// One encoding's frames.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    keyframe_bytes: usize,
    delta_bytes: usize,
    payload_bytes_max: usize,
    picture: u16,
}

impl Encoder {
    pub(crate) fn new(
        rate: Bitrate,
        fps: u32,
        keyframes: Duration,
        payload_bytes_max: usize,
    ) -> Self {
        let frames = (keyframes.as_secs_f64() * f64::from(fps)).round().max(1.0) as u64;
        let delta = rate.bytes_in(keyframes) / (frames - 1 + KEYFRAME_FACTOR);
        let at_least = |bytes: u64| (bytes as usize).max(KEYFRAME_HEADER.len());
        Self {
            keyframe_bytes: at_least(delta * KEYFRAME_FACTOR),
            delta_bytes: at_least(delta),
            payload_bytes_max: payload_bytes_max.max(DESCRIPTOR + KEYFRAME_HEADER.len()),
            picture: 0,
        }
    }

    /// The RTP payloads of the next frame.
    pub(crate) fn frame(&mut self, keyframe: bool) -> Vec<Vec<u8>> {
        let mut frame = KEYFRAME_HEADER.to_vec();
        if !keyframe {
            frame[0] |= 0x01;
        }
        let bytes = if keyframe {
            self.keyframe_bytes
        } else {
            self.delta_bytes
        };
        frame.resize(bytes, 0x5a);
        let [high, low] = self.picture.to_be_bytes();
        self.picture = (self.picture + 1) & 0x7fff;
        let chunks = frame.chunks(self.payload_bytes_max - DESCRIPTOR);
        let payload = |(i, chunk): (usize, &[u8])| {
            let first = if i == 0 { 0x90 } else { 0x80 };
            [&[first, 0x80, 0x80 | high, low], chunk].concat()
        };
        chunks.enumerate().map(payload).collect()
    }
}

#[cfg(test)]
mod tests {
    use rtp::{Codec, Frame};

    use super::*;

    fn encoder() -> Encoder {
        Encoder::new(Bitrate::kbps(800), 25, Duration::from_secs(2), 1_100)
    }

    #[test]
    fn the_rate_is_kept_over_a_key_frame_interval() {
        let mut encoder = encoder();
        let bytes: usize = (0..50)
            .flat_map(|i| encoder.frame(i == 0))
            .map(|payload| payload.len() - DESCRIPTOR)
            .sum();
        assert!((198_000..=200_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_forwarder_reads_the_descriptors() {
        let mut encoder = encoder();
        for (number, keyframe) in [true, false].into_iter().enumerate() {
            let payloads = encoder.frame(keyframe);
            assert!(payloads.len() > 1 && payloads.iter().all(|p| p.len() <= 1_100));
            for (i, payload) in payloads.iter().enumerate() {
                let frame = Frame::inspect(Codec::Vp8, payload);
                assert_eq!((frame.start, frame.keyframe), (i == 0, i == 0 && keyframe));
                assert_eq!(frame.picture.picture_id, Some(number as u16));
            }
        }
    }
}

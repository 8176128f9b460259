//! Synthetic frames that look real to everything but a decoder.

use std::sync::Arc;
use std::time::Duration;

use rtp::{Bitrate, Codec};
use serde::Serialize;

use crate::ivf::Video;
use crate::stamp::Stamp;

/// Size of a key frame relative to another frame. Encoders for video calls make them five to ten
/// times as large.
const KEYFRAME_FACTOR: u64 = 6;

/// The most bytes that the payload headers written here take.
const HEADER_MAX: usize = 16;

/// The lowest limit for the size of a payload: the parameter sets of H.264 fit one, with a
/// [`Stamp`].
const PAYLOAD_BYTES_MIN: usize = 64;

/// The byte that stands in for picture data.
const FILL: u8 = 0x5a;

/// How a frame is cut into packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// As browsers do, which all use libwebrtc: into parts whose sizes differ by at most one byte,
    /// the longer ones last.
    #[default]
    Even,
    /// As many encoders outside browsers do: into parts of the maximum size, then the rest.
    Full,
}

impl Cut {
    /// The sizes of the parts of a frame of `bytes` bytes, none larger than `most`.
    fn sizes(self, bytes: usize, most: usize) -> impl ExactSizeIterator<Item = usize> {
        let count = bytes.div_ceil(most).max(1);
        let (each, longer) = (bytes / count, bytes % count);
        (0..count).map(move |i| match self {
            Self::Even => each + usize::from(i >= count - longer),
            Self::Full => most.min(bytes - i * most),
        })
    }
}

/// Makes the frames of one encoding.
#[derive(Debug)]
pub(crate) struct Encoder {
    pictures: Pictures,
    cut: Cut,
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
    /// A VP8 video, and the number of the next frame.
    File(Arc<Video>, usize),
}

impl Encoder {
    /// Makes frames of VP8, H.264 or AV1. Their payloads have the bit rate `rate` on average when
    /// key frames are `keyframes` apart.
    pub(crate) fn new(
        codec: Codec,
        rate: Bitrate,
        fps: u32,
        keyframes: Duration,
        (cut, payload_bytes_max): (Cut, usize),
    ) -> Self {
        let frames = (keyframes.as_secs_f64() * f64::from(fps)).round().max(1.0) as u64;
        let delta = rate.bytes_in(keyframes) / (frames - 1 + KEYFRAME_FACTOR);
        let pictures = Pictures::Synthetic {
            codec,
            keyframe_bytes: (delta * KEYFRAME_FACTOR) as usize,
            delta_bytes: delta as usize,
        };
        Self::of(pictures, cut, payload_bytes_max)
    }

    /// Plays the frames of a file in a loop.
    pub(crate) fn of_file(video: Arc<Video>, (cut, payload_bytes_max): (Cut, usize)) -> Self {
        Self::of(Pictures::File(video, 0), cut, payload_bytes_max)
    }

    fn of(pictures: Pictures, cut: Cut, payload_bytes_max: usize) -> Self {
        Self {
            pictures,
            cut,
            payload_bytes_max: payload_bytes_max.max(PAYLOAD_BYTES_MIN),
            picture: 0,
        }
    }

    /// Whether the frames are synthetic. They are never decoded, so a [`Stamp`] may replace their
    /// end.
    pub(crate) fn is_synthetic(&self) -> bool {
        matches!(self.pictures, Pictures::Synthetic { .. })
    }

    /// The RTP payloads of the next frame. `keyframe` applies to synthetic frames only: a file has
    /// its own key frames.
    pub(crate) fn frame(&mut self, keyframe: bool) -> Vec<Vec<u8>> {
        let payloads = match &mut self.pictures {
            Pictures::File(video, next) => {
                let mut left = video.frames[*next % video.frames.len()].as_slice();
                *next += 1;
                let most = self.payload_bytes_max - HEADER_MAX;
                let sizes = self.cut.sizes(left.len(), most).enumerate();
                let payload = |(i, size)| {
                    let part;
                    (part, left) = left.split_at(size);
                    [&vp8_descriptor(self.picture, i == 0), part].concat()
                };
                sizes.map(payload).collect()
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

    /// Makes the payloads of a synthetic frame of `bytes` bytes. An H.264 key frame has its
    /// parameter sets in front, in a payload of their own.
    fn synthetic(&self, codec: Codec, keyframe: bool, bytes: usize) -> Vec<Vec<u8>> {
        let sets = (codec == Codec::H264 && keyframe).then(h264_parameter_sets);
        let bytes = bytes.saturating_sub(sets.as_ref().map_or(0, Vec::len));
        let sizes = self.cut.sizes(bytes, self.payload_bytes_max);
        let count = sizes.len();
        let payload = |(i, size): (usize, usize)| {
            let (first, last) = (i == 0, i + 1 == count);
            let mut payload = match codec {
                Codec::H264 => h264(keyframe, first, last),
                Codec::Av1 => av1(keyframe, first, last),
                _ => vp8(self.picture, keyframe, first),
            };
            payload.resize(size.max(payload.len() + Stamp::BYTES), FILL);
            payload
        };
        let picture = sizes.enumerate().map(payload);
        sets.into_iter().chain(picture).collect()
    }
}

/// A VP8 payload descriptor with the X and I bits and a picture id of 15 bits (RFC 7741 §4.2).
fn vp8_descriptor(picture: u16, first: bool) -> [u8; 4] {
    let [high, low] = picture.to_be_bytes();
    [if first { 0x90 } else { 0x80 }, 0x80, 0x80 | high, low]
}

/// The payload descriptor, followed by the frame tag at the beginning of a frame (RFC 6386 §9.1).
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

/// A sequence parameter set (ITU-T H.264 §7.3.2.1.1): constrained baseline, level 3.1, pictures
/// of 1280 by 720, one reference frame, output in the order of decoding (`pic_order_cnt_type` 2).
const SPS: [u8; 9] = [0x67, 0x42, 0xe0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe4];

/// A picture parameter set (§7.3.2.2): CAVLC, one slice group, deblocking controlled by each slice.
const PPS: [u8; 4] = [0x68, 0xce, 0x3c, 0x80];

/// Both parameter sets in one payload (STAP-A, RFC 6184 §5.7.1), as encoders send them before every
/// key frame. A unit of enhancement information (SEI, §7.3.2.3) follows, which no decoder needs:
/// the [`Stamp`] overwrites it rather than a parameter set.
fn h264_parameter_sets() -> Vec<u8> {
    const STAP_A: u8 = 0x78;
    // A NAL unit header, then unregistered user data of 32 bytes, 16 of which are its UUID.
    const SEI: [u8; 3] = [0x06, 5, 32];
    const USER_DATA: [u8; 32] = [FILL; 32];
    const TRAILING_BITS: [u8; 1] = [0x80];
    let sei = [SEI.as_slice(), &USER_DATA, &TRAILING_BITS].concat();
    let mut payload = vec![STAP_A];
    for unit in [SPS.as_slice(), &PPS, &sei] {
        payload.extend((unit.len() as u16).to_be_bytes());
        payload.extend(unit);
    }
    payload
}

/// A fragment of a slice (FU-A, RFC 6184 §5.8) that begins with the picture's first macroblock.
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
    use rtp::PayloadInfo;

    use super::*;

    const CODECS: [Codec; 3] = [Codec::Vp8, Codec::H264, Codec::Av1];

    fn encoder(codec: Codec) -> Encoder {
        let (rate, keyframes) = (Bitrate::kbps(800), Duration::from_secs(2));
        Encoder::new(codec, rate, 25, keyframes, (Cut::Even, 1_100))
    }

    #[test]
    fn frame_is_cut_evenly_or_into_full_packets() {
        let sizes = |cut: Cut, bytes| cut.sizes(bytes, 1_000).collect::<Vec<_>>();
        assert_eq!(sizes(Cut::Even, 3_602), [900, 900, 901, 901]);
        assert_eq!(sizes(Cut::Full, 3_602), [1_000, 1_000, 1_000, 602]);
        for cut in [Cut::Even, Cut::Full] {
            assert_eq!(sizes(cut, 2_000), [1_000, 1_000]);
            assert_eq!(sizes(cut, 7), [7]);
            assert_eq!(sizes(cut, 0), [0]);
        }
    }

    #[test]
    fn encoder_keeps_its_rate_over_a_key_frame_interval() {
        for codec in CODECS {
            let mut encoder = encoder(codec);
            let payloads = (0..50).flat_map(|i| encoder.frame(i == 0));
            let bytes: usize = payloads.map(|payload| payload.len()).sum();
            assert!((197_000..=200_500).contains(&bytes), "{codec:?}: {bytes}");
        }
    }

    #[test]
    fn payload_inspection_finds_key_frames_and_picture_ids() {
        for codec in CODECS {
            let mut encoder = encoder(codec);
            for (number, keyframe) in [true, false].into_iter().enumerate() {
                let payloads = encoder.frame(keyframe);
                assert!(payloads.len() > 1 && payloads.iter().all(|p| p.len() <= 1_100));
                // The picture of H.264 follows its parameter sets, and begins the key frame.
                let begin = usize::from(codec == Codec::H264 && keyframe);
                for (i, payload) in payloads.iter().enumerate() {
                    let frame = PayloadInfo::inspect(codec, payload);
                    assert_eq!(frame.keyframe, i == begin && keyframe, "{codec:?} {i}");
                    if codec == Codec::Vp8 {
                        assert_eq!(frame.picture.picture_id, Some(number as u16));
                    }
                }
            }
        }
    }

    /// Reads bits as ITU-T H.264 §7.2 and §9.1 do.
    struct Bits<'a>(&'a [u8], usize);

    impl Bits<'_> {
        fn take(&mut self, count: usize) -> u32 {
            let bits = (self.1..self.1 + count).map(|at| self.0[at / 8] >> (7 - at % 8) & 1);
            self.1 += count;
            bits.fold(0, |value, bit| value << 1 | u32::from(bit))
        }

        fn exp_golomb(&mut self) -> u32 {
            let zeros = (0..32).take_while(|_| self.take(1) == 0).count();
            (1 << zeros) - 1 + self.take(zeros)
        }

        fn all_exp_golomb<const COUNT: usize>(&mut self) -> [u32; COUNT] {
            std::array::from_fn(|_| self.exp_golomb())
        }

        /// Whether only the stop bit and the zeros that fill its byte are left.
        fn is_at_trailing_bits(&mut self) -> bool {
            let left = self.0.len() * 8 - self.1;
            (1..=8).contains(&left) && self.take(left) == 1 << (left - 1)
        }
    }

    /// The NAL units of a STAP-A.
    fn units(payload: &[u8]) -> Vec<&[u8]> {
        assert_eq!(payload[0] & 0x1f, 24, "a STAP-A");
        let (mut units, mut rest) = (Vec::new(), &payload[1..]);
        while let Some((length, behind)) = rest.split_first_chunk() {
            let (unit, behind) = behind.split_at(u16::from_be_bytes(*length).into());
            units.push(unit);
            rest = behind;
        }
        units
    }

    #[test]
    fn h264_key_frame_begins_with_its_parameter_sets() {
        let mut encoder = encoder(Codec::H264);
        for keyframe in [true, false, true] {
            let mut payloads = encoder.frame(keyframe);
            let aggregates = payloads.iter().filter(|payload| payload[0] & 0x1f == 24);
            assert_eq!(aggregates.count(), usize::from(keyframe));
            if keyframe {
                // Payloads are stamped like this when they are sent.
                Stamp { sent_us: u64::MAX }.write(&mut payloads[0]);
                let units = units(&payloads[0]);
                assert_eq!(units[..2], [SPS.as_slice(), &PPS]);
                assert_eq!(units[2][0] & 0x1f, 6);
                let [indicator, header, ..] = payloads[1][..] else {
                    panic!("the picture is behind its sets");
                };
                assert_eq!((indicator & 0x1f, header & 0x9f), (28, 0x85));
            }
        }
    }

    #[test]
    fn h264_parameter_sets_describe_baseline_1280_by_720() {
        let mut sps = Bits(&SPS[1..], 0);
        assert_eq!([sps.take(8), sps.take(8), sps.take(8)], [66, 0xe0, 31]);
        // Its id, log2_max_frame_num_minus4, pic_order_cnt_type, max_num_ref_frames.
        assert_eq!(sps.all_exp_golomb(), [0, 0, 2, 1]);
        assert_eq!(sps.take(1), 0, "no gaps in frame_num");
        let [width, height] = sps
            .all_exp_golomb()
            .map(|macroblocks| (macroblocks + 1) * 16);
        assert_eq!((width, height), (1280, 720));
        // frame_mbs_only, direct_8x8_inference, no cropping, no VUI.
        assert_eq!(sps.take(4), 0b1100);
        assert!(sps.is_at_trailing_bits());

        let mut pps = Bits(&PPS[1..], 0);
        assert_eq!(
            pps.all_exp_golomb(),
            [0, 0],
            "its own id, and that of the sequence"
        );
        assert_eq!(pps.take(2), 0, "CAVLC, no fields");
        // Slice groups and reference indices, each less one.
        assert_eq!(pps.all_exp_golomb(), [0, 0, 0]);
        assert_eq!(pps.take(3), 0, "no weighted prediction");
        // Three offsets of quantization, all zero.
        assert_eq!(pps.all_exp_golomb(), [0, 0, 0]);
        // Deblocking control, no constrained intra prediction, no redundant pictures.
        assert_eq!(pps.take(3), 0b100);
        assert!(pps.is_at_trailing_bits());
    }
}

//! VP8 (RFC 7741) and VP9 (RFC 9628).

use rtp::{PayloadInfo, vp8, vp9};

/// Spatial layers of VP9, so frames in a superframe.
const LAYERS_MAX: usize = 8;

/// Joins packets to one frame of VP8.
#[derive(Debug, Default)]
pub(crate) struct Vp8 {
    pub(crate) data: Vec<u8>,
}

impl Vp8 {
    pub(crate) fn append(&mut self, payload: &[u8]) -> Option<()> {
        let begins = PayloadInfo::inspect(rtp::Codec::Vp8, payload).start;
        if begins != self.data.is_empty() {
            return None;
        }
        self.data.extend_from_slice(vp8::body(payload)?);
        Some(())
    }
}

/// Joins packets to one picture of VP9.
#[derive(Debug, Default)]
pub(crate) struct Vp9 {
    pub(crate) data: Vec<u8>,
    /// Where the frame of each layer ends in `data`.
    ends: Vec<usize>,
    /// A layer's frame has begun.
    within: bool,
}

impl Vp9 {
    pub(crate) fn append(&mut self, payload: &[u8]) -> Option<()> {
        let part = vp9::part(payload)?;
        if part.begins == self.within {
            return None;
        }
        self.data.extend_from_slice(part.body);
        self.within = !part.ends;
        if part.ends {
            self.ends.push(self.data.len());
        }
        Some(())
    }

    /// With several frames, the index of a superframe follows them: a byte of marker before and
    /// after the sizes (VP9 bitstream specification, annex B.2).
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        if self.within || self.ends.len() > LAYERS_MAX {
            return None;
        }
        if self.ends.len() > 1 {
            let marker = SUPERFRAME | (SIZE_BYTES as u8 - 1) << 3 | (self.ends.len() as u8 - 1);
            self.data.push(marker);
            let mut begin = 0;
            for end in self.ends {
                let size = u32::try_from(end - begin).ok()?;
                self.data.extend_from_slice(&size.to_le_bytes());
                begin = end;
            }
            self.data.push(marker);
        }
        Some(self.data)
    }
}

/// Whether a frame of VP9 is a key frame, by its uncompressed header (VP9 bitstream specification,
/// §6.2): two bits of marker, two of profile, for profile 3 a reserved one, show_existing_frame, and
/// frame_type, which is 0 for a key frame.
pub(crate) fn is_vp9_keyframe(frame: &[u8]) -> bool {
    let first = frame.first().copied().unwrap_or_default();
    let after_profile = if first & 0x30 == 0x30 {
        first << 5
    } else {
        first << 4
    };
    first & 0xc0 == 0x80 && after_profile & 0xc0 == 0
}

const SUPERFRAME: u8 = 0b1100_0000;
const SIZE_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of two spatial layers: B and E of the lower one, then the upper one in two packets.
    const LOWER: [u8; 6] = [0xac, 0x01, 0x00, 0x07, 0x80, 0xaa];
    const UPPER_FRONT: [u8; 5] = [0xa8, 0x01, 0x03, 0x07, 0xbb];
    const UPPER_END: [u8; 5] = [0xa4, 0x01, 0x03, 0x07, 0xcc];

    #[test]
    fn spatial_layers_become_a_superframe() {
        let mut vp9 = Vp9::default();
        for payload in [&LOWER[..], &UPPER_FRONT, &UPPER_END] {
            assert_eq!(vp9.append(payload), Some(()));
        }
        let data = vp9.finish().unwrap();
        let index = [0xd9, 2, 0, 0, 0, 2, 0, 0, 0, 0xd9];
        assert_eq!(data, [&[0x80, 0xaa, 0xbb, 0xcc][..], &index].concat());
        assert!(is_vp9_keyframe(&data));
    }

    #[test]
    fn layer_without_its_end_is_no_unit() {
        let mut vp9 = Vp9::default();
        vp9.append(&LOWER).unwrap();
        vp9.append(&UPPER_FRONT).unwrap();
        assert_eq!(vp9.append(&LOWER), None, "the upper layer has not ended");
        assert_eq!(vp9.finish(), None);
    }

    #[test]
    fn key_frame_of_vp9_is_told_by_its_header() {
        // Profiles 0, 2 and 3; of 3, a reserved bit follows.
        for (key, inter) in [(0x82, 0x86), (0x90, 0x94), (0xb0, 0xb2)] {
            assert!(is_vp9_keyframe(&[key]), "{key:#x}");
            assert!(!is_vp9_keyframe(&[inter]), "{inter:#x}");
        }
        // A frame that is shown again; no frame.
        assert!(!is_vp9_keyframe(&[0x88]) && !is_vp9_keyframe(&[]));
    }
}

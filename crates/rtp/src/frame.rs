use crate::{Codec, av1, h26x, vp8, vp9};

/// What one packet's payload header says about its frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Frame {
    /// This packet begins a key frame: a decoder can start here.
    pub keyframe: bool,
    /// This packet begins a frame (of any kind).
    pub start: bool,
    /// Temporal layer, 0 is the base; 0 where the codec does not say.
    pub temporal_id: u8,
    /// Spatial layer (SVC), 0 is the base; 0 where the codec does not say.
    pub spatial_id: u8,
    /// A receiver may begin to take this frame's temporal layer here
    /// (VP8 layer sync, VP9 switching point).
    pub switch_up: bool,
    /// Numbers in the payload header that must be continuous for the viewer.
    pub picture: PictureIds,
}

/// Wrapping counters of VP8 (RFC 7741 §4.2) and VP9 (RFC 9628 §4.2) payload headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PictureIds {
    /// Picture id: 7 or 15 bits as `picture_id_wide` says.
    pub picture_id: Option<u16>,
    /// The picture id has 15 bits.
    pub picture_id_wide: bool,
    /// Running index of base temporal layer frames.
    pub tl0_index: Option<u8>,
}

impl Frame {
    /// Reads the payload header of `codec`. Never fails: what cannot be read is
    /// left at its default, and a packet that is not a key frame start is harmless.
    pub fn inspect(codec: Codec, payload: &[u8]) -> Self {
        let frame = match codec {
            // Every Opus packet stands alone (RFC 7587 §4).
            Codec::Opus => Some(Self {
                keyframe: true,
                start: true,
                ..Self::default()
            }),
            Codec::Vp8 => vp8::inspect(payload),
            Codec::Vp9 => vp9::inspect(payload),
            Codec::H264 => h26x::inspect_h264(payload),
            Codec::H265 => h26x::inspect_h265(payload),
            Codec::Av1 => av1::inspect(payload),
        };
        frame.unwrap_or_default()
    }
}

impl PictureIds {
    /// Overwrites the ids in a payload header that has them, width unchanged. Returns whether
    /// something was written.
    pub fn write(&self, codec: Codec, payload: &mut [u8]) -> bool {
        match codec {
            Codec::Vp9 => vp9::write_ids(payload, self),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODECS: [Codec; 6] = [
        Codec::Opus,
        Codec::Vp8,
        Codec::Vp9,
        Codec::H264,
        Codec::H265,
        Codec::Av1,
    ];

    proptest! {
        #[test]
        fn no_payload_is_a_panic(payload in proptest::collection::vec(any::<u8>(), 0..64)) {
            for codec in CODECS {
                let frame = Frame::inspect(codec, &payload);
                frame.picture.write(codec, &mut payload.clone());
            }
        }

        #[test]
        fn writing_the_ids_that_are_there_changes_nothing(payload in proptest::collection::vec(any::<u8>(), 0..16)) {
            let mut written = payload.clone();
            Frame::inspect(Codec::Vp9, &payload).picture.write(Codec::Vp9, &mut written);
            prop_assert_eq!(written, payload);
        }
    }
}

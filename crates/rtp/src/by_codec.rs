//! Payload headers of each codec, read and overwritten in the module of that codec.

use crate::{Codec, PayloadInfo, PictureIds, av1, h264, h265, vp8, vp9};

impl PayloadInfo {
    /// Reads the payload header of `codec`. Never fails: a payload that cannot be read yields the
    /// default, and a packet that does not begin a key frame is harmless.
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
            Codec::H264 => h264::inspect(payload),
            Codec::H265 => h265::inspect(payload),
            Codec::Av1 => av1::inspect(payload),
        };
        frame.unwrap_or_default()
    }
}

impl PictureIds {
    /// Overwrites the ids that a payload header has, each in its width. Returns whether anything
    /// was written: nothing is when the header is truncated, or the codec has no such ids.
    #[inline]
    pub fn write(&self, codec: Codec, payload: &mut [u8]) -> bool {
        let places = match codec {
            Codec::Vp8 => vp8::places(payload),
            Codec::Vp9 => vp9::places(payload),
            _ => None,
        };
        places.is_some_and(|places| places.write(self, payload))
    }
}

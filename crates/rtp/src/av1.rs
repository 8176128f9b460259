//! AV1 aggregation header (RTP Payload Format For AV1, §4.4), and the header of the first OBU
//! (AV1 Bitstream & Decoding Process Specification, §5.3.2).
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |Z|Y| W |N|-|-|-|
//!     +-+-+-+-+-+-+-+-+
//!     |    length     |   LEB128; absent when W is 1
//!     +-+-+-+-+-+-+-+-+
//!     |-| Type  |X|S|-|
//!     +-+-+-+-+-+-+-+-+
//! X:  | TID |SID|-|-|-|
//!     +-+-+-+-+-+-+-+-+
//! ```
//!
//! Layer ids are not reported: only a packet in which an OBU begins has them, and a frame must
//! not be forwarded in part. The dependency descriptor has them in every packet.

use crate::Frame;

pub(crate) fn inspect(payload: &[u8]) -> Option<Frame> {
    let (header, elements) = payload.split_first()?;
    // Z: the first OBU element continues one of the packet before.
    let continues = header & 0x80 != 0;
    // N: first packet of a coded video sequence, which begins with a key frame.
    let keyframe = header & 0x08 != 0 && !continues;
    let first_has_length = header & 0x30 != 0x10;
    Some(Frame {
        keyframe,
        start: keyframe || !continues && begins_picture(elements, first_has_length),
        ..Frame::default()
    })
}

/// Whether the first OBU may be the first one of a temporal unit. Nothing in the header says
/// so; but the rest of a picture is tile groups, and upper spatial layers say what they are.
fn begins_picture(elements: &[u8], has_length: bool) -> bool {
    let obu = if has_length {
        behind_length(elements)
    } else {
        Some(elements)
    };
    let Some((header, rest)) = obu.and_then(<[u8]>::split_first) else {
        return false;
    };
    let has_layers = header & 0x04 != 0;
    let upper_layer = has_layers && rest.first().is_some_and(|layers| layers & 0x18 != 0);
    // Sequence header, temporal delimiter, frame header, metadata, frame (§6.2.2 there).
    matches!((header >> 3) & 0x0f, 1 | 2 | 3 | 5 | 6) && !upper_layer
}

/// A LEB128 number has at most eight bytes (§4.10.5 there); the last has a clear first bit.
fn behind_length(elements: &[u8]) -> Option<&[u8]> {
    let last = elements.iter().take(8).position(|byte| byte & 0x80 == 0)?;
    elements.get(last + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(payload: &[u8]) -> bool {
        inspect(payload).is_some_and(|f| f.start)
    }

    #[test]
    fn a_new_coded_video_sequence_is_a_key_frame() {
        // One element: a sequence header, then a frame, then the rest of it.
        assert!(inspect(&[0x18, 0x0a]).is_some_and(|f| f.keyframe && f.start));
        assert!(inspect(&[0x10, 0x32]).is_some_and(|f| !f.keyframe && f.start));
        assert!(inspect(&[0x90, 0x32]).is_some_and(|f| !f.keyframe && !f.start));
    }

    #[test]
    fn a_continued_obu_never_begins_a_key_frame() {
        // Z and N exclude each other.
        assert!(inspect(&[0x98, 0x0a]).is_some_and(|f| !f.keyframe && !f.start));
    }

    #[test]
    fn a_tile_group_does_not_begin_a_picture() {
        assert!(!start(&[0x10, 0x20, 0]));
        assert!(start(&[0x10, 0x18, 0]));
    }

    #[test]
    fn an_upper_spatial_layer_does_not_begin_a_picture() {
        // Frames with TID 1 of spatial layers 0 and 1.
        assert!(start(&[0x10, 0x34, 0x20]));
        assert!(!start(&[0x10, 0x34, 0x28]));
    }

    #[test]
    fn the_length_of_the_first_obu_is_skipped() {
        // W 2 and W 0; lengths of one and of two bytes.
        assert!(start(&[0x20, 0x02, 0x30, 0xff, 0x20]));
        assert!(start(&[0x00, 0x80, 0x01, 0x30]));
        assert!(!start(&[0x00, 0x80, 0x01, 0x20]));
    }

    #[test]
    fn a_cut_element_begins_nothing() {
        for cut in [&[0x10][..], &[0x00], &[0x00, 0x80], &[0x00, 0x02]] {
            assert!(!start(cut), "{cut:?}");
        }
    }
}

//! VP9 payload descriptor (RFC 9628 §4.2).
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |I|P|L|F|B|E|V|Z| (required)
//!     +-+-+-+-+-+-+-+-+
//! I:  |M| PICTURE ID  |   15 bits if M is set, else 7
//! L:  |TID|U| SID |D|
//!     |   TL0PICIDX   |   only when F is clear
//!     +-+-+-+-+-+-+-+-+
//! ```
//!
//! The references (P and F) and the scalability structure (V) that may follow are only skipped.

use crate::picture_fields::{Fields, Places};
use crate::{PayloadInfo, SwitchUp};

/// One packet's part of the frame of one spatial layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The layer's frame begins here.
    pub begins: bool,
    /// The layer's frame ends here.
    pub ends: bool,
    /// What stands behind the descriptor.
    pub body: &'a [u8],
}

/// The part of a frame that a packet carries; `None` if its descriptor is truncated.
pub fn part(payload: &[u8]) -> Option<Part<'_>> {
    let first = *payload.first()?;
    let (_, mut fields) = read(payload)?;
    // P_DIFF of each reference; N: another one follows.
    if first & 0x50 == 0x50 {
        while fields.byte()? & 0x01 != 0 {}
    }
    if first & 0x02 != 0 {
        skip_scalability_structure(&mut fields)?;
    }
    Some(Part {
        begins: first & 0x08 != 0,
        ends: first & 0x04 != 0,
        body: fields.rest(),
    })
}

/// ```text
///      +-+-+-+-+-+-+-+-+
/// V:   | N_S |Y|G|-|-|-|
/// Y:   |     WIDTH     |   two bytes each, N_S + 1 times
///      |     HEIGHT     |
/// G:   |      N_G      |
///      | TID |U| R |-|-|   N_G times, each with R bytes
///      +-+-+-+-+-+-+-+-+
/// ```
fn skip_scalability_structure(fields: &mut Fields<'_>) -> Option<()> {
    let head = fields.byte()?;
    if head & 0x10 != 0 {
        let layers = usize::from(head >> 5) + 1;
        fields.skip(4 * layers)?;
    }
    if head & 0x08 != 0 {
        for _ in 0..fields.byte()? {
            let references = usize::from(fields.byte()? >> 2 & 3);
            fields.skip(references)?;
        }
    }
    Some(())
}

pub(crate) fn inspect(payload: &[u8]) -> Option<PayloadInfo> {
    read(payload).map(|(frame, _)| frame)
}

/// Positions of the ids in the payload.
pub(crate) fn places(payload: &[u8]) -> Option<Places> {
    read(payload).map(|(_, fields)| fields.places)
}

fn read(payload: &[u8]) -> Option<(PayloadInfo, Fields<'_>)> {
    let mut fields = Fields::of(payload);
    let first = fields.byte()?;
    let flag = |bit: u8| first & bit != 0;
    let (has_id, inter, layers, flexible, begins) =
        (flag(0x80), flag(0x40), flag(0x20), flag(0x10), flag(0x08));
    let mut frame = PayloadInfo::default();
    if has_id {
        fields.picture_id()?;
    }
    if layers {
        let indices = fields.byte()?;
        frame.temporal_id = indices >> 5;
        if indices & 0x10 != 0 {
            frame.switch_up = SwitchUp::Here;
        }
        frame.spatial_id = (indices >> 1) & 0x07;
        if !flexible {
            fields.tl0_index()?;
        }
    }
    // B is set at the start of each spatial layer of a picture; the lowest layer begins the
    // picture.
    frame.start = begins && frame.spatial_id == 0;
    frame.keyframe = frame.start && !inter;
    frame.picture = fields.ids;
    Some((frame, fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PictureIds;

    #[test]
    fn key_frame_in_non_flexible_mode_is_read() {
        let payload = [0xa8, 0x81, 0x02, 0x00, 0x09, 0xff];
        let frame = inspect(&payload).expect("well formed");
        assert!(frame.keyframe && frame.start);
        assert_eq!(
            frame.picture,
            PictureIds {
                picture_id: Some(0x102),
                picture_id_wide: true,
                tl0_index: Some(9)
            }
        );
    }

    #[test]
    fn flexible_mode_has_no_tl0_index() {
        // I, P, L, F, B; picture id 5 of 7 bits; TID 2, U; one reference.
        let frame = inspect(&[0xf8, 0x05, 0x50, 0x02, 0xff]).expect("well formed");
        assert!(frame.start && !frame.keyframe && frame.switch_up == SwitchUp::Here);
        assert_eq!((frame.temporal_id, frame.spatial_id), (2, 0));
        assert_eq!(
            frame.picture,
            PictureIds {
                picture_id: Some(5),
                ..PictureIds::default()
            }
        );
    }

    #[test]
    fn upper_spatial_layer_does_not_begin_a_key_frame() {
        // Spatial layer 1, predicted from layer 0 of the same picture.
        let frame = inspect(&[0xa8, 0x05, 0x03, 0x00]).expect("well formed");
        assert!(!frame.keyframe && !frame.start);
        assert_eq!(frame.spatial_id, 1);
    }

    #[test]
    fn only_the_first_packet_begins_a_key_frame() {
        assert!(inspect(&[0x08, 0xff]).is_some_and(|f| f.keyframe && f.start));
        assert!(inspect(&[0x04, 0xff]).is_some_and(|f| !f.keyframe && !f.start));
        assert!(inspect(&[0x48, 0xff]).is_some_and(|f| !f.keyframe && f.start));
    }

    #[test]
    fn references_and_scalability_structure_are_skipped() {
        // P, F, B, E; two references; then the frame.
        let inter = [0x5c, 0x03, 0x04, 0xaa, 0xbb];
        let whole = |body| Part {
            begins: true,
            ends: true,
            body,
        };
        assert_eq!(part(&inter), Some(whole(&[0xaa, 0xbb])));
        // B, E, V; one layer of 2x1, a group of two pictures with one and no reference.
        let key = [0x0e, 0x18, 0, 2, 0, 1, 2, 0x04, 1, 0x00, 0xaa];
        assert_eq!(part(&key), Some(whole(&[0xaa])));
        for length in 0..key.len() - 1 {
            assert_eq!(part(&key[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn truncated_descriptor_yields_nothing() {
        let whole = [0xa8, 0x81, 0x02, 0x00, 0x09];
        for len in 0..whole.len() {
            assert_eq!(whole.get(..len).and_then(inspect), None, "{len} bytes");
        }
        assert!(inspect(&whole).is_some());
    }
}

//! VP8 payload descriptor (RFC 7741 §4.2).
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |X|R|N|S|R| PID | (required)
//!     +-+-+-+-+-+-+-+-+
//! X:  |I|L|T|K| RSV   |
//! I:  |M| PictureID   |   15 bits if M is set, else 7
//!     +-+-+-+-+-+-+-+-+
//! L:  |   TL0PICIDX   |
//! T/K:|TID|Y| KEYIDX  |
//!     +-+-+-+-+-+-+-+-+
//! ```

use crate::picture_fields::{Fields, Places};
use crate::{PayloadInfo, SwitchUp};

/// The part of a frame that a packet carries, behind its descriptor; `None` if that is truncated.
pub fn body(payload: &[u8]) -> Option<&[u8]> {
    read(payload).map(|(_, fields)| fields.rest())
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
    let mut frame = PayloadInfo::default();
    if first & 0x80 != 0 {
        let extension = fields.byte()?;
        if extension & 0x80 != 0 {
            fields.picture_id()?;
        }
        if extension & 0x40 != 0 {
            fields.tl0_index()?;
        }
        // The byte is present when T or K is set; TID and Y are valid only with T.
        if extension & 0x30 != 0 {
            let tid_y_keyidx = fields.byte()?;
            if extension & 0x20 != 0 {
                frame.temporal_id = tid_y_keyidx >> 6;
                if tid_y_keyidx & 0x20 != 0 {
                    frame.switch_up = SwitchUp::Here;
                }
            }
        }
    }
    // S: a partition begins; PID 0: the first one of the frame.
    frame.start = first & 0x10 != 0 && first & 0x07 == 0;
    // The frame header's first bit is clear in a key frame (RFC 7741 §4.3).
    frame.keyframe = frame.start && fields.peek().is_some_and(|header| header & 0x01 == 0);
    frame.picture = fields.ids;
    Some((frame, fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PictureIds;

    #[test]
    fn key_frame_with_all_fields_is_read() {
        let payload = [0x90, 0xf0, 0x81, 0x02, 0x07, 0x60, 0x00];
        let frame = inspect(&payload).expect("well formed");
        assert!(frame.keyframe && frame.start && frame.switch_up == SwitchUp::Here);
        assert_eq!(frame.temporal_id, 1);
        assert_eq!(
            frame.picture,
            PictureIds {
                picture_id: Some(0x102),
                picture_id_wide: true,
                tl0_index: Some(7)
            }
        );
    }

    #[test]
    fn only_the_first_packet_begins_a_key_frame() {
        assert!(inspect(&[0x10, 0x00]).is_some_and(|f| f.keyframe));
        assert!(inspect(&[0x00, 0x00]).is_some_and(|f| !f.keyframe && !f.start));
        assert!(inspect(&[0x10, 0x01]).is_some_and(|f| !f.keyframe && f.start));
        // The second partition begins.
        assert!(inspect(&[0x11, 0x00]).is_some_and(|f| !f.keyframe && !f.start));
    }

    #[test]
    fn picture_id_of_7_bits_is_read() {
        let ids = inspect(&[0x90, 0x80, 0x05, 0x01]).map(|f| f.picture);
        assert_eq!(
            ids,
            Some(PictureIds {
                picture_id: Some(5),
                ..PictureIds::default()
            })
        );
    }

    #[test]
    fn key_index_alone_sets_no_temporal_layer() {
        let frame = inspect(&[0x90, 0x10, 0xff, 0x01]).expect("well formed");
        assert!(frame.temporal_id == 0 && frame.switch_up == SwitchUp::No);
    }

    #[test]
    fn truncated_descriptor_yields_nothing() {
        let whole = [0x90, 0xf0, 0x81, 0x02, 0x07, 0x60];
        for len in 0..whole.len() {
            assert_eq!(whole.get(..len).and_then(inspect), None, "{len} bytes");
        }
        // Without the frame header, the packet does not count as a key frame.
        assert!(inspect(&whole).is_some_and(|f| f.start && !f.keyframe));
    }
}

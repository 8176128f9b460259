//! VP8 payload descriptor (RFC 7741 §4.2).
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |X|R|N|S|R| PID | (required)
//!     +-+-+-+-+-+-+-+-+
//! X:  |I|L|T|K| RSV   |
//! I:  |M| PictureID   |   15 bits when M, else 7
//!     +-+-+-+-+-+-+-+-+
//! L:  |   TL0PICIDX   |
//! T/K:|TID|Y| KEYIDX  |
//!     +-+-+-+-+-+-+-+-+
//! ```

use crate::{Frame, PictureIds};

pub(crate) fn inspect(payload: &[u8]) -> Option<Frame> {
    let (first, mut rest) = payload.split_first()?;
    let mut frame = Frame::default();
    if first & 0x80 != 0 {
        let extension = take(&mut rest)?;
        if extension & 0x80 != 0 {
            let high = take(&mut rest)?;
            frame.picture = if high & 0x80 != 0 {
                let low = take(&mut rest)?;
                let id = u16::from_be_bytes([high & 0x7f, low]);
                PictureIds {
                    picture_id: Some(id),
                    picture_id_wide: true,
                    tl0_index: None,
                }
            } else {
                PictureIds {
                    picture_id: Some(high.into()),
                    ..PictureIds::default()
                }
            };
        }
        if extension & 0x40 != 0 {
            frame.picture.tl0_index = Some(take(&mut rest)?);
        }
        if extension & 0x30 != 0 {
            let tid_y_keyidx = take(&mut rest)?;
            if extension & 0x20 != 0 {
                frame.temporal_id = tid_y_keyidx >> 6;
                frame.switch_up = tid_y_keyidx & 0x20 != 0;
            }
        }
    }
    frame.start = first & 0x10 != 0 && first & 0x07 == 0;
    // The frame header's first bit is clear in a key frame (RFC 6386 §9.1).
    frame.keyframe = frame.start && rest.first().is_some_and(|header| header & 0x01 == 0);
    Some(frame)
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frame_with_all_fields() {
        let payload = [0x90, 0xf0, 0x81, 0x02, 0x07, 0x60, 0x00];
        let frame = inspect(&payload).expect("well formed");
        assert!(frame.keyframe && frame.start && frame.switch_up);
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
    fn only_the_first_packet_of_a_key_frame_begins_it() {
        assert!(inspect(&[0x10, 0x00]).is_some_and(|f| f.keyframe));
        assert!(inspect(&[0x00, 0x00]).is_some_and(|f| !f.keyframe && !f.start));
        assert!(inspect(&[0x10, 0x01]).is_some_and(|f| !f.keyframe && f.start));
    }

    #[test]
    fn short_picture_id() {
        let ids = inspect(&[0x90, 0x80, 0x05, 0x01]).map(|f| f.picture);
        assert_eq!(
            ids,
            Some(PictureIds {
                picture_id: Some(5),
                ..PictureIds::default()
            })
        );
    }
}

//! VP9 payload descriptor (RFC 9628 §4.2).
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |I|P|L|F|B|E|V|Z| (required)
//!     +-+-+-+-+-+-+-+-+
//! I:  |M| PICTURE ID  |   15 bits when M, else 7
//! L:  |TID|U| SID |D|
//!     |   TL0PICIDX   |   only when F is clear
//!     +-+-+-+-+-+-+-+-+
//! ```

use crate::{Frame, PictureIds};

/// Where the ids stand in a payload.
struct Layout {
    frame: Frame,
    picture_id_at: Option<usize>,
    tl0_at: Option<usize>,
}

pub(crate) fn inspect(payload: &[u8]) -> Option<Frame> {
    layout(payload).map(|layout| layout.frame)
}

/// Overwrites the ids that the header has; see [`PictureIds::write`].
pub(crate) fn write_ids(payload: &mut [u8], ids: &PictureIds) -> bool {
    let Some(layout) = layout(payload) else {
        return false;
    };
    let mut written = false;
    if let (Some(at), Some(id)) = (layout.picture_id_at, ids.picture_id) {
        let [high, low] = id.to_be_bytes();
        if layout.frame.picture.picture_id_wide {
            payload[at] = 0x80 | (high & 0x7f);
            payload[at + 1] = low;
        } else {
            payload[at] = low & 0x7f;
        }
        written = true;
    }
    if let (Some(at), Some(index)) = (layout.tl0_at, ids.tl0_index) {
        payload[at] = index;
        written = true;
    }
    written
}

fn layout(payload: &[u8]) -> Option<Layout> {
    let first = *payload.first()?;
    let flag = |bit: u8| first & bit != 0;
    let (has_id, inter, layers, flexible, begins) =
        (flag(0x80), flag(0x40), flag(0x20), flag(0x10), flag(0x08));
    let mut at = 1;
    let mut frame = Frame::default();
    let mut picture_id_at = None;
    let mut tl0_at = None;
    if has_id {
        let high = *payload.get(at)?;
        picture_id_at = Some(at);
        at += 1;
        if high & 0x80 != 0 {
            let low = *payload.get(at)?;
            at += 1;
            frame.picture.picture_id = Some(u16::from_be_bytes([high & 0x7f, low]));
            frame.picture.picture_id_wide = true;
        } else {
            frame.picture.picture_id = Some(high.into());
        }
    }
    let mut inter_layer = false;
    if layers {
        let indices = *payload.get(at)?;
        at += 1;
        frame.temporal_id = indices >> 5;
        frame.switch_up = indices & 0x10 != 0;
        frame.spatial_id = (indices >> 1) & 0x07;
        inter_layer = indices & 0x01 != 0;
        if !flexible {
            frame.picture.tl0_index = Some(*payload.get(at)?);
            tl0_at = Some(at);
        }
    }
    frame.start = begins && frame.spatial_id == 0;
    frame.keyframe = frame.start && !inter && !inter_layer;
    Some(Layout {
        frame,
        picture_id_at,
        tl0_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frame_in_non_flexible_mode() {
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
    fn an_upper_spatial_layer_does_not_begin_a_key_frame() {
        // Spatial layer 1, predicted from layer 0 of the same picture.
        let frame = inspect(&[0xa8, 0x05, 0x03, 0x00]).expect("well formed");
        assert!(!frame.keyframe && !frame.start);
        assert_eq!(frame.spatial_id, 1);
    }

    #[test]
    fn ids_are_overwritten_in_their_width() {
        let mut payload = [0xa8, 0x81, 0x02, 0x00, 0x09, 0xff];
        let ids = PictureIds {
            picture_id: Some(0x7fff),
            picture_id_wide: true,
            tl0_index: Some(1),
        };
        assert!(write_ids(&mut payload, &ids));
        assert_eq!(inspect(&payload).map(|f| f.picture), Some(ids));
        assert_eq!(payload[5], 0xff);
    }

    #[test]
    fn a_header_without_ids_stays_as_it_is() {
        let mut payload = [0x08, 0xff];
        assert!(!write_ids(
            &mut payload,
            &PictureIds {
                picture_id: Some(1),
                ..PictureIds::default()
            }
        ));
        assert_eq!(payload, [0x08, 0xff]);
    }
}

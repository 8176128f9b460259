use std::ops::Range;

use crate::{Codec, vp8, vp9};

/// The wrapping counters in VP8 (RFC 7741 §4.2) and VP9 (RFC 9628 §4.2) payload headers; `None`
/// where a header does not have one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PictureIds {
    /// Picture id of 7 or 15 bits, as `picture_id_wide` says.
    pub picture_id: Option<u16>,
    /// The picture id has 15 bits.
    pub picture_id_wide: bool,
    /// TL0PICIDX: running index of the frames of the base temporal layer.
    pub tl0_index: Option<u8>,
}

impl PictureIds {
    /// Overwrites the ids that a payload header has, each in its width. Returns whether anything
    /// was written: nothing is when the header is truncated, or the codec has no such ids.
    pub fn write(&self, codec: Codec, payload: &mut [u8]) -> bool {
        let places = match codec {
            Codec::Vp8 => vp8::places(payload),
            Codec::Vp9 => vp9::places(payload),
            _ => None,
        };
        places.is_some_and(|places| places.write(self, payload))
    }
}

/// Byte positions of the ids in a payload.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// One byte, or two when the id is wide.
    picture_id: Option<Range<usize>>,
    tl0_index: Option<usize>,
}

impl Places {
    fn write(&self, ids: &PictureIds, payload: &mut [u8]) -> bool {
        let mut written = false;
        if let (Some(place), Some(id)) = (self.picture_id.clone(), ids.picture_id) {
            let [id_high, id_low] = id.to_be_bytes();
            match payload.get_mut(place) {
                Some([narrow]) => {
                    // The M bit stays clear: the id has 7 bits.
                    *narrow = id_low & 0x7f;
                    written = true;
                }
                Some([high, low]) => {
                    *high = 0x80 | id_high;
                    *low = id_low;
                    written = true;
                }
                _ => {}
            }
        }
        if let (Some(place), Some(index)) = (self.tl0_index, ids.tl0_index)
            && let Some(byte) = payload.get_mut(place)
        {
            *byte = index;
            written = true;
        }
        written
    }
}

/// Reads the fields of a VP8 or VP9 payload descriptor in order. Both codecs encode their ids in
/// the same way.
pub(crate) struct Fields<'a> {
    payload: &'a [u8],
    at: usize,
    pub(crate) ids: PictureIds,
    pub(crate) places: Places,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(payload: &'a [u8]) -> Self {
        Self {
            payload,
            at: 0,
            ids: PictureIds::default(),
            places: Places::default(),
        }
    }

    /// Consumes the next byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Returns the next byte without consuming it.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.payload.get(self.at).copied()
    }

    /// ```text
    ///     +-+-+-+-+-+-+-+-+
    ///     |M| PICTURE ID  |
    ///     +-+-+-+-+-+-+-+-+
    /// M:  | EXTENDED PID  |
    ///     +-+-+-+-+-+-+-+-+
    /// ```
    pub(crate) fn picture_id(&mut self) -> Option<()> {
        let begin = self.at;
        let high = self.byte()?;
        let wide = high & 0x80 != 0;
        self.ids.picture_id_wide = wide;
        self.ids.picture_id = Some(if wide {
            u16::from_be_bytes([high & 0x7f, self.byte()?])
        } else {
            high.into()
        });
        self.places.picture_id = Some(begin..self.at);
        Some(())
    }

    pub(crate) fn tl0_index(&mut self) -> Option<()> {
        self.places.tl0_index = Some(self.at);
        self.ids.tl0_index = Some(self.byte()?);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::PayloadInfo;

    const IDS: PictureIds = PictureIds {
        picture_id: Some(0xffff),
        picture_id_wide: true,
        tl0_index: Some(1),
    };

    #[test]
    fn vp8_ids_are_overwritten_in_their_width() {
        // X; I, L, T; picture id 0x0102 of 15 bits; TL0PICIDX; TID and Y; frame header.
        let mut wide = [0x90, 0xe0, 0x81, 0x02, 0x07, 0x60, 0x00];
        assert!(IDS.write(Codec::Vp8, &mut wide));
        assert_eq!(wide, [0x90, 0xe0, 0xff, 0xff, 0x01, 0x60, 0x00]);

        // X; I; picture id 5 of 7 bits; frame header.
        let mut narrow = [0x90, 0x80, 0x05, 0x01];
        assert!(IDS.write(Codec::Vp8, &mut narrow));
        assert_eq!(narrow, [0x90, 0x80, 0x7f, 0x01]);
    }

    #[test]
    fn vp9_ids_are_overwritten_in_their_width() {
        // I, L, B; picture id 0x0102 of 15 bits; layer indices; TL0PICIDX; frame.
        let mut wide = [0xa8, 0x81, 0x02, 0x00, 0x09, 0xff];
        assert!(IDS.write(Codec::Vp9, &mut wide));
        assert_eq!(wide, [0xa8, 0xff, 0xff, 0x00, 0x01, 0xff]);

        // I, F, L: no TL0PICIDX in flexible mode.
        let mut flexible = [0xb8, 0x05, 0x20, 0xff];
        assert!(IDS.write(Codec::Vp9, &mut flexible));
        assert_eq!(flexible, [0xb8, 0x7f, 0x20, 0xff]);
    }

    #[test]
    fn header_without_ids_is_unchanged() {
        for (codec, header) in [
            (Codec::Vp8, [0x10, 0x00]),
            (Codec::Vp9, [0x08, 0xff]),
            (Codec::H264, [0x65, 0x88]),
        ] {
            let mut payload = header;
            assert!(!IDS.write(codec, &mut payload), "{codec}");
            assert_eq!(payload, header, "{codec}");
        }
    }

    #[test]
    fn truncated_header_is_unchanged() {
        for (codec, cut) in [
            (Codec::Vp8, &[0x90, 0xc0, 0x81, 0x02][..]),
            (Codec::Vp9, &[0xa8, 0x81, 0x02, 0x00][..]),
        ] {
            let mut payload = cut.to_vec();
            assert!(!IDS.write(codec, &mut payload), "{codec}");
            assert_eq!(payload, cut, "{codec}");
        }
    }

    proptest! {
        #[test]
        fn writing_the_same_ids_changes_nothing(
            vp9 in any::<bool>(),
            payload in proptest::collection::vec(any::<u8>(), 0..16),
        ) {
            let codec = if vp9 { Codec::Vp9 } else { Codec::Vp8 };
            let mut written = payload.clone();
            PayloadInfo::inspect(codec, &payload).picture.write(codec, &mut written);
            prop_assert_eq!(written, payload);
        }

        #[test]
        fn written_ids_are_read_back(
            vp9 in any::<bool>(),
            id: u16,
            index: u8,
            mut payload in proptest::collection::vec(any::<u8>(), 0..16),
        ) {
            let codec = if vp9 { Codec::Vp9 } else { Codec::Vp8 };
            let before = PayloadInfo::inspect(codec, &payload);
            let ids = PictureIds { picture_id: Some(id), picture_id_wide: true, tl0_index: Some(index) };
            let written = ids.write(codec, &mut payload);

            let had = before.picture;
            prop_assert_eq!(written, had.picture_id.is_some() || had.tl0_index.is_some());
            let mask = if had.picture_id_wide { 0x7fff } else { 0x7f };
            let picture = PictureIds {
                picture_id: had.picture_id.map(|_| id & mask),
                tl0_index: had.tl0_index.map(|_| index),
                ..had
            };
            prop_assert_eq!(PayloadInfo::inspect(codec, &payload), PayloadInfo { picture, ..before });
        }
    }
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Codec, PayloadInfo};

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

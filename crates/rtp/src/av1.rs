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

use crate::PayloadInfo;

pub(crate) fn inspect(payload: &[u8]) -> Option<PayloadInfo> {
    let (header, elements) = payload.split_first()?;
    // Z: the first OBU element continues one of the packet before.
    let continues = header & 0x80 != 0;
    // N: first packet of a coded video sequence, which begins with a key frame.
    let keyframe = header & 0x08 != 0 && !continues;
    let first_has_length = header & 0x30 != 0x10;
    Some(PayloadInfo {
        keyframe,
        start: keyframe || !continues && begins_picture(elements, first_has_length),
        parameter_sets: sequence_header(payload).is_some(),
        ..PayloadInfo::default()
    })
}

/// The sequence header OBU with which a packet begins, behind a temporal delimiter at most.
pub(crate) fn sequence_header(payload: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = payload.split_first()?;
    // Z: the first element is no whole OBU.
    if header & 0x80 != 0 {
        return None;
    }
    let count = usize::from(header >> 4 & 3);
    for place in 1_usize.. {
        let is_last = place == count;
        let element = if is_last {
            std::mem::take(&mut rest)
        } else {
            let (length, elements) = leb128(rest)?;
            let (element, behind) = elements.split_at_checked(length)?;
            rest = behind;
            element
        };
        match obu_type(element)? {
            TEMPORAL_DELIMITER if !is_last => {}
            // Y: the last element goes on in the next packet.
            SEQUENCE_HEADER if !rest.is_empty() || header & 0x40 == 0 => return Some(element),
            _ => return None,
        }
    }
    None
}

/// Whether this is a sequence header OBU.
pub(crate) fn is_sequence_header(obu: &[u8]) -> bool {
    obu_type(obu) == Some(SEQUENCE_HEADER)
}

/// The payload of a packet with nothing but this OBU.
pub(crate) fn alone(obu: &[u8]) -> Vec<u8> {
    [&[0x10], obu].concat()
}

/// A payload with a sequence header in front; `None` where the aggregation header cannot say so,
/// or `payload` begins within an OBU.
pub(crate) fn with_sequence_header(payload: &[u8], obu: &[u8]) -> Option<Vec<u8>> {
    let (header, elements) = payload.split_first()?;
    let count = match header >> 4 & 3 {
        // Each element has a length, however many there are.
        0 => 0,
        // More than three cannot be counted.
        3 => return None,
        count => count + 1,
    };
    if header & 0x80 != 0 {
        return None;
    }
    let mut whole = vec![header & 0xcf | count << 4];
    let mut length = obu.len();
    while length >= 0x80 {
        whole.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    whole.push(length as u8);
    whole.extend_from_slice(obu);
    whole.extend_from_slice(elements);
    Some(whole)
}

/// OBU types (AV1 Bitstream & Decoding Process Specification, §6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;

fn obu_type(obu: &[u8]) -> Option<u8> {
    obu.first().map(|header| header >> 3 & 0x0f)
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

fn behind_length(elements: &[u8]) -> Option<&[u8]> {
    leb128(elements).map(|(_, rest)| rest)
}

/// A LEB128 number has at most eight bytes (§4.10.5 there); the last has a clear first bit.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let last = bytes.iter().take(8).position(|byte| byte & 0x80 == 0)?;
    let (digits, rest) = bytes.split_at_checked(last + 1)?;
    let digits = digits.iter().rev();
    let number = digits.fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((usize::try_from(number).ok()?, rest))
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

    #[test]
    fn a_sequence_header_is_found_in_front_only() {
        let obu = [0x08, 0x00, 0x00];
        // One element; one of two; behind a temporal delimiter; each with a length.
        for payload in [
            &[0x18, 0x08, 0x00, 0x00][..],
            &[0x28, 3, 0x08, 0x00, 0x00, 0x30, 0xff],
            &[0x38, 1, 0x10, 3, 0x08, 0x00, 0x00, 0x30, 0xff],
            &[0x08, 3, 0x08, 0x00, 0x00, 1, 0x30],
        ] {
            assert_eq!(sequence_header(payload), Some(&obu[..]), "{payload:?}");
        }
        // A frame; one that goes on in the next packet; the rest of one; cut ones.
        for payload in [
            &[0x10, 0x30, 0xff][..],
            &[0x58, 0x08, 0x00],
            &[0x90, 0x08, 0x00],
            &[0x28, 9, 0x08],
            &[0x18],
            &[],
        ] {
            assert_eq!(sequence_header(payload), None, "{payload:?}");
        }
    }

    #[test]
    fn a_sequence_header_is_put_in_front() {
        let obu = [0x08, 0x00, 0x00];
        for payload in [
            &[0x18, 0x30, 0xff][..],
            &[0x68, 2, 0x18, 0x00, 0x20, 0xff],
            &[0x08, 2, 0x30, 0xff],
        ] {
            let whole = with_sequence_header(payload, &obu).unwrap();
            assert_eq!(sequence_header(&whole), Some(&obu[..]));
            assert!(inspect(&whole).is_some_and(|f| f.keyframe && f.start));
            assert!(whole.ends_with(&payload[1..]), "{whole:?}");
        }
        assert_eq!(with_sequence_header(&[0x90, 0x30], &obu), None);
        assert_eq!(
            with_sequence_header(&[0x38, 1, 0x30, 1, 0x20, 0x20], &obu),
            None
        );
        let long = [0x08; 200];
        let whole = with_sequence_header(&[0x18, 0x30], &long).unwrap();
        assert_eq!(sequence_header(&whole), Some(&long[..]));
    }
}

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
//! Layer ids are not reported: only a packet in which an OBU begins has them, and a frame must not
//! be forwarded in part. The dependency descriptor has them in every packet.

use crate::PayloadInfo;

pub(crate) fn inspect(payload: &[u8]) -> Option<PayloadInfo> {
    let (header, elements) = payload.split_first()?;
    // Z: the first OBU element continues one of the previous packet.
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

/// The OBU elements of a packet.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a> {
    /// Z: the first one continues the last of the packet before.
    pub continues: bool,
    /// Y: the last one goes on in the next packet.
    pub goes_on: bool,
    /// How many elements there are; 0 if each has a length.
    count: usize,
    place: usize,
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Reads an aggregation header; `None` of an empty payload.
    pub fn of(payload: &'a [u8]) -> Option<Self> {
        let (header, rest) = payload.split_first()?;
        Some(Self {
            continues: header & 0x80 != 0,
            goes_on: header & 0x40 != 0,
            count: usize::from(header >> 4 & 3),
            place: 0,
            rest,
        })
    }

    /// Whether no element follows.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Ends before an element that is truncated: then [`Elements::is_at_end`] does not hold.
impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.place += 1;
        // The last of W elements has no length; with W = 0, all have one.
        if self.place == self.count {
            return Some(std::mem::take(&mut self.rest));
        }
        let (length, elements) = leb128(self.rest)?;
        let (element, behind) = elements.split_at_checked(length)?;
        self.rest = behind;
        Some(element)
    }
}

/// Returns the sequence header OBU that a packet begins with; only temporal delimiters may precede
/// it.
pub(crate) fn sequence_header(payload: &[u8]) -> Option<&[u8]> {
    let mut elements = Elements::of(payload)?;
    // The first element is not a whole OBU.
    if elements.continues {
        return None;
    }
    loop {
        let element = elements.next()?;
        let is_last = elements.is_at_end();
        match obu_type(element)? {
            TEMPORAL_DELIMITER if !is_last => {}
            SEQUENCE_HEADER if !is_last || !elements.goes_on => return Some(element),
            _ => return None,
        }
    }
}

/// Whether this is a sequence header OBU.
pub(crate) fn is_sequence_header(obu: &[u8]) -> bool {
    obu_type(obu) == Some(SEQUENCE_HEADER)
}

/// The payload of a packet that carries only this OBU: one element without a length.
pub(crate) fn alone(obu: &[u8]) -> Vec<u8> {
    [&[0x10], obu].concat()
}

/// Prepends a sequence header to a payload. `None` when the aggregation header cannot count one
/// more element, or `payload` begins within an OBU.
pub(crate) fn with_sequence_header(payload: &[u8], obu: &[u8]) -> Option<Vec<u8>> {
    let (header, elements) = payload.split_first()?;
    let count = match header >> 4 & 3 {
        // Every element has a length, and they are not counted.
        0 => 0,
        // W cannot count more than three.
        3 => return None,
        count => count + 1,
    };
    if header & 0x80 != 0 {
        return None;
    }
    let mut whole = vec![header & 0xcf | count << 4];
    write_leb128(obu.len(), &mut whole);
    whole.extend_from_slice(obu);
    whole.extend_from_slice(elements);
    Some(whole)
}

/// OBU types (AV1 Bitstream & Decoding Process Specification, §6.2.2).
const SEQUENCE_HEADER: u8 = 1;
/// It says that a temporal unit begins, which RTP and files say by themselves.
pub const TEMPORAL_DELIMITER: u8 = 2;

/// The type of an OBU; `None` if it is empty.
pub fn obu_type(obu: &[u8]) -> Option<u8> {
    obu.first().map(|header| header >> 3 & 0x0f)
}

/// Whether the first OBU may be the first of a temporal unit. No header field says so, but the rest
/// of a picture is tile groups, and an OBU of an upper spatial layer carries its layer.
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
    // Sequence header, temporal delimiter, frame header, metadata, frame (AV1 specification,
    // §6.2.2).
    matches!((header >> 3) & 0x0f, 1 | 2 | 3 | 5 | 6) && !upper_layer
}

fn behind_length(elements: &[u8]) -> Option<&[u8]> {
    leb128(elements).map(|(_, rest)| rest)
}

/// Reads a LEB128 number, and returns it with the bytes after it; `None` if it is truncated. It has
/// at most eight bytes, the last of which has its high bit clear (AV1 specification, §4.10.5).
pub fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let last = bytes.iter().take(8).position(|byte| byte & 0x80 == 0)?;
    let (digits, rest) = bytes.split_at_checked(last + 1)?;
    let digits = digits.iter().rev();
    let number = digits.fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((usize::try_from(number).ok()?, rest))
}

/// Appends a number as LEB128, in as few bytes as it takes.
pub fn write_leb128(mut number: usize, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    to.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(payload: &[u8]) -> bool {
        inspect(payload).is_some_and(|f| f.start)
    }

    #[test]
    fn new_coded_video_sequence_is_a_key_frame() {
        // One element each: a sequence header, a frame, the rest of a frame.
        assert!(inspect(&[0x18, 0x0a]).is_some_and(|f| f.keyframe && f.start));
        assert!(inspect(&[0x10, 0x32]).is_some_and(|f| !f.keyframe && f.start));
        assert!(inspect(&[0x90, 0x32]).is_some_and(|f| !f.keyframe && !f.start));
    }

    #[test]
    fn continued_obu_never_begins_a_key_frame() {
        // Z and N exclude each other.
        assert!(inspect(&[0x98, 0x0a]).is_some_and(|f| !f.keyframe && !f.start));
    }

    #[test]
    fn tile_group_does_not_begin_a_picture() {
        assert!(!start(&[0x10, 0x20, 0]));
        assert!(start(&[0x10, 0x18, 0]));
    }

    #[test]
    fn upper_spatial_layer_does_not_begin_a_picture() {
        // Frames with TID 1 of spatial layers 0 and 1.
        assert!(start(&[0x10, 0x34, 0x20]));
        assert!(!start(&[0x10, 0x34, 0x28]));
    }

    #[test]
    fn length_of_the_first_obu_is_skipped() {
        // W 2 and W 0; lengths of one and of two bytes.
        assert!(start(&[0x20, 0x02, 0x30, 0xff, 0x20]));
        assert!(start(&[0x00, 0x80, 0x01, 0x30]));
        assert!(!start(&[0x00, 0x80, 0x01, 0x20]));
    }

    #[test]
    fn truncated_element_begins_nothing() {
        for cut in [&[0x10][..], &[0x00], &[0x00, 0x80], &[0x00, 0x02]] {
            assert!(!start(cut), "{cut:?}");
        }
    }

    #[test]
    fn sequence_header_is_found_only_at_the_front() {
        let obu = [0x08, 0x00, 0x00];
        // Alone; the first of two; after a temporal delimiter; each with a length.
        for payload in [
            &[0x18, 0x08, 0x00, 0x00][..],
            &[0x28, 3, 0x08, 0x00, 0x00, 0x30, 0xff],
            &[0x38, 1, 0x10, 3, 0x08, 0x00, 0x00, 0x30, 0xff],
            &[0x08, 3, 0x08, 0x00, 0x00, 1, 0x30],
        ] {
            assert_eq!(sequence_header(payload), Some(&obu[..]), "{payload:?}");
        }
        // A frame; a header that continues in the next packet; the rest of one; truncated ones.
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
    fn sequence_header_is_prepended() {
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

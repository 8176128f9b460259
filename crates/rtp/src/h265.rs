//! Where frames begin in H.265 (RFC 7798 §4.4).
//!
//! ```text
//!      0                   1
//!      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//!     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//!     |F|   Type    |  LayerId  | TID |   payload header
//!     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//!     |S|E|  FuType   |                   FU header, behind the first in an FU
//!     +-+-+-+-+-+-+-+-+
//! ```
//!
//! A key frame begins with its parameter sets where they are sent in band, else with the
//! picture itself. Decoding order numbers are not read: no browser negotiates them.

use crate::{Frame, nal};

/// Intra random access point pictures: BLA, IDR, CRA (ITU-T H.265 table 7-1).
const IRAP: std::ops::RangeInclusive<u8> = 16..=23;
const VPS: u8 = 32;
const SPS: u8 = 33;
const AGGREGATION: u8 = 48;
const FRAGMENT: u8 = 49;

pub(crate) fn inspect(payload: &[u8]) -> Option<Frame> {
    let (nal_type, rest) = split_header(payload)?;
    match nal_type {
        AGGREGATION => {
            let units = nal::aggregated(rest).filter_map(split_header);
            Some(nal::together(
                units.map(|(nal_type, body)| unit(nal_type, body)),
            ))
        }
        FRAGMENT => {
            let (header, body) = rest.split_first()?;
            let begins = header & 0x80 != 0;
            begins.then(|| unit(header & 0x3f, body))
        }
        _ => Some(unit(nal_type, rest)),
    }
}

fn split_header(unit: &[u8]) -> Option<(u8, &[u8])> {
    let ([first, _], body) = unit.split_first_chunk::<2>()?;
    Some(((first >> 1) & 0x3f, body))
}

fn unit(nal_type: u8, body: &[u8]) -> Frame {
    // A slice begins with first_slice_segment_in_pic_flag (ITU-T H.265 §7.3.6.1); all types
    // below the parameter sets are slices.
    let first_slice = nal_type < VPS && body.first().is_some_and(|byte| byte & 0x80 != 0);
    let parameters = matches!(nal_type, VPS | SPS);
    Frame {
        keyframe: parameters || IRAP.contains(&nal_type),
        start: parameters || first_slice,
        ..Frame::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyframe(payload: &[u8]) -> bool {
        inspect(payload).is_some_and(|f| f.keyframe)
    }

    fn start(payload: &[u8]) -> bool {
        inspect(payload).is_some_and(|f| f.start)
    }

    #[test]
    fn a_key_frame_begins_with_parameter_sets_or_an_irap() {
        // VPS, SPS, IDR_W_RADL, CRA_NUT.
        for header in [0x40, 0x42, 0x26, 0x2a] {
            let payload = [header, 1, 0xaf];
            assert!(keyframe(&payload) && start(&payload), "{header:#x}");
        }
        // TRAIL_R; then PPS and AUD.
        assert!(!keyframe(&[0x02, 1, 0xd0]) && start(&[0x02, 1, 0xd0]));
        assert!(!keyframe(&[0x44, 1, 0xc1]) && !start(&[0x44, 1, 0xc1]));
        assert!(!keyframe(&[0x46, 1, 0x50]) && !start(&[0x46, 1, 0x50]));
    }

    #[test]
    fn a_later_slice_does_not_begin_a_frame() {
        assert!(!start(&[0x02, 1, 0x50]));
        assert!(!start(&[0x26, 1, 0x50]));
    }

    #[test]
    fn an_aggregate_begins_what_its_units_begin() {
        // AP of PPS and SPS, then of a slice of TRAIL_R.
        let key = [0x60, 1, 0, 3, 0x44, 1, 0xc1, 0, 3, 0x42, 1, 1];
        assert!(keyframe(&key) && start(&key));
        let slice = [0x60, 1, 0, 3, 0x02, 1, 0xd0];
        assert!(!keyframe(&slice) && start(&slice));
        assert!(!keyframe(&[0x60, 1, 0, 9, 0x42, 1]));
    }

    #[test]
    fn only_the_first_fragment_begins_a_frame() {
        // FU of an IDR_W_RADL (19): S, then neither, then E.
        assert!(keyframe(&[0x62, 1, 0x93, 0xaf]) && start(&[0x62, 1, 0x93, 0xaf]));
        assert!(!keyframe(&[0x62, 1, 0x13, 0xaf]) && !start(&[0x62, 1, 0x13, 0xaf]));
        assert!(!keyframe(&[0x62, 1, 0x53, 0xaf]) && !start(&[0x62, 1, 0x53, 0xaf]));
    }
}

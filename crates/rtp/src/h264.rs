//! Where frames begin in H.264 (RFC 6184 §5).
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |F|NRI|  Type   |   NAL unit header
//!     +-+-+-+-+-+-+-+-+
//!     |S|E|R|  Type   |   FU header, behind the first in an FU-A
//!     +-+-+-+-+-+-+-+-+
//! ```
//!
//! A key frame begins with its sequence parameter set where that is sent in band, else with
//! the picture itself. The packets of interleaved mode (STAP-B, MTAP, FU-B) are not read: no
//! browser negotiates it.

use crate::{Frame, nal};

const IDR: u8 = 5;
const SPS: u8 = 7;
/// STAP-A.
const AGGREGATION: u8 = 24;
/// FU-A.
const FRAGMENT: u8 = 28;

pub(crate) fn inspect(payload: &[u8]) -> Option<Frame> {
    let (header, rest) = payload.split_first()?;
    match nal_type(*header) {
        AGGREGATION => {
            let units = nal::aggregated(rest).filter_map(<[u8]>::split_first);
            let units = units.map(|(header, body)| unit(nal_type(*header), body));
            Some(nal::together(units))
        }
        FRAGMENT => {
            let (header, body) = rest.split_first()?;
            let begins = header & 0x80 != 0;
            begins.then(|| unit(nal_type(*header), body))
        }
        nal_type => Some(unit(nal_type, rest)),
    }
}

fn nal_type(header: u8) -> u8 {
    header & 0x1f
}

fn unit(nal_type: u8, body: &[u8]) -> Frame {
    // A slice begins with first_mb_in_slice; zero is a single set bit (ITU-T H.264 §7.3.3).
    let first_slice =
        matches!(nal_type, 1 | 2 | IDR) && body.first().is_some_and(|byte| byte & 0x80 != 0);
    Frame {
        keyframe: matches!(nal_type, IDR | SPS),
        start: first_slice || nal_type == SPS,
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
    fn a_key_frame_begins_with_its_parameter_set_or_an_idr() {
        assert!(keyframe(&[0x67, 0x42]) && start(&[0x67, 0x42]));
        assert!(keyframe(&[0x65, 0x88]) && start(&[0x65, 0x88]));
        // A slice of another picture; a picture parameter set; a delimiter.
        assert!(!keyframe(&[0x41, 0x9a]) && start(&[0x41, 0x9a]));
        assert!(!keyframe(&[0x68, 0xce]) && !start(&[0x68, 0xce]));
        assert!(!keyframe(&[0x09, 0xf0]) && !start(&[0x09, 0xf0]));
    }

    #[test]
    fn a_later_slice_does_not_begin_a_frame() {
        assert!(!start(&[0x41, 0x40]));
        assert!(!start(&[0x65, 0x40]));
    }

    #[test]
    fn an_aggregate_begins_what_its_units_begin() {
        // STAP-A of a picture and a sequence parameter set, then of a slice.
        assert!(keyframe(&[
            0x78, 0, 2, 0x68, 0xce, 0, 2, 0x67, 0x42, 0, 1, 0x06
        ]));
        let slice = [0x78, 0, 2, 0x41, 0x9a];
        assert!(!keyframe(&slice) && start(&slice));
    }

    #[test]
    fn only_the_first_fragment_begins_a_frame() {
        // S, then neither, then E.
        assert!(keyframe(&[0x7c, 0x85, 0x88]) && start(&[0x7c, 0x85, 0x88]));
        assert!(!keyframe(&[0x7c, 0x05, 0x88]) && !start(&[0x7c, 0x05, 0x88]));
        assert!(!keyframe(&[0x7c, 0x45, 0x88]) && !start(&[0x7c, 0x45, 0x88]));
    }

    #[test]
    fn cut_aggregates_are_read_as_far_as_they_go() {
        assert!(!keyframe(&[0x78, 0, 9, 0x67]));
        assert!(keyframe(&[0x78, 0, 1, 0x67, 0, 9]));
        // An empty unit is no end.
        assert!(keyframe(&[0x78, 0, 0, 0, 1, 0x67]));
    }
}

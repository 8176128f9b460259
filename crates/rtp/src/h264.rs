//! H.264 payloads (RFC 6184 §5): where frames begin, parameter sets, and profiles.
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!     +-+-+-+-+-+-+-+-+
//!     |F|NRI|  Type   |   NAL unit header
//!     +-+-+-+-+-+-+-+-+
//!     |S|E|R|  Type   |   FU header, the second byte of an FU-A
//!     +-+-+-+-+-+-+-+-+
//! ```
//!
//! A key frame is an IDR picture. A packet of parameter sets alone does not begin one: encoders
//! repeat the sets between key frames, and send them with timestamps of their own. The packets of
//! interleaved mode (STAP-B, MTAP, FU-B) are not parsed: no browser negotiates it.
//!
//! A picture that only a recovery point message announces (gradual decoder refresh) is not a key
//! frame here: browsers do not start to decode at one.

use crate::nal::{Bits, Fragment};
use crate::set_id::SetId;
use crate::sprop::sprop;
use crate::{PayloadInfo, nal};

pub use crate::h264_profile::{LevelName, ProfileName, parse_profile_level_id, profile_name};

const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
/// NAL unit type of an aggregation packet, STAP-A.
const AGGREGATION: u8 = 24;
/// NAL unit type of a fragment, FU-A.
const FRAGMENT: u8 = 28;

/// Returns the parameter sets in `sprop-parameter-sets` of an `a=fmtp` line: NAL units in base64,
/// separated by commas (RFC 6184 §8.1). Units that are malformed, neither SPS nor PPS, or longer
/// than 1,200 bytes are left out, as are all after 16 sets.
pub fn sets_from_sprop(value: &str) -> Vec<Vec<u8>> {
    sprop(value, |unit| set_id(unit).is_some())
}

pub(crate) fn inspect(payload: &[u8]) -> Option<PayloadInfo> {
    let (header, rest) = payload.split_first()?;
    match nal_type(*header) {
        AGGREGATION => {
            let units = nal::aggregated(rest).filter_map(<[u8]>::split_first);
            let units = units.map(|(header, body)| unit(nal_type(*header), body));
            Some(nal::together(units))
        }
        FRAGMENT => {
            let (header, body) = rest.split_first()?;
            let nal_type = nal_type(*header);
            // S: only the first fragment has the start of the unit.
            if header & 0x80 != 0 {
                return Some(unit(nal_type, body));
            }
            Some(PayloadInfo {
                parameter_sets: is_set(nal_type),
                ..PayloadInfo::default()
            })
        }
        nal_type => Some(unit(nal_type, rest)),
    }
}

/// The whole NAL units in a packet; fragments are not among them.
pub fn units(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (single, aggregated) = match payload.split_first() {
        Some((header, rest)) if nal_type(*header) == AGGREGATION => (None, rest),
        Some((header, _)) if nal_type(*header) < AGGREGATION => (Some(payload), &[][..]),
        _ => (None, &[][..]),
    };
    single.into_iter().chain(nal::aggregated(aggregated))
}

/// The fragment of a NAL unit that a packet carries; `None` if it is no FU-A.
pub fn fragment(payload: &[u8]) -> Option<Fragment<'_>> {
    let ([indicator, header], body) = payload.split_first_chunk::<2>()?;
    (nal_type(*indicator) == FRAGMENT).then(|| Fragment {
        begins: header & 0x80 != 0,
        ends: header & 0x40 != 0,
        header: [indicator & 0xe0 | nal_type(*header), 0],
        header_len: 1,
        body,
    })
}

/// Identifies a parameter set; `None` for other NAL units, and for a truncated one.
pub(crate) fn set_id(unit: &[u8]) -> Option<SetId> {
    let (header, body) = unit.split_first()?;
    let nal_type = nal_type(*header);
    let mut bits = match nal_type {
        // The id follows profile_idc, the constraint flags and level_idc (ITU-T H.264 §7.3.2.1.1).
        SPS => Bits::of(body.get(3..)?),
        PPS => Bits::of(body),
        _ => return None,
    };
    Some(SetId {
        nal_type,
        id: bits.exp_golomb()?,
    })
}

fn nal_type(header: u8) -> u8 {
    header & 0x1f
}

fn is_set(nal_type: u8) -> bool {
    matches!(nal_type, SPS | PPS)
}

fn unit(nal_type: u8, body: &[u8]) -> PayloadInfo {
    // A slice begins with first_mb_in_slice; zero is coded as a single set bit (ITU-T H.264
    // §7.3.3).
    let first_slice =
        matches!(nal_type, 1 | 2 | IDR) && body.first().is_some_and(|byte| byte & 0x80 != 0);
    PayloadInfo {
        // Without its first slice, a decoder cannot start here.
        keyframe: nal_type == IDR && first_slice,
        start: first_slice,
        parameter_sets: is_set(nal_type),
        ..PayloadInfo::default()
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

    fn sets(payload: &[u8]) -> bool {
        inspect(payload).is_some_and(|f| f.parameter_sets)
    }

    #[test]
    fn only_an_idr_is_a_key_frame() {
        assert!(keyframe(&[0x65, 0x88]) && start(&[0x65, 0x88]));
        // Parameter sets; a slice of another picture; an access unit delimiter.
        assert!(!keyframe(&[0x67, 0x42]) && !start(&[0x67, 0x42]));
        assert!(!keyframe(&[0x68, 0xce]) && !start(&[0x68, 0xce]));
        assert!(!keyframe(&[0x41, 0x9a]) && start(&[0x41, 0x9a]));
        assert!(!keyframe(&[0x09, 0xf0]) && !start(&[0x09, 0xf0]));
    }

    #[test]
    fn parameter_sets_are_found_in_every_packetization() {
        assert!(sets(&[0x67, 0x42]) && sets(&[0x68, 0xce]));
        assert!(!sets(&[0x65, 0x88]) && !sets(&[0x09, 0xf0]));
        assert!(sets(&[0x78, 0, 2, 0x09, 0xf0, 0, 2, 0x68, 0xce]));
        // The first and the last fragment of an SPS.
        assert!(sets(&[0x7c, 0x87, 0x42]) && sets(&[0x7c, 0x47, 0x42]));
    }

    #[test]
    fn later_slice_does_not_begin_a_frame() {
        assert!(!start(&[0x41, 0x40]));
        assert!(!start(&[0x65, 0x40]) && !keyframe(&[0x65, 0x40]));
    }

    #[test]
    fn aggregate_begins_what_any_of_its_units_begins() {
        // STAP-A of both parameter sets; of one with an IDR slice; of another slice.
        let alone = [0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce];
        assert!(!keyframe(&alone) && sets(&alone));
        let whole = [0x78, 0, 2, 0x67, 0x42, 0, 2, 0x65, 0x88, 0, 1, 0x06];
        assert!(keyframe(&whole) && start(&whole) && sets(&whole));
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
    fn truncated_aggregate_is_read_up_to_the_cut() {
        assert!(!keyframe(&[0x78, 0, 9, 0x65]));
        assert!(keyframe(&[0x78, 0, 2, 0x65, 0x88, 0, 9]));
        // An empty unit does not end the aggregate.
        assert!(keyframe(&[0x78, 0, 0, 0, 2, 0x65, 0x88]));
    }

    #[test]
    fn parameter_sets_are_identified_by_type_and_id() {
        let id = |unit: &[u8]| set_id(unit).map(|set| (set.nal_type, set.id));
        assert_eq!(id(&[0x67, 0x42, 0xe0, 0x1f, 0x80]), Some((SPS, 0)));
        assert_eq!(id(&[0x67, 0x42, 0xe0, 0x1f, 0x40]), Some((SPS, 1)));
        assert_eq!(id(&[0x68, 0xce]), Some((PPS, 0)));
        assert_eq!(id(&[0x65, 0x88]), None);
        assert_eq!(id(&[0x67, 0x42, 0xe0, 0x1f]), None);
    }

    #[test]
    fn sprop_yields_only_parameter_sets() {
        let sps = [0x67, 0x42, 0xe0, 0x1f, 0x8c, 0x8d, 0x40];
        let pps = [0x68, 0xce, 0x3c, 0x80];
        let sets = sets_from_sprop("Z0LgH4yNQA==,aM48gA==");
        assert_eq!(sets, [&sps[..], &pps[..]]);
        // Without padding, with spaces, beside nonsense and an SEI message.
        let sets = sets_from_sprop("Z0LgH4yNQA, %,,aM48gA ,BgU=");
        assert_eq!(sets, [&sps[..], &pps[..]]);
        assert!(sets_from_sprop("").is_empty());
    }
}

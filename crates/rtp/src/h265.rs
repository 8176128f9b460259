//! H.265 payloads (RFC 7798 §4.4): where frames begin, and parameter sets.
//!
//! ```text
//!      0                   1
//!      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//!     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//!     |F|   Type    |  LayerId  | TID |   payload header
//!     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//!     |S|E|  FuType   |                   FU header, the third byte of an FU
//!     +-+-+-+-+-+-+-+-+
//! ```
//!
//! A key frame is an intra random access point (IRAP) picture. As in H.264, a packet of parameter
//! sets alone does not begin one. Decoding order numbers are not parsed: no browser negotiates
//! them.

use crate::nal::{Bits, Fragment};
use crate::set_id::SetId;
use crate::sprop::sprop;
use crate::{PayloadInfo, nal};

/// Intra random access point pictures: BLA, IDR, CRA (ITU-T H.265 table 7-1).
const IRAP: std::ops::RangeInclusive<u8> = 16..=23;
const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;
const AGGREGATION: u8 = 48;
const FRAGMENT: u8 = 49;

/// Bits of profile_tier_level without its level (ITU-T H.265 §7.3.3).
const PROFILE_BITS: u32 = 88;
const LEVEL_BITS: u32 = 8;

/// Returns the parameter sets in `sprop-vps`, `sprop-sps` or `sprop-pps` of an `a=fmtp` line: NAL
/// units in base64, separated by commas (RFC 7798 §7.1). Units that are malformed, no parameter
/// set, or longer than 1,200 bytes are left out, as are all after 16 sets.
pub fn sets_from_sprop(value: &str) -> Vec<Vec<u8>> {
    sprop(value, |unit| set_id(unit).is_some())
}

pub(crate) fn inspect(payload: &[u8]) -> Option<PayloadInfo> {
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
            let nal_type = header & 0x3f;
            // S: only the first fragment has the start of the unit.
            if header & 0x80 != 0 {
                return Some(unit(nal_type, body));
            }
            Some(PayloadInfo {
                parameter_sets: is_set(nal_type),
                ..PayloadInfo::default()
            })
        }
        _ => Some(unit(nal_type, rest)),
    }
}

/// The whole NAL units in a packet; fragments are not among them.
pub fn units(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (single, aggregated) = match split_header(payload) {
        Some((AGGREGATION, rest)) => (None, rest),
        Some((nal_type, _)) if nal_type < AGGREGATION => (Some(payload), &[][..]),
        _ => (None, &[][..]),
    };
    single.into_iter().chain(nal::aggregated(aggregated))
}

/// The fragment of a NAL unit that a packet carries; `None` if it is no FU.
pub fn fragment(payload: &[u8]) -> Option<Fragment<'_>> {
    let ([first, second, header], body) = payload.split_first_chunk::<3>()?;
    let (nal_type, _) = split_header(payload)?;
    (nal_type == FRAGMENT).then(|| Fragment {
        begins: header & 0x80 != 0,
        ends: header & 0x40 != 0,
        header: [first & 0x81 | (header & 0x3f) << 1, *second],
        header_len: 2,
        body,
    })
}

/// Identifies a parameter set of the base layer; `None` for other NAL units, and for a truncated
/// one.
pub(crate) fn set_id(unit: &[u8]) -> Option<SetId> {
    let (nal_type, body) = split_header(unit)?;
    let mut bits = Bits::of(body);
    let id = match nal_type {
        VPS => bits.read(4)?,
        SPS => sps_id(&mut bits)?,
        PPS => bits.exp_golomb()?,
        _ => return None,
    };
    let in_base_layer = layer_id(unit) == Some(0);
    in_base_layer.then_some(SetId { nal_type, id })
}

/// Reads sps_seq_parameter_set_id, which follows the profiles and levels of all temporal layers
/// (ITU-T H.265 §7.3.2.2.1, §7.3.3).
fn sps_id(bits: &mut Bits<'_>) -> Option<u32> {
    bits.read(4)?;
    let sub_layers = bits.read(3)?;
    bits.read(1 + PROFILE_BITS + LEVEL_BITS)?;
    // The flags have room for eight layers, two bits each, however many there are.
    let flags = if sub_layers > 0 { bits.read(16)? } else { 0 };
    for layer in 0..sub_layers {
        let pair = flags >> (14 - 2 * layer);
        if pair & 2 != 0 {
            bits.read(PROFILE_BITS)?;
        }
        if pair & 1 != 0 {
            bits.read(LEVEL_BITS)?;
        }
    }
    bits.exp_golomb()
}

fn split_header(unit: &[u8]) -> Option<(u8, &[u8])> {
    let ([first, _], body) = unit.split_first_chunk::<2>()?;
    Some(((first >> 1) & 0x3f, body))
}

fn layer_id(unit: &[u8]) -> Option<u8> {
    let [first, second] = unit.first_chunk::<2>()?;
    Some((first & 1) << 5 | second >> 3)
}

fn is_set(nal_type: u8) -> bool {
    matches!(nal_type, VPS | SPS | PPS)
}

fn unit(nal_type: u8, body: &[u8]) -> PayloadInfo {
    // A slice begins with first_slice_segment_in_pic_flag (ITU-T H.265 §7.3.6.1). All types below
    // the parameter sets are slices.
    let first_slice = nal_type < VPS && body.first().is_some_and(|byte| byte & 0x80 != 0);
    PayloadInfo {
        keyframe: IRAP.contains(&nal_type) && first_slice,
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
    fn only_an_irap_is_a_key_frame() {
        // IDR_W_RADL, CRA_NUT.
        for header in [0x26, 0x2a] {
            let payload = [header, 1, 0xaf];
            assert!(keyframe(&payload) && start(&payload), "{header:#x}");
        }
        // VPS, SPS, PPS.
        for header in [0x40, 0x42, 0x44] {
            let payload = [header, 1, 0xc1];
            assert!(!keyframe(&payload) && !start(&payload), "{header:#x}");
            assert!(sets(&payload), "{header:#x}");
        }
        // TRAIL_R; then AUD.
        assert!(!keyframe(&[0x02, 1, 0xd0]) && start(&[0x02, 1, 0xd0]));
        assert!(!keyframe(&[0x46, 1, 0x50]) && !start(&[0x46, 1, 0x50]));
    }

    #[test]
    fn parameter_sets_are_identified_by_type_and_id() {
        let id = |unit: &[u8]| set_id(unit).map(|set| (set.nal_type, set.id));
        assert_eq!(id(&[0x40, 1, 0x0c, 0x01]), Some((VPS, 0)));
        // As x265 writes it: emulation prevention within the profile, id 0, then 1.
        let mut sps = vec![
            0x42, 1, 0x01, 0x01, 0x60, 0, 0, 0x03, 0, 0x90, 0, 0, 0x03, 0, 0, 0x03, 0, 0x5d, 0xa0,
        ];
        assert_eq!(id(&sps), Some((SPS, 0)));
        sps.pop();
        sps.push(0x40);
        assert_eq!(id(&sps), Some((SPS, 1)));
        assert_eq!(id(&[0x44, 1, 0xc1, 0x72]), Some((PPS, 0)));
        // Of an enhancement layer; a slice.
        assert_eq!(id(&[0x44, 9, 0xc1, 0x72]), None);
        assert_eq!(id(&[0x26, 1, 0xaf]), None);
    }

    #[test]
    fn sps_with_several_temporal_layers_yields_its_id() {
        // Three temporal layers, two of which state a level; id 2 is coded as 011.
        let mut sps = vec![0x42, 1, 0x05];
        sps.extend([0xff; 12]);
        sps.extend([0b0101_0000, 0x00, 0xff, 0xff, 0b0110_0000]);
        assert_eq!(set_id(&sps).map(|set| set.id), Some(2));
    }

    #[test]
    fn later_slice_does_not_begin_a_frame() {
        assert!(!start(&[0x02, 1, 0x50]));
        assert!(!start(&[0x26, 1, 0x50]) && !keyframe(&[0x26, 1, 0x50]));
    }

    #[test]
    fn aggregate_begins_what_any_of_its_units_begins() {
        // AP of PPS and IDR_W_RADL, then of a slice of TRAIL_R.
        let key = [0x60, 1, 0, 3, 0x44, 1, 0xc1, 0, 3, 0x26, 1, 0xaf];
        assert!(keyframe(&key) && start(&key) && sets(&key));
        let slice = [0x60, 1, 0, 3, 0x02, 1, 0xd0];
        assert!(!keyframe(&slice) && start(&slice));
        assert!(!keyframe(&[0x60, 1, 0, 9, 0x26, 1]));
    }

    #[test]
    fn only_the_first_fragment_begins_a_frame() {
        // FU of an IDR_W_RADL (19): S, then neither, then E.
        assert!(keyframe(&[0x62, 1, 0x93, 0xaf]) && start(&[0x62, 1, 0x93, 0xaf]));
        assert!(!keyframe(&[0x62, 1, 0x13, 0xaf]) && !start(&[0x62, 1, 0x13, 0xaf]));
        assert!(!keyframe(&[0x62, 1, 0x53, 0xaf]) && !start(&[0x62, 1, 0x53, 0xaf]));
    }
}

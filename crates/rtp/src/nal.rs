//! What H.264 and H.265 packets have in common.

use crate::Frame;

/// The units of an aggregation packet, each behind its length in 16 bits (RFC 6184 §5.7.1,
/// RFC 7798 §4.4.2). Ends at a unit that is cut short.
pub(crate) fn aggregated(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, units) = rest.split_first_chunk::<2>()?;
        let (unit, next) = units.split_at_checked(u16::from_be_bytes(*length).into())?;
        rest = next;
        Some(unit)
    })
}

/// A packet begins what any of its units begins.
pub(crate) fn together(units: impl Iterator<Item = Frame>) -> Frame {
    units.fold(Frame::default(), |all, unit| Frame {
        keyframe: all.keyframe || unit.keyframe,
        start: all.start || unit.start,
        ..all
    })
}

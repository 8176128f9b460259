//! Parameter sets in a session description: `sprop-parameter-sets` (RFC 6184 §8.1) and its like
//! (RFC 7798 §7.1).

/// Most sets that are kept. A further one replaces the least recently received. Encoders use two or
/// three.
pub(crate) const SETS_MAX: usize = 16;

/// Largest set that is kept, in bytes: a larger one would not fit into one packet. Most have under
/// 100 bytes.
pub(crate) const SET_BYTES_MAX: usize = 1_200;

/// The NAL units of a `sprop` parameter that `is_set` accepts, within the limits above.
pub(crate) fn sprop(value: &str, is_set: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    let units = value.split(',').filter_map(base64);
    let sets = units.filter(|unit| unit.len() <= SET_BYTES_MAX && is_set(unit));
    sets.take(SETS_MAX).collect()
}

/// Decodes base64 of either alphabet (RFC 4648 §4, §5), with padding or without; `None` if it is
/// malformed.
fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.trim().trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

//! Wrapping numbers of RTP (RFC 3550 §5.1): 16-bit sequence numbers and 32-bit timestamps.
//!
//! A wrapped number stands for the value nearest to its predecessor; one exactly half the range
//! away counts as older.

use std::time::Duration;

/// Returns the number nearest to `last` whose low 16 bits are `next`.
///
/// Numbers are never negative: where the nearest would be, the next one above `last` is returned.
pub fn extend16(last: u64, next: u16) -> u64 {
    let ahead = next.wrapping_sub(last as u16);
    last.checked_add_signed((ahead as i16).into())
        .unwrap_or_else(|| last.wrapping_add(ahead.into()))
}

/// Returns the number nearest to `last` whose low 32 bits are `next`.
///
/// Numbers are never negative: where the nearest would be, the next one above `last` is returned.
pub fn extend32(last: u64, next: u32) -> u64 {
    let ahead = next.wrapping_sub(last as u32);
    last.checked_add_signed((ahead as i32).into())
        .unwrap_or_else(|| last.wrapping_add(ahead.into()))
}

/// Converts a time to ticks of an RTP clock of `clock_rate` Hz. The result wraps as timestamps do.
pub fn ticks(time: Duration, clock_rate: u32) -> u32 {
    (time.as_micros() * u128::from(clock_rate) / 1_000_000) as u32
}

/// Returns whether sequence number `seq` comes after `than`; both wrap.
pub fn newer16(seq: u16, than: u16) -> bool {
    (seq.wrapping_sub(than) as i16) > 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extension_continues_over_a_wrap() {
        assert_eq!(extend16(0xffff, 0), 0x1_0000);
        assert_eq!(extend16(0x1_0000, 0xffff), 0xffff);
        assert_eq!(extend32(0xffff_ffff, 5), 0x1_0000_0005);
        assert_eq!(extend32(0x1_0000_0005, 0xffff_ffff), 0xffff_ffff);
    }

    #[test]
    fn extension_never_goes_below_zero() {
        assert_eq!(extend16(5, 0xfffa), 0xfffa);
        assert_eq!(extend32(5, 0xffff_fffa), 0xffff_fffa);
    }

    #[test]
    fn newer16_compares_over_a_wrap() {
        assert!(newer16(0, 0xffff) && !newer16(0xffff, 0));
        assert!(!newer16(7, 7));
        assert!(newer16(0x7fff, 0) && !newer16(0x8000, 0));
    }

    proptest! {
        #[test]
        fn extend16_restores_what_was_cut(last in 0x8000_u64..1 << 60, step in -0x8000_i64..0x8000) {
            let next = last.saturating_add_signed(step);
            prop_assert_eq!(extend16(last, next as u16), next);
            prop_assert_eq!(newer16(next as u16, last as u16), next > last);
        }

        #[test]
        fn extend32_restores_what_was_cut(
            last in 0x8000_0000_u64..1 << 60,
            step in -0x8000_0000_i64..0x8000_0000,
        ) {
            let next = last.saturating_add_signed(step);
            prop_assert_eq!(extend32(last, next as u32), next);
        }

        #[test]
        fn extension_keeps_the_low_bits(last: u64, seq: u16, timestamp: u32) {
            prop_assert_eq!(extend16(last, seq) as u16, seq);
            prop_assert_eq!(extend32(last, timestamp) as u32, timestamp);
        }
    }
}

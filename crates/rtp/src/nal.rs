//! What H.264 and H.265 packets have in common.

use crate::PayloadInfo;

/// The units of an aggregation packet, each after its length in 16 bits (RFC 6184 §5.7.1, RFC 7798
/// §4.4.2). Ends at a truncated unit.
pub(crate) fn aggregated(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, units) = rest.split_first_chunk::<2>()?;
        let (unit, next) = units.split_at_checked(u16::from_be_bytes(*length).into())?;
        rest = next;
        Some(unit)
    })
}

/// Merges what the units of a packet say: the packet begins what any of them begins.
pub(crate) fn together(units: impl Iterator<Item = PayloadInfo>) -> PayloadInfo {
    units.fold(PayloadInfo::default(), |all, unit| PayloadInfo {
        keyframe: all.keyframe || unit.keyframe,
        start: all.start || unit.start,
        parameter_sets: all.parameter_sets || unit.parameter_sets,
        ..all
    })
}

/// A piece of a NAL unit that did not fit into one packet.
#[derive(Debug)]
pub struct Fragment<'a> {
    /// The unit begins here.
    pub begins: bool,
    /// The unit ends here.
    pub ends: bool,
    pub(crate) header: [u8; 2],
    pub(crate) header_len: usize,
    /// What stands behind the unit's header.
    pub body: &'a [u8],
}

impl Fragment<'_> {
    /// Header of the whole unit: one byte in H.264, two in H.265.
    pub fn header(&self) -> &[u8] {
        self.header.get(..self.header_len).unwrap_or_default()
    }
}

/// Reads the bits of a NAL unit, skipping its emulation prevention bytes (ITU-T H.264 §7.3.1, ITU-T
/// H.265 §7.3.1.1).
pub(crate) struct Bits<'a> {
    rest: std::slice::Iter<'a, u8>,
    /// Zero bytes in a row just before `rest`.
    zeros: u8,
    byte: u8,
    left: u8,
}

impl<'a> Bits<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes.iter(),
            zeros: 0,
            byte: 0,
            left: 0,
        }
    }

    /// Reads `count` bits as a number; of more than 32 bits, the last 32.
    pub(crate) fn read(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |number: u32, _| Some(number << 1 | self.bit()?))
    }

    /// Reads an Exp-Golomb number, `ue(v)` (ITU-T H.264 §9.1); `None` when it is truncated or
    /// exceeds 32 bits.
    pub(crate) fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.read(zeros)?)
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.byte = self.next_byte()?;
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn next_byte(&mut self) -> Option<u8> {
        let mut byte = *self.rest.next()?;
        if self.zeros >= 2 && byte == 3 {
            self.zeros = 0;
            byte = *self.rest.next()?;
        }
        self.zeros = if byte == 0 {
            self.zeros.saturating_add(1)
        } else {
            0
        };
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulation_prevention_bytes_are_skipped() {
        let mut bits = Bits::of(&[0x00, 0x00, 0x03, 0x01, 0xff]);
        assert_eq!(bits.read(24), Some(1));
        assert_eq!(bits.read(8), Some(0xff));
        assert_eq!(bits.read(1), None);
    }

    #[test]
    fn exp_golomb_numbers_are_read_until_the_bits_end() {
        // 1, 010, 011, 00100, then nothing whole.
        let mut bits = Bits::of(&[0b1010_0110, 0b0100_0000]);
        let numbers: Vec<_> = std::iter::from_fn(|| bits.exp_golomb()).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
        assert_eq!(Bits::of(&[0; 9]).exp_golomb(), None);
    }
}

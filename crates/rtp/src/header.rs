//! The RTP header on the wire (RFC 3550 §5.1) and its extensions (RFC 8285).

use std::ops::Range;

/// Marks extensions with one byte of id and length each (RFC 8285 §4.2).
const ONE_BYTE_FORM: u16 = 0xbede;

/// Marks extensions with two bytes of id and length each; the low four bits may be anything (RFC
/// 8285 §4.3).
const TWO_BYTE_FORM: u16 = 0x1000;

/// The protocol of a datagram on a WebRTC socket, by its first two bytes (RFC 7983 §7, RFC 5761
/// §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatagramKind {
    /// An RTP packet.
    Rtp,
    /// A compound of RTCP packets, the control protocol of RTP.
    Rtcp,
    /// A STUN message: a connectivity check or its response.
    Stun,
    /// A DTLS record.
    Dtls,
    /// None of these protocols.
    Other,
}

impl DatagramKind {
    /// Classifies a datagram. One of less than two bytes is [`Self::Other`].
    pub fn of(datagram: &[u8]) -> Self {
        match datagram {
            [128..=191, 192..=223, ..] => Self::Rtcp,
            [128..=191, _, ..] => Self::Rtp,
            [0..=3, _, ..] => Self::Stun,
            [20..=63, _, ..] => Self::Dtls,
            _ => Self::Other,
        }
    }
}

/// An RTP header. SRTP leaves it unencrypted, so it can be read before the packet is authenticated.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                           timestamp                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                             SSRC                              |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The payload ends with padding, whose last byte gives its length.
    pub padding: bool,
    /// The marker bit: for video, the last packet of a frame.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number; wraps at 16 bits.
    pub seq: u16,
    /// RTP timestamp, in units of the payload's clock rate; wraps at 32 bits.
    pub timestamp: u32,
    /// Synchronization source (SSRC).
    pub ssrc: u32,
    /// Length of the header in bytes, with CSRCs and extensions: the payload begins there.
    pub length: usize,
    extensions: Range<usize>,
    two_byte_form: bool,
}

impl Header {
    /// Reads the header of a packet; `None` when it is truncated or not of version 2.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let fixed: &[u8; 12] = packet.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut length = fixed.len() + 4 * usize::from(fixed[0] & 0x0f);
        let (mut extensions, mut two_byte_form) = (0..0, false);
        if fixed[0] & 0x10 != 0 {
            let head: &[u8; 4] = packet.get(length..)?.first_chunk()?;
            let form = u16::from_be_bytes([head[0], head[1]]);
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            length += head.len();
            two_byte_form = form & 0xfff0 == TWO_BYTE_FORM;
            // Extensions of another form are skipped.
            if two_byte_form || form == ONE_BYTE_FORM {
                extensions = length..length + 4 * words;
            }
            length += 4 * words;
        }
        (length <= packet.len()).then_some(Self {
            padding: fixed[0] & 0x20 != 0,
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            seq: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            length,
            extensions,
            two_byte_form,
        })
    }

    /// Returns the value of the extension with this id. `packet` must be the one that the header
    /// was read from.
    pub fn extension<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        self.extensions(packet)
            .find_map(|(found, value)| (found == id).then_some(value))
    }

    /// Returns ids and values of all extensions in the order of `packet`, which must be the one
    /// that the header was read from. Ends at a truncated element.
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Elements<'a> {
        Elements {
            rest: packet.get(self.extensions.clone()).unwrap_or_default(),
            two_byte_form: self.two_byte_form,
        }
    }
}

/// The extension elements of one packet (RFC 8285 §4.2, §4.3).
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
    two_byte_form: bool,
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // Zero is padding between elements.
        while let [0, after @ ..] = self.rest {
            self.rest = after;
        }
        let (first, after) = self.rest.split_first()?;
        let (id, length, values) = if self.two_byte_form {
            let (length, values) = after.split_first()?;
            (*first, usize::from(*length), values)
        } else {
            (first >> 4, usize::from(first & 0x0f) + 1, after)
        };
        let (value, rest) = values.split_at_checked(length)?;
        self.rest = rest;
        Some((id, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE_BYTE: [u8; 24] = [
        0x90, 0xe0, 0x12, 0x34, 0, 0, 0x03, 0xe8, 0xca, 0xfe, 0xba, 0xbe, // fixed
        0xbe, 0xde, 0, 2, 0x31, 0xab, 0xcd, 0, 0x50, 0x77, 0, 0,
    ];

    #[test]
    fn header_with_extensions_is_read() {
        let header = Header::read(&ONE_BYTE).unwrap();
        assert!(header.marker && !header.padding);
        assert_eq!((header.payload_type, header.seq), (96, 0x1234));
        assert_eq!((header.timestamp, header.ssrc), (1_000, 0xcafe_babe));
        assert_eq!(header.length, 24);
        assert_eq!(header.extension(&ONE_BYTE, 3), Some(&[0xab, 0xcd][..]));
        assert_eq!(header.extension(&ONE_BYTE, 5), Some(&[0x77][..]));
        assert_eq!(header.extension(&ONE_BYTE, 4), None);
    }

    #[test]
    fn two_byte_extensions_are_read() {
        let mut packet = ONE_BYTE;
        packet[12..20].copy_from_slice(&[0x10, 0, 0, 2, 3, 2, 0xab, 0xcd]);
        packet[20..].copy_from_slice(&[0, 9, 0, 0]);
        let header = Header::read(&packet).unwrap();
        assert_eq!(header.extension(&packet, 3), Some(&[0xab, 0xcd][..]));
        assert_eq!(header.extension(&packet, 9), Some(&[][..]));
    }

    #[test]
    fn datagrams_are_classified_by_their_first_bytes() {
        assert_eq!(DatagramKind::of(&[0x80, 96, 0]), DatagramKind::Rtp);
        assert_eq!(DatagramKind::of(&[0x80, 0x80 | 96, 0]), DatagramKind::Rtp);
        assert_eq!(DatagramKind::of(&[0x81, 201, 0]), DatagramKind::Rtcp);
        assert_eq!(DatagramKind::of(&[0, 1, 0]), DatagramKind::Stun);
        assert_eq!(DatagramKind::of(&[22, 254, 253]), DatagramKind::Dtls);
        assert_eq!(DatagramKind::of(&[64, 0, 0]), DatagramKind::Other);
        assert_eq!(DatagramKind::of(&[0x80]), DatagramKind::Other);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(packet: Vec<u8>, id in 0_u8..16) {
            if let Some(header) = Header::read(&packet) {
                prop_assert!(header.length <= packet.len());
                header.extension(&packet, id);
                prop_assert!(header.extensions(&packet).count() <= packet.len());
            }
        }
    }
}

//! Records and the headers of handshake messages, where they are in the clear.
//!
//! ```text
//! record:    type(1) version(2) epoch(2) sequence(6) length(2) fragment          RFC 6347 §4.1
//! handshake: type(1) length(3) message_seq(2) offset(3) fragment_length(3) body  RFC 6347 §4.2.2
//! ```

/// Content types (RFC 5246 §6.2.1).
pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const APPLICATION_DATA: u8 = 23;

/// Types of handshake messages (RFC 5246 §7.4).
pub(crate) const CLIENT_HELLO: u8 = 1;
pub(crate) const SERVER_HELLO: u8 = 2;
pub(crate) const HELLO_VERIFY_REQUEST: u8 = 3;
pub(crate) const CERTIFICATE_REQUEST: u8 = 13;

/// DTLS 1.0, 1.2 and 1.3 on the wire.
pub(crate) const DTLS_10: u16 = 0xfeff;
pub(crate) const DTLS_12: u16 = 0xfefd;
pub(crate) const DTLS_13: u16 = 0xfefc;

pub(crate) const RECORD_HEAD: usize = 13;
pub(crate) const HANDSHAKE_HEAD: usize = 12;

/// Size of the buffer for one datagram of ours. The MTU in the library's settings is 1,150 bytes.
pub(crate) const BUFFER: usize = 2_048;

/// One record with a header in the clear. Records of DTLS 1.3 after the hellos have another header
/// and are not read as records here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) content: u8,
    pub(crate) epoch: u16,
    /// The sequence number, of 48 bits.
    pub(crate) sequence: u64,
    pub(crate) fragment: &'a [u8],
}

impl<'a> Record<'a> {
    /// Parses the first record. Returns it with the rest of the datagram.
    pub(crate) fn read(datagram: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = datagram.split_first_chunk::<RECORD_HEAD>()?;
        let [content, major, _, e1, e0, s5, s4, s3, s2, s1, s0, l1, l0] = *head;
        if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&content) || major != 0xfe {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([l1, l0]));
        let (fragment, rest) = rest.split_at_checked(length)?;
        let record = Self {
            content,
            epoch: u16::from_be_bytes([e1, e0]),
            sequence: u64::from_be_bytes([0, 0, s5, s4, s3, s2, s1, s0]),
            fragment,
        };
        Some((record, rest))
    }

    /// The record's bytes on the wire.
    #[cfg(test)]
    pub(crate) fn bytes(content: u8, epoch: u16, fragment: &'a [u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let record = Record {
            content,
            epoch,
            sequence: 1,
            fragment,
        };
        record.write(&mut out);
        out
    }

    /// Appends the record to `out`. Its fragment must have at most 2^16 - 1 bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let length = u16::try_from(self.fragment.len()).unwrap_or(u16::MAX);
        out.push(self.content);
        out.extend_from_slice(&DTLS_12.to_be_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.sequence.to_be_bytes()[2..]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(self.fragment);
    }
}

/// Iterates over the records of a datagram, up to the first malformed one.
pub(crate) fn records(mut datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let (record, rest) = Record::read(datagram)?;
        datagram = rest;
        Some(record)
    })
}

/// One fragment of a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    pub(crate) message: u8,
    /// The length of the whole message's body, in bytes.
    pub(crate) length: usize,
    pub(crate) message_seq: u16,
    pub(crate) offset: usize,
    pub(crate) body: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// Parses the first fragment. Returns it with the rest of the record.
    pub(crate) fn read(record: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = record.split_first_chunk::<HANDSHAKE_HEAD>()?;
        let [message, l2, l1, l0, s1, s0, o2, o1, o0, f2, f1, f0] = *head;
        let number = |a, b, c| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let (body, rest) = rest.split_at_checked(number(f2, f1, f0))?;
        let fragment = Self {
            message,
            length: number(l2, l1, l0),
            message_seq: u16::from_be_bytes([s1, s0]),
            offset: number(o2, o1, o0),
            body,
        };
        (fragment.offset + body.len() <= fragment.length).then_some((fragment, rest))
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.offset == 0 && self.body.len() == self.length
    }

    /// Appends the fragment to `out`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        // Lengths have 24 bits: those that were parsed do, and ours are far smaller.
        let number = |value: usize| {
            let [.., a, b, c] = value.to_be_bytes();
            [a, b, c]
        };
        out.push(self.message);
        out.extend_from_slice(&number(self.length));
        out.extend_from_slice(&self.message_seq.to_be_bytes());
        out.extend_from_slice(&number(self.offset));
        out.extend_from_slice(&number(self.body.len()));
        out.extend_from_slice(self.body);
    }
}

/// Iterates over the fragments in a record's content, up to the first malformed one.
pub(crate) fn fragments(mut record: &[u8]) -> impl Iterator<Item = Fragment<'_>> {
    std::iter::from_fn(move || {
        let (fragment, rest) = Fragment::read(record)?;
        record = rest;
        Some(fragment)
    })
}

/// Reads TLS numbers and vectors from the front of a slice (RFC 5246 §4).
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        let (first, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*first))
    }

    /// Reads a vector of at most 255 bytes.
    pub(crate) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// Reads a vector of at most 65,535 bytes.
    pub(crate) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }
}

/// The 16-bit numbers in a vector. An odd byte at the end is ignored.
pub(crate) fn numbers(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _odd) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn written_record_is_parsed_back(
            content in CHANGE_CIPHER_SPEC..=APPLICATION_DATA,
            epoch: u16,
            sequence in 0_u64..1 << 48,
            fragment in proptest::collection::vec(any::<u8>(), 0..300),
            rest in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let record = Record { content, epoch, sequence, fragment: &fragment };
            let mut bytes = Vec::new();
            record.write(&mut bytes);
            bytes.extend_from_slice(&rest);
            prop_assert_eq!(Record::read(&bytes), Some((record, &rest[..])));
        }

        #[test]
        fn written_fragment_is_parsed_back(
            message: u8,
            message_seq: u16,
            offset in 0_usize..5_000,
            after in 0_usize..5_000,
            body in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let length = offset + body.len() + after;
            let fragment = Fragment { message, length, message_seq, offset, body: &body };
            let mut bytes = Vec::new();
            fragment.write(&mut bytes);
            prop_assert_eq!(Fragment::read(&bytes), Some((fragment, &[][..])));
        }

        #[test]
        fn arbitrary_bytes_as_records_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            for record in records(&bytes) {
                fragments(record.fragment).for_each(drop);
            }
            fragments(&bytes).for_each(drop);
        }
    }
}

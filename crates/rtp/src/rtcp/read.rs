use std::iter;

use super::packet_type::{
    BYE, FIR, NACK, PAYLOAD_FEEDBACK, PLI, RECEIVER_REPORT, SENDER_REPORT, TRANSPORT_FEEDBACK,
    TRANSPORT_WIDE,
};
use super::report::ReportBlock;
use super::transport_feedback::TransportFeedback;

/// One item of a received compound packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received<'a> {
    /// A sender report: one moment on the two clocks of a source.
    SenderReport {
        /// SSRC of the source.
        ssrc: u32,
        /// NTP time: seconds since 1900 in the high 32 bits, their fraction in the low. The middle
        /// 32 bits are what [`ReportBlock::last_report`] will be.
        ntp: u64,
        /// The same moment as an RTP timestamp of the source.
        timestamp: u32,
    },
    /// A report block on one source, from a sender or receiver report. A negative number of lost
    /// packets, which duplicates cause, is read as 0.
    Report(ReportBlock),
    /// A NACK: the receiver asks for missing packets again.
    Nack {
        /// SSRC of the source that sent them.
        source: u32,
        /// Sequence numbers of the missing packets.
        lost: Lost<'a>,
    },
    /// A PLI, or one entry of a FIR. Repeats of a FIR are reported too.
    KeyframeRequest {
        /// SSRC of the source that should send a key frame.
        source: u32,
    },
    /// Which packets arrived, and when.
    TransportFeedback(TransportFeedback<'a>),
    /// A BYE: a source has left.
    Bye {
        /// SSRC of the source. A packet that names several makes one item for each.
        source: u32,
    },
}

/// Reads a compound packet, which must be decrypted already.
///
/// Malformed packets and those of other types are skipped. Reading ends at a packet whose length
/// goes beyond the end.
pub fn read(compound: &[u8]) -> impl Iterator<Item = Received<'_>> {
    packets(compound).flat_map(contents)
}

/// One packet of a compound (RFC 3550 §6.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|  count  |      kind     |  length in words, minus one   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | body, then padding when P is set; its last byte is its length
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
struct Packet<'a> {
    count: u8,
    kind: u8,
    body: &'a [u8],
}

fn packets(mut compound: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    iter::from_fn(move || {
        let [first, kind, high, low] = *compound.first_chunk()?;
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let (packet, rest) = compound.split_at_checked(length)?;
        compound = rest;
        let padding = match packet.last() {
            Some(padding) if first & 0x20 != 0 => usize::from(*padding),
            _ => 0,
        };
        Some(Packet {
            count: first & 0x1f,
            kind,
            // Padding that is longer than the packet leaves nothing to read.
            body: packet
                .get(4..length.saturating_sub(padding))
                .unwrap_or_default(),
        })
    })
}

fn contents(packet: Packet<'_>) -> impl Iterator<Item = Received<'_>> {
    let Packet { count, kind, body } = packet;
    let (words, _) = body.as_chunks();
    // A kind of packet has some of these four parts; the others stay empty, and nothing is
    // allocated.
    let whole = match (kind, count) {
        (SENDER_REPORT, _) => sender_report(words),
        (TRANSPORT_FEEDBACK, NACK) => nack(words),
        (TRANSPORT_FEEDBACK, TRANSPORT_WIDE) => {
            TransportFeedback::read(body).map(Received::TransportFeedback)
        }
        (PAYLOAD_FEEDBACK, PLI) => words.get(1).map(keyframe_request),
        _ => None,
    };
    let blocks = match kind {
        SENDER_REPORT => words.get(6..),
        RECEIVER_REPORT => words.get(1..),
        _ => None,
    };
    let entries = match (kind, count) {
        (PAYLOAD_FEEDBACK, FIR) => words.get(2..),
        _ => None,
    };
    let gone = match kind {
        BYE => words.get(..words.len().min(count.into())),
        _ => None,
    };
    let (blocks, _) = blocks.unwrap_or_default().as_chunks();
    let (entries, _) = entries.unwrap_or_default().as_chunks();
    let reports = blocks.iter().take(count.into()).map(report);
    let requests = entries.iter().map(|[source, _]| keyframe_request(source));
    let gone = gone.unwrap_or_default().iter().map(bye);
    whole.into_iter().chain(reports).chain(requests).chain(gone)
}

fn sender_report(words: &[[u8; 4]]) -> Option<Received<'_>> {
    let words: &[_; 6] = words.first_chunk()?;
    let [ssrc, ntp_seconds, ntp_fraction, timestamp, ..] = words.map(u32::from_be_bytes);
    Some(Received::SenderReport {
        ssrc,
        ntp: u64::from(ntp_seconds) << 32 | u64::from(ntp_fraction),
        timestamp,
    })
}

fn report(words: &[[u8; 4]; 6]) -> Received<'_> {
    let [ssrc, losses, highest_seq, jitter, last_report, since_report] =
        words.map(u32::from_be_bytes);
    // The number is signed, in 24 bits.
    let lost = (losses << 8).cast_signed() >> 8;
    Received::Report(ReportBlock {
        ssrc,
        fraction_lost: (losses >> 24) as u8,
        lost: lost.max(0) as u32,
        highest_seq,
        jitter,
        last_report,
        since_report,
    })
}

fn nack(words: &[[u8; 4]]) -> Option<Received<'_>> {
    let ([_sender, source], entries) = words.split_first_chunk()?;
    Some(Received::Nack {
        source: u32::from_be_bytes(*source),
        lost: Lost {
            entries,
            first: 0,
            untold: 0,
        },
    })
}

fn keyframe_request<'a>(source: &[u8; 4]) -> Received<'a> {
    Received::KeyframeRequest {
        source: u32::from_be_bytes(*source),
    }
}

fn bye<'a>(source: &[u8; 4]) -> Received<'a> {
    Received::Bye {
        source: u32::from_be_bytes(*source),
    }
}

/// The sequence numbers of a NACK (RFC 4585 §6.2.1): of each entry the first number, then those of
/// the 16 after it whose bit is set, the lowest bit for the next number.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |             first             |   the 16 numbers following    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost<'a> {
    entries: &'a [[u8; 4]],
    first: u16,
    /// Numbers of the entry that are not yet returned: bit n is for the number n after `first`.
    untold: u32,
}

impl Iterator for Lost<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.untold == 0 {
            let ([f0, f1, b0, b1], entries) = self.entries.split_first()?;
            self.entries = entries;
            self.first = u16::from_be_bytes([*f0, *f1]);
            self.untold = u32::from(u16::from_be_bytes([*b0, *b1])) << 1 | 1;
        }
        let distance = self.untold.trailing_zeros();
        self.untold &= self.untold - 1;
        Some(self.first.wrapping_add(distance as u16))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::rtcp::*;

    const BLOCK: ReportBlock = ReportBlock {
        ssrc: 0x0102_0304,
        fraction_lost: 5,
        lost: 6,
        highest_seq: 7,
        jitter: 8,
        last_report: 9,
        since_report: 10,
    };

    fn all(compound: &[u8]) -> Vec<Received<'_>> {
        read(compound).collect()
    }

    /// A compound with every kind of packet that can be written.
    fn compound() -> Vec<u8> {
        let mut to = Vec::new();
        let report = SenderReport {
            ssrc: 9,
            ntp: 0x0102_0304_0506_0708,
            ..SenderReport::default()
        };
        write_sender_report(&mut to, &report);
        write_cname(&mut to, 9, "name");
        write_receiver_report(&mut to, 9, &[BLOCK, BLOCK]);
        write_nack(&mut to, 9, 3, &[1, 2, 99]);
        write_pli(&mut to, 9, 4);
        let arrivals = [Some(Duration::from_secs(1)), None];
        write_transport_feedback(&mut to, 9, 5, 6, 7, &arrivals);
        write_bye(&mut to, &[9]);
        to
    }

    /// Reads everything in an item, and returns the number of its parts.
    fn exhaust(received: Received<'_>) -> usize {
        match received {
            Received::Nack { lost, .. } => lost.count(),
            Received::TransportFeedback(feedback) => feedback.arrivals().count(),
            _ => 1,
        }
    }

    #[test]
    fn sender_compound_is_read() {
        let mut compound = vec![0x80, 200, 0, 6];
        compound.extend([0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8]);
        compound.extend([0; 12]);
        compound.extend([0x81, 202, 0, 1, 0, 0, 0, 9]);
        compound.extend([0x81, 203, 0, 1, 0, 0, 0, 9, 77]);
        let report = Received::SenderReport {
            ssrc: 9,
            ntp: 0x0102_0304_0506_0708,
            timestamp: 0,
        };
        assert_eq!(all(&compound), [report, Received::Bye { source: 9 }]);
    }

    #[test]
    fn written_packets_are_read_in_order() {
        let compound = compound();
        let received = all(&compound);
        let [
            Received::SenderReport { ssrc: 9, .. },
            Received::Report(BLOCK),
            Received::Report(BLOCK),
            Received::Nack { source: 3, lost },
            Received::KeyframeRequest { source: 4 },
            Received::TransportFeedback(feedback),
            Received::Bye { source: 9 },
        ] = &received[..]
        else {
            panic!("{received:?}");
        };
        assert_eq!(lost.clone().collect::<Vec<_>>(), [1, 2, 99]);
        assert_eq!((feedback.number, feedback.base, feedback.count), (6, 7, 2));
    }

    #[test]
    fn truncated_compound_is_read_up_to_the_cut() {
        let compound = compound();
        let whole = all(&compound);
        for length in 0..compound.len() {
            let cut = all(&compound[..length]);
            assert!(
                cut.len() < whole.len() && whole.starts_with(&cut),
                "{length}"
            );
        }
    }

    #[test]
    fn sender_report_has_blocks_after_its_own_fields() {
        let mut compound = Vec::new();
        write_receiver_report(&mut compound, 9, &[BLOCK]);
        compound.splice(8..8, [0; 20]);
        compound[1] = 200;
        compound[3] += 5;
        let report = Received::SenderReport {
            ssrc: 9,
            ntp: 0,
            timestamp: 0,
        };
        assert_eq!(all(&compound), [report, Received::Report(BLOCK)]);
    }

    #[test]
    fn report_blocks_end_at_the_count_or_the_length() {
        let mut compound = Vec::new();
        write_receiver_report(&mut compound, 9, &[BLOCK, BLOCK]);
        for (count, read) in [(0, 0), (1, 1), (2, 2), (31, 2)] {
            compound[0] = 0x80 | count;
            assert_eq!(all(&compound).len(), read);
        }
    }

    #[test]
    fn negative_number_of_lost_packets_is_read_as_zero() {
        for (lost, read) in [
            ([0xff, 0xff, 0xff], 0),
            ([0x80, 0, 0], 0),
            ([0x7f, 0xff, 0xff], 0x7f_ffff),
        ] {
            let mut compound = Vec::new();
            write_receiver_report(&mut compound, 9, &[BLOCK]);
            compound[13..16].copy_from_slice(&lost);
            let block = ReportBlock {
                lost: read,
                ..BLOCK
            };
            assert_eq!(all(&compound), [Received::Report(block)]);
        }
    }

    #[test]
    fn each_fir_entry_is_a_keyframe_request() {
        let mut compound = vec![0x84, 206, 0, 6, 0, 0, 0, 9, 0, 0, 0, 0];
        compound.extend([0, 0, 0, 3, 77, 0, 0, 0]);
        compound.extend([0, 0, 0, 4, 78, 0, 0, 0]);
        assert_eq!(
            all(&compound),
            [3, 4].map(|source| Received::KeyframeRequest { source })
        );
    }

    #[test]
    fn malformed_packets_are_skipped() {
        for (first, kind) in [
            (0x80, 200),
            (0x81, 201),
            (0x81, 205),
            (0x8f, 205),
            (0x81, 206),
            (0x84, 206),
        ] {
            let compound = [first, kind, 0, 1, 0, 0, 0, 9, 0x81, 203, 0, 1, 0, 0, 0, 9];
            assert_eq!(
                all(&compound),
                [Received::Bye { source: 9 }],
                "{first} {kind}"
            );
        }
    }

    #[test]
    fn padding_is_not_read() {
        let mut compound = Vec::new();
        write_nack(&mut compound, 9, 3, &[1, 100, 200]);
        compound[0] |= 0x20;
        // The last is longer than the packet.
        for (padding, lost) in [
            (4, Some(2)),
            (5, Some(1)),
            (12, Some(0)),
            (13, None),
            (99, None),
        ] {
            *compound.last_mut().unwrap() = padding;
            assert_eq!(read(&compound).next().map(exhaust), lost, "{padding}");
        }
    }

    #[test]
    fn nack_numbers_continue_over_a_wrap() {
        let compound = [
            0x81, 205, 0, 3, 0, 0, 0, 9, 0, 0, 0, 3, 0xff, 0xff, 0x80, 0x01,
        ];
        let Some(Received::Nack { source: 3, lost }) = read(&compound).next() else {
            panic!("no NACK");
        };
        assert_eq!(lost.collect::<Vec<_>>(), [0xffff, 0, 15]);
    }

    proptest! {
        #[test]
        fn nack_is_read_as_it_was_written(
            first: u16,
            steps in prop::collection::vec(1_u16..40, 0..200),
        ) {
            let missing: Vec<_> = steps
                .iter()
                .scan(first, |seq, step| {
                    *seq = seq.wrapping_add(*step);
                    Some(*seq)
                })
                .collect();
            let mut bytes = Vec::new();
            write_nack(&mut bytes, 1, 2, &missing);
            let Some(Received::Nack { source: 2, lost }) = read(&bytes).next() else {
                panic!("no NACK");
            };
            prop_assert_eq!(lost.collect::<Vec<_>>(), missing);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            read(&bytes).map(exhaust).count();
        }

        #[test]
        fn plausible_packets_never_panic(packets in prop::collection::vec(packet(), 0..5)) {
            read(&packets.concat()).map(exhaust).count();
        }
    }

    /// A packet whose header is plausible.
    fn packet() -> impl Strategy<Value = Vec<u8>> {
        let format = prop_oneof![Just(NACK), Just(FIR), Just(TRANSPORT_WIDE), 0_u8..32];
        let body = prop::collection::vec(any::<[u8; 4]>(), 0..40);
        (any::<bool>(), format, 200_u8..=207, body).prop_map(|(padded, format, kind, body)| {
            let first = 0x80 | u8::from(padded) << 5 | format;
            let mut packet = vec![first, kind, 0, body.len() as u8];
            packet.extend(body.as_flattened());
            packet
        })
    }
}

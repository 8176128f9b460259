//! RTCP as a receiver of media writes it and reads it: reports, NACK, PLI and transport-wide
//! feedback (RFC 3550 §6, RFC 4585 §6, draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//!
//! Deliberately absent: what only a sender of media writes.

use std::time::Duration;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

const NACK: u8 = 1;
const PLI: u8 = 1;
const TRANSPORT_WIDE: u8 = 15;

/// Report blocks of one packet; its count has five bits.
const BLOCKS_MAX: usize = 31;

/// Packets whose status one vector chunk tells, two bits each.
const CHUNK_STATUSES: usize = 7;

/// One unit of an arrival's distance to the one before.
const DELTA_US: i64 = 250;

/// One unit of the time that a transport-wide feedback begins with.
const REFERENCE_US: i64 = 64_000;

/// What a receiver reports of one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: u32,
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost so far; 24 bits are sent.
    pub lost: u32,
    /// Highest sequence number received, extended by the count of its wraps.
    pub highest_seq: u32,
    /// Interarrival jitter in units of the timestamp.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time in the source's last sender report; 0 without one.
    pub last_report: u32,
    /// Since that report arrived, in 1/65,536 s.
    pub since_report: u32,
}

/// A packet to this receiver that it has to know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A sender report: what [`ReportBlock::last_report`] will be.
    SenderReport {
        /// The source.
        ssrc: u32,
        /// Middle 32 bits of its NTP time.
        ntp_middle: u32,
    },
    /// The source is gone.
    Bye,
}

/// Reads a compound packet. What is malformed ends it; other types are passed over.
pub fn read(mut compound: &[u8]) -> impl Iterator<Item = Received> {
    std::iter::from_fn(move || {
        loop {
            let head: &[u8; 4] = compound.first_chunk()?;
            let length = 4 * (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1);
            let (packet, rest) = compound.split_at_checked(length)?;
            compound = rest;
            match (head[1], packet) {
                (SENDER_REPORT, [_, _, _, _, s0, s1, s2, s3, _, _, m0, m1, m2, m3, ..]) => {
                    return Some(Received::SenderReport {
                        ssrc: u32::from_be_bytes([*s0, *s1, *s2, *s3]),
                        ntp_middle: u32::from_be_bytes([*m0, *m1, *m2, *m3]),
                    });
                }
                (BYE, _) => return Some(Received::Bye),
                _ => {}
            }
        }
    })
}

/// Appends a receiver report; of more than 31 blocks the first 31.
pub fn write_receiver_report(to: &mut Vec<u8>, sender: u32, blocks: &[ReportBlock]) {
    let blocks = &blocks[..blocks.len().min(BLOCKS_MAX)];
    let start = begin(to, blocks.len() as u8, RECEIVER_REPORT, sender);
    for block in blocks {
        let lost = u32::from(block.fraction_lost) << 24 | block.lost.min(0x7f_ffff);
        for field in [
            block.ssrc,
            lost,
            block.highest_seq,
            block.jitter,
            block.last_report,
            block.since_report,
        ] {
            to.extend(field.to_be_bytes());
        }
    }
    finish(to, start);
}

/// Appends a NACK for these packets, which are in ascending order (RFC 4585 §6.2.1).
pub fn write_nack(to: &mut Vec<u8>, sender: u32, source: u32, missing: &[u16]) {
    let start = begin(to, NACK, TRANSPORT_FEEDBACK, sender);
    to.extend(source.to_be_bytes());
    let mut missing = missing.iter().copied().peekable();
    while let Some(first) = missing.next() {
        let mut following = 0_u16;
        while let Some(next) = missing.peek() {
            let distance = next.wrapping_sub(first);
            if !(1..=16).contains(&distance) {
                break;
            }
            following |= 1 << (distance - 1);
            missing.next();
        }
        to.extend(first.to_be_bytes());
        to.extend(following.to_be_bytes());
    }
    finish(to, start);
}

/// Appends a request for a key frame (RFC 4585 §6.3.1).
pub fn write_pli(to: &mut Vec<u8>, sender: u32, source: u32) {
    let start = begin(to, PLI, PAYLOAD_FEEDBACK, sender);
    to.extend(source.to_be_bytes());
    finish(to, start);
}

/// Appends feedback on the packets from transport-wide sequence number `base` on: for each its
/// arrival, or `None`. Arrivals are counted from any moment that stays the same; `number` is one
/// more with every feedback.
pub fn write_transport_feedback(
    to: &mut Vec<u8>,
    sender: u32,
    source: u32,
    number: u8,
    base: u16,
    arrivals: &[Option<Duration>],
) {
    let first = arrivals
        .iter()
        .flatten()
        .next()
        .copied()
        .unwrap_or_default();
    let reference = first.as_micros() as i64 / REFERENCE_US;
    let start = begin(to, TRANSPORT_WIDE, TRANSPORT_FEEDBACK, sender);
    to.extend(source.to_be_bytes());
    to.extend(base.to_be_bytes());
    to.extend((arrivals.len() as u16).to_be_bytes());
    to.extend([
        (reference >> 16) as u8,
        (reference >> 8) as u8,
        reference as u8,
        number,
    ]);
    let deltas = || {
        // The next one counts from what the sender will have added up, not from the truth.
        let mut last = reference * REFERENCE_US;
        arrivals.iter().map(move |arrival| {
            let at = (*arrival)?.as_micros() as i64;
            let delta = ((at - last).div_euclid(DELTA_US)).clamp(i16::MIN.into(), i16::MAX.into());
            last += delta * DELTA_US;
            Some(delta as i16)
        })
    };
    let (mut chunk, mut filled) = (0_u16, 0);
    for delta in deltas() {
        let symbol = match delta {
            None => 0,
            Some(0..=255) => 1,
            Some(_) => 2,
        };
        chunk = chunk << 2 | symbol;
        filled += 1;
        if filled == CHUNK_STATUSES {
            to.extend((0xc000 | chunk).to_be_bytes());
            (chunk, filled) = (0, 0);
        }
    }
    if filled > 0 {
        chunk <<= 2 * (CHUNK_STATUSES - filled);
        to.extend((0xc000 | chunk).to_be_bytes());
    }
    for delta in deltas().flatten() {
        match u8::try_from(delta) {
            Ok(small) => to.push(small),
            Err(_) => to.extend(delta.to_be_bytes()),
        }
    }
    // Zeros after the last delta; the padding bit with a count would say the same.
    to.resize(start + (to.len() - start).next_multiple_of(4), 0);
    finish(to, start);
}

/// The common header (RFC 3550 §6.1) with a length still to be told.
fn begin(to: &mut Vec<u8>, count: u8, kind: u8, sender: u32) -> usize {
    let start = to.len();
    to.extend([0x80 | count, kind, 0, 0]);
    to.extend(sender.to_be_bytes());
    start
}

fn finish(to: &mut [u8], start: usize) {
    let words = (to.len() - start) / 4 - 1;
    to[start + 2..start + 4].copy_from_slice(&(words as u16).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_report_has_the_shape_of_the_rfc() {
        let mut bytes = Vec::new();
        let block = ReportBlock {
            ssrc: 0x0102_0304,
            fraction_lost: 5,
            lost: 6,
            highest_seq: 7,
            jitter: 8,
            last_report: 9,
            since_report: 10,
        };
        write_receiver_report(&mut bytes, 0xaabb_ccdd, &[block]);
        assert_eq!(
            bytes,
            [
                0x81, 201, 0, 7, 0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3, 4, 5, 0, 0, 6, 0, 0, 0, 7, 0, 0,
                0, 8, 0, 0, 0, 9, 0, 0, 0, 10
            ]
        );
    }

    #[test]
    fn missing_packets_near_each_other_share_an_entry() {
        let mut bytes = Vec::new();
        write_nack(&mut bytes, 1, 2, &[0xfffe, 0xffff, 14, 15]);
        assert_eq!(bytes[..4], [0x81, 205, 0, 4]);
        assert_eq!(bytes[12..], [0xff, 0xfe, 0x80, 1, 0, 15, 0, 0]);
    }

    #[test]
    fn transport_feedback_tells_losses_and_distances() {
        let mut bytes = Vec::new();
        let ms = |ms| Some(Duration::from_millis(ms));
        // Out of order, and one after a pause that takes two bytes.
        let arrivals = [ms(128), None, ms(130), ms(129), ms(529)];
        write_transport_feedback(&mut bytes, 1, 2, 3, 100, &arrivals);
        let chunk = 0xc000_u16 | 1 << 12 | 1 << 8 | 2 << 6 | 2 << 4;
        let [high, low] = chunk.to_be_bytes();
        assert_eq!(bytes[12..22], [0, 100, 0, 5, 0, 0, 2, 3, high, low]);
        assert_eq!(bytes[22..28], [0, 8, 0xff, 0xfc, 0x06, 0x40]);
        assert_eq!(
            (bytes.len() % 4, bytes[3]),
            (0, (bytes.len() / 4 - 1) as u8)
        );
    }

    #[test]
    fn a_senders_compound_is_read() {
        let mut compound = vec![0x80, 200, 0, 6];
        compound.extend([0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8]);
        compound.extend([0; 12]);
        compound.extend([0x81, 202, 0, 1, 0, 0, 0, 9]);
        compound.extend([0x81, 203, 0, 1, 0, 0, 0, 9, 77]);
        let report = Received::SenderReport {
            ssrc: 9,
            ntp_middle: 0x0304_0506,
        };
        assert_eq!(read(&compound).collect::<Vec<_>>(), [report, Received::Bye]);
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>) {
            read(&bytes).count();
        }

        #[test]
        fn feedback_of_any_arrivals_is_whole_words(
            arrivals in prop::collection::vec(prop::option::of(0_u64..1 << 40), 1..200),
        ) {
            let mut bytes = Vec::new();
            let arrivals: Vec<_> = arrivals.iter().map(|a| a.map(Duration::from_micros)).collect();
            write_transport_feedback(&mut bytes, 1, 2, 3, 100, &arrivals);
            let words = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            prop_assert_eq!(bytes.len(), 4 * (words + 1));
        }
    }
}

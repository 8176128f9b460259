use std::time::Duration;

use super::packet_type::{TRANSPORT_FEEDBACK, TRANSPORT_WIDE};
use super::write::{begin, finish};

/// Unit of a delta, in microseconds: the time from one arrival to the next.
const DELTA_US: i64 = 250;

/// Unit of the reference time of a feedback, in microseconds.
const REFERENCE_US: i64 = 64_000;

// Status of a packet (§3.1.1). Zero is not received, and three is reserved.
const SMALL_DELTA: u16 = 1;
const LARGE_DELTA: u16 = 2;

/// Packets in one vector chunk of two bits for each.
const CHUNK_STATUSES: usize = 7;

/// Which packets arrived, and when, by their transport-wide sequence numbers
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |             base              |             count             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   reference                   |    number     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | chunks of statuses, 16 bits each, then deltas of 8 or 16 bits
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportFeedback<'a> {
    /// Transport-wide sequence number of the first packet.
    pub base: u16,
    /// Number of packets that the feedback covers, received or not.
    pub count: u16,
    /// Number of the feedback: one more each time; wraps.
    pub number: u8,
    /// Time from which arrivals are counted, in units of 64 ms; a signed number of 24 bits.
    pub reference: i32,
    chunks: &'a [[u8; 2]],
    deltas: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    /// Reads what follows the common header.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let (_ssrcs, body) = body.split_first_chunk::<8>()?;
        let ([b0, b1, c0, c1, r0, r1, r2, number], body) = body.split_first_chunk()?;
        let count = u16::from_be_bytes([*c0, *c1]);
        Some(Self {
            base: u16::from_be_bytes([*b0, *b1]),
            count,
            number: *number,
            reference: i32::from_be_bytes([*r0, *r1, *r2, 0]) >> 8,
            chunks: body.as_chunks().0,
            deltas: after_chunks(body, count).unwrap_or_default(),
        })
    }

    /// Returns each packet from [`Self::base`] on with its arrival in microseconds after
    /// [`Self::reference`], or `None` if it was not received.
    ///
    /// Ends after [`Self::count`] packets, or where the feedback is truncated.
    pub fn arrivals(&self) -> impl Iterator<Item = (u16, Option<i64>)> + use<'a> {
        let (base, mut deltas, mut at) = (self.base, self.deltas, 0);
        let statuses = self.chunks.iter().flat_map(|chunk| statuses(*chunk));
        let packets = statuses.take(self.count.into()).enumerate();
        packets.map_while(move |(place, status)| {
            let seq = base.wrapping_add(place as u16);
            let delta = match status {
                SMALL_DELTA => i64::from(*deltas.split_off_first()?),
                LARGE_DELTA => {
                    let (delta, rest) = deltas.split_first_chunk()?;
                    deltas = rest;
                    i16::from_be_bytes(*delta).into()
                }
                _ => return Some((seq, None)),
            };
            at += delta * DELTA_US;
            Some((seq, Some(at)))
        })
    }
}

/// Appends feedback on the packets from transport-wide sequence number `base` on: the arrival of
/// each, or `None` if it was not received. Arrivals count from any fixed moment; `number` is one
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
    let start = begin(to, TRANSPORT_WIDE, TRANSPORT_FEEDBACK, &[sender, source]);
    to.extend(base.to_be_bytes());
    to.extend((arrivals.len() as u16).to_be_bytes());
    to.extend([
        (reference >> 16) as u8,
        (reference >> 8) as u8,
        reference as u8,
        number,
    ]);
    let deltas = || {
        // Each delta counts from the sum that the sender computes, not from the true arrival, so
        // that rounding errors do not add up.
        let mut last = reference * REFERENCE_US;
        arrivals.iter().map(move |arrival| {
            let at = (*arrival)?.as_micros() as i64;
            let delta = ((at - last).div_euclid(DELTA_US)).clamp(i16::MIN.into(), i16::MAX.into());
            last += delta * DELTA_US;
            Some(delta as i16)
        })
    };
    // All chunks are vectors of two bits, which hold every status.
    let (mut chunk, mut filled) = (0_u16, 0);
    for delta in deltas() {
        let status = match delta {
            None => 0,
            Some(0..=255) => SMALL_DELTA,
            Some(_) => LARGE_DELTA,
        };
        chunk = chunk << 2 | status;
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
    // Zeros fill the last word; the padding bit with a count would say the same.
    finish(to, start);
}

/// Returns the bytes after the chunks of `count` statuses; `None` when chunks are missing.
fn after_chunks(mut body: &[u8], count: u16) -> Option<&[u8]> {
    let mut told = 0;
    while told < usize::from(count) {
        let (chunk, rest) = body.split_first_chunk()?;
        told += statuses(*chunk).len();
        body = rest;
    }
    Some(body)
}

/// The statuses in a chunk (§3.1.3, §3.1.4).
///
/// ```text
///  0                   1
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0| S |       run length        |   one status, repeated
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |1|0|       14 of one bit       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |1|1|       7 of two bits       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
fn statuses(chunk: [u8; 2]) -> impl ExactSizeIterator<Item = u16> {
    let chunk = u16::from_be_bytes(chunk);
    // The first status is `chunk >> shift & mask`, each further one `step` bits to the right.
    let (count, shift, step, mask) = match chunk >> 14 {
        0 | 1 => (chunk & 0x1fff, 13, 0, 3),
        2 => (14, 13, 1, 1),
        _ => (7, 12, 2, 3),
    };
    (0..count).map(move |place| chunk >> (shift - step * place) & mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtcp::{Received, read};

    /// Feedback 3 on `count` packets from 0xffff on, with a reference of -2.
    fn body(count: u16, chunks: &[u16], deltas: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff];
        body.extend(count.to_be_bytes());
        body.extend([0xff, 0xff, 0xfe, 3]);
        body.extend(chunks.iter().flat_map(|chunk| chunk.to_be_bytes()));
        body.extend(deltas);
        body
    }

    fn arrivals(body: &[u8]) -> Vec<(u16, Option<i64>)> {
        TransportFeedback::read(body).unwrap().arrivals().collect()
    }

    /// The arrivals alone.
    fn times(body: &[u8]) -> Vec<Option<i64>> {
        arrivals(body).into_iter().map(|(_, at)| at).collect()
    }

    #[test]
    fn feedback_has_losses_and_deltas() {
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
    fn fields_are_read_and_numbers_continue_over_a_wrap() {
        let body = body(3, &[0x2003], &[4, 0, 255]);
        let feedback = TransportFeedback::read(&body).unwrap();
        assert_eq!((feedback.base, feedback.count), (0xffff, 3));
        assert_eq!((feedback.reference, feedback.number), (-2, 3));
        assert_eq!(
            arrivals(&body),
            [(0xffff, Some(1_000)), (0, Some(1_000)), (1, Some(64_750))]
        );
    }

    #[test]
    fn run_length_chunks_are_read() {
        // 8,191 packets not received, an empty run, a large delta twice, then the reserved status.
        let chunks = [0x1fff, 0x2000, 0x4002, 0x6001];
        let times = times(&body(8_194, &chunks, &[0xff, 0xff, 0x7f, 0xff]));
        assert_eq!(times[..8_191], [None; 8_191]);
        assert_eq!(times[8_191..], [Some(-250), Some(8_191_500), None]);
    }

    #[test]
    fn one_bit_vector_chunk_is_read() {
        // The third and the last of 14, then the first of two.
        let times = times(&body(16, &[0x8801, 0xa000], &[1, 2, 3]));
        let mut wanted = [None; 16];
        wanted[2] = Some(250);
        wanted[13] = Some(750);
        wanted[14] = Some(1_500);
        assert_eq!(times, wanted);
    }

    #[test]
    fn two_bit_vector_chunk_is_read() {
        // Small, none, large, reserved.
        let times = times(&body(4, &[0xd2c0], &[4, 0xff, 0xfe]));
        assert_eq!(times, [Some(1_000), None, Some(500), None]);
    }

    #[test]
    fn packets_beyond_the_count_are_ignored() {
        assert_eq!(times(&body(2, &[0x3fff], &[1, 1, 1])).len(), 2);
        assert_eq!(times(&body(0, &[0x3fff], &[1])), []);
    }

    #[test]
    fn truncated_feedback_is_read_up_to_the_cut() {
        // The second of 14, then small, none, large, reserved and three not received, then a run.
        let chunks = [0x8000 | 1 << 12, 0xd2c0, 0x0003];
        let body = body(24, &chunks, &[4, 4, 0, 40]);
        let whole = arrivals(&body);
        assert_eq!(whole.len(), 24);
        // While a chunk is missing, so is the first delta; then one delta comes after the other.
        let told = [0, 0, 1, 1, 1, 1, 1, 14, 16, 16, 24];
        for (length, told) in (16..).zip(told) {
            assert_eq!(arrivals(&body[..length]), whole[..told], "{length}");
        }
        for length in 0..16 {
            assert_eq!(TransportFeedback::read(&body[..length]), None);
        }
    }

    /// Arrivals with steps that a delta can express, from any time that a reference can express.
    fn exact() -> impl Strategy<Value = Vec<Option<i64>>> {
        const MAX: i64 = (1 << 23) * REFERENCE_US - 1;
        let step = prop_oneof![0_i64..64_000, -8_191_000_i64..8_191_000];
        let steps = prop::collection::vec(prop::option::of(step), 1..200);
        (0..=MAX, steps).prop_map(|(mut at, steps)| {
            let arrival = |step: Option<i64>| {
                at = (at + step?).clamp(0, MAX);
                Some(at)
            };
            steps.into_iter().map(arrival).collect()
        })
    }

    proptest! {
        #[test]
        fn feedback_has_whole_words_for_any_arrivals(
            arrivals in prop::collection::vec(prop::option::of(0_u64..1 << 40), 1..200),
        ) {
            let mut bytes = Vec::new();
            let arrivals: Vec<_> = arrivals.iter().map(|a| a.map(Duration::from_micros)).collect();
            write_transport_feedback(&mut bytes, 1, 2, 3, 100, &arrivals);
            let words = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            prop_assert_eq!(bytes.len(), 4 * (words + 1));
        }

        #[test]
        fn arrivals_are_read_as_they_were_written(base: u16, number: u8, arrivals in exact()) {
            let mut bytes = Vec::new();
            let written: Vec<_> = arrivals
                .iter()
                .map(|at| at.map(|at| Duration::from_micros(at as u64)))
                .collect();
            write_transport_feedback(&mut bytes, 1, 2, number, base, &written);
            let Some(Received::TransportFeedback(feedback)) = read(&bytes).next() else {
                panic!("no feedback");
            };
            prop_assert_eq!((feedback.base, feedback.number), (base, number));
            let reference = i64::from(feedback.reference) * REFERENCE_US;
            let read: Vec<_> = feedback.arrivals().collect();
            let wanted: Vec<_> = (0..)
                .zip(&arrivals)
                .map(|(place, at)| {
                    let at = at.map(|at| at / DELTA_US * DELTA_US - reference);
                    (base.wrapping_add(place), at)
                })
                .collect();
            prop_assert_eq!(read, wanted);
        }

        #[test]
        fn arbitrary_body_never_panics(body: Vec<u8>) {
            if let Some(feedback) = TransportFeedback::read(&body) {
                prop_assert!(feedback.arrivals().count() <= feedback.count.into());
            }
        }
    }
}

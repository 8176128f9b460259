use super::*;

#[test]
fn lost_packet_is_nacked_and_recovered_from_rtx() {
    let mut pair = Pair::both();
    assert_eq!(
        pair.numbers([65_535, 65_537, 65_539]),
        [65_535, 65_537, 65_539]
    );
    let (nacks, _) = pair.asked(ms(15));
    assert_eq!(nacks, [(VIDEO_SSRC, 0), (VIDEO_SSRC, 2)]);
    assert_eq!(
        (pair.receiver.poll_nacks(), pair.receiver.poll_nacks()),
        (1, 0)
    );
    let arrived = pair.receive(&picture(65_536).again(700)).unwrap();
    assert_eq!((arrived.packet.seq, payload(&arrived)), (65_536, 65_536));
    assert_eq!(arrived.packet.format, format(Codec::Vp8));
    assert_eq!(arrived.packet.timestamp, picture(65_536).timestamp);
    // A second copy is refused, as RTX and as the original.
    assert!(pair.receive(&picture(65_536).again(701)).is_none());
    assert!(pair.numbers([65_536]).is_empty());
    let (nacks, _) = pair.asked(ms(200));
    assert!(!nacks.is_empty() && nacks.iter().all(|nack| *nack == (VIDEO_SSRC, 2)));
}

#[test]
fn lost_packet_without_rtx_is_recovered_as_it_was() {
    let mut without = video();
    without.types[0].rtx = None;
    let mut pair = Pair::new([without]);
    pair.numbers([1, 3]);
    assert_eq!(pair.asked(ms(15)).0, [(VIDEO_SSRC, 2)]);
    assert_eq!(pair.numbers([2, 2]), [2]);
    assert_eq!(pair.asked(ms(900)).0, []);
}

#[test]
fn nothing_is_nacked_without_negotiated_nack() {
    let mut pair = Pair::both();
    pair.receive(&sound(1));
    pair.receive(&sound(9));
    assert_eq!(pair.asked(ms(2_000)).0, []);
}

#[test]
fn unanswered_nack_is_given_up() {
    let mut pair = Pair::both();
    pair.numbers([1, 3]);
    let (nacks, _) = pair.asked(ms(5_000));
    assert!((3..=8).contains(&nacks.len()), "{nacks:?}");
    // It is accepted if it arrives nevertheless.
    assert_eq!(pair.numbers([2]), [2]);
}

#[test]
fn round_trip_is_measured_by_retransmissions() {
    let mut pair = Pair::both();
    for round in 0..60 {
        pair.numbers([2 * round, 2 * round + 2]);
        pair.wait(ms(10));
        pair.now += ms(40);
        pair.receive(&picture(2 * round + 1).again(round));
    }
    let measured = pair.receiver.round_trip.as_millis();
    assert!((38..45).contains(&measured), "{measured}");
}

#[test]
fn long_burst_is_nacked_in_one_datagram() {
    let mut pair = Pair::both();
    // No two missing numbers share a NACK entry.
    pair.numbers((1..=18 * 270).filter(|i| i % 18 != 0));
    let (nacks, _) = pair.asked(ms(15));
    assert_eq!(nacks.len(), missing::MISSING_MAX);
}

#[test]
fn retransmission_of_nothing_missing_is_counted() {
    let mut pair = Pair::both();
    assert!(pair.receive(&picture(2).again(1)).is_none());
    pair.numbers([1, 2, 3]);
    for (rtx_index, index) in [(2, 2), (3, 9), (4, 60_000)] {
        assert!(pair.receive(&picture(index).again(rtx_index)).is_none());
    }
    assert_eq!(pair.counts(), [(Cause::NotMissing, 4)]);
}

#[test]
fn bye_stops_nacks() {
    let mut pair = Pair::both();
    pair.numbers([1, 3]);
    let bye = rtcp::Received::Bye { source: VIDEO_SSRC };
    pair.receiver.handle_rtcp(pair.now, &bye);
    assert_eq!(pair.asked(ms(500)).0, []);
}

#[test]
fn nack_is_sent_alone_with_reduced_size_rtcp() {
    /// Returns the RTCP packet types of each datagram (RFC 3550 §12.1, RFC 4585 §6.1).
    fn kinds(reduced_size: bool) -> Vec<Vec<u8>> {
        let mut section = video();
        section.reduced_size = reduced_size;
        let mut pair = Pair::new([section]);
        pair.wait(ms(10));
        pair.numbers([1, 3]);
        let datagrams = pair.wait(ms(15));
        let kinds = datagrams.iter().map(|datagram| {
            let (mut rest, mut kinds) = (datagram.as_slice(), Vec::new());
            while let [_, kind, high, low, ..] = *rest {
                kinds.push(kind);
                let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
                rest = &rest[length..];
            }
            kinds
        });
        kinds.filter(|kinds| kinds.contains(&205)).collect()
    }
    assert_eq!(kinds(true), [[205]]);
    assert_eq!(kinds(false), [[201, 205]]);
}

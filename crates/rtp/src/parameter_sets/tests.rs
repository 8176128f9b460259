use super::*;
use crate::Profile;

const SPS: &[u8] = &[0x67, 0x42, 0xe0, 0x1f, 0x8c];
const SPS_WIDER: &[u8] = &[0x67, 0x42, 0xe0, 0x1f, 0x8d];
const PPS: &[u8] = &[0x68, 0xce, 0x3c, 0x80];
const IDR: &[u8] = &[0x65, 0x88];

fn packet(codec: Codec, seq: u64, timestamp: u32, payload: &[u8]) -> Packet {
    let format = Format {
        codec,
        clock_rate: 90_000,
        profile: Profile::Any,
        red: false,
    };
    Packet {
        seq,
        timestamp,
        frame: PayloadInfo::inspect(codec, payload),
        ..Packet::new(Instant::now(), format, payload)
    }
}

fn h264(seq: u64, timestamp: u32, payload: &[u8]) -> Packet {
    packet(Codec::H264, seq, timestamp, payload)
}

fn taken(packets: &[Packet]) -> ParameterSets {
    let mut sets = ParameterSets::default();
    for packet in packets.iter().filter(|packet| packet.frame.parameter_sets) {
        sets.take(packet);
    }
    sets
}

/// The sets before a key frame that begins at 100 with timestamp 9,000.
fn before(sets: &ParameterSets) -> Vec<Vec<u8>> {
    let packets = sets.before(&h264(100, 9_000, IDR));
    assert!(packets.iter().all(|packet| packet.timestamp == 9_000));
    packets.iter().map(|p| p.payload.to_vec()).collect()
}

#[test]
fn sets_are_kept_in_the_order_a_decoder_needs_them() {
    let sets = taken(&[h264(1, 0, PPS), h264(2, 0, SPS)]);
    assert_eq!(before(&sets), [SPS, PPS]);
}

#[test]
fn aggregated_sets_are_kept_one_by_one() {
    let stap = [&[0x78, 0, 5], SPS, &[0, 4], PPS, &[0, 2], IDR].concat();
    assert_eq!(before(&taken(&[h264(1, 0, &stap)])), [SPS, PPS]);
}

#[test]
fn fragmented_set_is_reassembled() {
    let fragments = [
        h264(1, 0, &[0x7c, 0x87, 0x42]),
        h264(2, 0, &[0x7c, 0x07, 0xe0, 0x1f]),
        h264(3, 0, &[0x7c, 0x47, 0x8c]),
    ];
    assert_eq!(before(&taken(&fragments)), [SPS]);
    let [first, _, last] = fragments;
    assert!(before(&taken(&[first, last])).is_empty(), "one is missing");
}

#[test]
fn sets_inside_the_key_frame_are_not_repeated() {
    let own = taken(&[h264(100, 9_000, SPS), h264(101, 9_000, PPS)]);
    assert!(before(&own).is_empty());
    // With timestamps of their own they are not part of it.
    let apart = taken(&[h264(98, 8_998, SPS), h264(99, 8_999, PPS)]);
    assert_eq!(before(&apart), [SPS, PPS]);
    // An SPS alone is not enough.
    let half = taken(&[h264(5, 0, PPS), h264(100, 9_000, SPS)]);
    assert_eq!(before(&half), [SPS, PPS]);
}

#[test]
fn newer_set_replaces_an_older_one_but_a_late_one_does_not() {
    let sets = taken(&[h264(1, 0, SPS), h264(50, 5_000, SPS_WIDER)]);
    assert_eq!(before(&sets), [SPS_WIDER]);
    let sets = taken(&[h264(50, 5_000, SPS_WIDER), h264(1, 0, SPS)]);
    assert_eq!(before(&sets), [SPS_WIDER]);
}

#[test]
fn in_band_set_replaces_the_described_one() {
    let (now, format) = (Instant::now(), h264(0, 0, &[]).format);
    let mut sets = ParameterSets::default();
    let described = |unit: &[u8]| DescribedSet {
        format,
        unit: unit.to_vec(),
    };
    sets.offer(now, &described(SPS));
    sets.offer(now, &described(IDR));
    assert_eq!(before(&sets), [SPS]);
    sets.take(&h264(7, 0, SPS_WIDER));
    sets.offer(now, &described(SPS));
    assert_eq!(before(&sets), [SPS_WIDER]);
}

#[test]
fn sets_of_another_sender_replace_those_with_higher_numbers() {
    let mut sets = taken(&[h264(5_000, 9_000, SPS)]);
    sets.restart();
    assert_eq!(before(&sets), [SPS], "until it sends its own");
    sets.take(&h264(3, 8_000, SPS_WIDER));
    assert_eq!(before(&sets), [SPS_WIDER]);
}

#[test]
fn sets_over_the_limits_are_not_kept() {
    let mut sets = ParameterSets::default();
    for id in 0..200 {
        // ue(v) of 31 to 230 has 11 to 15 bits: all fit into two bytes.
        let code = (id + 32_u16) << 3;
        let [high, low] = code.to_be_bytes();
        sets.take(&h264(id.into(), 0, &[0x68, high, low, 0x80]));
    }
    assert_eq!(sets.packets().count(), SETS_MAX);
    let mut sets = ParameterSets::default();
    let large = [SPS, &[0xff; SET_BYTES_MAX]].concat();
    sets.take(&h264(1, 0, &large));
    assert_eq!(sets.packets().count(), 0);
}

#[test]
fn h265_sets_are_kept_in_decoder_order() {
    let [vps, sps, pps] = [
        &[0x40, 1, 0x0c][..],
        &[
            0x42, 1, 0x01, 1, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 0x5d, 0xa0,
        ],
        &[0x44, 1, 0xc1],
    ];
    let mut fragments = [vec![0x62, 1, 0xa1], vec![0x62, 1, 0x61]];
    fragments[0].extend(&sps[2..9]);
    fragments[1].extend(&sps[9..]);
    let h265 = |seq, payload: &[u8]| packet(Codec::H265, seq, 0, payload);
    let sets = taken(&[
        h265(1, &[&[0x60, 1, 0, 3], pps, &[0, 3], vps].concat()),
        h265(2, &fragments[0]),
        h265(3, &fragments[1]),
    ]);
    let idr = packet(Codec::H265, 9, 90, &[0x26, 1, 0xaf]);
    let given: Vec<_> = sets
        .before(&idr)
        .iter()
        .map(|p| p.payload.to_vec())
        .collect();
    assert_eq!(given, [vps, sps, pps]);
}

#[test]
fn av1_key_frame_is_completed_in_its_first_packet() {
    let av1 = |seq, payload: &[u8]| packet(Codec::Av1, seq, 0, payload);
    let sets = taken(&[av1(1, &[0x28, 3, 0x08, 0x01, 0x02, 0x30, 0xff])]);
    let bare = av1(9, &[0x18, 0x30, 0xff]);
    let whole = sets.completed(&bare).unwrap();
    assert_eq!(whole.payload[..], [0x28, 3, 0x08, 0x01, 0x02, 0x30, 0xff]);
    assert_eq!(whole.seq, 9);
    assert!(sets.completed(&whole).is_none(), "it has one");
    assert!(sets.before(&bare).is_empty());
    assert!(ParameterSets::default().completed(&bare).is_none());
}

proptest::proptest! {
    #[test]
    fn arbitrary_payload_never_panics(
        payloads in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..40), 0..8),
        sprop in "\\PC{0,40}",
    ) {
        for codec in Codec::ALL {
            let mut sets = ParameterSets::default();
            for (seq, payload) in (0..).zip(&payloads) {
                let packet = packet(codec, seq, 0, payload);
                sets.take(&packet);
                sets.before(&packet);
                sets.completed(&packet);
            }
        }
        h264::sets_from_sprop(&sprop);
        h265::sets_from_sprop(&sprop);
    }
}

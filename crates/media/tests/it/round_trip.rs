use std::time::{Duration, Instant};

use headwater_media::{AccessUnit, Depacketizer, Limits, Packetizer, Part};
use proptest::collection::vec;
use proptest::prelude::*;
use rtp::Codec;

use crate::packets::{Packet, Receiver, packets};
use crate::units::stream;

const LIMITS: Limits = Limits {
    wait: Duration::from_millis(100),
    packets: 64,
};

/// What comes of packets that arrive in this order, 1 ms apart.
fn received(codec: Codec, arriving: &[Packet]) -> Vec<AccessUnit> {
    let mut now = Instant::now();
    let mut receiver = Receiver::new(codec, LIMITS);
    for packet in arriving {
        receiver.take(now, packet.clone());
        now += Duration::from_millis(1);
    }
    receiver.pass(now + LIMITS.wait);
    receiver.units
}

/// Packets in another order: each comes at most so many places late as its number says.
fn shuffled(packets: &[Packet], late: &[usize]) -> Vec<Packet> {
    let late = late.iter().copied().cycle();
    let mut arriving: Vec<_> = packets.iter().enumerate().zip(late).collect();
    arriving.sort_by_key(|((place, _), late)| (place + late, *place));
    arriving
        .into_iter()
        .map(|((_, packet), _)| packet.clone())
        .collect()
}

proptest! {
    #[test]
    fn units_come_back_from_their_packets(
        (codec, units) in stream(),
        payload_max in 64_usize..1_500,
        first: u16,
    ) {
        let packets = packets(codec, &units, payload_max, first);
        for packet in &packets {
            prop_assert!(packet.payload.len() <= payload_max || codec == Codec::Opus);
        }
        prop_assert_eq!(received(codec, &packets), units);
    }

    #[test]
    fn packets_in_another_order_make_the_same_units(
        (codec, units) in stream(),
        first: u16,
        late in vec(0_usize..10, 1..40),
    ) {
        let packets = packets(codec, &units, 1_000, first);
        let mut arriving = shuffled(&packets, &late);
        // The first packet says where numbers begin.
        let front = arriving.iter().position(|packet| packet.seq == first).unwrap();
        let head = arriving.remove(front);
        arriving.insert(0, head);
        prop_assert_eq!(received(codec, &arriving), units);
    }

    #[test]
    fn lost_packets_take_whole_units_with_them(
        (codec, units) in stream(),
        first: u16,
        lost in vec(any::<bool>(), 1..40),
    ) {
        let packets = packets(codec, &units, 300, first);
        let lost: Vec<bool> = lost.into_iter().cycle().take(packets.len()).collect();
        let arriving = packets.iter().zip(&lost).filter(|(_, lost)| !**lost);
        let arriving: Vec<_> = arriving.map(|(packet, _)| packet.clone()).collect();
        let mut rest = units.iter();
        for unit in received(codec, &arriving) {
            let sent = rest.find(|sent| sent.timestamp == unit.timestamp);
            let sent = sent.expect("a unit that was sent, in order");
            let may_lack_its_front = matches!(codec, Codec::H264 | Codec::H265 | Codec::Av1);
            let is_whole = sent.data == unit.data && sent.keyframe == unit.keyframe;
            let is_end = unit.after_gap && sent.data.ends_with(&unit.data);
            prop_assert!(is_whole || may_lack_its_front && is_end, "{sent:?} became {unit:?}");
        }
    }

    #[test]
    fn any_payloads_never_panic(
        codec in proptest::sample::select(&Codec::ALL[..]),
        parts in vec((0_u64..100, 0_u32..5, any::<bool>(), vec(any::<u8>(), 0..60)), 0..60),
    ) {
        let mut depacketizer = Depacketizer::new(codec);
        for (seq, timestamp, marker, payload) in &parts {
            let (seq, timestamp, marker) = (*seq, *timestamp, *marker);
            depacketizer.push(Part { seq, timestamp, marker, payload });
            while let Some(unit) = depacketizer.pop() {
                Packetizer::new(codec, 100).packetize(&unit).ok();
            }
        }
    }

    #[test]
    fn any_unit_is_packetized_or_refused(
        codec in proptest::sample::select(&Codec::ALL[..]),
        keyframe: bool,
        data in vec(any::<u8>(), 0..400),
    ) {
        let unit = AccessUnit { timestamp: 0, keyframe, after_gap: false, data };
        if let Ok(payloads) = Packetizer::new(codec, 100).packetize(&unit) {
            prop_assert!(!payloads.is_empty());
        }
    }
}

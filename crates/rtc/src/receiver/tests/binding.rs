use super::*;

/// The numbers of a packet's section and layer.
fn place(arrived: Option<Arrived>) -> Option<(u16, u8)> {
    arrived.map(|arrived| (arrived.section.0, arrived.layer.0))
}

/// Two sections with the same payload types.
fn two_videos() -> Pair {
    let second = ReceivedSection {
        mid: "w".into(),
        ssrcs: [DeclaredSource {
            ssrc: 7,
            rtx: Some(8),
        }]
        .into(),
        ..video()
    };
    Pair::new([video(), second])
}

#[test]
fn mid_takes_precedence_over_declared_ssrc() {
    let mut pair = two_videos();
    let sent = Sent {
        ssrc: 7,
        ..picture(1)
    };
    assert_eq!(place(pair.receive(&sent.with(IDS.mid, b"v"))), Some((0, 0)));
}

#[test]
fn mid_is_needed_on_the_first_packet_only() {
    let mut pair = two_videos();
    let arrived = pair.receive(&picture(1).with(IDS.mid, b"w"));
    assert_eq!(place(arrived), Some((1, 0)));
    assert_eq!(place(pair.receive(&picture(2))), Some((1, 0)));
}

#[test]
fn unknown_mid_is_refused() {
    let mut pair = Pair::both();
    for index in 1..4 {
        assert!(pair.receive(&picture(index).with(IDS.mid, b"x")).is_none());
    }
    assert_eq!(pair.counts(), [(Cause::UnknownSsrc, 3)]);
}

#[test]
fn declared_ssrc_needs_no_extension() {
    let mut pair = two_videos();
    let sent = Sent {
        ssrc: 7,
        ..picture(1)
    };
    assert_eq!(place(pair.receive(&sent)), Some((1, 0)));
    pair.receive(&Sent {
        index: 3,
        ..sent.clone()
    });
    // Its retransmissions are declared too.
    let lost = Sent { index: 2, ..sent };
    let again = Sent {
        ssrc: 8,
        ..lost.again(1)
    };
    assert_eq!(place(pair.receive(&again)), Some((1, 0)));
}

#[test]
fn payload_type_suffices_if_one_section_has_it() {
    let mut pair = Pair::both();
    assert_eq!(place(pair.receive(&picture(1))), Some((VIDEO.0, 0)));
    assert_eq!(place(pair.receive(&sound(1))), Some((AUDIO.0, 0)));
    assert!(two_videos().receive(&picture(1)).is_none());
}

#[test]
fn rid_names_the_layer_with_and_without_mid() {
    let mut pair = Pair::new([audio(), simulcast()]);
    for (ssrc, rid, layer) in [(10, b"hi", 2), (11, b"lo", 0)] {
        let sent = Sent { ssrc, ..picture(1) };
        let arrived = pair.receive(&sent.clone().with(IDS.rid, rid));
        assert_eq!(place(arrived), Some((1, layer)));
        let sent = Sent {
            ssrc: ssrc + 100,
            ..sent
        };
        pair.now += ms(2_000);
        let arrived = pair.receive(&sent.with(IDS.mid, b"v").with(IDS.rid, rid));
        assert_eq!(place(arrived), Some((1, layer)));
    }
    assert!(pair.receive(&picture(1).with(IDS.rid, b"no")).is_none());
    assert!(pair.receive(&picture(1)).is_none());
}

#[test]
fn repaired_rid_names_the_layer_of_retransmissions() {
    let mut pair = Pair::new([simulcast()]);
    for index in [1, 3] {
        pair.receive(&picture(index).with(IDS.rid, b"mid")).unwrap();
    }
    let again = picture(2).again(50).with(IDS.repaired_rid, b"mid");
    let arrived = pair.receive(&again).unwrap();
    assert_eq!((arrived.layer, arrived.packet.seq), (layer(1), 2));
}

#[test]
fn unnegotiated_payload_type_is_counted() {
    let mut pair = Pair::both();
    let unknown = Sent {
        payload_type: 35,
        ..picture(2)
    };
    assert!(pair.receive(&unknown.clone().with(IDS.mid, b"v")).is_none());
    assert_eq!(pair.counts(), [(Cause::UnknownPayloadType, 1)]);
    // In a running source it leaves viewers no gap and is not NACKed.
    assert_eq!(pair.numbers([1]), [1]);
    assert!(pair.receive(&unknown).is_none());
    assert_eq!(pair.numbers([3]), [2]);
    assert_eq!(pair.asked(ms(500)).0, []);
}

#[test]
fn renegotiated_sections_keep_their_sources() {
    let mut pair = Pair::new([audio(), simulcast()]);
    let hi = |index| picture(index).with(IDS.rid, b"hi");
    assert_eq!(place(pair.receive(&hi(70_000 - 65_536))), Some((1, 2)));
    let fewer = ReceivedSection {
        rids: ["hi"].map(Into::into).into(),
        ..simulcast()
    };
    pair.receiver.set_sections([fewer].into());
    let arrived = pair.receive(&picture(4_465)).unwrap();
    assert_eq!((arrived.section, arrived.layer), (section(0), layer(0)));
    assert_eq!((arrived.packet.seq, arrived.restarted), (4_465, false));
}

#[test]
fn reopened_section_keeps_its_rollover_counters() {
    let mut pair = Pair::both();
    for index in [65_000, 65_537, 65_538] {
        assert!(pair.receive(&picture(index)).is_some());
    }
    pair.receiver.set_sections([audio()].into());
    assert!(pair.receive(&picture(65_539)).is_none());
    pair.receiver.set_sections([audio(), video()].into());
    assert!(pair.receive(&picture(65_540)).is_some());
}

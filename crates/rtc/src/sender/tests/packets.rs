use rtp::{CaptureTime, PictureIds};

use super::*;

#[test]
fn sent_packet_has_the_numbers_of_its_rewrite() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()].into(), None);
        for marker in [true, false] {
            let packet = Packet {
                marker,
                ..pair.packet(Codec::H264, b"payload")
            };
            assert!(pair.send(VIDEO, packet, rewrite(60_000 + u64::from(marker)), H264));
        }
        let [with, without] = pair.arrived().try_into().ok().unwrap();
        assert_eq!((with.header.marker, with.header.seq), (true, 60_001));
        assert_eq!((without.header.marker, without.header.seq), (false, 60_000));
        for arrived in [with, without] {
            let Header {
                payload_type,
                timestamp,
                ssrc,
                padding,
                ..
            } = arrived.header;
            assert_eq!((payload_type, timestamp), (96, 7_000));
            assert_eq!((ssrc, padding), (VIDEO_SSRC, false));
            assert_eq!(arrived.payload, b"payload");
        }
    }
}

#[test]
fn packets_open_after_a_wrap_of_sequence_numbers() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()].into(), None);
        for seq in 0xfffe..0x1_0002 {
            assert!(pair.send_video(seq));
        }
        let seqs: Vec<_> = pair.arrived().iter().map(|a| a.header.seq).collect();
        assert_eq!(seqs, [0xfffe, 0xffff, 0, 1]);
    }
}

#[test]
fn each_packet_gets_the_next_transport_wide_number() {
    let mut pair = Pair::new();
    let sound = pair.packet(Codec::Opus, b"sound");
    assert!(pair.send_video(10));
    assert!(pair.send(AUDIO, sound, rewrite(20), OPUS));
    assert!(pair.send_video(9));
    pair.nack(&[10]);
    assert!(pair.send_video(11));
    let arrived = pair.arrived();
    let numbers: Vec<_> = arrived.iter().filter_map(Arrived::transport_seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let ssrcs: Vec<_> = arrived.iter().map(|a| a.header.ssrc).collect();
    let expected = [VIDEO_SSRC, AUDIO_SSRC, VIDEO_SSRC, RTX_SSRC, VIDEO_SSRC];
    assert_eq!(ssrcs, expected);
}

#[test]
fn end_to_end_extensions_are_written() {
    let mut pair = Pair::new();
    let packet = Packet {
        extensions: Extensions {
            audio_level: Some((35, true)),
            rotation: Some(270),
            playout_delay: Some((0x123, 0xfff)),
            dependency_descriptor: Some([0xc1, 0x12, 0x34, 0x80].into()),
            capture_time: Some(CaptureTime {
                ntp: 0x0102,
                clock_offset: None,
            }),
        },
        ..pair.packet(Codec::Av1, b"frame")
    };
    let renumbered = Rewrite {
        frame_number: Some(0xabcd),
        ..rewrite(1)
    };
    assert!(pair.send(VIDEO, packet.clone(), renumbered, H264));
    assert!(pair.send(VIDEO, packet, rewrite(2), H264));
    let [first, second] = pair.arrived().try_into().ok().unwrap();
    let descriptor = |a: &Arrived| a.extension(IDS.dependency_descriptor).map(<[u8]>::to_vec);
    assert_eq!(descriptor(&first), Some(vec![0xc1, 0xab, 0xcd, 0x80]));
    assert_eq!(descriptor(&second), Some(vec![0xc1, 0x12, 0x34, 0x80]));
    for arrived in [first, second] {
        let extension = |id| arrived.extension(id).unwrap();
        assert_eq!(extension(IDS.audio_level), [0x80 | 35]);
        assert_eq!(extension(IDS.rotation), [3]);
        assert_eq!(extension(IDS.abs_capture_time), [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(extension(IDS.playout_delay), [0x12, 0x3f, 0xff]);
        assert_eq!(arrived.payload, b"frame");
    }
}

#[test]
fn picture_ids_are_rewritten_per_receiver() {
    let mut pair = Pair::new();
    // X; I, L, T; picture id 0x0102 of 15 bits; TL0PICIDX; TID and Y; frame header.
    let payload = [0x90, 0xe0, 0x81, 0x02, 0x07, 0x60, 0x00];
    let renumbered = Rewrite {
        picture: Some(PictureIds {
            picture_id: Some(0x0506),
            picture_id_wide: true,
            tl0_index: Some(9),
        }),
        ..rewrite(1)
    };
    let packet = pair.packet(Codec::Vp8, &payload);
    assert!(pair.send(VIDEO, packet, renumbered, H264));
    pair.nack(&[1]);
    let [first, again] = pair.arrived().try_into().ok().unwrap();
    let expected = [0x90, 0xe0, 0x85, 0x06, 0x09, 0x60, 0x00];
    assert_eq!(first.payload, expected);
    assert_eq!(again.payload[ORIGINAL_SEQ..], expected);
}

#[test]
fn receiver_without_redundant_audio_gets_the_primary_block() {
    let mut pair = Pair::new();
    let packet = Packet {
        primary: Some(b"primary"[..].into()),
        ..pair.packet(Codec::Opus, b"redundant and primary")
    };
    for (seq, red) in [(1, true), (2, false)] {
        let types = Types { red, ..OPUS };
        assert!(pair.send(AUDIO, packet.clone(), rewrite(seq), types));
    }
    let [red, plain] = pair.arrived().try_into().ok().unwrap();
    assert_eq!(red.payload, b"redundant and primary");
    assert_eq!(plain.payload, b"primary");
}

#[test]
fn packets_carry_the_mid_until_the_receiver_reports() {
    let mut pair = Pair::new();
    pair.send_video(1);
    pair.report(report_on(AUDIO_SSRC));
    pair.send_video(2);
    pair.nack(&[2]);
    let names = |arrived: &Arrived| {
        let ids = [IDS.mid, IDS.rid, IDS.repaired_rid];
        ids.map(|id| arrived.extension(id).map(<[u8]>::to_vec))
    };
    let named = [Some(b"video".to_vec()), None, None];
    for arrived in pair.arrived() {
        assert_eq!(names(&arrived), named);
    }
    pair.report(report_on(VIDEO_SSRC));
    pair.send_video(3);
    pair.nack(&[1]);
    let [third, again] = pair.arrived().try_into().ok().unwrap();
    assert_eq!(names(&third), [None, None, None]);
    // The RTX source was not reported on.
    assert_eq!(again.header.ssrc, RTX_SSRC);
    assert_eq!(names(&again), named);
    assert!([third, again].iter().all(|a| a.transport_seq().is_some()));
}

#[test]
fn long_descriptors_and_high_ids_take_the_two_byte_form() {
    const ONE_BYTE: [u8; 2] = [0xbe, 0xde];
    const TWO_BYTE: [u8; 2] = [0x10, 0x00];
    let high = ExtensionIds { mid: 15, ..IDS };
    let without = ExtensionIds {
        dependency_descriptor: 0,
        ..IDS
    };
    for (ids, descriptor_bytes, form) in [
        (IDS, 16, ONE_BYTE),
        (IDS, 17, TWO_BYTE),
        (IDS, 255, TWO_BYTE),
        (high, 3, TWO_BYTE),
        (without, 17, ONE_BYTE),
    ] {
        let encoding = EncodingConfig { ids, ..video() };
        let mut pair = Pair::with(Protection::Aes128Gcm, [encoding].into(), None);
        let descriptor = vec![0xc1; descriptor_bytes];
        let mut packet = pair.packet(Codec::Av1, b"frame");
        packet.extensions.dependency_descriptor = Some(descriptor.clone().into());
        assert!(pair.send(ONLY, packet, rewrite(1), H264));
        let arrived = pair.arrived_one();
        assert_eq!(arrived.head[12..14], form, "{descriptor_bytes} {ids:?}");
        assert_eq!(arrived.extension(ids.mid), Some(&b"video"[..]));
        assert_eq!(arrived.transport_seq(), Some(1));
        let expected = (ids.dependency_descriptor > 0).then_some(&descriptor[..]);
        assert_eq!(arrived.extension(12), expected);
        assert_eq!(arrived.payload, b"frame");
    }
}

#[test]
fn extension_too_long_for_any_form_is_left_out() {
    let mut pair = Pair::new();
    let mut packet = pair.packet(Codec::Av1, b"frame");
    packet.extensions.dependency_descriptor = Some([0xc1; 257].into());
    assert!(pair.send(VIDEO, packet, rewrite(1), H264));
    let arrived = pair.arrived_one();
    assert_eq!(arrived.extension(IDS.dependency_descriptor), None);
    assert_eq!(arrived.extension(IDS.mid), Some(&b"video"[..]));
    assert_eq!(arrived.payload, b"frame");
}

#[test]
fn header_without_extensions_has_no_block() {
    let encoding = EncodingConfig {
        ids: ExtensionIds::default(),
        ..video()
    };
    let mut pair = Pair::with(Protection::Aes128Gcm, [encoding].into(), None);
    let mut packet = pair.packet(Codec::H264, b"payload");
    packet.extensions.rotation = Some(90);
    assert!(pair.send(ONLY, packet, rewrite(1), H264));
    let arrived = pair.arrived_one();
    assert_eq!((arrived.head[0], arrived.header.length), (0x80, 12));
    assert_eq!(arrived.payload, b"payload");
}

#[test]
fn sequence_number_is_sent_only_once() {
    let mut pair = Pair::new();
    for seq in [5_000, 4_000, 5_001] {
        assert!(pair.send_video(seq));
        assert_eq!(pair.arrived().len(), 1);
        assert!(!pair.send_video(seq));
    }
    // 1,024 are remembered: the newest is 5,001.
    assert!(!pair.send_video(3_977));
    assert!(pair.to.is_empty());
    assert!(pair.send_video(3_978));
    // Each encoding has its own numbers.
    let sound = pair.packet(Codec::Opus, b"sound");
    assert!(pair.send(AUDIO, sound, rewrite(5_000), OPUS));
    assert_eq!(pair.arrived().len(), 2);
}

#[test]
fn packets_of_one_size_are_sent_as_one_train() {
    let mut pair = Pair::new();
    for (seq, bytes) in [(1, 100), (2, 100), (3, 100), (4, 90), (5, 100)] {
        assert!(pair.send_bytes(seq, bytes));
    }
    let mut trains = Vec::new();
    while let Some(transmit) = pair.to.pop() {
        assert_eq!(transmit.path, path());
        trains.push(transmit.datagrams().len());
    }
    assert_eq!(trains, [4, 1]);
}

#[test]
fn padded_packet_has_the_size_of_a_longer_one() {
    for padding in [1, 8] {
        let mut pair = Pair::new();
        let packet = pair.packet(Codec::H264, &[7; 100]);
        let padded = Rewrite {
            padding,
            ..rewrite(1)
        };
        assert!(pair.send(VIDEO, packet, padded, H264));
        assert!(pair.send_bytes(2, 100 + usize::from(padding)));
        assert!(pair.send_bytes(3, 50));
        let train = pair.to.pop().unwrap();
        let sizes: Vec<_> = train.datagrams().map(<[u8]>::len).collect();
        let contents = train.contents.to_vec();
        assert!(sizes.len() == 3 && sizes[0] == sizes[1] && pair.to.is_empty());
        let first = pair.open(contents[..sizes[0]].to_vec());
        // RFC 3550 §5.1: the P bit, and the count in the last byte, which counts itself.
        assert_eq!(first.head[0] & 0x20, 0x20);
        assert_eq!(first.payload.last(), Some(&padding));
        let media = first.payload.len() - usize::from(padding);
        assert_eq!(first.payload[..media], [7; 100]);
        let second = pair.open(contents[sizes[0]..][..sizes[1]].to_vec());
        assert_eq!(second.head[0] & 0x20, 0);
    }
}

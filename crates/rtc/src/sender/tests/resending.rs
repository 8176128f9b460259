use super::*;

#[test]
fn nack_is_answered_with_rtx() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()].into(), None);
        for seq in 0xffff..0x1_0003 {
            assert!(pair.send_video(seq));
        }
        pair.left();
        pair.nack(&[0xffff, 1]);
        let [first, second] = pair.arrived().try_into().ok().unwrap();
        assert_eq!(first.payload[..ORIGINAL_SEQ], [0xff, 0xff]);
        assert_eq!(first.payload[ORIGINAL_SEQ..], [0xff; 100]);
        assert_eq!(second.payload[..ORIGINAL_SEQ], [0, 1]);
        assert_eq!(second.payload[ORIGINAL_SEQ..], [1; 100]);
        let next = first.header.seq.wrapping_add(1);
        assert_eq!(second.header.seq, next);
        for again in [first.header, second.header] {
            assert_eq!((again.ssrc, again.payload_type), (RTX_SSRC, 97));
            assert_eq!((again.timestamp, again.marker), (7_000, true));
        }
    }
}

#[test]
fn rtx_numbers_begin_in_the_lower_half() {
    for rtx_ssrc in [0xffff, 0xffff_ffff, 0] {
        let rtx_ssrc = Some(rtx_ssrc);
        let encoding = EncodingConfig {
            rtx_ssrc,
            ..video()
        };
        let mut pair = Pair::with(Protection::Aes128Gcm, [audio(), encoding].into(), None);
        pair.send_video(1);
        pair.left();
        pair.nack(&[1]);
        assert!(pair.arrived_one().header.seq < 1 << 15);
    }
}

#[test]
fn repeated_nack_within_the_pause_is_ignored() {
    let mut pair = Pair::new();
    pair.send_video(1);
    pair.left();
    let mut resent = |ms| {
        pair.pass(ms);
        pair.nack(&[1, 1]);
        pair.arrived().len()
    };
    assert_eq!([resent(0), resent(0), resent(9)], [1, 0, 0]);
    assert_eq!([resent(1), resent(9), resent(1)], [1, 0, 1]);
}

#[test]
fn resend_pause_is_the_reported_round_trip() {
    // The round trip, how long the receiver held the sender report, and the resulting pause.
    for (ms, held_ms, pause) in [(250, 500, 250), (0, 250, 10), (750, 0, 500)] {
        let mut pair = Pair::new();
        pair.send_video(1);
        pair.pass(1_000);
        let last_report = (pair.sender.clock.ntp(pair.now) >> 16) as u32;
        pair.pass(ms + held_ms);
        pair.report(ReportBlock {
            last_report,
            since_report: (held_ms * 65_536 / 1_000) as u32,
            ..report_on(VIDEO_SSRC)
        });
        // A block without a sender report does not change the round trip.
        pair.report(report_on(VIDEO_SSRC));
        pair.send_video(2);
        pair.left();
        let mut resent = |ms| {
            pair.pass(ms);
            pair.nack(&[2]);
            pair.arrived().len()
        };
        assert_eq!([resent(0), resent(pause - 1), resent(1)], [1, 0, 1], "{ms}");
    }
}

#[test]
fn forgotten_packets_are_not_resent() {
    let mut pair = Pair::new();
    pair.send_video(1);
    pair.sender.forget_sent(AUDIO);
    pair.nack(&[1]);
    assert_eq!(pair.arrived().len(), 2);
    pair.sender.forget_sent(VIDEO);
    pair.send_video(2);
    pair.left();
    pair.pass(100);
    pair.nack(&[1, 2]);
    assert_eq!(pair.arrived_one().payload[..ORIGINAL_SEQ], [0, 2]);
}

#[test]
fn packets_older_than_a_second_are_not_resent() {
    for more_is_sent in [false, true] {
        let mut pair = Pair::new();
        pair.send_video(1);
        pair.pass(1_000);
        pair.send_video(2);
        pair.left();
        pair.nack(&[1]);
        assert_eq!(pair.arrived().len(), 1);
        pair.pass(500);
        if more_is_sent {
            pair.send_video(3);
            pair.left();
        }
        pair.nack(&[1]);
        assert!(pair.to.is_empty(), "{more_is_sent}");
        pair.nack(&[2]);
        assert_eq!(pair.arrived().len(), 1);
    }
}

#[test]
fn nack_for_unknown_or_unkept_packets_is_ignored() {
    let mut pair = Pair::new();
    let packet = pair.packet(Codec::H264, b"payload");
    let without = Types {
        nack: false,
        ..H264_NO_RTX
    };
    pair.send(VIDEO, packet.clone(), rewrite(1), without);
    // Audio has an RTX payload type here, but no RTX SSRC.
    let no_source = Types {
        nack: false,
        ..H264
    };
    pair.send(AUDIO, packet, rewrite(1), no_source);
    pair.left();
    pair.nack(&[1, 2]);
    let mut compound = Vec::new();
    for source in [AUDIO_SSRC, RTX_SSRC, 77] {
        rtcp::write_nack(&mut compound, RECEIVER_SSRC, source, &[1]);
    }
    pair.tell(&compound);
    assert!(pair.to.is_empty());
}

#[test]
fn retransmission_budget_grows_with_sent_media() {
    const PACKET_MAX: i64 = 1_100;
    let mut pair = Pair::new();
    let mut sent = |from: u64, to: u64| {
        assert!((from..to).all(|seq| pair.send_bytes(seq, 1_000)));
        let sent = bytes(&pair.left());
        pair.nack(&(0..to as u16).collect::<Vec<_>>());
        let resent = bytes(&pair.left());
        // The next NACK finds no credit left.
        pair.pass(100);
        pair.nack(&(0..to as u16).collect::<Vec<_>>());
        assert!(pair.to.is_empty());
        (sent, resent)
    };
    // These packets would earn more credit, but no more than `RESENT_BYTES_MAX` is saved up.
    let (_, resent) = sent(0, 500);
    assert!((RESENT_BYTES_MAX..RESENT_BYTES_MAX + PACKET_MAX).contains(&resent));
    let over = resent - RESENT_BYTES_MAX;
    let (sent, resent) = sent(500, 600);
    let paid = sent / 2 - over;
    // The credit of each packet is rounded to whole bytes.
    assert!((paid - 100..paid + PACKET_MAX).contains(&resent));
}

#[test]
fn padding_repeats_only_packets_with_feedback() {
    let unmeasured = ExtensionIds {
        transport_seq: 0,
        ..IDS
    };
    for (ids, is_padded) in [(IDS, true), (unmeasured, false)] {
        let encodings = [audio(), EncodingConfig { ids, ..video() }].into();
        let estimate = Some(Bitrate::mbps(1));
        let mut pair = Pair::with(Protection::Aes128Gcm, encodings, estimate);
        let (padded, wanted) = (Bitrate::kbps(500), Bitrate::kbps(500));
        pair.sender.set_wanted(pair.now, padded, wanted);
        let sound = pair.packet(Codec::Opus, b"sound");
        assert!(pair.send(AUDIO, sound, rewrite(1), OPUS));
        assert!(pair.send_bytes(1, 100));
        pair.left();
        let mut feedback = Vec::new();
        let arrivals = [Some(Duration::from_millis(64))];
        rtcp::write_transport_feedback(&mut feedback, RECEIVER_SSRC, AUDIO_SSRC, 0, 1, &arrivals);
        pair.tell(&feedback);
        let mut padding = 0;
        for _ in 0..10 {
            pair.pass(50);
            pair.timeout();
            let packets = pair.arrived();
            assert!(packets.iter().all(|packet| packet.header.ssrc == RTX_SSRC));
            padding += packets.len();
        }
        // Far less than ten calls may send at most.
        assert!(padding < PADDING_MAX * 10, "{padding}");
        assert_eq!(padding > 0, is_padded, "{padding}");
    }
}

/// Returns the SSRC of each packet, and whether it carries the MID.
fn names(arrived: &[Arrived]) -> Vec<(u32, bool)> {
    let name = |a: &Arrived| (a.header.ssrc, a.extension(IDS.mid).is_some());
    arrived.iter().map(name).collect()
}

#[test]
fn rtx_carries_the_mid_until_feedback_on_an_arrival() {
    let mut pair = Pair::new();
    // Transport-wide numbers 1 to 3.
    for seq in 1..4 {
        pair.send_video(seq);
    }
    pair.left();
    let resent = |pair: &mut Pair, seq| {
        pair.nack(&[seq]);
        names(&pair.arrived())
    };
    // Number 4 is lost and reported; number 5 is not reported.
    assert_eq!(resent(&mut pair, 1), [(RTX_SSRC, true)]);
    assert_eq!(resent(&mut pair, 2), [(RTX_SSRC, true)]);
    pair.tell_arrivals(1, &[true, true, true, false]);
    assert_eq!(resent(&mut pair, 3), [(RTX_SSRC, true)]);
    // The last retransmission had number 6, and it arrived.
    pair.tell_arrivals(6, &[true]);
    pair.pass(20);
    assert_eq!(resent(&mut pair, 1), [(RTX_SSRC, false)]);
    // An arrival on the RTX source says nothing about the media source.
    pair.send_video(4);
    assert_eq!(names(&pair.arrived()), [(VIDEO_SSRC, true)]);
}

#[test]
fn rtx_carries_the_mid_until_a_report_on_its_ssrc() {
    let mut pair = Pair::new();
    for seq in 1..5 {
        pair.send_video(seq);
    }
    pair.report(report_on(VIDEO_SSRC));
    pair.left();
    pair.nack(&[1]);
    assert_eq!(names(&pair.arrived()), [(RTX_SSRC, true)]);
    pair.report(report_on(RTX_SSRC));
    pair.nack(&[2]);
    assert_eq!(names(&pair.arrived()), [(RTX_SSRC, false)]);
}

#[test]
fn report_on_rtx_keeps_the_mid_on_the_media_source() {
    let mut pair = Pair::new();
    pair.report(report_on(RTX_SSRC));
    pair.send_video(1);
    pair.nack(&[1]);
    let expected = [(VIDEO_SSRC, true), (RTX_SSRC, false)];
    assert_eq!(names(&pair.arrived()), expected);
}

/// Returns a datagram as it was first sent, and the datagrams that a NACK for it brought.
fn same_bytes(protection: Protection, between: impl Fn(&mut Pair)) -> (Vec<u8>, Vec<Vec<u8>>) {
    let encoding = EncodingConfig {
        rtx_ssrc: None,
        ..video()
    };
    let mut pair = Pair::with(protection, [audio(), encoding].into(), None);
    assert!(pair.send_typed(0xffff, 100, H264_NO_RTX));
    let [(_, first)] = pair.left().try_into().unwrap();
    between(&mut pair);
    pair.left();
    pair.nack(&[0xffff]);
    let again = pair.left().into_iter().map(|(_, datagram)| datagram);
    (first, again.collect())
}

#[test]
fn nack_without_rtx_resends_identical_bytes() {
    for protection in ALL {
        let (first, again) = same_bytes(protection, |_| {});
        assert_eq!(again, [first], "{protection:?}");
    }
}

#[test]
fn identical_resend_survives_later_changes() {
    for protection in ALL {
        let (first, again) = same_bytes(protection, |pair| {
            // Later packets leave out the MID, numbers have wrapped, and others were sent
            // meanwhile.
            pair.report(report_on(VIDEO_SSRC));
            pair.highest.insert(VIDEO_SSRC, 0xffff);
            for seq in 0x1_0000..0x1_0010 {
                assert!(pair.send_typed(seq, 100, H264_NO_RTX));
            }
            assert!(
                pair.arrived()
                    .iter()
                    .all(|a| a.extension(IDS.mid).is_none())
            );
            pair.tell_arrivals(1, &[false, true]);
        });
        assert_eq!(again, [first], "{protection:?}");
    }
}

#[test]
fn identical_resend_keeps_rewritten_fields() {
    let encoding = EncodingConfig {
        rtx_ssrc: None,
        ..video()
    };
    let mut pair = Pair::with(Protection::Aes128Gcm, [audio(), encoding].into(), None);
    let mut packet = pair.packet(Codec::Vp8, &[0x90, 0xe0, 0x81, 0x02, 0x07, 0x60, 0x00]);
    packet.extensions.dependency_descriptor = Some([0xc1, 0x12, 0x34, 0x80].into());
    packet.extensions.audio_level = Some((35, true));
    let renumbered = Rewrite {
        frame_number: Some(0xabcd),
        picture: Some(rtp::PictureIds {
            picture_id: Some(0x0506),
            picture_id_wide: true,
            tl0_index: Some(9),
        }),
        ..rewrite(1)
    };
    assert!(pair.send(VIDEO, packet, renumbered, H264_NO_RTX));
    let first = pair.left();
    pair.report(report_on(VIDEO_SSRC));
    pair.nack(&[1]);
    assert_eq!(pair.left(), first);
}

#[test]
fn identical_resend_takes_no_transport_wide_number() {
    let mut pair = Pair::new();
    pair.send_typed(1, 100, H264_NO_RTX);
    pair.nack(&[1]);
    pair.send_typed(2, 100, H264_NO_RTX);
    let arrived = pair.arrived();
    let numbers: Vec<_> = arrived.iter().filter_map(Arrived::transport_seq).collect();
    assert_eq!(numbers, [1, 1, 2]);
    assert!(arrived.iter().all(|a| a.header.ssrc == VIDEO_SSRC));
}

#[test]
fn identical_resend_counts_once_in_reports() {
    let mut pair = Pair::new();
    pair.send_typed(1, 100, H264_NO_RTX);
    pair.nack(&[1]);
    pair.left();
    pair.pass(1_000);
    pair.timeout();
    let [report] = pair.reports().try_into().unwrap();
    // The packet and byte counts of the sender report (RFC 3550 §6.4.1).
    assert_eq!(report[20..28], [0, 0, 0, 1, 0, 0, 0, 100]);
}

#[test]
fn receiver_without_rtx_is_not_padded() {
    for (types, rtx_ssrc, is_padded) in [
        (H264, Some(RTX_SSRC), true),
        (H264_NO_RTX, None, false),
        (H264_NO_RTX, Some(RTX_SSRC), false),
    ] {
        let encoding = EncodingConfig {
            rtx_ssrc,
            ..video()
        };
        let estimate = Some(Bitrate::mbps(1));
        let mut pair = Pair::with(Protection::Aes128Gcm, [audio(), encoding].into(), estimate);
        let wanted = Bitrate::kbps(500);
        pair.sender.set_wanted(pair.now, wanted, wanted);
        assert!(pair.send_typed(1, 100, types));
        pair.left();
        pair.tell_arrivals(1, &[true]);
        let mut padding = 0;
        for _ in 0..10 {
            pair.pass(50);
            pair.timeout();
            padding += pair.left().len();
        }
        assert_eq!(padding > 0, is_padded, "{types:?} {rtx_ssrc:?}");
    }
}

#[test]
fn nothing_is_resent_without_negotiated_nack() {
    let mut pair = Pair::new();
    let types = Types {
        nack: false,
        ..H264_NO_RTX
    };
    pair.send_typed(1, 100, types);
    pair.left();
    pair.nack(&[1]);
    assert!(pair.to.is_empty());
}

#[test]
fn reused_encoding_resends_nothing_of_the_old_source() {
    let mut pair = Pair::new();
    pair.send_typed(1, 100, H264_NO_RTX);
    pair.left();
    pair.sender.end(VIDEO);
    let encoding = EncodingConfig {
        ssrc: 7,
        rtx_ssrc: None,
        ..video()
    };
    assert_eq!(pair.sender.add(encoding), VIDEO);
    pair.nack(&[1]);
    let mut compound = Vec::new();
    rtcp::write_nack(&mut compound, RECEIVER_SSRC, 7, &[1]);
    pair.tell(&compound);
    assert!(pair.to.is_empty());
}

#[test]
fn padded_packet_is_resent_as_identical_bytes() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()].into(), None);
        let packet = pair.packet(Codec::H264, &[7; 100]);
        let padded = Rewrite {
            padding: 1,
            ..rewrite(1)
        };
        assert!(pair.send(VIDEO, packet, padded, H264_NO_RTX));
        let first = pair.left();
        pair.nack(&[1]);
        assert_eq!(pair.left(), first, "{protection:?}");
    }
}

#[test]
fn rtx_packet_has_no_padding() {
    let mut pair = Pair::new();
    let packet = pair.packet(Codec::H264, &[7; 100]);
    let padded = Rewrite {
        padding: 1,
        ..rewrite(1)
    };
    assert!(pair.send(VIDEO, packet, padded, H264));
    pair.arrived_one();
    pair.nack(&[1]);
    let again = pair.arrived_one();
    assert_eq!((again.header.ssrc, again.head[0] & 0x20), (RTX_SSRC, 0));
    assert_eq!(again.payload[ORIGINAL_SEQ..], [7; 100]);
}

use super::*;

#[test]
fn a_nack_brings_the_packet_again_as_a_retransmission() {
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
fn a_retransmission_is_first_numbered_so_that_no_receiver_guesses_a_wrap() {
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
fn a_packet_is_not_sent_again_twice_within_a_pause() {
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
fn the_pause_is_the_round_trip_that_the_receiver_reports() {
    // The round trip, and how long the receiver had the sender report.
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
        // A block without a sender report takes nothing back.
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
fn what_is_forgotten_is_not_sent_again() {
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
fn what_is_older_than_a_second_is_not_sent_again() {
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
fn nothing_is_sent_again_that_was_not_sent_or_has_no_retransmissions() {
    let mut pair = Pair::new();
    let packet = pair.packet(Codec::H264, b"payload");
    pair.send(
        VIDEO,
        packet.clone(),
        rewrite(1),
        Types { rtx: None, ..H264 },
    );
    // Sound has a payload type for it, but no SSRC.
    pair.send(AUDIO, packet, rewrite(1), H264);
    pair.left();
    pair.nack(&[1, 2]);
    let mut compound = Vec::new();
    for source in [AUDIO_SSRC, RTX_SSRC, 77] {
        rtcp::write_nack(&mut compound, RECEIVER_SSRC, source, &[1]);
    }
    pair.tell(compound);
    assert!(pair.to.is_empty());
}

#[test]
fn retransmissions_stop_at_their_budget_and_go_on_when_more_is_sent() {
    const PACKET_MAX: i64 = 1_100;
    let mut pair = Pair::new();
    let mut sent = |from: u64, to: u64| {
        assert!((from..to).all(|seq| pair.send_bytes(seq, 1_000)));
        let sent = bytes(&pair.left());
        pair.nack(&(0..to as u16).collect::<Vec<_>>());
        let resent = bytes(&pair.left());
        // The next one finds no budget left.
        pair.pass(100);
        pair.nack(&(0..to as u16).collect::<Vec<_>>());
        assert!(pair.to.is_empty());
        (sent, resent)
    };
    // What is sent here could pay for more, but no more than this is saved up.
    let (_, resent) = sent(0, 500);
    assert!((RESENT_BYTES_MAX..RESENT_BYTES_MAX + PACKET_MAX).contains(&resent));
    let over = resent - RESENT_BYTES_MAX;
    let (sent, resent) = sent(500, 600);
    let paid = sent / 2 - over;
    // Shares of single packets are whole bytes.
    assert!((paid - 100..paid + PACKET_MAX).contains(&resent));
}

#[test]
fn padding_repeats_only_what_feedback_tells_of() {
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
        pair.tell(feedback);
        let mut padding = 0;
        for _ in 0..10 {
            pair.pass(50);
            pair.timeout();
            let packets = pair.arrived();
            assert!(packets.iter().all(|packet| packet.header.ssrc == RTX_SSRC));
            padding += packets.len();
        }
        // Not what one call could send.
        assert!(padding < PADDING_MAX * 10, "{padding}");
        assert_eq!(padding > 0, is_padded, "{padding}");
    }
}

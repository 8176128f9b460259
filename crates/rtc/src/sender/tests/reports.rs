use proptest::prelude::*;

use super::*;

#[test]
fn receiver_requests_are_reported() {
    let mut pair = Pair::new();
    pair.tell(&pli(AUDIO_SSRC));
    assert_eq!(pair.feedback(), [Feedback::KeyframeRequest(AUDIO)]);
    // A FIR with two entries (RFC 5104 §4.3.1.1), one of them for an unknown SSRC.
    let mut fir = vec![0x84, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0];
    for source in [VIDEO_SSRC, 77] {
        fir.extend(source.to_be_bytes());
        fir.extend([1, 0, 0, 0]);
    }
    pair.tell(&fir);
    assert_eq!(pair.feedback(), [Feedback::KeyframeRequest(VIDEO)]);
    pair.nack(&[1]);
    pair.nack(&[1, 2, 3]);
    let mut both = pli(VIDEO_SSRC);
    both.extend(pli(AUDIO_SSRC));
    both.extend(pli(VIDEO_SSRC));
    pair.tell(&both);
    let expected = [
        Feedback::KeyframeRequest(AUDIO),
        Feedback::KeyframeRequest(VIDEO),
        Feedback::Nacks(2),
    ];
    assert_eq!(pair.feedback(), expected);
    assert_eq!(pair.feedback(), []);
}

#[test]
fn sender_report_is_sent_every_second() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()].into(), None);
        let began = pair.now;
        pair.send_bytes(1, 500);
        pair.pass(400);
        let second = Packet {
            captured: pair.now - Duration::from_millis(20),
            ..pair.packet(Codec::H264, &[0; 50])
        };
        pair.send(VIDEO, second, rewrite(2), H264);
        // A retransmission belongs to another source and does not count.
        pair.nack(&[1]);
        assert_eq!(pair.arrived().len(), 3);
        pair.pass(599);
        pair.timeout();
        assert!(pair.to.is_empty());
        let second = |n| began + Duration::from_secs(n);
        assert_eq!(pair.sender.due(pair.now), second(1));
        pair.pass(1);
        pair.timeout();
        let mut expected = Vec::new();
        let report = SenderReport {
            ssrc: VIDEO_SSRC,
            // The wall clock began at 1,000.5 s, and the report is a second later.
            ntp: (2_208_988_800 + 1_001) << 32 | 1 << 31,
            timestamp: 7_000 + 620 * 90,
            packets: 2,
            bytes: 550,
        };
        rtcp::write_sender_report(&mut expected, &report);
        rtcp::write_cname(&mut expected, VIDEO_SSRC, "name");
        // No report for audio, which has sent nothing.
        assert_eq!(pair.reports(), [expected]);
        assert_eq!(pair.sender.due(pair.now), second(2));
    }
}

#[test]
fn bye_lists_all_ssrcs() {
    let mut pair = Pair::new();
    pair.close();
    let mut expected = Vec::new();
    // A compound begins with a report and the CNAME of its source (RFC 3550 §6.1).
    rtcp::write_receiver_report(&mut expected, AUDIO_SSRC, &[]);
    rtcp::write_cname(&mut expected, AUDIO_SSRC, "name");
    rtcp::write_bye(&mut expected, &[AUDIO_SSRC, VIDEO_SSRC]);
    assert_eq!(pair.reports(), [expected]);
}

#[test]
fn sender_without_encodings_sends_no_bye() {
    for protection in ALL {
        let mut pair = Pair::with(protection, Vec::new(), None);
        pair.close();
        assert!(pair.to.is_empty());
    }
}

/// Generates compound packets, some of which concern this sender.
fn compounds() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        any::<u32>(),
        Just(AUDIO_SSRC),
        Just(VIDEO_SSRC),
        // An entry of a NACK: up to 17 packets from this number on.
        (0..400_u32).prop_map(|seq| seq << 16 | 0xffff),
    ];
    let words = prop::collection::vec(word, 1..40);
    let any_packet = (0..32_u8, 200..208_u8, words, any::<bool>()).prop_map(packet);
    let nack = prop::collection::btree_set(0..400_u16, 1..200).prop_map(|seqs| {
        let mut compound = Vec::new();
        let seqs: Vec<_> = seqs.into_iter().collect();
        rtcp::write_nack(&mut compound, RECEIVER_SSRC, VIDEO_SSRC, &seqs);
        compound
    });
    prop::collection::vec(prop_oneof![any_packet, nack], 1..5).prop_map(|packets| packets.concat())
}

/// Builds an RTCP packet whose length field may be wrong.
fn packet((count, kind, words, lie): (u8, u8, Vec<u32>, bool)) -> Vec<u8> {
    let length = if lie {
        words[0] as u8
    } else {
        words.len() as u8
    };
    let mut packet = vec![0x80 | count, kind, 0, length];
    packet.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    packet
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_rtcp_never_exceeds_the_resend_budget(
        reports in prop::collection::vec((compounds(), 0..100_u64), 1..20),
    ) {
        let encodings = [audio(), video()].into();
        let estimate = Some(Bitrate::mbps(1));
        let mut pair = Pair::with(Protection::Aes128Gcm, encodings, estimate);
        prop_assert!((0..400).all(|seq| pair.send_bytes(seq, 1_000)));
        pair.left();
        let mut resent = 0;
        for (compound, ms) in reports {
            pair.tell(&compound);
            resent += bytes(&pair.left());
            pair.feedback();
            pair.pass(ms);
            pair.timeout();
            pair.left();
        }
        prop_assert!(resent < RESENT_BYTES_MAX + 1_100);
    }
}

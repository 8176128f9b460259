use super::*;

const NTP_SECOND: u64 = 1 << 32;

fn sender_report(pair: &mut Pair, ssrc: u32, ntp: u64, timestamp: u32) {
    let report = rtcp::Received::SenderReport {
        ssrc,
        ntp,
        timestamp,
    };
    pair.receiver.handle_rtcp(pair.now, &report);
}

#[test]
fn losses_are_reported_each_second() {
    let mut pair = Pair::both();
    pair.numbers([65_534, 65_535, 65_537]);
    pair.receive(&sound(7));
    assert_eq!(pair.reports(ms(999)), []);
    let reports = pair.reports(ms(1));
    let [video, audio] = reports.try_into().unwrap();
    assert_eq!((video.ssrc, audio.ssrc), (VIDEO_SSRC, AUDIO_SSRC));
    assert_eq!((video.lost, video.fraction_lost), (1, 64));
    assert_eq!((video.highest_seq, audio.highest_seq), (65_537, 7));
    assert_eq!((audio.lost, audio.last_report), (0, 0));
    // No packet arrived since.
    assert_eq!(pair.reports(ms(5_000)), []);
}

#[test]
fn reports_name_the_last_sender_report() {
    let mut pair = Pair::both();
    pair.numbers([1]);
    pair.wait(ms(250));
    sender_report(&mut pair, VIDEO_SSRC, 0x0102_0304_0506_0708, 0);
    let [report] = pair.reports(ms(750)).try_into().unwrap();
    assert_eq!(report.last_report, 0x0304_0506);
    assert_eq!(report.since_report, 65_536 * 3 / 4);
}

#[test]
fn sender_reports_yield_capture_times() {
    let mut pair = Pair::both();
    pair.receive(&sound(1));
    pair.numbers([1]);
    let (begin, ntp) = (pair.now, 4_000_000_000 * NTP_SECOND);
    sender_report(&mut pair, AUDIO_SSRC, ntp, 0);
    pair.now += ms(500);
    sender_report(&mut pair, VIDEO_SSRC, ntp + NTP_SECOND / 2, 0);
    pair.now += ms(1_000);
    let at = |timestamp: u32, sent: Sent| Sent { timestamp, ..sent };
    let sound = pair.receive(&at(48_000, sound(2))).unwrap().packet;
    let picture = pair.receive(&at(45_000, picture(2))).unwrap().packet;
    assert_eq!(sound.captured, begin + ms(1_000));
    assert_eq!(picture.captured, begin + ms(1_000));
    assert_eq!(picture.received, pair.now);
    // A new source has no sender report yet.
    let other = Sent {
        ssrc: 9,
        ..super::picture(3)
    };
    let packet = pair.receive(&other).unwrap().packet;
    assert_eq!(packet.captured, pair.now);
}

#[test]
fn packets_of_a_frame_have_one_capture_time() {
    let mut pair = Pair::both();
    pair.numbers([1]);
    let (begin, ntp) = (pair.now, 4_000_000_000 * NTP_SECOND);
    sender_report(&mut pair, VIDEO_SSRC, ntp, 0);
    let captured = |pair: &mut Pair, index, timestamp| {
        let sent = Sent {
            timestamp,
            ..picture(index)
        };
        pair.receive(&sent).unwrap().packet.captured
    };
    assert_eq!(captured(&mut pair, 2, 9_000), begin + ms(100));
    // By the new report the same timestamp is 250 ms later.
    sender_report(&mut pair, VIDEO_SSRC, ntp + NTP_SECOND / 4, 0);
    assert_eq!(captured(&mut pair, 3, 9_000), begin + ms(100));
    assert_eq!(captured(&mut pair, 4, 18_000), begin + ms(450));
    // A late packet of the earlier frame, and a timestamp that stays.
    assert_eq!(captured(&mut pair, 5, 9_000), begin + ms(350));
    sender_report(&mut pair, VIDEO_SSRC, ntp, 0);
    pair.now += ms(1_000);
    assert_eq!(captured(&mut pair, 6, 9_000), begin + ms(100));
}

#[test]
fn keyframe_request_goes_to_its_layer_at_once() {
    let mut pair = Pair::new([simulcast()]);
    pair.receiver.request_keyframe(section(0), layer(2));
    pair.receiver.request_keyframe(section(0), layer(9));
    pair.receiver.request_keyframe(section(9), layer(0));
    assert!(pair.asked(ms(100)).1.is_empty());
    for (ssrc, rid) in [(10, b"lo"), (11, b"hi")] {
        let sent = Sent { ssrc, ..picture(1) };
        pair.receive(&sent.with(IDS.rid, rid));
    }
    // The request came before the layer began.
    assert_eq!(pair.asked(ms(1)).1, [11]);
    pair.receiver.request_keyframe(section(0), layer(0));
    assert_eq!(pair.receiver.due(pair.now), Some(pair.now));
    assert_eq!(pair.asked(ms(1)).1, [10]);
    assert!(pair.asked(ms(100)).1.is_empty());
}

#[test]
fn every_compound_begins_with_a_report() {
    let mut pair = Pair::both();
    for index in [1, 3] {
        pair.receive(&picture(index).with(IDS.transport_seq, &[0, index as u8]));
    }
    pair.receiver.request_keyframe(VIDEO, layer(0));
    let compounds = pair.wait(ms(1_500));
    assert!(compounds.len() >= 4);
    assert!(compounds.iter().all(|compound| compound[1] == 201));
}

#[test]
fn nothing_is_due_without_packets() {
    let pair = Pair::both();
    assert_eq!(pair.receiver.due(pair.start), None);
}

#[test]
fn reports_are_sent_together_with_feedback() {
    let mut pair = Pair::both();
    let seq = |n: u8| [0, n];
    let mut compounds = Vec::new();
    for n in 1..=40 {
        let sent = picture(n.into()).with(IDS.transport_seq, &seq(n));
        pair.receive(&sent).unwrap();
        compounds.extend(pair.wait(ms(100)));
    }
    let kinds = compounds.iter().map(|compound| {
        let all: Vec<_> = rtcp::read(compound).collect();
        let reports = |it: &&rtcp::Received<'_>| matches!(it, rtcp::Received::Report(_));
        let feedback =
            |it: &&rtcp::Received<'_>| matches!(it, rtcp::Received::TransportFeedback(_));
        let count = |is: &dyn Fn(&&rtcp::Received<'_>) -> bool| all.iter().filter(is).count();
        (count(&reports), count(&feedback))
    });
    let kinds: Vec<_> = kinds.collect();
    let reports: usize = kinds.iter().map(|(reports, _)| reports).sum();
    assert!((3..=5).contains(&reports), "{kinds:?}");
    assert!(
        kinds.iter().all(|(_, feedback)| *feedback == 1),
        "{kinds:?}"
    );
}

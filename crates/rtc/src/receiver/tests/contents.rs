use rtp::CaptureTime;

use super::*;

#[test]
fn end_to_end_extensions_are_read() {
    let mut pair = Pair::both();
    let mut ntp = vec![0; 7];
    ntp.push(9);
    let sent = picture(1)
        .with(IDS.audio_level, &[0x80 | 35])
        .with(IDS.rotation, &[3])
        .with(IDS.playout_delay, &[0x12, 0x3f, 0xff])
        .with(IDS.dependency_descriptor, &[0xc1, 0x12, 0x34])
        .with(IDS.abs_capture_time, &ntp);
    let extensions = pair.receive(&sent).unwrap().packet.extensions.clone();
    assert_eq!(extensions.audio_level, Some((35, true)));
    assert_eq!(extensions.rotation, Some(270));
    assert_eq!(extensions.playout_delay, Some((0x123, 0xfff)));
    assert_eq!(extensions.frame_number(), Some(0x1234));
    let time = CaptureTime {
        ntp: 9,
        clock_offset: None,
    };
    assert_eq!(extensions.capture_time, Some(time));
}

#[test]
fn extension_values_of_wrong_length_are_ignored() {
    let mut pair = Pair::both();
    let ids = [1, 5, 6, 13];
    let sent = ids.iter().fold(picture(1), |s, id| s.with(*id, &[1, 2]));
    let packet = pair.receive(&sent).unwrap().packet;
    assert_eq!(packet.extensions, rtp::Extensions::default());
}

#[test]
fn redundant_audio_yields_its_primary_block() {
    let mut pair = Pair::both();
    let redundant = [0x80 | OPUS, 0, 0, 2, OPUS, 1, 2, 3, 4];
    let sent = Sent {
        payload_type: RED,
        payload: redundant.into(),
        ..sound(1)
    };
    let packet = pair.receive(&sent).unwrap().packet;
    assert_eq!(packet.payload[..], redundant);
    assert_eq!(packet.primary.as_deref(), Some(&[3, 4][..]));
    assert!(packet.format.red && packet.frame.keyframe);
}

#[test]
fn padding_is_removed() {
    let mut pair = Pair::both();
    let sent = Sent {
        padding: 100,
        ..picture(7)
    };
    assert_eq!(payload(&pair.receive(&sent).unwrap()), 7);
}

#[test]
fn padding_longer_than_the_payload_is_malformed() {
    let mut pair = Pair::both();
    for (index, padding) in [(1, 9), (2, 255), (3, 0)] {
        let (mut bytes, header) = picture(index).write();
        bytes[0] |= 0x20;
        *bytes.last_mut().unwrap() = padding;
        pair.outbound.seal_rtp(&mut bytes, 0, header, index);
        assert!(pair.handle(bytes).is_none(), "{padding}");
    }
    assert_eq!(pair.counts(), [(Cause::Malformed, 3)]);
}

#[test]
fn padding_probes_get_feedback_and_leave_no_gap() {
    let mut pair = Pair::both();
    let seq = |n: u8| [0, n];
    assert_eq!(pair.numbers([1]), [1]);
    let empty = |sent: Sent, n| Sent {
        payload: Vec::new(),
        padding: 200,
        ..sent.with(IDS.transport_seq, &seq(n))
    };
    assert!(pair.receive(&empty(picture(2), 1)).is_none());
    assert!(pair.receive(&empty(picture(9).again(5), 2)).is_none());
    assert_eq!(pair.numbers([3]), [2]);
    assert_eq!(pair.counts(), [(Cause::PaddingOnly, 2)]);
    let compounds = pair.wait(ms(300));
    let fed_back = compounds.iter().flat_map(|c| rtcp::read(c));
    let counts = fed_back.filter_map(|received| match received {
        rtcp::Received::TransportFeedback(feedback) => Some(feedback.count),
        _ => None,
    });
    assert_eq!(counts.collect::<Vec<_>>(), [2]);
    assert_eq!(pair.asked(ms(500)).0, []);
}

#[test]
fn av1_descriptor_without_templates_yields_no_layers() {
    let mut pair = Pair::both();
    // Start and end of a frame of template 0, but no templates: the layers are unknown.
    let sent = Sent {
        payload_type: AV1,
        ..picture(1)
    };
    let sent = sent.with(IDS.dependency_descriptor, &[0xc0, 0, 1]);
    let packet = pair.receive(&sent).unwrap().packet;
    assert_eq!(packet.frame.temporal_id, 0);
    assert_eq!(packet.format, format(Codec::Av1));
}

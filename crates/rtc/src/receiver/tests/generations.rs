use super::*;

fn of(ssrc: u32, index: u64) -> Sent {
    Sent {
        ssrc,
        ..picture(index)
    }
}

#[test]
fn new_ssrc_continues_numbers_and_requests_a_keyframe() {
    let mut pair = Pair::both();
    pair.numbers([30_000, 30_001, 30_003]);
    pair.wait(ms(5));
    let arrived = pair.receive(&of(9, 100)).unwrap();
    assert!(arrived.restarted);
    assert_eq!((arrived.packet.seq, arrived.layer), (30_004, layer(0)));
    let arrived = pair.receive(&of(9, 102)).unwrap();
    assert_eq!((arrived.restarted, arrived.packet.seq), (false, 30_006));
    // Losses of the old source are not NACKed; those of the new one are.
    assert_eq!(pair.asked(ms(15)), ([(9, 101)].into(), [9].into()));
    assert_eq!(pair.receive(&of(9, 101)).unwrap().packet.seq, 30_005);
}

#[test]
fn audio_source_change_requests_no_keyframe() {
    let mut pair = Pair::both();
    assert!(!pair.receive(&sound(1)).unwrap().restarted);
    let arrived = pair
        .receive(&Sent {
            ssrc: 9,
            ..sound(5)
        })
        .unwrap();
    assert_eq!((arrived.restarted, arrived.packet.seq), (true, 2));
    assert_eq!(pair.asked(ms(15)), (Vec::new(), Vec::new()));
}

#[test]
fn old_source_resumes_only_when_the_new_one_is_silent() {
    let mut pair = Pair::both();
    pair.numbers([1]);
    assert!(pair.receive(&of(9, 100)).unwrap().restarted);
    assert!(pair.numbers([2]).is_empty());
    pair.now += ms(1_500);
    let arrived = pair.receive(&picture(3)).unwrap();
    assert_eq!((arrived.restarted, arrived.packet.seq), (true, 3));
}

#[test]
fn ever_new_ssrcs_are_bounded_and_rarely_restart() {
    let mut pair = Pair::both();
    let mut restarts = 0;
    for round in 0..10_000_u32 {
        pair.now += ms(1);
        let arrived = pair.receive(&of(1_000 + round, 5));
        restarts += u32::from(arrived.is_some_and(|arrived| arrived.restarted));
        let video = pair.receiver.sources.len();
        assert!(video <= SSRCS_MAX && pair.receiver.ssrcs.len() == video);
    }
    // One restart a second; the source that caused it is silent afterwards.
    assert!((9..=11).contains(&restarts), "{restarts}");
    let (_, keyframes) = pair.asked(ms(10));
    assert!(keyframes.len() <= 1);
}

#[test]
fn running_source_survives_ever_new_ssrcs() {
    let mut pair = Pair::both();
    // After the publisher has changed its SSRC twice, only one of them runs.
    pair.numbers([1]);
    let mut own = 0;
    for round in 0..3_000_u32 {
        pair.now += ms(1);
        let ssrc = pair.receiver.layer(Place {
            section: VIDEO,
            layer: layer(0),
        });
        let ssrc = ssrc.unwrap().ssrc().unwrap();
        own += u32::from(pair.receive(&of(ssrc, 10 + u64::from(round))).is_some());
        pair.receive(&of(1_000 + round, 5));
    }
    assert!(own > 2_990, "{own}");
    assert!(!pair.refused.contains(&Cause::NotAuthentic));
}

#[test]
fn retransmission_of_the_old_source_is_refused() {
    let mut pair = Pair::both();
    pair.numbers([1, 3]);
    assert!(pair.receive(&picture(2).again(1)).is_some());
    pair.receive(&of(9, 100));
    pair.receive(&of(9, 102));
    assert!(pair.receive(&of(9, 101).again(2)).is_none());
    // Once the old source is long gone, its RTX SSRC may serve the new one.
    pair.now += ms(1_100);
    pair.receive(&of(9, 104));
    assert!(pair.receive(&of(9, 103).again(3)).is_some());
}

#[test]
fn jump_of_numbers_is_a_restart_and_not_a_loss() {
    let mut pair = Pair::both();
    pair.numbers([1, 2]);
    pair.wait(ms(1_000));
    let arrived = pair.receive(&picture(20_000)).unwrap();
    assert_eq!((arrived.restarted, arrived.packet.seq), (true, 3));
    assert_eq!(pair.numbers([20_001, 19_999]), [4]);
    assert_eq!(pair.asked(ms(500)), (Vec::new(), [VIDEO_SSRC].into()));
    let [report] = pair.reports(ms(1_000)).try_into().unwrap();
    assert_eq!((report.lost, report.fraction_lost), (0, 0));
}

#[test]
fn bye_lets_the_next_source_begin_at_once() {
    let mut pair = Pair::both();
    pair.numbers([1]);
    assert!(pair.receive(&of(9, 100)).is_some());
    assert!(pair.receive(&of(10, 100)).is_none());
    pair.receiver
        .handle_rtcp(pair.now, &rtcp::Received::Bye { source: 9 });
    assert!(pair.receive(&of(10, 101)).is_some());
}

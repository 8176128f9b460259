use super::*;

#[test]
fn packet_is_accepted_once_and_late_within_the_window() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()]);
        assert_eq!(pair.numbers([9, 7, 9, 7, 8, 8]), [9, 7, 8]);
        assert_eq!(pair.counts(), [(Cause::Replayed, 3)]);
        // 2,048 numbers are remembered.
        assert_eq!(pair.numbers([2_055, 6, 8, 10]), [2_055, 10]);
    }
}

#[test]
fn numbers_continue_over_wraps_losses_and_reordering() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()]);
        let indices: Vec<u64> = (0..80).map(|i| 65_000 + i * 2_500).collect();
        assert_eq!(pair.numbers(indices.clone()), indices);
        assert_eq!(
            pair.numbers([65_536 * 4, 65_535 * 4]),
            [65_536 * 4, 65_535 * 4]
        );
    }
}

#[test]
fn altered_packet_changes_no_state() {
    for protection in ALL {
        let mut pair = Pair::with(protection, [audio(), video()]);
        let sealed = pair.seal(&picture(5).with(IDS.transport_seq, &[0, 1]));
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            let cut = &mut sealed[..place].to_vec();
            for bytes in [&mut altered, cut] {
                let arrived = pair.receiver.handle_rtp(pair.now, &pair.inbound, bytes);
                assert!(arrived.is_err_and(|cause| !cause.is_authentic()));
            }
        }
        assert_eq!(pair.receiver.due(pair.now), None);
        assert!(pair.receiver.sources.is_empty());
        let arrived = pair.receive(&picture(5).with(IDS.transport_seq, &[0, 1]));
        assert_eq!(arrived.map(|a| a.packet.seq), Some(5));
    }
}

#[test]
fn forged_number_far_ahead_does_not_move_the_window() {
    let mut pair = Pair::both();
    pair.numbers([1]);
    let mut forged = pair.seal(&picture(2));
    forged[2..4].copy_from_slice(&30_000_u16.to_be_bytes());
    assert!(pair.handle(forged).is_none());
    assert_eq!(pair.numbers([2]), [2]);
    assert_eq!(pair.counts(), [(Cause::NotAuthentic, 1)]);
}

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What the network does with a packet.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Passes,
    Lost,
    Doubled,
    /// Overtaken by this many packets.
    Late(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        20 => Just(Fate::Passes),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Doubled),
        1 => (1_usize..30).prop_map(Fate::Late),
    ]
}

/// Passes packets through the network; returns them in the order of arrival.
fn through(network: &[Fate], sent: impl Iterator<Item = Sent>) -> Vec<Sent> {
    let mut arriving = Vec::new();
    for (place, (sent, fate)) in sent.zip(network).enumerate() {
        match fate {
            Fate::Passes => arriving.push((place, sent)),
            Fate::Lost => {}
            Fate::Doubled => arriving.extend([(place, sent.clone()), (place + 3, sent)]),
            Fate::Late(by) => arriving.push((place + by, sent)),
        }
    }
    arriving.sort_by_key(|(place, _)| *place);
    arriving.into_iter().map(|(_, sent)| sent).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn numbers_never_repeat_and_losses_are_repaired(
        network in prop::collection::vec(fate(), 50..600),
        again in prop::collection::vec(fate(), 2_000),
        first in 0_u64..65_400,
        with_rtx: bool,
    ) {
        let mut section = video();
        section.types[0].rtx = section.types[0].rtx.filter(|_| with_rtx);
        let mut pair = Pair::new([section]);
        let (mut came, mut nacked, mut rtx_index) = (BTreeSet::new(), 0, 0);
        let mut again = again.into_iter().cycle();
        let sent = (first..).map(|i| picture(i).with(IDS.transport_seq, &(i as u16).to_be_bytes()));
        for sent in through(&network, sent) {
            pair.now += ms(2);
            if let Some(arrived) = pair.receive(&sent) {
                prop_assert_eq!(arrived.packet.seq, payload(&arrived));
                prop_assert!(came.insert(arrived.packet.seq));
            }
            let (nacks, keyframes) = pair.asked(ms(0));
            prop_assert!(keyframes.is_empty());
            nacked += nacks.len();
            for (_, seq) in nacks {
                let index = rtp::seq::extend16(sent.index, seq);
                rtx_index += 1;
                let packet = if with_rtx { picture(index).again(rtx_index) } else { picture(index) };
                if matches!(again.next(), Some(Fate::Lost)) {
                    continue;
                }
                if let Some(arrived) = pair.receive(&packet) {
                    prop_assert_eq!(arrived.packet.seq, payload(&arrived));
                    prop_assert!(came.insert(arrived.packet.seq));
                }
            }
        }
        let span = came.last().zip(came.first()).map_or(0, |(last, first)| last - first + 1);
        let unrepaired = span as usize - came.len();
        // The last losses are not NACKed yet.
        prop_assert!(unrepaired <= 40, "{unrepaired}");
        let lost = network.iter().filter(|fate| matches!(fate, Fate::Lost | Fate::Late(_)));
        prop_assert!(nacked <= 8 * (1 + lost.count()), "{nacked}");
    }

    #[test]
    fn random_datagrams_do_no_harm(
        datagrams in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(any::<u8>(), 0..80), 0_u8..4, 0_u64..400),
            1..300,
        ),
    ) {
        let mut pair = Pair::new([audio(), simulcast()]);
        for (sealed, mut bytes, kind, wait) in datagrams {
            if sealed && bytes.len() >= 12 {
                bytes[0] = 0x80 | bytes[0] & 0x3f;
                bytes[1] = [OPUS, VP8, VP8_RTX, bytes[1]][usize::from(kind)];
                bytes[8..11].copy_from_slice(&[0; 3]);
                bytes[11] &= 15;
                if let Some(header) = rtp::Header::read(&bytes) {
                    pair.outbound.seal_rtp(&mut bytes, 0, header.length, header.seq.into());
                }
            }
            // Refused or not, it must do no harm.
            let _taken = pair.receiver.handle_rtp(pair.now, &pair.inbound, &mut bytes);
            for received in rtcp::read(&bytes) {
                pair.receiver.handle_rtcp(pair.now, &received);
            }
            for compound in pair.wait(ms(wait)) {
                prop_assert!(rtcp::read(&compound).count() < 400);
            }
            prop_assert!(pair.receiver.sources.len() <= 2 * SSRCS_MAX);
        }
    }
}

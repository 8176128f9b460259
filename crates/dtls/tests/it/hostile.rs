//! Datagrams that no client sends: noise, and mutated genuine ones.

use proptest::prelude::*;

use crate::support::Pair;

/// The bytes with some of them changed.
fn changed(mut bytes: Vec<u8>, changes: &[(usize, u8)]) -> Vec<u8> {
    for (place, byte) in changes {
        let length = bytes.len().max(1);
        if let Some(at) = bytes.get_mut(place % length) {
            *at = *byte;
        }
    }
    bytes
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let loose = proptest::collection::vec(any::<u8>(), 0..200);
    let body = proptest::collection::vec(any::<u8>(), 0..100);
    // With a record header, so that it is parsed further. Most alerts of DTLS 1.2 are short.
    let record = (20_u8..24, 0_u8..3, any::<u8>(), body);
    let record = record.prop_map(|(content, epoch, sequence, body)| {
        let length = u8::try_from(body.len()).unwrap();
        let head = [
            content, 254, 253, 0, epoch, 0, 0, 0, 0, 1, sequence, 0, length,
        ];
        [&head[..], &body].concat()
    });
    prop_oneof![loose, record]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn noise_in_every_state_changes_nothing(
        noise in proptest::collection::vec(noise(), 1..6),
    ) {
        let mut pair = Pair::new();
        for _ in 0..8 {
            for bytes in &noise {
                pair.server.handle_datagram(pair.now, bytes);
                pair.client.handle_datagram(pair.now, bytes);
            }
            pair.collect();
            pair.deliver();
        }
        pair.settle();
        prop_assert_eq!(pair.of_client.failed.as_ref(), None);
        prop_assert_eq!(pair.of_server.failed.as_ref(), None);
        pair.assert_same_keys();
        for bytes in &noise {
            pair.server.handle_datagram(pair.now, bytes);
        }
        prop_assert!(pair.client.send(b"data"));
        pair.collect();
        pair.settle();
        prop_assert_eq!(&pair.of_server.data, &[b"data"]);
    }

    #[test]
    fn mutated_datagrams_never_panic(
        step in 0_usize..6,
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let mut pair = Pair::new();
        for at in 0..8 {
            if at == step {
                for path in [&mut pair.to_client, &mut pair.to_server] {
                    for datagram in path.iter_mut() {
                        *datagram = changed(std::mem::take(datagram), &changes);
                    }
                }
            }
            pair.deliver();
        }
        pair.settle();
        for _ in 0..20 {
            pair.wait();
            pair.settle();
        }
        // Each side is either connected or has come to an end.
        prop_assert!(pair.server.is_connected() || pair.server.is_closed()
            || pair.of_server.timeout.is_none());
        prop_assert!(pair.client.is_connected() || pair.client.is_closed());
    }
}

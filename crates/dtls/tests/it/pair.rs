//! Two endpoints in virtual time: loss, repetition, and the close of a connection.

use std::time::Duration;

use headwater_dtls::{Description, Endpoint, Error, Identity, Role, SrtpProfile, Version};
use proptest::prelude::*;

use crate::support::{Pair, fingerprint_of, wrong_fingerprint};

#[test]
fn handshake_agrees_on_gcm_with_dtls_1_2() {
    let mut pair = Pair::new();
    pair.settle();
    pair.assert_same_keys();
    let connected = pair.of_server.connected.as_ref().unwrap();
    assert_eq!(connected.version, Version::Dtls12);
    assert_eq!(connected.keys.profile, SrtpProfile::AeadAes256Gcm);
    assert_eq!(connected.keys.role, Role::Server);
    assert_eq!(connected.keys.material.len(), 2 * (32 + 12));
    assert!(!format!("{connected:?}").contains("material"));
    assert!(pair.client.is_connected() && pair.server.is_connected());
    assert_eq!(pair.of_server.timeout, None);
}

#[test]
fn data_reaches_the_other_side() {
    let mut pair = Pair::new();
    assert!(!pair.client.send(b"too early"));
    pair.settle();
    assert!(pair.client.send(b"to the server"));
    assert!(pair.server.send(b"to the client"));
    assert!(!pair.server.send(&[0; 20_000]));
    pair.collect();
    pair.settle();
    assert_eq!(pair.of_server.data, [b"to the server"]);
    assert_eq!(pair.of_client.data, [b"to the client"]);
}

#[test]
fn close_reaches_the_other_side() {
    let mut pair = Pair::new();
    pair.settle();
    pair.client.close();
    pair.collect();
    assert!(pair.of_client.closed && pair.client.is_closed());
    pair.settle();
    assert!(pair.of_server.closed && pair.server.is_closed());
    assert!(!pair.server.send(b"too late"));
}

#[test]
fn close_during_handshake_reaches_the_peer() {
    let mut pair = Pair::new();
    pair.deliver();
    pair.server.close();
    pair.collect();
    pair.settle();
    pair.wait_for_end();
    assert!(pair.of_client.closed && pair.client.is_closed());
}

#[test]
fn clear_alert_is_believed_if_nothing_follows() {
    let mut pair = Pair::new();
    pair.deliver();
    let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40];
    assert!(!pair.server.handle_datagram(pair.now, &alert));
    pair.collect();
    assert_eq!(pair.of_server.failed, None);
    pair.wait_for_end();
    let received = Description(40);
    assert_eq!(pair.of_server.failed, Some(Error::Alert { received }));
}

#[test]
fn unservable_hello_fails_if_no_other_follows() {
    let mut pair = Pair::new();
    let hello = std::mem::take(&mut pair.to_server).remove(0);
    // Make it a ClientHello of DTLS 1.0.
    let mut old = hello.clone();
    old[26] = 0xff;
    assert!(!pair.server.handle_datagram(pair.now, &old));
    pair.collect();
    assert_eq!(pair.of_server.failed, None);
    assert!(pair.to_client.is_empty());
    let mut other = Pair::new();
    assert!(!other.server.handle_datagram(other.now, &old));
    other.settle();
    other.assert_same_keys();
    let end = pair.of_server.timeout.expect("a time");
    pair.server.handle_timeout(end);
    pair.collect();
    let label = pair.of_server.failed.as_ref().map(Error::label);
    assert_eq!(label, Some("no_common_version"));
    assert_eq!(pair.to_client.len(), 1);
}

#[test]
fn second_hello_must_bring_a_cookie_back() {
    // Either the attacker's ClientHello comes first, or the client's does.
    for attacker_first in [true, false] {
        let mut attacker = Pair::new();
        let forged = std::mem::take(&mut attacker.to_server).remove(0);
        let mut pair = Pair::new();
        if attacker_first {
            pair.server.handle_datagram(pair.now, &forged);
            pair.collect();
            pair.to_client.clear();
        } else {
            pair.deliver();
            for _ in 0..10 {
                assert!(!pair.server.handle_datagram(pair.now, &forged));
            }
            pair.collect();
        }
        pair.settle();
        pair.assert_same_keys();
    }
}

#[test]
fn lost_flight_after_a_cookie_is_sent_again() {
    let forged = Pair::new().to_server.remove(0);
    let mut pair = Pair::new();
    pair.server.handle_datagram(pair.now, &forged);
    pair.collect();
    pair.to_client.clear();
    // The ClientHello, and the request for a cookie.
    pair.deliver();
    pair.deliver();
    // The ClientHello with the cookie, whose answer is lost.
    pair.deliver();
    assert!(!pair.to_client.is_empty());
    pair.to_client.clear();
    for _ in 0..5 {
        pair.wait();
        pair.settle();
    }
    pair.assert_same_keys();
}

#[test]
fn cookie_of_another_connection_is_ignored() {
    let mut attacker = Pair::new();
    let other = Pair::new().to_server.remove(0);
    attacker.server.handle_datagram(attacker.now, &other);
    attacker.collect();
    attacker.to_client.clear();
    attacker.deliver();
    // The HelloVerifyRequest gives the attacker a cookie.
    attacker.deliver();
    let returned = attacker.to_server.first().expect("a hello").clone();
    assert_eq!(returned.get(17..19), Some(&[0, 1][..]), "a second hello");

    let mut pair = Pair::new();
    pair.deliver();
    assert!(!pair.server.handle_datagram(pair.now, &other));
    assert!(!pair.server.handle_datagram(pair.now, &returned));
    pair.collect();
    pair.settle();
    pair.assert_same_keys();
}

#[test]
fn wrong_fingerprint_fails_on_either_side() {
    let (client, server) = (Identity::generate(), Identity::generate());
    let mut pair = Pair::with(
        &client,
        &server,
        fingerprint_of(&server),
        wrong_fingerprint(),
    );
    pair.settle();
    pair.wait_for_end();
    assert_eq!(pair.of_server.failed, Some(Error::FingerprintMismatch));
    let told = Error::Alert {
        received: Description(42),
    };
    assert_eq!(pair.of_client.failed, Some(told.clone()));
    assert!(pair.of_server.connected.is_none() && pair.of_client.connected.is_none());

    let mut pair = Pair::with(
        &client,
        &server,
        wrong_fingerprint(),
        fingerprint_of(&client),
    );
    pair.settle();
    pair.wait_for_end();
    assert_eq!(pair.of_client.failed, Some(Error::FingerprintMismatch));
    assert_eq!(pair.of_server.failed, Some(told));
    assert!(pair.of_server.connected.is_none() && pair.of_client.connected.is_none());
}

#[test]
fn one_matching_fingerprint_of_several_is_enough() {
    let (client, server) = (Identity::generate(), Identity::generate());
    let several = [wrong_fingerprint(), fingerprint_of(&server)].concat();
    let mut pair = Pair::with(&client, &server, several, fingerprint_of(&client));
    pair.settle();
    pair.assert_same_keys();
}

#[test]
fn missing_fingerprint_is_refused_at_once() {
    let identity = Identity::generate();
    let refused = Endpoint::new(&identity, Role::Server, vec![], std::time::Instant::now());
    assert_eq!(refused.unwrap_err(), Error::UnsupportedFingerprint);
}

#[test]
fn client_with_a_silent_server_times_out() {
    let mut pair = Pair::new();
    let start = pair.now;
    let mut flights = 0;
    while pair.of_client.failed.is_none() {
        flights += usize::from(!pair.to_server.is_empty());
        pair.to_server.clear();
        pair.wait();
    }
    assert_eq!(pair.of_client.failed, Some(Error::TimedOut));
    assert!(pair.now - start <= Duration::from_secs(30));
    assert!((7..=9).contains(&flights), "{flights} flights");
}

#[test]
fn server_with_a_silent_client_times_out_without_resending() {
    let mut pair = Pair::new();
    let hello: usize = pair.to_server.iter().map(Vec::len).sum();
    pair.deliver();
    let first: usize = pair.to_client.iter().map(Vec::len).sum();
    // The smallest ClientHello of any client has 118 bytes, those of browsers 200 to 1,600.
    assert!(first > 0 && first < 6 * hello, "{first} bytes for {hello}");
    pair.to_client.clear();
    while pair.of_server.failed.is_none() {
        pair.now = pair.of_server.timeout.expect("a deadline");
        pair.server.handle_timeout(pair.now);
        pair.collect();
        let alert = pair.to_client.iter().map(Vec::len).sum::<usize>();
        assert!(alert <= 15);
    }
    assert_eq!(pair.of_server.failed, Some(Error::TimedOut));
}

#[test]
fn repeated_client_hello_brings_one_flight_each() {
    let mut pair = Pair::new();
    let hello = pair.to_server.remove(0);
    pair.server.handle_datagram(pair.now, &hello);
    pair.collect();
    let flight = std::mem::take(&mut pair.to_client);
    let mut answers = 0;
    for _ in 0..1_000 {
        pair.now += Duration::from_millis(20);
        pair.server.handle_datagram(pair.now, &hello);
        pair.collect();
        let answer = std::mem::take(&mut pair.to_client);
        assert!(answer.is_empty() || answer == flight);
        answers += usize::from(!answer.is_empty());
    }
    assert_eq!(answers, 10);
}

#[test]
fn lost_last_flight_is_sent_again() {
    let mut pair = Pair::new();
    while pair.of_server.connected.is_none() {
        pair.deliver();
    }
    pair.to_client.clear();
    assert!(pair.of_client.connected.is_none());
    pair.wait();
    pair.settle();
    pair.assert_same_keys();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn lost_duplicated_and_reordered_datagrams_still_connect(
        fates in proptest::collection::vec(0_u8..5, 40),
    ) {
        let mut pair = Pair::new();
        // Only the first datagrams have a fate; after them the path loses nothing.
        let mut fates = fates.into_iter();
        for _ in 0..100 {
            for path in [&mut pair.to_client, &mut pair.to_server] {
                let mut kept = Vec::new();
                for datagram in path.drain(..) {
                    match fates.next() {
                        Some(0) => {}
                        Some(1) => kept.extend([datagram.clone(), datagram]),
                        Some(2) => kept.insert(0, datagram),
                        _ => kept.push(datagram),
                    }
                }
                *path = kept;
            }
            if pair.to_client.is_empty() && pair.to_server.is_empty() {
                if pair.of_client.connected.is_some() {
                    break;
                }
                pair.wait();
            }
            pair.deliver();
        }
        prop_assert_eq!(pair.of_client.failed.as_ref(), None);
        prop_assert_eq!(pair.of_server.failed.as_ref(), None);
        pair.assert_same_keys();
        prop_assert!(pair.client.send(b"data"));
        pair.collect();
        pair.settle();
        prop_assert_eq!(&pair.of_server.data, &[b"data"]);
    }
}

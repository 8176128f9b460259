//! How a connection is established, and what prevents it.

use std::time::Duration;

use client::Direction;
use headwater_rtc::{Ended, Event};
use pair::{CONNECT_MAX, STEP, World, path, with_wrong_fingerprint};
use rtp::DatagramKind;

#[test]
fn client_connects_with_every_setup() {
    for direction in [Direction::Send, Direction::Receive] {
        for (offered, answered) in [
            ("actpass", "passive"),
            ("active", "passive"),
            ("passive", "active"),
        ] {
            let setup = |value: &str| format!("a=setup:{value}\r\n");
            let offer = |text: String| text.replace(&setup("actpass"), &setup(offered));
            let world = World::new(direction, offer, |answer| answer);
            assert!(world.offer.contains(&setup(offered)));
            assert!(world.answer.contains(&setup(answered)), "{offered}");
            let world = world.connected();
            let over = |event: &Event| matches!(event, Event::Connected(to) if to.path == path());
            assert_eq!(world.count(over), 1);
        }
    }
}

#[test]
fn wrong_fingerprint_closes_with_reason_and_no_media() {
    for setup in ["active", "passive"] {
        let change = |offer: String| {
            let offer = offer.replace("a=setup:actpass", &format!("a=setup:{setup}"));
            with_wrong_fingerprint(offer)
        };
        let mut world = World::new(Direction::Receive, change, |answer| answer);
        world.pass(CONNECT_MAX);
        assert!(!world.server.is_alive());
        let mismatch = Ended::Handshake(dtls::Error::FingerprintMismatch);
        let ends = |event: &Event| matches!(event, Event::Closed(why) if *why == mismatch);
        assert_eq!(world.count(ends), 1, "{setup}: {:?}", world.events);
        assert_eq!(world.count(|event| matches!(event, Event::Connected(_))), 0);
        world.sent.clear();
        assert!(world.write(1).is_err());
        world.pass(CONNECT_MAX);
        assert!(world.media_sent().is_empty());
    }
}

#[test]
fn client_expecting_another_certificate_gets_no_media() {
    let mut world = World::new(Direction::Receive, |offer| offer, with_wrong_fingerprint);
    world.pass(CONNECT_MAX);
    assert!(!world.is_connected());
    assert!(world.media_sent().is_empty());
}

/// The most datagrams of a DTLS handshake in one direction.
const DATAGRAMS: usize = 8;

/// Time to connect with any one datagram lost. The slower side retransmits within 1.5 s.
const ONE_LOST_MAX: Duration = Duration::from_secs(2);

#[test]
fn client_connects_despite_any_lost_dtls_datagram() {
    let is_dtls = |bytes: &[u8]| DatagramKind::of(bytes) == DatagramKind::Dtls;
    for setup in ["active", "passive"] {
        for (to_server, number) in (1..=DATAGRAMS).flat_map(|at| [(true, at), (false, at)]) {
            let offer = |text: String| text.replace("a=setup:actpass", &format!("a=setup:{setup}"));
            let mut world = World::new(Direction::Send, offer, |answer| answer);
            let mut seen = 0;
            world.lose(move |is_to_server, bytes| {
                seen += usize::from(is_dtls(bytes) && is_to_server == to_server);
                is_dtls(bytes) && is_to_server == to_server && seen == number
            });
            world.pass(ONE_LOST_MAX);
            let lost = format!("{setup}, to the server: {to_server}, {number}");
            assert!(world.is_connected(), "{lost}: {:?}", world.events);
        }
    }
}

/// The last flight of a passive client and all DTLS after it is lost, but its media arrives.
#[test]
fn media_connects_a_client_whose_last_flight_is_lost() {
    let offer = |text: String| text.replace("a=setup:actpass", "a=setup:passive");
    let mut world = World::new(Direction::Send, offer, |answer| answer);
    // The client's first flight is in the clear; its last one begins with a ChangeCipherSpec.
    let mut is_over = false;
    world.lose(move |to_server, bytes| {
        let is_dtls = DatagramKind::of(bytes) == DatagramKind::Dtls;
        is_over |= to_server && bytes.first() == Some(&20);
        is_over && is_dtls
    });
    let is_there = |event: &client::Event| matches!(event, client::Event::Connected);
    while !world.client_events.iter().any(is_there) {
        world.pass(STEP);
    }
    assert!(!world.is_connected());
    world.sent.clear();
    let seal = world.client_seal();
    let media = |payload: &[u8]| {
        let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
        packet.extend_from_slice(payload);
        seal.seal_rtp(&mut packet, 0, 12, 1);
        packet
    };
    for place in 0..20 {
        let mut forged = media(b"picture");
        forged[place] ^= 1;
        world.tell(path(), &mut forged);
        world.collect();
        assert!(!world.is_connected(), "{place}");
    }
    world.tell(path(), &mut media(b"picture"));
    world.collect();
    assert!(world.is_connected(), "{:?}", world.events);
    world.pass(CONNECT_MAX);
    let dtls = world
        .sent
        .iter()
        .filter(|(_, bytes)| DatagramKind::of(bytes) == DatagramKind::Dtls);
    assert_eq!(dtls.count(), 0, "FFmpeg would be disturbed by DTLS");
}

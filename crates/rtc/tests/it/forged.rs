//! DTLS forged by an attacker off the path, who can spoof the client's address but cannot read the
//! answers. Such datagrams must not end a handshake.

use client::Direction;

use headwater_rtc::{Ended, Event, Refused};
use pair::{CONNECT_MAX, World, path};

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The exchanges before which a datagram is forged: each of the first ones of a handshake.
const EXCHANGES: usize = 3;

/// One record (RFC 6347 §4.1).
fn record(content: u8, epoch: u8, sequence: u8, fragment: &[u8]) -> Vec<u8> {
    let mut bytes = vec![content, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, sequence];
    bytes.extend(u16::try_from(fragment.len()).unwrap().to_be_bytes());
    bytes.extend(fragment);
    bytes
}

/// One handshake message in the clear (RFC 6347 §4.2.2).
fn message(kind: u8, number: u8, body: &[u8]) -> Vec<u8> {
    let length = &(body.len() as u32).to_be_bytes()[1..];
    let head = [&[kind][..], length, &[0, number, 0, 0, 0], length].concat();
    record(HANDSHAKE, 0, number, &[&head, body].concat())
}

/// A ClientHello without extensions (RFC 6347 §4.2.1).
fn hello(version: [u8; 2]) -> Vec<u8> {
    let suites = [0, 2, 0xc0, 0x2b];
    let body = [&version[..], &[7; 32], &[0, 0], &suites, &[1, 0]].concat();
    message(1, 0, &body)
}

/// Records the ClientHello of another client.
fn hello_of_another(direction: Direction) -> Vec<u8> {
    let mut world = World::new(direction, |offer| offer, |answer| answer);
    world.pass(CONNECT_MAX);
    let is_hello = |bytes: &[u8]| bytes.first() == Some(&HANDSHAKE) && bytes.get(13) == Some(&1);
    let mut flights = world.received.into_iter().map(|(_, bytes)| bytes);
    flights
        .find(|bytes| is_hello(bytes))
        .expect("a ClientHello")
}

fn alert(level: u8, description: u8) -> Vec<u8> {
    record(ALERT, 0, 9, &[level, description])
}

/// Forgeries that must end no handshake, whichever side is the DTLS client.
fn forgeries() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("malformed ClientHello", message(1, 0, &[0xff; 80])),
        ("empty ClientHello", message(1, 0, &[])),
        ("ClientHello of DTLS 1.0", hello([0xfe, 0xff])),
        ("ClientHello without SRTP", hello([0xfe, 0xfd])),
        ("close_notify", alert(1, 0)),
        ("fatal close_notify", alert(2, 0)),
        ("handshake_failure", alert(2, 40)),
        ("bad_certificate", alert(2, 42)),
        ("user_canceled", alert(1, 90)),
        ("malformed alert", record(ALERT, 0, 9, &[2])),
        ("Finished in the clear", message(20, 4, &[7; 12])),
        ("ChangeCipherSpec", record(CHANGE_CIPHER_SPEC, 0, 9, &[1])),
        (
            "long ChangeCipherSpec",
            record(CHANGE_CIPHER_SPEC, 0, 9, &[1, 1]),
        ),
        (
            "data in the clear",
            record(APPLICATION_DATA, 0, 9, &[7; 40]),
        ),
        ("data", record(APPLICATION_DATA, 1, 9, &[7; 40])),
        ("sealed alert", record(ALERT, 1, 0, &[7; 26])),
        ("sealed Finished", record(HANDSHAKE, 1, 0, &[7; 48])),
        (
            "ChangeCipherSpec and sealed noise",
            [
                record(CHANGE_CIPHER_SPEC, 0, 9, &[1]),
                record(HANDSHAKE, 1, 0, &[7; 48]),
            ]
            .concat(),
        ),
    ]
}

/// Forgeries of messages that only the passive side sends. A passive server ignores them.
fn of_the_passive_side() -> Vec<(&'static str, Vec<u8>)> {
    let server_hello = [&[0xfe, 0xfd][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
    let verify_request = [&[0xfe, 0xff, 20][..], &[7; 20]].concat();
    vec![
        ("HelloVerifyRequest", message(3, 0, &verify_request)),
        ("ServerHello", message(2, 0, &server_hello)),
        ("later ServerHello", message(2, 1, &server_hello)),
        ("ServerHelloDone", message(14, 1, &[])),
    ]
}

/// Connects a client that offers `setup` as its DTLS role, with a datagram forged before this
/// exchange. Returns whether they connect.
fn connects(setup: &str, forged: &[u8], exchange: usize) -> bool {
    let change = |offer: String| offer.replace("a=setup:actpass", &format!("a=setup:{setup}"));
    let mut world = World::new(Direction::Send, change, |answer| answer);
    let mut passed = 0;
    world.pass_with(CONNECT_MAX, |world| {
        if passed == exchange {
            world.tell(path(), &mut forged.to_vec());
            // The server's reaction is not delivered: a client that has not begun would not get it.
            world.collect();
        }
        passed += 1;
    });
    assert!(passed > exchange, "the handshake was over before");
    world.is_connected() && world.server.is_alive()
}

/// Returns the forgeries that keep the client from connecting.
fn broken(setup: &str, forgeries: Vec<(&str, Vec<u8>)>) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, forged) in forgeries {
        let failed = (0..EXCHANGES).filter(|at| !connects(setup, &forged, *at));
        let failed: Vec<usize> = failed.collect();
        if !failed.is_empty() {
            broken.push(format!("{name}, before exchange {failed:?}"));
        }
    }
    broken
}

const NONE: [String; 0] = [];

#[test]
fn forged_datagram_ends_no_active_client_handshake() {
    assert_eq!(broken("active", forgeries()), NONE);
    assert_eq!(broken("active", of_the_passive_side()), NONE);
}

#[test]
fn forged_datagram_ends_no_passive_client_handshake() {
    assert_eq!(broken("passive", forgeries()), NONE);
}

#[test]
fn client_hello_of_another_client_ends_no_handshake() {
    let hello = hello_of_another(Direction::Send);
    assert_eq!(broken("active", vec![("ClientHello", hello)]), NONE);
}

#[test]
fn all_forgeries_together_end_no_handshake() {
    let all = [forgeries(), of_the_passive_side()].concat();
    let mut world = World::publisher();
    world.pass_with(CONNECT_MAX, |world| {
        for (_, forged) in &all {
            world.tell(path(), &mut forged.clone());
        }
    });
    assert!(world.is_connected(), "{:?}", world.events);
}

#[test]
fn alert_ends_the_handshake_only_if_nothing_follows() {
    let mut world = World::publisher();
    let mut check = world.check(1);
    world.tell(path(), &mut check);
    world.tell(path(), &mut hello_of_another(Direction::Send));
    let heard = world.hear(path(), &mut alert(2, 40));
    assert_eq!(heard, Err(Refused::Dtls));
    world.pass_alone(CONNECT_MAX);
    assert!(world.server.is_alive());
    world.pass_alone(CONNECT_MAX);
    let told = |event: &Event| match event {
        Event::Closed(Ended::Handshake(error)) => error.label() == "alert",
        _ => false,
    };
    assert_eq!(world.count(told), 1, "{:?}", world.events);
}

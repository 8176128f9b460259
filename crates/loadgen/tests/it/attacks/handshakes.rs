//! DTLS handshakes from addresses that have proved nothing yet.

use std::time::{Duration, Instant};

use super::arena::{Arena, attack_time, paced};
use super::hostile::{Hostile, bystander, drain, on_the_wire, send};

/// Bytes that the path of a handshake gets in any case: `HANDSHAKE_FREE` of `ice::agent`.
const HANDSHAKE_FREE: u64 = 4_800;
const AMPLIFICATION_MAX: u64 = 3;

/// How long the answers to a forged ClientHello are counted, at most.
const COUNTED: Duration = Duration::from_secs(12);

/// Sessions with a handshake under way.
const GROWTH_KB_MAX: u64 = 16_384;

#[test]
fn forged_client_hello_brings_back_one_flight() {
    let arena = Arena::enter();
    let server = &arena.server;
    let counted = COUNTED.min(attack_time());
    arena.withstands("forged ClientHellos", GROWTH_KB_MAX, |_| {
        let mut forged: Vec<_> = (0..20).map(|_| forge(server)).collect();
        let until = Instant::now() + counted;
        while Instant::now() < until {
            for (socket, _, _, got) in &mut forged {
                *got += drain(socket);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let most = forged.iter().map(|(_, _, _, got)| *got).max();
        let least = forged.iter().map(|(_, _, _, got)| *got).min();
        eprintln!("{least:?} to {most:?} bytes came back for {}", forged[0].2);
        for (_, _, sent, got) in &forged {
            let limit = HANDSHAKE_FREE.max(AMPLIFICATION_MAX * sent);
            assert!(*got > 500, "the ClientHello was none");
            assert!(*got <= limit, "{got} bytes for {sent}");
        }
    });
}

/// Sends one check and one ClientHello of a session from the address of a bystander. Returns its
/// socket, the session, the bytes sent, and a count of zero for the bytes received.
fn forge(server: &crate::server::Server) -> (std::net::UdpSocket, Hostile<'_>, u64, u64) {
    let mut client = Hostile::viewer(server);
    let hello = client_hello(&mut client);
    let (socket, check) = (bystander(), client.check(true));
    let mut sent = 0;
    for datagram in [&check, &hello] {
        send(&socket, server.media(), datagram);
        sent += on_the_wire(datagram.len());
    }
    (socket, client, sent, 0)
}

/// The first ClientHello of a session, held back instead of sent.
fn client_hello(client: &mut Hostile<'_>) -> Vec<u8> {
    client.holds_back = true;
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        client.turn();
        if let Some(hello) = client.held_back.first() {
            return hello.clone();
        }
        assert!(Instant::now() < deadline, "no ClientHello");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn client_hello_fragments_are_counted_and_told_once() {
    let arena = Arena::enter();
    let server = &arena.server;
    let refused = || server.metric("dropped_total{reason=\"dtls_unproved\"}");
    let before = refused();
    let (sent, written) = arena.withstands("ClientHello fragments", GROWTH_KB_MAX, |until| {
        let lines = server.log().len();
        let open = || {
            let mut client = Hostile::viewer(server);
            let hello = client_hello(&mut client);
            (client, hello)
        };
        let mut clients: Vec<_> = (0..8).map(|_| open()).collect();
        let mut rng = fastrand::Rng::with_seed(7);
        let sent = paced(until, 5_000, |number| {
            let at = number as usize % clients.len();
            // A client whose handshake may have failed is replaced.
            if number.is_multiple_of(201) {
                clients[at] = open();
            }
            let (client, hello) = &clients[at];
            client.send(&fragment(hello, &mut rng));
        });
        (sent, server.log().split_off(lines))
    });
    let refused = refused() - before;
    eprintln!(
        "{} lines for {sent} fragments, {refused} hellos refused",
        written.len()
    );
    assert!(refused > 0, "no hello was refused");
    // Three causes: malformed, incomplete and aborted. Each may be logged in two minutes.
    assert!(written.len() <= 6, "{written:#?}");
}

/// A fragment of a ClientHello at a random offset, which may claim to belong to a longer message.
fn fragment(hello: &[u8], rng: &mut fastrand::Rng) -> Vec<u8> {
    const RECORD: usize = 13;
    const HANDSHAKE: usize = 12;
    let body = &hello[RECORD + HANDSHAKE..];
    let begin = rng.usize(..body.len());
    let end = begin + rng.usize(..=body.len() - begin);
    let total = body.len() + rng.usize(..2) * 4_000;
    let mut message = vec![1];
    message.extend(&(total as u32).to_be_bytes()[1..]);
    message.extend([0, rng.u8(..2)]);
    message.extend(&(begin as u32).to_be_bytes()[1..]);
    message.extend(&((end - begin) as u32).to_be_bytes()[1..]);
    message.extend(&body[begin..end]);
    let mut record = hello[..3].to_vec();
    record.extend([0, 0, 0, 0]);
    record.extend(rng.u32(..).to_be_bytes());
    record.extend((message.len() as u16).to_be_bytes());
    record.extend(message);
    record
}

//! Attacks with the addresses of bystanders and of other sessions.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use rtp::rtcp;

use super::arena::{Arena, paced};
use super::hostile::{Hostile, bystander, drain, on_the_wire, send};

/// Bytes sent to an unproved address for each byte received from it, at most: `AMPLIFICATION_MAX`
/// of `ice::agent`.
const AMPLIFICATION_MAX: u64 = 3;

/// Limit for the growth of memory: a session with sixteen paths, and nothing per port.
const GROWTH_KB_MAX: u64 = 8_192;

#[test]
fn bystander_named_by_a_viewer_gets_at_most_thrice() {
    let arena = Arena::enter();
    let server = &arena.server;
    arena.withstands("media to a bystander", GROWTH_KB_MAX, |until| {
        let mut viewer = Hostile::viewer(server);
        viewer.connect();
        viewer.watch();
        let mut outbound = viewer.outbound();
        let mut bystanders: Vec<(UdpSocket, u64, u64)> = Vec::new();
        let before = viewer.received;
        // More than the sixteen paths of a session, one after the other.
        paced(until, 10, |_| {
            let socket = bystander();
            let check = viewer.check(true);
            let mut report = Vec::new();
            rtcp::write_receiver_report(&mut report, 77, &[]);
            outbound.seal_rtcp(&mut report);
            let mut sent = 0;
            for datagram in [&check, &report] {
                send(&socket, server.media(), datagram);
                sent += on_the_wire(datagram.len());
            }
            bystanders.push((socket, sent, 0));
            for (socket, _, got) in &mut bystanders {
                *got += drain(socket);
            }
            // The viewer keeps its session alive by checks from its own address.
            let own = viewer.check(false);
            viewer.send(&own);
            viewer.turn();
        });
        assert!(viewer.received > before + 50, "it watches on");
        for (_, sent, got) in &bystanders {
            assert!(*got <= AMPLIFICATION_MAX * sent, "{got} bytes for {sent}");
        }
        let answered = bystanders.iter().filter(|(_, _, got)| *got > 0).count();
        assert!(answered > 0, "the checks were none");
    });
}

#[test]
fn address_claimed_by_another_session_still_connects() {
    let arena = Arena::enter();
    let server = &arena.server;
    arena.withstands("a claimed address", GROWTH_KB_MAX, |until| {
        let claimant = Hostile::viewer(server);
        let mut connected = 0;
        while Instant::now() < until || connected == 0 {
            let mut owner = Hostile::viewer(server);
            let claim = || send(&owner.socket, server.media(), &claimant.check(true));
            (0..5).for_each(|_| claim());
            owner.connect();
            owner.watch();
            connected += 1;
        }
        eprintln!("{connected} owners came in");
    });
}

#[test]
fn checks_from_thousands_of_ports_are_not_answered() {
    let arena = Arena::enter();
    let server = &arena.server;
    let counted = || server.metric("dropped_total{reason=\"stun_paths_full\"}");
    let before = counted();
    let sent = arena.withstands(
        "authentic STUN from thousands of ports",
        GROWTH_KB_MAX,
        |until| {
            let mut viewer = Hostile::viewer(server);
            viewer.connect();
            let check = viewer.check(true);
            paced(until, 5_000, |number| {
                if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
                    send(&socket, server.media(), &check);
                }
                if number.is_multiple_of(100) {
                    viewer.turn();
                }
            })
        },
    );
    // Some datagrams still wait in the server's socket buffer.
    let deadline = Instant::now() + Duration::from_secs(5);
    while counted() - before < sent / 2 {
        assert!(
            Instant::now() < deadline,
            "{} of {sent}",
            counted() - before
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

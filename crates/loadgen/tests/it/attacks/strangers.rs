//! Datagrams from addresses without a session.

use std::net::UdpSocket;

use fastrand::Rng;
use ice::stun::Writer;

use super::arena::{Arena, is_long, paced};
use super::hostile::{send, value};

const STUN_PER_SECOND: u64 = 20_000;
const RANDOM_PER_SECOND: u64 = 50_000;

/// The datagrams sent must reach the planned rate divided by this: an attacker that shares its core
/// with publisher and viewers is slower.
const RATE_SHARE_MIN: u64 = 2;

/// Limit for the growth of memory: the server keeps nothing for a stranger.
const GROWTH_KB_MAX: u64 = 4_096;

/// Number of prepared datagrams, which are sent in turn.
const PREPARED: usize = 512;

const SOURCES: usize = 8;

#[test]
fn bogus_checks_harm_nobody() {
    let arena = Arena::enter();
    let ufrag = value(&arena.stream.answer, "ice-ufrag").to_owned();
    let mut rng = Rng::with_seed(11);
    let checks = (0..PREPARED).map(|number| {
        // Half of them name a running session.
        let name = if number % 2 == 0 { &*ufrag } else { "none" };
        let mut check = Vec::new();
        let id = std::array::from_fn(|_| rng.u8(..));
        Writer::binding_request(&mut check, id)
            .username(name, "abcd")
            .priority(1)
            .controlling(1)
            .finish(Some(b"not the password, whatever it may be"));
        check
    });
    let checks: Vec<_> = checks.collect();
    flood(&arena, "bogus STUN", STUN_PER_SECOND, &checks);
}

#[test]
fn random_datagrams_harm_nobody() {
    let arena = Arena::enter();
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let noise = (0..PREPARED).map(|_| {
        let length = rng.usize(1..300);
        (0..length).map(|_| rng.u8(..)).collect()
    });
    let noise: Vec<Vec<u8>> = noise.collect();
    flood(&arena, "random datagrams", RANDOM_PER_SECOND, &noise);
}

fn flood(arena: &Arena, name: &str, per_second: u64, datagrams: &[Vec<u8>]) {
    let bind = |_| UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let sources: Vec<_> = (0..SOURCES).map(bind).collect();
    let media = arena.server.media();
    let sent = arena.withstands(name, GROWTH_KB_MAX, |until| {
        paced(until, per_second, |number| {
            let number = number as usize;
            let source = &sources[number % SOURCES];
            send(source, media, &datagrams[number % datagrams.len()]);
        })
    });
    eprintln!("{sent} sent");
    assert!(
        !is_long() || sent > 20 * per_second / RATE_SHARE_MIN,
        "{sent}"
    );
}

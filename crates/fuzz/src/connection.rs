//! A whole peer, with a client of another library at the other end.

use std::cell::RefCell;
use std::time::Duration;

use rtc::Path;
use rtp::{DatagramKind, Header};

use crate::{datagrams, script};
use pair::{STEP, World, path, strange_path};

/// Number of inputs that one connection takes before it is replaced: to connect takes as long as
/// hundreds of inputs.
const INPUTS_MAX: u32 = 200;

/// Most bytes that a peer may send to a client in answer to an input, beyond what it would send
/// anyway: a report or two for each packet, and retransmissions.
const SENT_BYTES_MAX: usize = 4 << 20;

thread_local! {
    /// A connected viewer and a connected publisher, each with the number of inputs it has taken.
    static CONNECTED: RefCell<[Option<(World, u32)>; 2]> = const { RefCell::new([None, None]) };
}

/// Feeds a peer. The first byte selects whether it serves a viewer or a publisher, and its state:
/// before any check, during the handshake, or connected.
pub(crate) fn peer(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    let publishes = usize::from(first & 1);
    // Most inputs are for established connections, which is a hundred times cheaper.
    match first >> 1 & 15 {
        0 => {
            let mut world = fresh(publishes);
            script::steps(rest).for_each(|(what, bytes)| step(&mut world, what, bytes));
            assert_amplifies_little(&mut world, rest.len());
        }
        1 => {
            let mut world = fresh(publishes);
            let mut steps = script::steps(rest);
            world.pass_with(STEP * 4, |world| {
                if let Some((what, bytes)) = steps.next() {
                    step(world, what, bytes);
                }
            });
        }
        _ => CONNECTED.with_borrow_mut(|worlds| {
            let slot = &mut worlds[publishes];
            let alive = |(world, inputs): &(World, u32)| {
                *inputs < INPUTS_MAX && world.client.is_alive() && world.server.is_alive()
            };
            let (mut world, inputs) = slot
                .take()
                .filter(alive)
                .unwrap_or_else(|| (fresh(publishes).connected(), 0));
            script::steps(rest).for_each(|(what, bytes)| step(&mut world, what, bytes));
            world.collect();
            assert!(world.server.is_alive(), "ended: {:?}", world.events);
            let sent: usize = world.sent.iter().map(|(_, bytes)| bytes.len()).sum();
            assert!(sent <= SENT_BYTES_MAX, "{sent} bytes in answer");
            world.sent.clear();
            world.received.clear();
            world.events.clear();
            world.client_events.clear();
            *slot = Some((world, inputs + 1));
        }),
    }
}

fn fresh(publishes: usize) -> World {
    match publishes {
        0 => World::viewer(),
        _ => World::publisher(),
    }
}

/// Asserts that an address that has proved nothing is sent only a few times what came from there,
/// or one flight.
fn assert_amplifies_little(world: &mut World, told: usize) {
    world.collect();
    let strange = world.sent.iter().filter(|(to, _)| *to == strange_path());
    let sent: usize = strange.map(|(_, bytes)| bytes.len()).sum();
    // A step of a few bytes may be a whole check, with its headers and its proof.
    let told = 64 * told as u64;
    let most = ice::agent::AMPLIFICATION_MAX * told + ice::agent::HANDSHAKE_FREE;
    assert!(sent as u64 <= most, "{sent} bytes in answer to {told}");
}

/// Runs one step: time passes, or a datagram comes from the client's address or from a stranger's,
/// encrypted or authenticated where it takes that to get past the first check.
fn step(world: &mut World, what: u8, bytes: &[u8]) {
    let from = if what & 0x80 == 0 {
        path()
    } else {
        strange_path()
    };
    match what & 0x0f {
        0 => world.tell(from, &mut bytes.to_vec()),
        1 => sealed_rtp(world, from, bytes),
        2 => sealed_rtcp(world, from, bytes),
        3 => authentic_stun(world, from, bytes),
        4 => record(world, from, bytes),
        5 => world.pass(Duration::from_millis(5) * (bytes.len() as u32).min(20)),
        6 => world.pass_alone(Duration::from_millis(50) * (bytes.len() as u32).min(20)),
        _ if world.client.srtp_keys().is_some() => write(world, bytes),
        _ => {}
    }
}

fn sealed_rtp(world: &mut World, from: Path, bytes: &[u8]) {
    let Some(header) = Header::read(bytes) else {
        return;
    };
    if world.client.srtp_keys().is_some() && DatagramKind::of(bytes) == DatagramKind::Rtp {
        let mut packet = bytes.to_vec();
        let seal = world.client_seal();
        seal.seal_rtp(&mut packet, 0, header.length, header.seq.into());
        world.tell(from, &mut packet);
    }
}

fn sealed_rtcp(world: &mut World, from: Path, bytes: &[u8]) {
    if world.client.srtp_keys().is_none()
        || DatagramKind::of(bytes) != DatagramKind::Rtcp
        || bytes.len() < 8
    {
        return;
    }
    let mut packet = bytes.to_vec();
    world.client_seal().seal_rtcp(&mut packet);
    world.tell(from, &mut packet);
}

/// Sends a STUN message with the credentials that the client knows.
fn authentic_stun(world: &mut World, from: Path, bytes: &[u8]) {
    let local = world.server.local_credentials();
    let sender = world.client_ufrag();
    let username = Some((local.ufrag(), &sender[..]));
    let mut message = datagrams::message_of(bytes, username, local.pwd().as_bytes());
    world.tell(from, &mut message);
}

/// Sends a DTLS record: content type, epoch and sequence number come from the bytes, then its
/// fragment.
fn record(world: &mut World, from: Path, bytes: &[u8]) {
    let Some(([content, epoch, sequence], fragment)) = bytes.split_first_chunk::<3>() else {
        return;
    };
    let length = u16::try_from(fragment.len()).unwrap_or(u16::MAX);
    let mut datagram = vec![*content, 0xfe, 0xfd, 0, *epoch, 0, 0, 0, 0, 0, *sequence];
    datagram.extend(length.to_be_bytes());
    datagram.extend(fragment);
    world.tell(from, &mut datagram);
}

/// The server sends a packet, if it sends to this client at all.
fn write(world: &mut World, bytes: &[u8]) {
    let Some(([high, low], _)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    if !world.server.sent().is_empty() {
        let seq = u64::from(u16::from_be_bytes([*high, *low]));
        let _refused = world.write(seq).is_err();
    }
}

/// Seeds: in every state, datagrams of each protocol, encrypted where that is possible, and time.
pub(crate) fn scripts() -> Vec<Vec<u8>> {
    let mut scripts = Vec::new();
    let mut reports = datagrams::reports();
    reports.truncate(6);
    let packets = datagrams::packets();
    let checks = datagrams::checks();
    let handshakes = datagrams::handshakes();
    for state in 0..6 {
        let mut steps: Vec<(u8, &[u8])> = vec![(3, &[0, 0, 0x24, 4, 1, 2, 3, 4, 0, 0x25, 0])];
        steps.extend(checks.iter().map(|bytes| (0, &bytes[..])));
        steps.extend(packets.iter().map(|bytes| (1, &bytes[..])));
        steps.push((7, &[0, 1]));
        steps.extend(reports.iter().map(|bytes| (2, &bytes[..])));
        steps.push((4, &[21, 0, 9, 2, 40]));
        steps.push((5, &[0; 4]));
        steps.push((0x80, &checks[0]));
        steps.push((6, &[0; 4]));
        scripts.push([&[state][..], &script::of(steps)].concat());
        for handshake in &handshakes {
            scripts.push([&[state][..], &handshake[1..]].concat());
        }
    }
    scripts
}

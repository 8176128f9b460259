//! Data channels: SCTP chunks from a client that has an association.

use std::time::{Duration, Instant};

use rtc::fuzz::Association;

use crate::script;

/// The client's verification tag, and the first number of its data.
const TAG: u32 = 7;
const TSN: u32 = 1;

/// Chunk types (RFC 9260 §3.2).
const DATA: u8 = 0;
const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
const COOKIE_ECHO: u8 = 10;

/// Sends packets to an established association. Each step of the script is one of: a packet of any
/// chunks (0), a packet of one chunk with the right length (1), a packet with any header (2), a
/// pause (3). Only the first two have the right tag and checksum.
pub(crate) fn channels(input: &[u8]) {
    let mut now = Instant::now();
    let mut association = Association::default();
    let tag = connect(&mut association, now);
    for (what, bytes) in script::steps(input) {
        let packet = match what % 4 {
            0 => packet(tag, bytes),
            1 => packet(tag, &chunk(what >> 4, bytes)),
            2 => bytes.to_vec(),
            _ => {
                now += Duration::from_millis(10 * bytes.len() as u64);
                Vec::new()
            }
        };
        association.take(now, &packet);
    }
}

/// Establishes an association, and returns the server's tag.
fn connect(association: &mut Association, now: Instant) -> u32 {
    let mut init = Vec::new();
    init.extend(TAG.to_be_bytes());
    init.extend(65_536_u32.to_be_bytes());
    init.extend([0, 16, 0, 16]);
    init.extend(TSN.to_be_bytes());
    let answers = association.take(now, &packet(0, &chunk(INIT, &init)));
    let answer = answers.first().expect("an INIT is answered");
    assert_eq!(answer.get(12), Some(&INIT_ACK));
    let tag = answer.get(16..20).and_then(|tag| tag.first_chunk::<4>());
    let tag = u32::from_be_bytes(*tag.expect("a tag"));
    // Parameters follow; the cookie is the one of type 7.
    let mut parameters = answer.get(32..).unwrap_or_default();
    while let Some(([_, kind, high, low], _)) = parameters.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 7 {
            let cookie = parameters.get(4..length).expect("a whole cookie");
            association.take(now, &packet(tag, &chunk(COOKIE_ECHO, cookie)));
            break;
        }
        let next = length.max(4).next_multiple_of(4);
        parameters = parameters.get(next..).unwrap_or_default();
    }
    tag
}

fn chunk(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    let flags = if kind == DATA { 3 } else { 0 };
    let mut chunk = vec![kind, flags];
    chunk.extend(length.to_be_bytes());
    chunk.extend(value);
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

/// A packet with this tag and the right checksum.
fn packet(tag: u32, chunks: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x13, 0x88, 0x13, 0x88];
    packet.extend(tag.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend(chunks);
    let sum = crc32c(&packet).to_le_bytes();
    packet.splice(8..12, sum);
    packet
}

/// CRC-32C (RFC 9260 appendix A).
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
        }
    }
    !crc
}

/// Seeds: the opening of a channel, texts on it, and other chunks.
pub(crate) fn chunks() -> Vec<Vec<u8>> {
    let data = |tsn: u32, kind: u32, payload: &[u8]| {
        let mut value = tsn.to_be_bytes().to_vec();
        value.extend([0, 1, 0, tsn as u8 - 1]);
        value.extend(kind.to_be_bytes());
        value.extend(payload);
        chunk(DATA, &value)
    };
    let open = data(1, 50, b"\x03\0\0\0\0\0\0\0\0\x04\0\0chat");
    let text = data(2, 51, b"hello");
    let empty = data(3, 56, b"\0");
    let sack = chunk(3, &[0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 2]);
    let heartbeat = chunk(4, &[0, 1, 0, 8, 1, 2, 3, 4]);
    let reset = chunk(
        130,
        &[0, 13, 0, 18, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1],
    );
    let forward = chunk(192, &[0, 0, 0, 5, 0, 1, 0, 2]);
    let shutdown = chunk(7, &[0, 0, 0, 1]);
    let abort = chunk(6, &[]);
    let all = [
        &open[..],
        &text,
        &empty,
        &sack,
        &heartbeat,
        &reset,
        &forward,
    ];
    let mut inputs = vec![script::of(all.map(|chunk| (0, chunk)))];
    inputs.push(script::of([(0, &open[..]), (3, &[0; 50]), (0, &shutdown)]));
    inputs.push(script::of([(0, &open[..]), (0, &abort), (0, &text)]));
    inputs.push(script::of([(0, &all.concat()[..])]));
    inputs
}

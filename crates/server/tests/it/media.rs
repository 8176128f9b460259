//! Clients with media, on loopback: a publisher that counts the key-frame requests it gets, and a
//! viewer that loses packets.

mod client;
mod publisher;
mod viewer;

use str0m::rtp::{RtpPacket, Ssrc};

pub(crate) use client::{Client, Line};
pub(crate) use publisher::Publisher;
pub(crate) use viewer::Viewer;

/// Default payload of a frame, in bytes.
const FRAME_BYTES: usize = 200;

/// A VP8 frame in one packet (RFC 7741 §4.2, §4.3), `bytes` long, with its number in it.
fn frame(number: u64, keyframe: bool, bytes: usize) -> Vec<u8> {
    let mut payload = vec![0x10, u8::from(!keyframe)];
    payload.extend(number.to_be_bytes());
    payload.resize(bytes, 0);
    payload
}

/// A packet of a [`Publisher`], as received.
#[derive(Debug, Clone, Copy)]
struct Came {
    ssrc: Ssrc,
    seq: u16,
    number: u64,
    keyframe: bool,
}

impl Came {
    fn read(packet: &RtpPacket) -> Self {
        let (head, rest) = packet.payload.split_at(2);
        Self {
            ssrc: packet.header.ssrc,
            seq: packet.header.sequence_number,
            number: u64::from_be_bytes(*rest.first_chunk().expect("a number")),
            keyframe: head[1] == 0,
        }
    }
}

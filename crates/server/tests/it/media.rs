//! Clients with media, on loopback: a publisher that counts what it is asked for, and a viewer that
//! loses packets.

mod client;
mod publisher;
mod viewer;

use str0m::rtp::{RtpPacket, Ssrc};

pub(crate) use client::{Client, Line};
pub(crate) use publisher::Publisher;
pub(crate) use viewer::Viewer;

/// The payload of a frame when a test does not say otherwise, in bytes.
const FRAME_BYTES: usize = 200;

/// A frame of VP8 in one packet (RFC 7741 §4.2, §4.3) with its number in it, of so many bytes.
fn frame(number: u64, keyframe: bool, bytes: usize) -> Vec<u8> {
    let mut payload = vec![0x10, u8::from(!keyframe)];
    payload.extend(number.to_be_bytes());
    payload.resize(bytes, 0);
    payload
}

/// A packet of a [`Publisher`], as it came.
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
